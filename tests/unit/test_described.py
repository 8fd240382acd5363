"""What `aws ecs describe-task-definition` prints is a raw task definition, too."""

import json
from typing import Any

import pytest

from chalicelib import preflight
from chalicelib.manifest import Manifest, containers_of, parse, with_images
from chalicelib.manifest.templates import image_places
from chalicelib.plan import task_spec
from tests.unit.test_manifest_forms import RAW, raw
from tests.unit.test_manifest_rules import faults_of

PLAIN: dict[str, Any] = {
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "256",
    "memory": "512",
    "executionRoleArn": "arn:aws:iam::000000000000:role/run",
    "containerDefinitions": [{"name": "web", "image": "web:1", "environment": [{"name": "A", "value": "1"}]}],
}
# https://docs.aws.amazon.com/cli/latest/reference/ecs/describe-task-definition.html
DESCRIBED = PLAIN | {
    "taskDefinitionArn": "arn:aws:ecs:us-east-1:000000000000:task-definition/shop-api:8",
    "family": "shop-api",
    "revision": 8,
    "taskRoleArn": None,
    "volumes": [],
    "status": "ACTIVE",
    "requiresAttributes": [{"name": "ecs.capability.task-eni"}],
    "placementConstraints": [],
    "compatibilities": ["EC2", "FARGATE"],
    "registeredAt": "2024-05-01T10:00:00+00:00",
    "registeredBy": "arn:aws:iam::000000000000:root",
    "deregisteredAt": None,
    "containerDefinitions": [
        PLAIN["containerDefinitions"][0]
        | {
            "cpu": 0,
            "essential": True,
            "links": None,
            "portMappings": [],
            "mountPoints": [],
            "volumesFrom": [],
            "linuxParameters": {"devices": None, "sharedMemorySize": None},
            "systemControls": [],
        }
    ],
}
TAGS = [{"key": "Team", "value": "web"}, {"key": "slipway:content", "value": "x"}, {"key": "aws:x:y", "value": "z"}]
PRINTED = {"taskDefinition": DESCRIBED, "tags": TAGS}
WAYS = [(DESCRIBED, RAW), (PRINTED, f"{RAW}/taskDefinition")]


def of(definition: dict[str, Any]) -> Manifest:
    """Return the manifest whose only service is a raw definition."""
    document = raw() | {"services": {"api": {"task_definition": definition}}}
    return parse(json.dumps(document).encode(), "application/json")


@pytest.mark.parametrize("definition", [DESCRIBED, PRINTED])
def test_is_registered_without_what_describing_adds(definition: dict[str, Any]) -> None:
    """What ECS alone writes, null and the object around it are left out; the rest is registered as it stands there."""
    registered = task_spec(of(definition), "api").raw
    assert registered is not None
    (container,) = registered["containerDefinitions"]

    assert {*PLAIN, "family", "volumes", "placementConstraints", "tags"} >= registered.keys() >= PLAIN.keys()
    assert ("links" in container, {}) == (False, container["linuxParameters"])
    assert registered.get("tags") == (TAGS[:1] if definition is PRINTED else None)


@pytest.mark.parametrize("definition", [DESCRIBED, PRINTED])
def test_says_once_what_is_left_out(definition: dict[str, Any]) -> None:
    """Preflight warns once, at the definition, and names what is not registered."""
    (found,) = preflight.definition_findings(of(definition))

    assert ("definition_described", "warning", RAW, "api") == (found.code, found.severity, found.pointer, found.service)
    for key in ("revision", "registeredBy", "taskRoleArn", "containerDefinitions/0/linuxParameters/devices"):
        assert key in found.detail
    assert (definition is PRINTED) is ("tags/slipway:content, tags/aws:x:y" in found.detail)


