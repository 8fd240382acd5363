"""One account of change: whatever field of a manifest changes, plan, deployment, AWS and the way back say the same."""

import re
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import is_dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from chalicelib.deployment import Deployment, Status
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services
from tests.machine.test_way_back import served
from tests.manifest_changes import CHANGES, SERVICES, changed
from tests.manifest_fields import fields

CHANGED: Mapping[str, tuple[str, Any]] = {**CHANGES, "namespace": ("", "new.local")}

NAMED: Mapping[str, set[str]] = {
    "namespace": {"discovery.arn"},
    "services.*.port": {"port", "route"},
    "services.*.discovery.name": {"discovery.arn"},
    "services.*.discovery.container": {"discovery.container", "discovery.port"},
    "services.*.route.container": {"route"},
    "services.*.rollout.minimum_healthy_percent": {"minimum_healthy_percent"},
    "services.*.rollout.maximum_percent": {"maximum_percent"},
    "services.*.rollout.circuit_breaker": {"circuit_breaker"},
    "services.*.scaling.requests_per_target": {"scaling.requests"},
    "services.*.containers.*.port": {"containers.web.port", "discovery.port", "route"},
}
"""What a plan names where that is not the field alone: what ECS has of names and routes; of rollouts no object."""

IN_AWS: Mapping[str, Any] = {
    **dict.fromkeys(("network.subnets", "services.*.network.subnets"), "subnet-3"),
    **dict.fromkeys(("network.security_groups", "services.*.network.security_groups"), "sg-2"),
}
"""What the new value is in AWS, where it is not what the manifest says."""

NOTHING: Mapping[str, tuple[str, Any]] = {
    "timeout_seconds": ("", 800),
    "poll_seconds": ("", 10),
    "on_failure": ("", "keep"),
    "prune": ("", True),
    "network.vpc": ("", "vpc-1"),
    "services.*.network.vpc": ("home", "vpc-1"),
    "services.*.depends_on": ("home", ["db"]),
    "services.*.adopt": ("home", True),
    "services.*.before_deploy.command": ("home", ["migrate"]),
    "services.*.before_deploy.timeout_seconds": ("home", 100),
}
"""What tells how a deployment goes, or the same place by another name: nothing of it is in AWS."""

REFUSED: Mapping[str, tuple[str, Any, str]] = {
    "load_balancer.name": ("", "absent", "listener_not_found"),
    "load_balancer.port": ("", 81, "listener_not_found"),
    "services.*.launch_type": ("raw", "EC2", "launch_type_fixed"),
    "services.*.discovery.records": ("home", ["SRV"], "discovery_conflict"),
}
ELSEWHERE = {"application", "environment", "cluster"}
"""With another of these it is another application, or all of it stands elsewhere."""
OTHERS = {"services.*.mounts[].volume", "services.*.containers.*.mounts[].volume"}
"""What cannot change alone: a second volume would have to be there."""


def manifest(service: str) -> dict[str, Any]:
    """Return a manifest in which everything is said of a service."""
    return two_services(execution_role="execution", services={service: deepcopy(SERVICES[service])})


def told(plan: dict[str, Any]) -> dict[str, set[str]]:
    """Return the fields that a plan names, by service, as a deployment names them: an object is one field."""
    return {name: {each["field"] for each in service["changes"]} for name, service in plan["services"].items()}


def named(path: str, service: str) -> set[str]:
    """Return what a plan names of a field: a container by its name, a volume or a list whole."""
    volume = next(iter(SERVICES[service].get("volumes", {})), "")
    way = path.removeprefix("services.*.").replace("containers.*", "containers.web")
    whole = re.sub(r"volumes\.\*\..*", f"volumes.{volume}", way.partition("[]")[0])
    return NAMED.get(path, {whole})


def names(shown: set[str], fields: Collection[str]) -> bool:
    """Tell whether a plan shows these fields and no other: it shows what changes inside of an object."""
    covered = {field for field in fields if any(f"{each}.".startswith(f"{field}.") for each in shown)}
    return covered == set(fields) and all(any(f"{each}.".startswith(f"{field}.") for field in fields) for each in shown)


def in_aws(slipway: Slipway) -> set[tuple[str, str]]:
    """Return every setting that serves, and those of the task definitions that do, each with the way to it."""
    world = slipway.world
    specs = {key: world.spec_of(each.spec.task_definition or "") for key, each in world.services.items()}
    called = {each.arn: (list(name), each) for name, each in world.registered.items()}
    return set(settings({**served(slipway), "task definitions": specs, "names": called}))


