"""The balancer's memory over moto's elbv2 backend, read in process."""

from collections.abc import Iterator
from typing import Any

from moto.elbv2.models import elbv2_backends

from localcloud.balancer.memory import Action, Condition, HealthCheck, Listener, Rule, TargetGroup

NO_ACTION = Action("none")


class MotoMemory:
    """Reads moto's load balancers, listeners, rules and target groups at each question."""

    def __init__(self, account: str = "000000000000", region: str = "us-east-1") -> None:
        self._backend = elbv2_backends[account][region]

    def listener(self, load_balancer_name: str, port: int) -> Listener | None:
        """Return the listener on that port of that load balancer, or None."""
        # Requests change moto's dicts in other threads: copy before iterating.
        for balancer in list(self._backend.load_balancers.values()):
            for listener in list(balancer.listeners.values()):
                if balancer.name == load_balancer_name and int(listener.port) == port:
                    return _listener(listener, balancer)
        return None

    def target_group(self, target_group_arn: str) -> TargetGroup | None:
        """Return the target group, or None."""
        group = self._backend.target_groups.get(target_group_arn)
        return None if group is None else _target_group(group)

    def groups_in_use(self) -> frozenset[str]:
        """Return the ARNs of all target groups that some default action or rule forwards to."""
        return frozenset(self._names_by_group())

    def load_balancer_of(self, target_group_arn: str) -> str:
        """Return the name of the load balancer that forwards to a target group in use; "" for none."""
        return self._names_by_group().get(target_group_arn, "")

    def _names_by_group(self) -> dict[str, str]:
        return {arn: name for name, action in self._actions() for arn, _ in action.target_groups}

    def _actions(self) -> Iterator[tuple[str, Action]]:
        for balancer in list(self._backend.load_balancers.values()):
            for listener in list(balancer.listeners.values()):
                yield balancer.name, _action(listener.default_actions)
                yield from ((balancer.name, _action(rule.actions)) for rule in _rules_of(listener))


# moto keeps the default action beside the rules under the priority "default".
def _rules_of(listener: Any) -> list[Any]:
    return [rule for rule in list(listener.rules.values()) if not rule.is_default]


def _listener(listener: Any, balancer: Any) -> Listener:
    rules = [
        Rule(int(rule.priority), tuple(_condition(one) for one in rule.conditions), _action(rule.actions))
        for rule in _rules_of(listener)
    ]
    idle_timeout_seconds = float(balancer.attrs.get("idle_timeout.timeout_seconds", 60))
    ordered = tuple(sorted(rules, key=lambda rule: rule.priority))
    return Listener(_action(listener.default_actions), ordered, idle_timeout_seconds)


# The last action by Order is the one that answers; those before it authenticate.
def _action(actions: list[Any]) -> Action:
    if not actions:
        return NO_ACTION
    data = actions[-1].data
    settings = data.get("FixedResponseConfig") or data.get("RedirectConfig") or {}
    return Action(data["Type"], _weighted_groups(data), {key: str(value) for key, value in settings.items()})


def _weighted_groups(data: dict[str, Any]) -> tuple[tuple[str, int], ...]:
    groups = data.get("ForwardConfig", {}).get("TargetGroups") or []
    if groups:
        return tuple((group["TargetGroupArn"], int(group.get("Weight", 1))) for group in groups)
    return ((data["TargetGroupArn"], 1),) if data.get("TargetGroupArn") else ()


# "http-request-method" → "HttpRequestMethodConfig"; the short form has Values beside Field.
def _condition(condition: dict[str, Any]) -> Condition:
    field = condition["Field"]
    config = condition.get(field.title().replace("-", "") + "Config") or {}
    values = config.get("Values") or condition.get("Values") or []
    pairs = ((one.get("Key", ""), one["Value"]) if isinstance(one, dict) else one for one in values)
    return Condition(field, tuple(pairs), config.get("HttpHeaderName", ""))


def _target_group(group: Any) -> TargetGroup:
    check = HealthCheck(
        path=group.health_check_path or "/",
        port=group.health_check_port or "traffic-port",
        matcher=str((group.matcher or {}).get("HttpCode") or "200"),
        interval_seconds=float(group.health_check_interval_seconds),
        timeout_seconds=float(group.health_check_timeout_seconds),
        healthy_threshold=int(group.healthy_threshold_count),
        unhealthy_threshold=int(group.unhealthy_threshold_count),
    )
    delay_seconds = float(group.attributes["deregistration_delay.timeout_seconds"])
    return TargetGroup(group.arn, int(group.port), check, delay_seconds)
