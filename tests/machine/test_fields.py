"""One account of change: whatever field of a manifest changes, plan, deployment, AWS and the way back say the same."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from chalicelib.deployment import Deployment, Status
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services
from tests.machine.test_way_back import served
from tests.manifest_changes import CHANGES, SERVICES, changed
from tests.manifest_fields import fields

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
ELSEWHERE = {"application", "environment", "cluster", "namespace"}
"""With another of these it is another application, or all of it stands elsewhere."""
OTHERS = {"services.*.mounts[].volume", "services.*.containers.*.mounts[].volume"}
"""What cannot change alone: a second volume would have to be there."""


def manifest(service: str) -> dict[str, Any]:
    """Return a manifest in which everything is said of a service."""
    return two_services(execution_role="execution", services={service: deepcopy(SERVICES[service])})


def told(plan: dict[str, Any]) -> dict[str, set[str]]:
    """Return the fields that a plan names, by service, as a deployment names them: an object is one field."""
    return {name: {each["field"] for each in service["changes"]} for name, service in plan["services"].items()}


def same_fields(shown: set[str], recorded: tuple[str, ...]) -> bool:
    """Tell whether plan and record name the same: a plan shows what changes inside of an object."""
    covered = {field for field in recorded if any(each == field or each.startswith(f"{field}.") for each in shown)}
    return covered == set(recorded) and all(
        any(each == field or each.startswith(f"{field}.") for field in recorded) for each in shown
    )


def test_every_field_is_here() -> None:
    """Every field of the JSON Schema changes here, or it is said why it does not."""
    assert fields() == {*CHANGES, *NOTHING, *REFUSED, *ELSEWHERE, *OTHERS}


def named_alike(plan: dict[str, Any], deployment: Deployment) -> bool:
    """Tell whether plan and deployment name the same fields of each service, and say alike whether it changes."""
    return all(
        same_fields(told(plan)[name], service.changed_fields)
        and ({"update": True, "unchanged": False}[plan["services"][name]["action"]],) * 2
        == (service.changed, bool(service.changed_fields))
        for name, service in deployment.services.items()
    )


@pytest.mark.parametrize("path", CHANGES)
def test_field(store: Store, path: str) -> None:
    """A field that changes is told alike by plan and deployment, is there in AWS, and is no change any more.

    When another service of that deployment fails, all is as it was.
    """
    service, value = CHANGES[path][0] or "home", CHANGES[path][1]
    slipway, before = Slipway(store, broken={"late:1"}), manifest(service)
    slipway.deploy(before)
    after, was = changed(before, path, CHANGES[path][0], value), served(slipway)
    late = {"image": "late:1", "depends_on": [service]}
    failed = slipway.deploy({**after, "services": {**after["services"], "late": late}})
    assert (Status.ROLLED_BACK, was) == (failed.status, served(slipway)), failed.verdict

    plan, deployment = slipway.dry_run(after), slipway.deploy(after)
    assert (Status.SUCCEEDED, True) == (deployment.status, deployment.services[service].changed), deployment.verdict
    assert named_alike(plan, deployment), (told(plan), deployment.services[service].changed_fields)
    assert was != served(slipway)

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
