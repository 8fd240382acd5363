"""What the balancer asks of whoever remembers load balancers: small values, and the few questions."""

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Condition:
    """One condition of a rule: its field (`path-pattern`, …), its values, and the header's name for `http-header`.

    The values of `query-string` are (key, value) pairs; an empty key matches any.
    """

    field: str
    values: tuple[Any, ...]
    header: str = ""


@dataclass(frozen=True)
class Action:
    """What to do with a request: `forward` to weighted target groups, or `fixed-response`, or `redirect`.

    `settings` are the members of FixedResponseConfig or RedirectConfig.
    """

    type: str
    target_groups: tuple[tuple[str, int], ...] = ()
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """A rule of a listener: all conditions hold → action."""

    priority: int
    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True)
class Listener:
    """A listener with its rules in the order of priority."""

    default_action: Action
    rules: tuple[Rule, ...]
    idle_timeout_seconds: float = 60.0


@dataclass(frozen=True)
class HealthCheck:
    """How targets are probed. `port` is a number or `traffic-port`; `matcher` is like `200`, `200,301` or `200-399`."""

    path: str
    port: str
    matcher: str
    interval_seconds: float
    timeout_seconds: float
    healthy_threshold: int
    unhealthy_threshold: int


@dataclass(frozen=True)
class TargetGroup:
    """A target group; `port` is the one of targets that are registered without."""

    arn: str
    port: int
    health_check: HealthCheck
    deregistration_delay_seconds: float


class Memory(Protocol):
    """Remembers listeners and target groups. Every question may come from any thread, at any time."""

    def listener(self, load_balancer_name: str, port: int) -> Listener | None:
        """Return the listener on that port, or None."""

    def target_group(self, target_group_arn: str) -> TargetGroup | None:
        """Return the target group, or None."""

    def groups_in_use(self) -> frozenset[str]:
        """Return the ARNs of all target groups that some default action or rule forwards to."""

    def load_balancer_of(self, target_group_arn: str) -> str:
        """Return the name of the load balancer that forwards to a target group in use."""
