"""Listeners, rules, target groups and their targets as Elastic Load Balancing writes them, in our words. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.diagnosis import TargetHealth
from chalicelib.manifest import Route, RouteHealthCheck
from chalicelib.preflight import Rule
from chalicelib.specs import readable_group_name

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import RuleTypeDef, TargetGroupTypeDef, TargetHealthDescriptionTypeDef


@dataclass(frozen=True)
class Listener:
    """A listener of a load balancer that exists already, and that one's VPC, DNS name and security groups."""

    arn: str
    vpc: str
    dns_name: str
    security_groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Routed:
    """How a service is routed to now; the delay is in seconds, `rule` None where none forwards to the target group.

    The rule comes without its tags: whose it is, its target group says. `listener` is the ARN of its listener.
    """

    target_group: str
    health_check: RouteHealthCheck
    deregistration_delay: int
    rule: Rule | None
    listener: str = ""


def balancer_of(listener: str) -> str:
    """Return the ARN of a listener's load balancer: both are made alike (Service Authorization Reference, ELB)."""
    head, _, path = listener.partition(":listener/")
    return f"{head}:loadbalancer/{path.rpartition('/')[0]}"


def target_group_name(vpc: str, tags: Mapping[str, str]) -> str:
    """Return a name of at most 32 characters, the same for the same service in the same VPC."""
    owner = [tags[f"slipway:{each}"] for each in ("installation", "application", "environment", "service")]
    digest = hashlib.sha256("/".join([vpc, *owner]).encode()).hexdigest()[:8]
    return f"{readable_name(tags)}-{digest}"


def readable_name(tags: Mapping[str, str]) -> str:
    """Return what the names of a service's target groups begin with."""
    return readable_group_name(tags["slipway:application"], tags["slipway:service"])


def health_check_settings(route: Route) -> dict[str, Any]:
    """Return how CreateTargetGroup and ModifyTargetGroup ask for a route's health check."""
    check = route.health_check
    return {
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckPath": check.path,
        "HealthCheckIntervalSeconds": check.interval,
        "HealthCheckTimeoutSeconds": check.timeout,
        "HealthyThresholdCount": check.healthy,
        "UnhealthyThresholdCount": check.unhealthy,
        "Matcher": {"HttpCode": check.matcher},
    }


def health_check_of(group: TargetGroupTypeDef) -> RouteHealthCheck:
    """Return the health check that a target group has, by ELB's defaults where it does not say."""
    return RouteHealthCheck.model_construct(
        path=group.get("HealthCheckPath", "/"),
        matcher=group.get("Matcher", {}).get("HttpCode", "200"),
        interval=group.get("HealthCheckIntervalSeconds", 30),
        timeout=group.get("HealthCheckTimeoutSeconds", 5),
        healthy=group.get("HealthyThresholdCount", 5),
        unhealthy=group.get("UnhealthyThresholdCount", 2),
    )


def target_health_of(described: TargetHealthDescriptionTypeDef) -> TargetHealth:
    """Return how a target is."""
    target, health = described.get("Target", {}), described.get("TargetHealth", {})
    return TargetHealth(
        target=f"{target.get('Id')}:{target.get('Port')}",
        state=health.get("State", ""),
        reason=health.get("Reason", ""),
        description=health.get("Description", ""),
    )


def conditions_of(route: Route) -> list[dict[str, Any]]:
    """Return the conditions of a route's rule."""
    conditions: list[dict[str, Any]] = [{"Field": "path-pattern", "PathPatternConfig": {"Values": [route.path]}}]
    if route.host:
        conditions.append({"Field": "host-header", "HostHeaderConfig": {"Values": [route.host]}})
    return conditions


def readable_conditions(conditions: Sequence[Any]) -> dict[str, list[str]]:
    """Return conditions by field; AWS answers the values in `Values`, in the field's own config, or in both."""
    configs = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}
    return {
        each["Field"]: list(each.get(configs.get(each["Field"], ""), {}).get("Values") or each.get("Values", []))
        for each in conditions
    }


def taken_priorities(rules: Sequence[RuleTypeDef]) -> set[int]:
    """Return the priorities that rules have."""
    return {int(rule["Priority"]) for rule in rules if rule["Priority"].isdigit()}


def rule_of(rule: RuleTypeDef) -> Rule:
    """Return a rule, without its tags."""
    conditions = readable_conditions(rule.get("Conditions", []))
    paths, hosts = (tuple(conditions.pop(field, ())) for field in ("path-pattern", "host-header"))
    groups = [each["TargetGroupArn"] for each in rule.get("Actions", []) if "TargetGroupArn" in each]
    priority = rule.get("Priority", "")
    return Rule(
        int(priority) if priority.isdigit() else 0,  # the listener's default rule has none
        paths,
        hosts,
        bool(conditions),
        target_group=next(iter(groups), None),
    )


def forwards_to(rule: RuleTypeDef, target_group: str) -> bool:
    """Tell whether a rule leads to a target group, by its ARN."""
    return any(action.get("TargetGroupArn") == target_group for action in rule.get("Actions", []))