def settings(value: Any, way: str = "") -> Iterator[tuple[str, str]]:
    """Yield the settings in a value, each with the way to it."""
    inside = value.model_dump() if isinstance(value, BaseModel) else vars(value) if is_dataclass(value) else value
    if isinstance(inside, list | tuple):
        inside = dict(enumerate(inside))
    if not isinstance(inside, Mapping):
        yield way, str(int(inside) if isinstance(inside, float) else inside)
        return
    for key, each in inside.items():
        yield from settings(each, f"{way}/{key}")


def has_become(value: Any, before: set[tuple[str, str]], after: set[tuple[str, str]]) -> bool:
    """Tell whether all of a value is in AWS after a change, and some of it was not in its place before."""
    wanted = {text for _, text in settings(value)}
    return wanted <= {text for _, text in after} and (not wanted or bool(wanted & {text for _, text in after - before}))


def test_every_field_is_here() -> None:
    """Every field of the JSON Schema changes here, or it is said why it does not."""
    assert fields() == {*CHANGED, *NOTHING, *REFUSED, *ELSEWHERE, *OTHERS}


def named_alike(plan: dict[str, Any], deployment: Deployment) -> bool:
    """Tell whether plan and deployment name the same fields of each service, and say alike whether it changes."""
    return all(
        names(told(plan)[name], service.changed_fields)
        and ({"update": True, "unchanged": False}[plan["services"][name]["action"]],) * 2
        == (service.changed, bool(service.changed_fields))
        for name, service in deployment.services.items()
    )


@pytest.mark.parametrize("path", CHANGED)
def test_field(store: Store, path: str) -> None:
    """A field that changes is named, alike by plan and deployment, its value is in AWS, and again is no change.

    When another service of that deployment fails, all is as it was.
    """
    service, value = CHANGED[path][0] or "home", CHANGED[path][1]
    slipway, before = Slipway(store, broken={"late:1"}), manifest(service)
    slipway.deploy(before)
    after, was, had = changed(before, path, CHANGED[path][0], value), served(slipway), in_aws(slipway)
    late = {"image": "late:1", "depends_on": [service]}
    failed = slipway.deploy({**after, "services": {**after["services"], "late": late}})
    assert (Status.ROLLED_BACK, was) == (failed.status, served(slipway)), failed.verdict

    plan, deployment = slipway.dry_run(after), slipway.deploy(after)
    assert (Status.SUCCEEDED, True) == (deployment.status, deployment.services[service].changed), deployment.verdict
    assert named_alike(plan, deployment), (told(plan), deployment.services[service].changed_fields)
    assert names(told(plan)[service], named(path, service)), told(plan)
    assert has_become(IN_AWS.get(path, value), had, in_aws(slipway))

    slipway.world.changes.clear()
    again = slipway.deploy(after)
    assert (Status.SUCCEEDED, False, []) == (again.status, again.services[service].changed, slipway.world.changes)


@pytest.mark.parametrize("path", NOTHING)
def test_field_that_changes_nothing(store: Store, path: str) -> None:
    """What is not in AWS changes nothing there, and nobody says that it did."""
    slipway, before = Slipway(store), manifest("home")
    before["services"]["db"] = SERVICES["db"]
    slipway.deploy(before)
    after = changed(before, path, *NOTHING[path])
    if path == "services.*.before_deploy.timeout_seconds":
        after["services"]["home"]["before_deploy"]["command"] = ["migrate"]
    slipway.world.changes.clear()
    plan, deployment = slipway.dry_run(after), slipway.deploy(after)

    assert {"unchanged"} == {service["action"] for service in plan["services"].values()}
    assert (Status.SUCCEEDED, []) == (deployment.status, slipway.world.changes)
    assert named_alike(plan, deployment)


@pytest.mark.parametrize("path", REFUSED)
def test_field_that_cannot_change(store: Store, path: str) -> None:
    """What AWS does not change is refused by plan and deployment, by the same code, and nothing is changed."""
    service, value, code = REFUSED[path]
    slipway, before = Slipway(store), manifest(service or "home")
    slipway.deploy(before)
    after = changed(before, path, service, value)
    slipway.world.changes.clear()
    plan, deployment = slipway.dry_run(after), slipway.deploy(after)

    assert deployment.failure is not None
    assert [code] == [each["code"] for each in plan["findings"]]
    assert (Status.FAILED, code, []) == (deployment.status, deployment.failure.code, slipway.world.changes)
