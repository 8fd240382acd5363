"""What reads show after writes, on a clock that is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from localcloud.faults import AwsFault
from localcloud.staleness import Staleness
from tests.unit.test_throttles import Clock

SECONDS = 20.0
ARN = "arn:aws:ecs:us-east-1:000000000000:service/shop/web"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/1"
ASKED = {"cluster": "shop", "services": ["web"], "include": ["TAGS"]}


def service(deployment: int) -> dict[str, Any]:
    """Return a service whose newest deployment is this one."""
    return {"serviceArn": ARN, "PRIMARY": deployment, "currentServiceDeployment": f"sd-{deployment}", "tags": []}


@dataclass
class Reads:
    """Staleness before answers that are given."""

    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        """Begin with nothing written."""
        self.staleness = Staleness(SECONDS, self.clock.now)

    def written(self, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
        """Tell that a call has made of the service `before` what it is `after`."""
        name = "service/shop/web"
        self.staleness.written(
            "ecs", {name: {"DescribeServices": before}} if before else {}, {name: {"DescribeServices": after}}
        )

    def described(self, now: Mapping[str, Any], **asked: Any) -> list[Any]:
        """Return what DescribeServices shows, or why not; `now` is what is true."""
        answer = {"services": [now], "failures": []}
        shown = self.staleness.answered("ecs", "DescribeServices", ASKED | asked, answer)
        return [*shown["services"], *(failure["reason"] for failure in shown["failures"])]


def test_what_was_made_is_missing_and_then_there() -> None:
    """Two reads of three miss a new service; one that sees it sees no service deployment; later it is there."""
    reads, new = Reads(), service(1)
    reads.written(None, new)
    without = {member: value for member, value in new.items() if member != "currentServiceDeployment"}

    assert [["MISSING"], ["MISSING"], [without], ["MISSING"]] == [reads.described(new) for _ in range(4)]
    reads.clock.seconds += SECONDS
    assert [[new]] * 3 == [reads.described(new) for _ in range(3)]


def test_what_was_changed_is_as_before_and_then_as_it_is() -> None:
    """Two reads of three show the old PRIMARY; the third the new one, with the former service deployment."""
    reads, old, new = Reads(), service(1), service(2)
    reads.written(old, new)
    lagging = new | {"currentServiceDeployment": "sd-1"}

    assert [[old], [old], [lagging], [old]] == [reads.described(new) for _ in range(4)]
    reads.clock.seconds += SECONDS
    assert [new] == reads.described(new)


def test_only_the_last_write_is_unseen() -> None:
    """After another write reads show what was before that one, and its time begins anew."""
    reads = Reads()
    reads.written(None, service(1))
    reads.clock.seconds += SECONDS / 2
    reads.written(service(1), service(2))
    reads.clock.seconds += SECONDS / 2

    assert [service(1)] == reads.described(service(2))


def test_tags_are_shown_to_those_who_ask() -> None:
    """What was before comes without tags to a read that does not ask for them."""
    reads = Reads()
    reads.written(service(1), service(2))

    assert [["serviceArn", "PRIMARY", "currentServiceDeployment"]] == [
        list(each) for each in reads.described(service(2), include=[])
    ]


def test_what_did_not_change_is_shown() -> None:
    """A write without effect has no past, nor has another resource or another AWS service of that name."""
    reads, other = Reads(), service(1) | {"serviceArn": f"{ARN}-2"}
    reads.written(service(1), service(1))
    assert [service(1)] == reads.described(service(1))

    reads.written(service(1), service(2))
    assert [other] == reads.described(other)
    tagged = {"TagDescriptions": [{"ResourceArn": "service/shop/web"}]}
    assert tagged == reads.staleness.answered("elasticloadbalancing", "DescribeTags", {}, tagged)


@pytest.mark.parametrize("name", ["web", ARN])
def test_what_belongs_to_something_unseen(name: str) -> None:
    """What is asked of a service that is not seen yet is refused as when there is none; of others it is answered."""
    answer: dict[str, Any] = {"taskArns": []}
    reads = Reads()
    reads.written(None, service(1))

    def listed(**asked: str) -> Any:
        return reads.staleness.answered("ecs", "ListTasks", asked, answer)

    with pytest.raises(AwsFault, match=r"ServiceNotFoundException: Service not found\."):
        listed(cluster="shop", serviceName=name)
    assert answer == listed(cluster="other", serviceName="web") == listed(cluster="shop")


def test_load_balancing_refuses_names_that_it_has_not_seen() -> None:
    """A list leaves a new target group out; who asks for it by name is refused."""
    staleness = Staleness(SECONDS, Clock().now)
    answer = {"TargetGroups": [{"TargetGroupArn": GROUP}]}
    staleness.written("elasticloadbalancing", {}, {"targetgroup/web/1": {"DescribeTargetGroups": {}}})
    what = "elasticloadbalancing", "DescribeTargetGroups"

    assert {"TargetGroups": []} == staleness.answered(*what, {}, answer)
    with pytest.raises(AwsFault, match=r"TargetGroupNotFound: One or more target groups not found"):
        staleness.answered(*what, {"Names": ["web"]}, answer)
