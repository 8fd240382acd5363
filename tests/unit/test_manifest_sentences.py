"""What a person reads of each kind of wrong value: the whole sentence."""

from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from chalicelib.manifest import Manifest
from chalicelib.manifest.sentences import REQUIRED, shown
from chalicelib.manifest.values import Matching, Told
from tests.unit.test_manifest_rules import faults_of, manifest, service

NO_NUMBER = "write a number of seconds, without quotes"
WHOLE: list[tuple[Any, str]] = [
    (None, "nothing (null) is written where a whole number belongs: write it, or leave the key out"),
    (True, f"true is a boolean where a whole number belongs: {NO_NUMBER}"),
    (1.5, f"1.5 is a number where a whole number belongs: {NO_NUMBER}"),
    (2.0, "2.0 is a number where a whole number belongs: write 2"),
    ("3", '"3" is text where a whole number belongs: write 3 without quotes'),
    ("³", f'"³" is text where a whole number belongs: {NO_NUMBER}'),
    ("03", '"03" is text where a whole number belongs: write 3'),
    ("080", '"080" is text where a whole number belongs: write 80'),
    ("30s", '"30s" is text where a whole number belongs: write 30'),
    ("1m", f'"1m" is text where a whole number belongs: {NO_NUMBER}'),
    ("three", f'"three" is text where a whole number belongs: {NO_NUMBER}'),
    ([3], f"[3] is a list where a whole number belongs: {NO_NUMBER}"),
    ({"a": 3}, f'{{"a": 3}} is an object where a whole number belongs: {NO_NUMBER}'),
    (0, "0 is too small: write 1 or more"),
    (301, "301 is too large: write 300 or less"),
]
TEXTS: list[tuple[Any, str]] = [
    (None, "nothing (null) is written where text belongs: write it, or leave the key out"),
    (
        False,
        (
            'false is a boolean where text belongs: put it in quotes, such as "no" (without them YAML reads yes, no, '
            "on and off as true or false)"
        ),
    ),
    (5, '5 is a number where text belongs: put it in quotes as you mean it, "5"'),
    (0.5, '0.5 is a number where text belongs: put it in quotes as you mean it, "0.5"'),
    (["a"], '["a"] is a list where text belongs: write text'),
    ({}, "{} is an object where text belongs: write text"),
    ("a b", '"a b" is not a name: write 1 to 255 letters, digits, _ and -'),
    ("\0", r'"\u0000" holds a NUL character, which no process can be given: remove it'),
]
FLAGS: list[tuple[Any, str]] = [
    (None, "nothing (null) is written where true or false belongs: write it, or leave the key out"),
    (1, "1 is a number where true or false belongs: write true or false, without quotes"),
    ("true", '"true" is text where true or false belongs: write true or false, without quotes'),
]
LISTS: list[tuple[Any, str]] = [
    ("a", '"a" is text where a list belongs: write ["a"]'),
    (5, "5 is a number where a list belongs: write [5]"),
    ({"a": 1}, '{"a": 1} is an object where a list belongs: write a list, such as [a, b]'),
]
OBJECTS: list[tuple[Any, str]] = [
    ("x", '"x" is text where an object belongs: write keys with values, such as {key: value}'),
    ([], "[] is a list where an object belongs: write keys with values, such as {key: value}"),
]
SERVICE: list[tuple[str, Any, str]] = [
    (
        "image",
        "Nginx",
        (
            '"Nginx" is not an image: write registry/repository:tag or registry/repository@sha256:…, '
            "the repository in lower case"
        ),
    ),
    ("image", "a" * 256, f'"{"a" * 58}… is too long for an image: write at most 255 characters before the @'),
    ("environment", {"": "x"}, '"" cannot name an environment variable: write a name that is not empty and has no ='),
    (
        "log_retention_days",
        2,
        (
            "2 is not a retention that CloudWatch Logs has: write one of 1, 3, 5, 7, 14, 30, 60, 90, "
            "120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"
        ),
    ),
    (
        "health_check",
        {"command": ["x"]},
        ('["x"] is not a health check: write CMD or CMD-SHELL first, then what to run, as ["CMD-SHELL", "exit 0"]'),
    ),
    ("discovery", {"records": []}, "[] does not name each record once: write [A], [SRV] or [A, SRV]"),
    ("before_deploy", {"command": []}, "[] holds no word: write what to run, such as [python, migrate.py]"),
    (
        "route",
        {"health_check": {"matcher": "1"}},
        ('"1" is not a matcher: write codes from 200 to 499, such as "200", "200,302" or "200-299"'),
    ),
    ("route", {"health_check": {"mather": "200"}}, '"mather" is not a key that is known here; did you mean "matcher"?'),
    (
        "capacity_providers",
        [{"name": "x", "wight": 1}],
        ('"wight" is not a key that is known here; did you mean "weight"?'),
    ),
    ("architecture", "arm", "\"arm\" is not allowed here: write 'x86_64' or 'arm64'"),
]
TAGS: list[tuple[dict[str, str], str]] = [
    ({"x": "a,b"}, '"a,b" has a character that tags cannot have: write letters, digits, spaces and _.:/=+-@'),
    ({"x": "Aws:b"}, '"Aws:b" begins with aws:, which is reserved for AWS: write another'),
    ({"slipway:x": "b"}, '"slipway:x" begins with slipway:, which Slipway writes itself: write another key'),
    ({"x": "y" * 257}, "it has 257 characters: write at most 256"),
    ({"": "y"}, "there is nothing in it: write at least 1 character"),
]


