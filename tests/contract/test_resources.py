"""The local cloud's table of reads and writes has all that Slipway may call."""

import json
from pathlib import Path

from localcloud.resources import READS, WRITES

POLICIES = Path(__file__).parents[2] / ".chalice" / "policies"
SERVICES = ("ecs", "elasticloadbalancing", "servicediscovery")
READING = ("Describe", "Discover", "Get", "List")
AT_ONCE = {
    "ecs:RegisterTaskDefinition": "its revisions are not changed, and its answer is all that is read of them",
    "ecs:DeregisterTaskDefinition": "no read of ours asks whether it has happened",
    "elasticloadbalancing:DeleteRule": "what is deleted is gone",
    "elasticloadbalancing:DeleteTargetGroup": "what is deleted is gone",
    "servicediscovery:CreatePrivateDnsNamespace": "done by an operation",
    "servicediscovery:DeleteNamespace": "done by an operation",
    "servicediscovery:DeleteService": "what is deleted is gone",
    "servicediscovery:UpdateService": "done by an operation",
}
NO_WRITE_SHOWN = {
    "ecs:DescribeCapacityProviders",
    "ecs:DescribeContainerInstances",
    "ecs:DescribeTaskDefinition",
    "ecs:ListContainerInstances",
    "ecs:ListTaskDefinitions",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancers",
    "servicediscovery:DiscoverInstances",
    "servicediscovery:GetOperation",
    "servicediscovery:ListNamespaces",
}
"""They show what Slipway does not write, or what a write's own answer tells to be done."""


def allowed() -> set[tuple[str, str]]:
    """Return (service, operation) of what the policies allow of these services."""
    policies = [json.loads(path.read_text()) for path in POLICIES.glob("*.json")]
    actions = {action for policy in policies for each in policy["Statement"] for action in each["Action"]}
    pairs = {(service, name) for service, _, name in (action.partition(":") for action in actions)}
    return {(service, name) for service, name in pairs if service in SERVICES}


def test_every_write_of_slipway_has_its_past() -> None:
    """A call that changes something is followed by stale reads, or is named here with the reason why not."""
    writes = {(service, name) for service, name in allowed() if not name.startswith(READING)}
    assert set(AT_ONCE) == {":".join(each) for each in writes - set(WRITES)}


def test_every_read_of_slipway_may_be_stale() -> None:
    """A read may be stale, or shows nothing that Slipway writes."""
    reads = {(service, name) for service, name in allowed() if name.startswith(READING)}
    assert NO_WRITE_SHOWN == {":".join(each) for each in reads - set(READS)}