@pytest.mark.parametrize("definition", [DESCRIBED, PRINTED, {"taskDefinition": PLAIN | {"family": "theirs"}}])
def test_another_family_is_left_out(definition: dict[str, Any]) -> None:
    """What was described is registered in the service's own family, whatever it was of, and Preflight says so."""
    manifest = of(json.loads(json.dumps(definition).replace('"family": "shop-api"', '"family": "theirs"')))
    (found,) = preflight.definition_findings(manifest)
    spec = task_spec(manifest, "api")
    assert spec.raw is not None
    assert ("shop-api", True) == (spec.family, "family" in found.detail)
    assert "family" not in spec.raw


def test_a_plain_definition_says_nothing() -> None:
    """Nothing is left out of a definition that is written as it is registered."""
    assert [] == list(preflight.definition_findings(of(PLAIN)))
    assert PLAIN == task_spec(of(PLAIN), "api").raw


def test_long_lists_are_cut() -> None:
    """Twenty keys are named, and how many more there are."""
    (found,) = preflight.definition_findings(of(PLAIN | {"ipcMode": None} | {"containerDefinitions": [nothing_said()]}))
    assert (20, True) == (found.detail.count(",") + 1, found.detail.endswith(" and 3 more"))


def nothing_said() -> dict[str, Any]:
    """Return a container of which 22 keys are null."""
    labels = dict.fromkeys(f"label-{n}" for n in range(22))
    return {"name": "web", "image": "web:1", "dockerLabels": labels}


@pytest.mark.parametrize(("definition", "place"), WAYS)
def test_faults_are_told_where_it_is_written(definition: dict[str, Any], place: str) -> None:
    """A pointer leads through the object around a definition."""
    wrong = json.loads(json.dumps(definition).replace("web:1", "<IMAGE>").replace('"awsvpc"', '"host"'))
    document = raw() | {"services": {"api": {"task_definition": wrong}}}

    assert [f"{place}/networkMode", f"{place}/containerDefinitions/0/image"] == [
        each.pointer for each in faults_of(document)
    ]


@pytest.mark.parametrize(("definition", "place"), WAYS)
def test_images_are_found_and_filled(definition: dict[str, Any], place: str) -> None:
    """Its images are replaced and have placeholders as those of any other definition, and Preflight's pointers hold."""
    replaced = with_images(of(definition), {"web:1": "web@sha256:1"})
    (view,) = containers_of(of(definition), "api")
    written = {"services": {"api": {"task_definition": definition}}}
    (image,) = image_places(written)

    assert ("web@sha256:1",) == task_spec(replaced, "api").images
    assert place == "/" + "/".join(map(str, view.path()[:-2]))
    assert (view.path("image"), ("api.web", "api")) == (image.path, image.names)
    (role,) = preflight.roles_asked(of(definition), "000000000000")
    assert f"{place}/executionRoleArn" == role.pointer


@pytest.mark.parametrize("beside", [{"status": "ACTIVE"}, {"tags": [5]}, {"tags": "x"}])
def test_what_is_not_printed_so_is_not_taken_so(beside: dict[str, Any]) -> None:
    """An object with other keys beside the definition is none of describing's: its keys are told to be unknown."""
    document = raw() | {"services": {"api": {"task_definition": {"taskDefinition": PLAIN, **beside}}}}
    assert f"{RAW}/taskDefinition" in [each.pointer for each in faults_of(document)]


def test_a_null_among_others_is_a_fault() -> None:
    """In a list null is no absence: it would move what comes after it."""
    (fault,) = faults_of(raw() | {"services": {"api": {"task_definition": PLAIN | {"volumes": [None]}}}})
    assert (f"{RAW}/volumes/0", True) == (fault.pointer, "null stands where an object belongs" in fault.detail)


def test_own_tags_are_still_nobodys_to_write() -> None:
    """In a definition that is written by hand a tag of AWS's or Slipway's is a fault, as it is anywhere."""
    faults = faults_of(raw() | {"services": {"api": {"task_definition": PLAIN | {"tags": TAGS}}}})
    assert [f"{RAW}/tags/1/key", f"{RAW}/tags/2/key"] == [each.pointer for each in faults]