def detail_of(document: dict[str, Any]) -> str:
    """Return what is said of the one fault of a manifest."""
    (fault,) = faults_of(document)
    return fault.detail


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *((manifest(poll_seconds=value), sentence) for value, sentence in WHOLE),
        *((manifest(application=value), sentence) for value, sentence in TEXTS),
        *((manifest(prune=value), sentence) for value, sentence in FLAGS),
        *((manifest(network={"vpc": "v", "subnets": value}), sentence) for value, sentence in LISTS),
        *((manifest(network=value), sentence) for value, sentence in OBJECTS),
        *((manifest(services={"api": value}), sentence) for value, sentence in OBJECTS),
        *((service(**{key: value}), sentence) for key, value, sentence in SERVICE),
        *((manifest(tags=value), sentence) for value, sentence in TAGS),
        (
            manifest(zzz=1),
            f'"zzz" is not a key that is known here; the keys here are {", ".join(Manifest.model_fields)}',
        ),
        (
            service(network={"zzz": 1}),
            '"zzz" is not a key that is known here; the keys here are vpc, subnets, security_groups, assign_public_ip',
        ),
    ],
)
def test_sentence(document: dict[str, Any], sentence: str) -> None:
    """What is wrong is told with what is written, of what kind it is, what belongs there, and what to write."""
    assert sentence == detail_of(document)


def models_of(annotation: Any) -> set[type[BaseModel]]:
    """Return the models that a type holds, and those that they hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inner = (models_of(field.annotation) for field in annotation.model_fields.values())
        return {annotation}.union(*inner)
    return set[type[BaseModel]]().union(*map(models_of, get_args(annotation)))


def test_what_is_required_has_words() -> None:
    """For each key that a manifest must have somewhere it is said what to write."""
    fields = [(key, field) for model in models_of(Manifest) for key, field in model.model_fields.items()]
    assert set(REQUIRED) == {key for key, field in fields if field.is_required()} | {"image"}


@pytest.mark.parametrize(
    ("document", "missing"),
    [
        ({}, ["application", "network", "services"]),
        (manifest(network={}), ["vpc", "subnets"]),
        (service(scaling={"cpu": 50}), ["min", "max"]),
        (service(mounts=[{}]), ["volume", "path"]),
        (manifest(load_balancer={}), ["name"]),
        (service(health_check={}), ["command"]),
        (manifest(services={"api": {"containers": {"a": {}}}}), ["image"]),
    ],
)
def test_what_is_missing(document: dict[str, Any], missing: list[str]) -> None:
    """A key that is missing is told with what to write."""
    expected = {f'"{key}" is missing: write {REQUIRED[key]}' for key in missing}
    assert expected == {fault.detail for fault in faults_of(document)}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x" * 58, f'"{"x" * 58}"'),
        ("x" * 59, f'"{"x" * 58}…'),
        ({"ä": [1, None]}, '{"ä": [1, null]}'),
    ],
)
def test_shown(value: Any, expected: str) -> None:
    """A value is quoted as JSON, in at most 60 characters."""
    assert expected == shown(value)


def test_what_a_value_must_match() -> None:
    """A pattern is that of the whole text, in ASCII, and JSON Schema tells it."""
    adapter = TypeAdapter(Annotated[str, Matching(r"\d+", "is no number: write digits")])

    assert "12" == adapter.validate_python("12")
    for wrong in ("", "12\n", "a1", "1a", "\N{ARABIC-INDIC DIGIT ONE}"):
        with pytest.raises(ValidationError, match="Value error, is no number: write digits "):
            adapter.validate_python(wrong)
    assert {"type": "string", "pattern": r"^(?:\d+)$"} == adapter.json_schema()


def test_what_json_schema_is_told() -> None:
    """What a function of ours demands is told in JSON Schema's own words, beside the type's."""
    adapter = TypeAdapter(Annotated[str, Told({"minLength": 1})])
    assert {"type": "string", "minLength": 1} == adapter.json_schema()
