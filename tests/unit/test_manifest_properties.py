"""What holds of `parse` whatever comes."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib import limits
from chalicelib.errors import InvalidManifest, RequestError
from chalicelib.manifest import Manifest, Service, parse

JSON = "application/json"
YAML = "application/yaml"

SHOP: dict[str, Any] = {
    "application": "shop",
    "network": {"vpc": "vpc-1", "subnets": ["private"]},
    "services": {"api": {"image": "api:1"}},
}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [*Service.model_fields, "zzz"]
half_right = st.fixed_dictionaries(
    {
        "services": st.dictionaries(st.sampled_from(["a", "b"]), st.dictionaries(st.sampled_from(FIELDS), anything))
        | anything
    },
    optional={field: anything | st.just(SHOP.get(field)) for field in Manifest.model_fields if field != "services"},
)
content_types = st.sampled_from([JSON, YAML, "text/yaml", "text/plain", "", None])


def refusal(body: bytes, content_type: str | None) -> RequestError | None:
    """Return why a body is not a manifest, or None when it is; any other exception is let through."""
    try:
        parse(body, content_type)
    except RequestError as error:
        return error
    return None


def assert_can_be_answered(error: RequestError | None) -> None:
    """Demand that a refusal fits in an answer, and that a refused manifest comes with its faults."""
    if error:
        said = json.dumps(
            [error.detail, *(f"{fault.pointer} {fault.detail}" for fault in error.faults)], ensure_ascii=False
        )

        assert said.encode()
        assert len(error.faults) <= limits.FAULTS
        assert isinstance(error, InvalidManifest) == bool(error.faults)


@settings(deadline=None)
@example(b"a: 1:30\nb: .nan\nc: 0o7\nd: =\ne: ~\n", YAML)
@example(b'{"a": NaN, "b": -Infinity, "c": 1e999, "d": ' + b"9" * 5000 + b"}", JSON)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), content_types)
def test_any_bytes(body: bytes, content_type: str | None) -> None:
    """Whatever bytes come, parse answers a manifest or says why not."""
    assert_can_be_answered(refusal(body, content_type))


@settings(deadline=None)
@given(anything | half_right, st.sampled_from([JSON, YAML]))
def test_any_object(document: Any, content_type: str) -> None:
    """Whatever object comes, parse answers a manifest or says why not."""
    assert_can_be_answered(refusal(json.dumps(document).encode(), content_type))


names = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
right_services = st.fixed_dictionaries(
    {"image": st.just("x:1")},
    optional={
        "port": st.integers(1, 65535),
        "desired_count": st.integers(0, 5000),
        "command": st.lists(texts, max_size=3),
        "environment": st.dictionaries(texts.filter(lambda key: key and "=" not in key), texts, max_size=3),
        "architecture": st.sampled_from(["x86_64", "arm64"]),
        "stop_timeout": st.integers(2, 120),
        "network": st.just({"security_groups": []}),
    },
)


@settings(deadline=None)
@given(names, names, st.dictionaries(names, right_services, min_size=1, max_size=3))
def test_round_trip(application: str, environment: str, services: dict[str, Any]) -> None:
    """A manifest that is stored as JSON and read again is the same manifest."""
    document = SHOP | {"application": application, "environment": environment, "services": services}
    manifest = parse(json.dumps(document).encode(), JSON)

    assert manifest == Manifest.model_validate_json(manifest.model_dump_json())
