"""Every AWS call of a deployment and of its way back, once throttled and once with its answer lost, for real."""

from typing import Any

import pytest

from tests.local.faults import ANSWER_LOST, THROTTLED, execution_arn, going_wrong, made_for, slipways_calls
from tests.local.local_cloud import LocalCloud, hello, wait_for
from tests.local.samples import teardown_accepted
from tests.local.stuck import BROKEN, accepted
from tests.local.truth import active, locks, served, told

pytestmark = pytest.mark.full

FAULTS = {"throttled": THROTTLED, "lost": ANSWER_LOST}
Call = tuple[str, str]
Outcome = tuple[str, bool, dict[str, str], dict[str, int]]
NOT_CALLS = {"lambda"}
"""A function that dies is no call of ours: test_faults_survived tells of it."""


def everything(application: str, **last: Any) -> dict[str, Any]:
    """Return the manifest of a service with everything, and of one after it that can break."""
    manifest = hello(
        application,
        discovery={"name": "hello"},
        scaling={"min": 1, "max": 2, "cpu": 60},
        before_deploy={"command": ["python", "-c", "pass"]},
        environment={"GREETING": "changed" if last else "hello"},
    )
    manifest["services"]["last"] = {"image": "actors-hello:1", "depends_on": ["hello"], **last}
    return manifest | {"namespace": f"{application}.internal"}


def end(cloud: LocalCloud, manifest: dict[str, Any], *faults: dict[str, Any]) -> dict[str, Any]:
    """Return how a deployment ended, of which calls go wrong; nobody asks Slipway meanwhile, whose calls would, too."""
    states = cloud.client("stepfunctions")
    deployment_id = accepted(cloud, manifest)
    with going_wrong(cloud, *faults):
        wait_for(
            lambda: states.describe_execution(executionArn=execution_arn(deployment_id))["status"] != "RUNNING" or None,
            seconds=300,
        )
    return cloud.ended(deployment_id)


@pytest.fixture(scope="module")
def calls(cloud: LocalCloud) -> dict[str, set[Call]]:
    """Return the calls of a deployment that succeeds, and those that only one that goes back makes."""
    slipways_calls(cloud)
    ends, found = [], []
    for manifest in (everything("counted"), everything("counted", **BROKEN)):
        ends.append(end(cloud, manifest)["status"])
        found.append({each for each in slipways_calls(cloud) if each[0] not in NOT_CALLS})
    assert ["succeeded", "rolled_back"] == ends
    return {"there": found[0], "back": found[1] - found[0]}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_call_on_the_way_there(cloud: LocalCloud, calls: dict[str, set[Call]], fault: str) -> None:
    """Whichever call of a first deployment goes wrong, it succeeds, holds no lock, and has made nothing twice."""
    seen = {}
    for number, (service, operation) in enumerate(sorted(calls["there"])):
        application = f"there-{fault}-{number}"
        ended = end(cloud, everything(application), FAULTS[fault] | {"service": service, "operation": operation})
        seen[service, operation] = outcome(cloud, ended)
    made = {"services": 2, "rollouts": 1, "revisions": 1, "rules": 1, "target groups": 1}
    expected: Outcome = ("succeeded", True, {}, made)
    assert dict.fromkeys(calls["there"], expected) == seen


@pytest.mark.parametrize("fault", FAULTS)
def test_every_call_on_the_way_back(cloud: LocalCloud, calls: dict[str, set[Call]], fault: str) -> None:
    """Whichever call of the way back goes wrong, what served before serves again, and no lock is held."""
    seen = {}
    for number, (service, operation) in enumerate(sorted(calls["back"])):
        application = f"back-{fault}-{number}"
        assert "succeeded" == end(cloud, everything(application))["status"]
        broken = everything(application, **BROKEN)
        seen[service, operation] = outcome(
            cloud, end(cloud, broken, FAULTS[fault] | {"service": service, "operation": operation})
        )
    made = {"services": 2, "rollouts": 3, "revisions": 2, "rules": 1, "target groups": 1}
    expected: Outcome = ("rolled_back", True, {}, made)
    assert dict.fromkeys(calls["back"], expected) == seen


def outcome(cloud: LocalCloud, ended: dict[str, Any]) -> Outcome:
    """Return how a deployment ended, whether that is true of what serves, the locks, and what there is of it.

    Then it is torn down: with a hundred of them the machine would be too slow for their health checks.
    """
    application = ended["application"]
    there = made_for(cloud, application) if active(cloud, application) else {}
    found = ended["status"], told(ended) == served(cloud, ended), locks(cloud), there
    if there:
        assert "succeeded" == cloud.ended(teardown_accepted(cloud, application))["status"]
    return found
