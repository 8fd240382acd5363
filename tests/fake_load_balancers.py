"""One load balancer in memory: a fake as those in `fakes`, over the same World."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from chalicelib.aws.load_balancer_document import Listener, Routed, target_group_name
from chalicelib.diagnosis import TargetHealth
from chalicelib.errors import ListenerNotFound, TransientAws
from chalicelib.manifest import Route
from chalicelib.plan import first_free_priority
from chalicelib.preflight import Rule
from chalicelib.steps.balancer import judged_after
from tests.fakes import VPC
from tests.world import TargetGroup, World

LISTENER = Listener("arn:listener", VPC, "slipway.elb.amazonaws.com", ("sg-alb",))
LISTENERS = {
    ("slipway", 80): LISTENER,
    ("slipway", 8080): replace(LISTENER, arn="arn:listener/8080"),
    ("other", 80): replace(LISTENER, arn="arn:listener/other", dns_name="other.elb.amazonaws.com"),
}


class FakeLoadBalancers:
    """Two load balancers, one of which has two listeners."""

    def __init__(self, world: World) -> None:
        self._world = world

    def listener(self, name: str, port: int) -> Listener:
        """Return a listener."""
        if (name, port) not in LISTENERS:
            raise ListenerNotFound(f"there is no load balancer named {name}")
        return LISTENERS[name, port]

    def rules(self, listener: Listener) -> tuple[Rule, ...]:
        """Return our rules, and those that others have made."""
        assert listener in LISTENERS.values()
        own = self._rules(listener.arn)
        tagged = [replace(rule, tags=self._world.tags[f"rule of {group}"]) for group, rule in own.items()]
        return (*self._world.foreign_rules, *tagged)

    def _rules(self, listener: str) -> dict[str, Rule]:
        """Return the rules of a listener, by its ARN, that lead to our target groups."""
        at = self._world.listeners
        return {group: rule for group, rule in self._world.rules.items() if at.get(group, listener) == listener}

    def ensure_target_group(
        self, route: Route, port: int, listener: Listener, tags: Mapping[str, str], found: Routed | None
    ) -> str:
        """Make or adopt a target group."""
        assert route.health_check.path.startswith("/")
        if found:
            self.change_target_group(route, found)
            return found.target_group
        arn = f"arn:targetgroup/{target_group_name(listener.vpc, tags)}"
        if arn in self._world.target_groups:
            return arn
        self._world.target_groups[arn] = TargetGroup(port, route.health_check, route.deregistration_delay)
        self._world.tags[arn] = dict(tags)
        self._world.changed(f"create target group {tags['slipway:service']}")
        return arn

    def change_target_group(self, route: Route, found: Routed) -> None:
        """Change how a target group judges its targets, and lets them go."""
        group = self._world.target_groups[found.target_group]
        wanted = group
        if route.deregistration_delay != found.deregistration_delay:
            wanted = replace(wanted, deregistration_delay=route.deregistration_delay)
        if found.health_check != route.health_check != group.health_check:
            at = self._world.clock.seconds
            judged_at = at + judged_after(route.health_check).total_seconds()
            wanted = replace(wanted, health_check=route.health_check, changed_at=at, judged_at=judged_at)
        if wanted != group:
            self._world.target_groups[found.target_group] = wanted
            self._world.changed(f"change target group {found.target_group}")

    def routed(self, listener: Listener, tags: Mapping[str, str]) -> Routed | None:
        """Return how a service is routed to."""
        found = self.target_group(f"arn:targetgroup/{target_group_name(listener.vpc, tags)}")
        return found and replace(found, rule=self._rules(listener.arn).get(found.target_group), listener=listener.arn)

    def routes(
        self, listener: Listener, rules: Sequence[Rule], tags: Mapping[str, Mapping[str, str]]
    ) -> dict[str, Routed]:
        """Return how services are routed to that are."""
        own = {each.target_group: replace(each, tags={}) for each in rules}
        found = {service: self.routed(listener, each) for service, each in tags.items()}
        return {service: replace(each, rule=own.get(each.target_group)) for service, each in found.items() if each}

    def target_group(self, arn: str) -> Routed | None:
        """Return how a target group judges its targets."""
        group = self._world.target_groups.get(arn)
        return Routed(arn, group.health_check, group.deregistration_delay, None) if group else None

    def leads(self, route: Route, listener: str, target_group: str) -> bool:
        """Tell whether our rule leads a route's requests to a target group."""
        rule = self._rules(listener).get(target_group)
        return rule is not None and (rule.path, rule.host) == (route.path, route.host)

    def routed_by(self, target_group: str, tags: Mapping[str, str]) -> Routed | None:
        """Return how a target group is routed to by a rule of its service's own."""
        own = tags.items() <= self._world.tags.get(f"rule of {target_group}", {}).items()
        found = self.target_group(target_group) if own and target_group in self._world.rules else None
        at = self._world.listeners.get(target_group, LISTENER.arn)
        return found and replace(found, rule=self._world.rules[target_group], listener=at)

    def ensure_rule(
        self,
        route: Route,
        listener: str,
        target_group: str,
        tags: Mapping[str, str],
        rank: int = 0,
        taken: Collection[int] | None = None,
    ) -> None:
        """Make the listener forward; a priority that is not said stays."""
        assert listener in [each.arn for each in LISTENERS.values()]
        now = self._world.rules.get(target_group)
        assert now is None or taken is None, "there is a rule by now, and nobody looked"
        assert now is None or target_group in self._rules(listener), f"{target_group} has a rule at another listener"
        self._world.listeners[target_group] = listener
        if now is None:
            self._world.tags[f"rule of {target_group}"] = dict(tags)
        taken = {each.priority for each in (*self._world.foreign_rules, *self._world.rules.values())}
        priority = route.priority or (now.priority if now else first_free_priority(route, taken, rank))
        wanted = Rule(priority, (route.path,), (route.host,) if route.host else (), target_group=target_group)
        if now != wanted:
            self._world.rules[target_group] = wanted
            self._world.changed(f"rule {tags['slipway:service']}")

    def target_health(self, target_group: str) -> tuple[TargetHealth, ...]:
        """Return what the world tells of the targets: else all tasks pass, but for a check that is failed by all."""
        if target_group not in self._world.target_groups:
            raise TransientAws("describe_target_health", "TargetGroupNotFound", "One or more target groups not found")
        return self._world.targets or self._world.judged(target_group)

    def target_groups(self, tags: Mapping[str, str]) -> list[str]:
        """Return the target groups that carry these tags."""
        return [arn for arn in self._world.target_groups if tags.items() <= self._world.tags[arn].items()]

    def delete_rules(self, target_group: str, tags: Mapping[str, str]) -> None:
        """Delete the rule that forwards to a target group, which stays in use for a while."""
        if not tags.items() <= self._world.tags.get(f"rule of {target_group}", {}).items():
            return
        if self._world.rules.pop(target_group, None):
            self._world.in_use_until[target_group] = self._world.clock.seconds + self._world.leave_seconds
            self._world.changed(f"delete rule {tags['slipway:service']}")

    def delete_target_group(self, arn: str) -> None:
        """Delete a target group once it is not in use."""
        if self._world.is_in_use(arn):
            raise TransientAws("delete_target_group", "ResourceInUse", f"Target group '{arn}' is currently in use")
        if self._world.target_groups.pop(arn, None):
            self._world.changed(f"delete target group {arn}")
