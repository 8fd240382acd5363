"""RegisterTargets, DeregisterTargets and DescribeTargetHealth, and what CreateRule refuses: dict in and dict out."""

from ipaddress import ip_address
from typing import Any, Protocol

from localcloud.balancer.health import NOT_REGISTERED
from localcloud.balancer.memory import Memory, TargetGroup
from localcloud.balancer.targets import TargetHealth
from localcloud.faults import AwsFault


class TargetKeeper(Protocol):
    """The part of the balancer that the API needs."""

    def register(self, target_group_arn: str, ip: str, port: int) -> None:
        """Register a target."""

    def deregister(self, target_group_arn: str, ip: str, port: int) -> None:
        """Let a target drain."""

    def targets(self, target_group_arn: str) -> list[TargetHealth]:
        """Return the health of every target."""


def _refuse_second_balancer(memory: Memory, request: dict[str, Any]) -> None:
    """Refuse a rule of one load balancer for a target group of another: a group belongs to one.

    TargetGroupAssociationLimit: ELB API reference, CreateRule.
    """
    balancer = request["ListenerArn"].split("/")[-3]
    for action in request.get("Actions", []):
        if memory.load_balancer_of(action.get("TargetGroupArn", "")) not in ("", balancer):
            words = "You've reached the limit on the number of load balancers per target group"
            raise AwsFault("TargetGroupAssociationLimit", words)


def handle(keeper: TargetKeeper, memory: Memory, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Carry out one operation, or only refuse CreateRule where it must be; raises AwsFault."""
    if operation == "CreateRule":
        _refuse_second_balancer(memory, request)
        return {}
    if operation not in OPERATIONS:
        raise AwsFault("InvalidAction", f"The balancer has no {operation}; it has {', '.join(OPERATIONS)}.")
    group = memory.target_group(request["TargetGroupArn"])
    if group is None:
        raise AwsFault("TargetGroupNotFound", "One or more target groups not found")
    wanted: list[dict[str, Any]] = request.get("Targets") or []
    return OPERATIONS[operation](keeper, group, wanted)


def _register_targets(keeper: TargetKeeper, group: TargetGroup, wanted: list[dict[str, Any]]) -> dict[str, Any]:
    for target in wanted:
        _check_ip(target["Id"])
    for target in wanted:
        keeper.register(group.arn, target["Id"], int(target.get("Port") or group.port))
    return {}


def _check_ip(ip: str) -> None:
    try:
        ip_address(ip)
    except ValueError as error:
        raise AwsFault("ValidationError", f"The IP address '{ip}' is not a valid IPv4 address") from error


def _deregister_targets(keeper: TargetKeeper, group: TargetGroup, wanted: list[dict[str, Any]]) -> dict[str, Any]:
    for known in keeper.targets(group.arn):
        if any(_is(target, known) for target in wanted):
            keeper.deregister(group.arn, known.ip, known.port)
    return {}


def _is(target: dict[str, Any], known: TargetHealth) -> bool:
    return bool(target["Id"] == known.ip) and int(target.get("Port") or known.port) == known.port


def _describe_target_health(keeper: TargetKeeper, group: TargetGroup, wanted: list[dict[str, Any]]) -> dict[str, Any]:
    known = keeper.targets(group.arn)
    chosen = [one for one in known if not wanted or any(_is(target, one) for target in wanted)]
    strange = [_not_registered(target, group) for target in wanted if not any(_is(target, one) for one in known)]
    return {"TargetHealthDescriptions": [_describe(one, group) for one in (*chosen, *strange)]}


def _not_registered(target: dict[str, Any], group: TargetGroup) -> TargetHealth:
    return TargetHealth(target["Id"], int(target.get("Port") or group.port), *NOT_REGISTERED.words())


def _describe(target: TargetHealth, group: TargetGroup) -> dict[str, Any]:
    check_port = group.health_check.port
    words = {"State": target.state, "Reason": target.reason, "Description": target.description}
    return {
        "Target": {"Id": target.ip, "Port": target.port},
        "HealthCheckPort": str(target.port) if check_port == "traffic-port" else check_port,
        "TargetHealth": {name: value for name, value in words.items() if value},
    }


OPERATIONS = {
    "RegisterTargets": _register_targets,
    "DeregisterTargets": _deregister_targets,
    "DescribeTargetHealth": _describe_target_health,
}
