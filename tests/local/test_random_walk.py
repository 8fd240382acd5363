"""A short random walk in a local cloud whose reads are old for a while: whatever happens, each verdict is true.

What is true is asked of ECS, DNS, the load balancer and the table, until their answers are as young as the verdict.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.local.faults import going_wrong
from tests.local.local_cloud import LocalCloud, local_cloud, wait_for
from tests.local.samples import teardown_accepted
from tests.local.stuck import BROKEN, STUCK, accepted, cancel, resolvable, under_way
from tests.local.truth import active, answered, locks, paths, served, told

QUICK, ALL, STEPS = 1, 12, 4
CAME_TO = {"is broken": {"rolled_back", "failed"}, "is cancelled": {"cancelled"}}
Hand = Callable[[LocalCloud, str], object]


def seeds() -> list[Any]:
    """Return the seeds; all but the first are left to `make test-full`."""
    marks = {True: (), False: (pytest.mark.full,)}
    return [pytest.param(each, marks=marks[each < QUICK]) for each in range(ALL)]


@pytest.fixture(scope="module")
def behind() -> Iterator[LocalCloud]:
    """Run a local cloud in which two reads of three are old for a second after each write."""
    with local_cloud(SLIPWAY_STALE_SECONDS="20") as cloud:
        yield cloud


def counts_by_hand(cloud: LocalCloud, application: str) -> None:
    """Have one task more."""
    cloud.client("ecs").update_service(cluster=application, service="hello", desiredCount=2)


def deletes_the_rule(cloud: LocalCloud, application: str) -> None:
    """Delete the listener rule."""
    elbv2 = cloud.client("elbv2")
    [balancer] = elbv2.describe_load_balancers(Names=["slipway"])["LoadBalancers"]
    [listener] = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    for rule in elbv2.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
        named = [each for each in rule["Conditions"] if each["Field"] == "path-pattern"]
        if [f"/{application}*"] == [each for one in named for each in one["PathPatternConfig"]["Values"]]:
            elbv2.delete_rule(RuleArn=rule["RuleArn"])


HANDS: tuple[Hand, ...] = (counts_by_hand, deletes_the_rule)


@dataclass
class Walk:
    """What happens to one application; `told` is all of it, in words, and `greeting` what serves says."""

    cloud: LocalCloud
    application: str
    random: random.Random
    told: list[str]
    greeting: str | None = None

    def step(self) -> str:
        """Do something by the seed; return what it was."""
        kinds = ["is changed", "is changed", "is killed", "is broken", "is cancelled"]
        kind = self.random.choice([*kinds, "is changed by hand", "is torn down"] if self.greeting else kinds[:3])
        self.told.append(kind)
        return kind

    def take(self, kind: str) -> dict[str, Any]:
        """Deploy, or tear down; return how it ended."""
        if kind == "is torn down":
            return self.cloud.ended(teardown_accepted(self.cloud, self.application))
        if kind == "is changed by hand":
            self.random.choice(HANDS)(self.cloud, self.application)
        if kind == "is cancelled":
            return self._cancelled()
        greeting = f"greeting {len(self.told)}"
        changes = BROKEN if kind == "is broken" else {"environment": {"GREETING": greeting}, "desired_count": 1}
        lost = [{"kind": "lose_answer", "function": "act"}] if kind == "is killed" else []
        with going_wrong(self.cloud, *lost):
            ended = self.cloud.ended(accepted(self.cloud, resolvable(self.application, **changes)))
        self.greeting = greeting if ended["status"] == "succeeded" else self.greeting
        return ended

    def _cancelled(self) -> dict[str, Any]:
        deployment_id = accepted(self.cloud, resolvable(self.application, **STUCK))
        under_way(self.cloud, deployment_id)
        assert 202 == cancel(self.cloud, deployment_id).status
        return self.cloud.ended(deployment_id)

    def untrue(self, ended: dict[str, Any]) -> list[str]:
        """Return where a verdict is not true of what is there."""
        cloud, name = self.cloud, f"hello.{self.application}.internal"
        wrong = [f"{ended['id']} holds a lock"] if ended["id"] in locks(cloud).values() else []
        if ended["kind"] == "teardown":
            left = active(cloud, self.application), answered(cloud, name), f"/{self.application}*" in paths(cloud)
            return wrong + ([f"left: {left}"] if any(left) else [])
        if told(ended) != served(cloud, ended):
            wrong.append(f"it says {told(ended)}, and {served(cloud, ended)} serve")
        if self.greeting and self.greeting != cloud.visit(f"/{self.application}/")["greeting"]:
            wrong.append(f"{self.greeting} is not what one hears")
        return wrong


@pytest.mark.parametrize("seed", seeds())
def test_walk(behind: LocalCloud, seed: int) -> None:
    """Whatever somebody does to an application, each end is the one that it has to be, and true of what is there."""
    walk = Walk(behind, f"walk-{seed}", random.Random(seed), [])
    for _ in range(STEPS):
        kind = walk.step()
        ended = walk.take(kind)
        walk.told.append(f"→ {ended['status']}: {ended['verdict']}")
        assert ended["status"] in CAME_TO.get(kind, {"succeeded"}), "\n".join(walk.told)
        wait_for(lambda now=ended: None if walk.untrue(now) else True, seconds=5)  # type: ignore[misc]
        walk.greeting = None if ended["kind"] == "teardown" else walk.greeting
