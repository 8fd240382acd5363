"""Elastic Load Balancing: the target group and the listener rule of a service behind an existing ALB."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from chalicelib.aws.calls import batched, call, call_once, capital_tag_list, listed, side_by_side, tags_of
from chalicelib.aws.load_balancer_document import (
    Listener,
    Routed,
    balancer_of,
    conditions_of,
    forwards_to,
    health_check_of,
    health_check_settings,
    readable_conditions,
    readable_name,
    rule_of,
    taken_priorities,
    target_group_name,
    target_health_of,
)
from chalicelib.diagnosis import TargetHealth
from chalicelib.errors import AwsRefused, ListenerNotFound, TransientAws
from chalicelib.manifest import Route
from chalicelib.plan import first_free_priority
from chalicelib.preflight import Rule

if TYPE_CHECKING:
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import (
        ListenerTypeDef,
        RuleTypeDef,
        TargetGroupTypeDef,
    )

TAGGED_AT_ONCE = 20  # ARNs in one DescribeTags, ELB API reference
DELAY = "deregistration_delay.timeout_seconds"  # 300 unless said (ELB API, TargetGroupAttribute)
ATTEMPTS = 10  # at a priority that others take at the same moment


class LoadBalancers:
    """The Application Load Balancers of an account and region; `once` asks without attempts of its own."""

    def __init__(self, client: ElasticLoadBalancingv2Client, once: ElasticLoadBalancingv2Client) -> None:
        self._client = client
        self._once = once

    def listener(self, name: str, port: int) -> Listener:
        """Return the listener of a load balancer on a port; raises ListenerNotFound."""
        try:
            balancer = call(self._client.describe_load_balancers, Names=[name])["LoadBalancers"][0]
        except AwsRefused as refusal:
            if refusal.aws_code == "LoadBalancerNotFound":
                raise ListenerNotFound(f"there is no load balancer named {name}") from refusal
            raise
        listeners = self._listeners(balancer["LoadBalancerArn"])
        arn = next((each["ListenerArn"] for each in listeners if each.get("Port") == port), None)
        if arn is None:
            ports = sorted(each["Port"] for each in listeners)
            raise ListenerNotFound(f"the load balancer {name} does not listen on port {port}, only on {ports}")
        groups = tuple(balancer.get("SecurityGroups", ()))
        return Listener(arn, balancer["VpcId"], balancer["DNSName"], groups)

    def rules(self, listener: Listener) -> tuple[Rule, ...]:
        """Return a listener's rules but the default one, with their tags."""
        found = self._rules(listener.arn)
        numbered = [rule for rule in found if rule.get("Priority", "").isdigit()]
        tags = self._tags([rule.get("RuleArn", "") for rule in numbered])
        return tuple(replace(rule_of(rule), tags=tags.get(rule.get("RuleArn", ""), {})) for rule in numbered)

    def ensure_target_group(
        self, route: Route, port: int, listener: Listener, tags: Mapping[str, str], found: Routed | None
    ) -> str:
        """Return the ARN of the service's target group, made, or brought from how it was `found` to the route's."""
        if found:
            self.change_target_group(route, found)
            return found.target_group
        arn = self._made_target_group(route, port, listener, tags)
        self._set_delay(arn, route)
        return arn

    def change_target_group(self, route: Route, found: Routed) -> None:
        """Bring a target group from how it was `found` to the route's."""
        if found.health_check != route.health_check:
            check: Any = health_check_settings(route)
            call(self._client.modify_target_group, TargetGroupArn=found.target_group, **check)
        if found.deregistration_delay != route.deregistration_delay:
            self._set_delay(found.target_group, route)

    def _set_delay(self, arn: str, route: Route) -> None:
        delay: Any = {"Key": DELAY, "Value": str(route.deregistration_delay)}
        call(self._client.modify_target_group_attributes, TargetGroupArn=arn, Attributes=[delay])

    def routed(self, listener: Listener, tags: Mapping[str, str]) -> Routed | None:
        """Return how the service with these tags is routed to, None while it has no target group."""
        group = self._described(Names=[target_group_name(listener.vpc, tags)])
        return self._routed(group, listener.arn, map(rule_of, self._rules(listener.arn))) if group else None

    def routes(
        self, listener: Listener, rules: Sequence[Rule], tags: Mapping[str, Mapping[str, str]]
    ) -> dict[str, Routed]:
        """Return how services, each by its tags, are routed to by a listener's `rules`; those that are not, left out.

        A target group that no rule leads to belongs to no load balancer: it is found among all, and one alone by name.
        """
        names = {service: target_group_name(listener.vpc, own) for service, own in tags.items()}
        of_balancer = self._of_balancer(listener) if len(names) > 1 else []
        there = {each["TargetGroupName"]: each for each in of_balancer}
        if missing := [name for name in names.values() if name not in there]:
            there |= self._named(missing)
        groups = {service: there[name] for service, name in names.items() if name in there}
        routed = side_by_side(lambda group: self._routed(group, listener.arn, rules), list(groups.values()))
        return dict(zip(groups, routed, strict=True))

    def _of_balancer(self, listener: Listener) -> list[TargetGroupTypeDef]:
        balancer = balancer_of(listener.arn)
        try:
            return listed(self._client, "describe_target_groups", "TargetGroups", LoadBalancerArn=balancer)
        except AwsRefused as refusal:
            if refusal.aws_code == "TargetGroupNotFound":  # it has none
                return []
            raise

    def _named(self, names: Sequence[str]) -> dict[str, TargetGroupTypeDef]:
        """Find target groups by their names; one that is not there has ELB refuse a question for several of them."""
        if len(names) == 1:
            found = self._described(Names=list(names))
            return {names[0]: found} if found else {}
        everyone: list[TargetGroupTypeDef] = listed(self._client, "describe_target_groups", "TargetGroups")
        return {each["TargetGroupName"]: each for each in everyone if each["TargetGroupName"] in names}

    def target_group(self, arn: str) -> Routed | None:
        """Return how a target group judges its targets, whichever rule leads to it; None when it is not there."""
        group = self._described(TargetGroupArns=[arn])
        return self._routed(group, "", ()) if group else None

    def leads(self, route: Route, listener: str, target_group: str) -> bool:
        """Tell whether a rule of a listener, by its ARN, leads a route's requests to a target group."""
        own = (each for each in map(rule_of, self._rules(listener)) if each.target_group == target_group)
        asked = (route.path,), (route.host,) if route.host else ()
        return any((each.paths, each.hosts) == asked and route.priority in (None, each.priority) for each in own)

    def routed_by(self, target_group: str, tags: Mapping[str, str]) -> Routed | None:
        """Return how a target group, by its ARN, is routed to by a rule with these tags, None where none does so."""
        group = self._described(TargetGroupArns=[target_group])
        found = next(self._rules_to(group, tags), None) if group else None
        return self._routed(group, found[0], [rule_of(found[1])]) if group and found else None

    def _routed(self, group: TargetGroupTypeDef, listener: str, rules: Iterable[Rule]) -> Routed:
        arn = group["TargetGroupArn"]
        own = next((replace(each, tags={}) for each in rules if each.target_group == arn), None)
        return Routed(arn, health_check_of(group), self._deregistration_delay(arn), own, listener)

    def _rules_to(self, group: TargetGroupTypeDef, tags: Mapping[str, str]) -> Iterator[tuple[str, RuleTypeDef]]:
        """Find the rules with these tags that forward to a target group, each after its listener's ARN."""
        for balancer in group.get("LoadBalancerArns", []):
            for listener in self._listeners(balancer):
                rules = self._rules(listener["ListenerArn"])
                own = {each["RuleArn"]: each for each in rules if forwards_to(each, group["TargetGroupArn"])}
                for arn in self._tagged(list(own), tags):
                    yield listener["ListenerArn"], own[arn]

    def _listeners(self, balancer: str) -> list[ListenerTypeDef]:
        return listed(self._client, "describe_listeners", "Listeners", LoadBalancerArn=balancer)

    def _rules(self, listener: str) -> list[RuleTypeDef]:
        return listed(self._client, "describe_rules", "Rules", ListenerArn=listener)

    def _deregistration_delay(self, arn: str) -> int:
        found = call(self._client.describe_target_group_attributes, TargetGroupArn=arn)["Attributes"]
        return next(int(each["Value"]) for each in found if each["Key"] == DELAY)

    def _described(self, **which: list[str]) -> TargetGroupTypeDef | None:
        try:
            return call(self._client.describe_target_groups, **cast("Any", which))["TargetGroups"][0]
        except AwsRefused as refusal:
            if refusal.aws_code == "TargetGroupNotFound":
                return None
            raise

    def _made_target_group(self, route: Route, port: int, listener: Listener, tags: Mapping[str, str]) -> str:
        """Create the target group; botocore asks again when an answer was lost, and then it is there already."""
        try:
            return self._create_target_group(route, port, listener, tags)
        except AwsRefused as refusal:
            if refusal.aws_code != "DuplicateTargetGroupName":
                raise
            group = self._described(Names=[target_group_name(listener.vpc, tags)])
            if group is None:  # made a moment ago, and not known everywhere
                raise TransientAws(refusal.operation, refusal.aws_code, refusal.message) from refusal
            return group["TargetGroupArn"]

    def _create_target_group(self, route: Route, port: int, listener: Listener, tags: Mapping[str, str]) -> str:
        answer = call(
            self._client.create_target_group,
            Name=target_group_name(listener.vpc, tags),
            Protocol="HTTP",
            Port=port,
            VpcId=listener.vpc,
            TargetType="ip",
            Tags=cast("Any", capital_tag_list(tags)),
            **cast("Any", health_check_settings(route)),
        )
        return answer["TargetGroups"][0]["TargetGroupArn"]

    def ensure_rule(
        self,
        route: Route,
        listener: str,
        target_group: str,
        tags: Mapping[str, str],
        rank: int = 0,
        taken: Collection[int] | None = None,
    ) -> None:
        """Make a listener, by its ARN, forward the route to the target group, by the rule that does so already.

        `rank` keeps a new one apart from those that are made for others at the same moment: see `first_free_priority`.
        With `taken`, the priorities of its rules as Plan saw them, none leads there yet: it looks where one is in use.
        """
        asked = route, listener, target_group, tags, rank
        if taken is not None and self._refused_rule(*asked, set(taken)) is None:
            return
        for attempt in range(1, ATTEMPTS + 1):
            rules = self._rules(listener)
            if own := next((rule for rule in rules if forwards_to(rule, target_group)), None):
                self._change_rule(own, route)
                return
            refusal = self._refused_rule(*asked, taken_priorities(rules))
            if refusal is None:
                return
            if route.priority or attempt == ATTEMPTS:
                raise refusal

    def _refused_rule(
        self, route: Route, listener: str, target_group: str, tags: Mapping[str, str], rank: int, taken: set[int]
    ) -> AwsRefused | None:
        """Create a rule; return how ELB refuses it where others have its priority by now, None where it is made."""
        try:
            call_once(
                self._once.create_rule,
                ListenerArn=listener,
                Priority=route.priority or first_free_priority(route, taken, rank),
                Conditions=cast("Any", conditions_of(route)),
                Actions=[{"Type": "forward", "TargetGroupArn": target_group}],
                Tags=cast("Any", capital_tag_list(tags)),
            )
        except AwsRefused as refusal:
            if refusal.aws_code != "PriorityInUse":
                raise
            return refusal
        return None

    def _change_rule(self, rule: RuleTypeDef, route: Route) -> None:
        if readable_conditions(rule.get("Conditions", [])) != readable_conditions(conditions_of(route)):
            call(self._client.modify_rule, RuleArn=rule["RuleArn"], Conditions=cast("Any", conditions_of(route)))
        if route.priority and rule["Priority"] != str(route.priority):
            priorities = [{"RuleArn": rule["RuleArn"], "Priority": route.priority}]
            call(self._client.set_rule_priorities, RulePriorities=cast("Any", priorities))

    def target_health(self, target_group: str) -> tuple[TargetHealth, ...]:
        """Return the health of every target of a target group, by the group's ARN."""
        found = call(self._client.describe_target_health, TargetGroupArn=target_group)["TargetHealthDescriptions"]
        return tuple(target_health_of(each) for each in found)

    # ── removing ────────────────────────────────────────────────────────────────────────────────────

    def target_groups(self, tags: Mapping[str, str]) -> list[str]:
        """Return the ARNs of a service's target groups, in whichever VPC: those named as ours that carry these tags."""
        found = listed(self._client, "describe_target_groups", "TargetGroups")
        named = [each["TargetGroupArn"] for each in found if each["TargetGroupName"].startswith(readable_name(tags))]
        return self._tagged(named, tags)

    def _tagged(self, arns: Sequence[str], tags: Mapping[str, str]) -> list[str]:
        return [arn for arn, found in self._tags(arns).items() if tags.items() <= found.items()]

    def _tags(self, arns: Sequence[str]) -> dict[str, dict[str, str]]:
        tags: dict[str, dict[str, str]] = {}
        for batch in batched(arns, TAGGED_AT_ONCE):
            found = call(self._client.describe_tags, ResourceArns=batch)["TagDescriptions"]
            tags |= {each.get("ResourceArn", ""): tags_of(each.get("Tags", [])) for each in found}
        return tags

    def delete_rules(self, target_group: str, tags: Mapping[str, str]) -> None:
        """Delete the listener rules with these tags that forward to a target group; what is gone is left so."""
        group = self._described(TargetGroupArns=[target_group])
        for _, rule in self._rules_to(group, tags) if group else ():
            try:
                call(self._client.delete_rule, RuleArn=rule["RuleArn"])
            except AwsRefused as refusal:
                if refusal.aws_code != "RuleNotFound":
                    raise

    def delete_target_group(self, arn: str) -> None:
        """Delete a target group; raises Unsettled while it is in use."""
        call(self._client.delete_target_group, TargetGroupArn=arn)
