"""The JSON Schema of a manifest says what `parse` does, as far as a schema can."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from chalicelib.errors import InvalidManifest
from chalicelib.manifest import parse
from chalicelib.manifest.schema import manifest_schema
from docs.manifest_schema import COPIES, text
from tests.unit.test_manifest_properties import half_right, right_services

ROOT = Path(__file__).parents[2]
SAMPLES = [path for path in sorted((ROOT / "sample_services").rglob("*.yaml")) if path.name != "security_groups.yaml"]
EXAMPLES = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "manifest.md").read_text(), re.DOTALL)
VALIDATOR = Draft202012Validator(manifest_schema())
GOOD: dict[str, Any] = {
    "application": "shop",
    "network": {"vpc": "vpc-1", "subnets": ["private"]},
    "services": {"api": {"image": "api:1"}},
}


def faults(document: Any) -> list[str]:
    """Return the JSON pointers at which the schema finds faults."""
    return sorted({"".join(f"/{step}" for step in error.absolute_path) for error in VALIDATOR.iter_errors(document)})


def service(**fields: Any) -> dict[str, Any]:
    """Return the good manifest with other fields of its service."""
    return {**GOOD, "services": {"api": {"image": "api:1", **fields}}}


@pytest.mark.parametrize("path", COPIES, ids=lambda path: path.parent.name)
def test_the_copies_are_written_anew(path: Path) -> None:
    """Each file of the schema is what `make docs` writes of the models as they are."""
    assert text() == path.read_text(encoding="utf-8")


def test_the_schema_is_one() -> None:
    """It is a schema of JSON Schema 2020-12."""
    Draft202012Validator.check_schema(manifest_schema())


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: str(path.relative_to(ROOT / "sample_services")))
def test_every_sample_names_the_schema_and_keeps_it(path: Path) -> None:
    """Each sample's first line leads an editor to the schema, which finds no fault in it."""
    first, rest = path.read_text().split("\n", 1)
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert found
    assert COPIES[1] == (path.parent / found[1]).resolve()
    assert [] == faults(yaml.safe_load(rest))


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_keeps_it(example: str) -> None:
    """The examples of docs/manifest.md have no fault."""
    assert [] == faults(yaml.safe_load(example))


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({**GOOD, "aplication": "x"}, ""),
        ({**GOOD, "application": "a b"}, "/application"),
        ({**GOOD, "on_failure": "panic"}, "/on_failure"),
        ({**GOOD, "timeout_seconds": 0}, "/timeout_seconds"),
        ({**GOOD, "services": {}}, "/services"),
        ({**GOOD, "services": {"a b": {"image": "x:1"}}}, "/services"),
        ({**GOOD, "services": {f"s{number}": {"image": "x:1"} for number in range(41)}}, "/services"),
        ({**GOOD, "services": {"api": {"cpu": 256}}}, "/services/api"),
        (service(image="API:1"), "/services/api/image"),
        (service(containers={"web": {"image": "x:1"}}), "/services/api"),
        (service(port="80"), "/services/api/port"),
        (service(environment={"A=B": "x"}), "/services/api/environment"),
        (service(log_retention_days=31), "/services/api/log_retention_days"),
        (service(discovery={"records": []}), "/services/api/discovery"),
        (service(route={"health_check": {"matcher": "600"}}), "/services/api/route"),
    ],
)
def test_what_one_field_may_not_be_is_a_fault(document: dict[str, Any], where: str) -> None:
    """What breaks a field's own rule is a fault of the schema there, as it is one of `parse`."""
    assert [where] == faults(document)
    with pytest.raises(InvalidManifest):
        parse(json.dumps(document).encode(), "application/json")


def test_a_stage_may_say_the_rest() -> None:
    """What a stage may have defaults for need not be written, and null is as good as nothing."""
    assert [] == faults({"application": "shop", "services": {"api": {"image": "x:1", "containers": None}}})
    assert [] == faults({**GOOD, "network": {"security_groups": ["default"]}})


@settings(deadline=None)
@given(half_right, right_services)
def test_what_is_accepted_has_no_fault(document: dict[str, Any], right: dict[str, Any]) -> None:
    """Whatever `parse` accepts, the schema does."""
    for each in (document, {**GOOD, "services": {"api": right}}):
        try:
            parse(json.dumps(each).encode(), "application/json")
        except InvalidManifest:
            continue
        assert [] == faults(each)
