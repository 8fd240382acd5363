"""What is there before a deployment changes anything: each question is asked of AWS once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.errors import AwsRefused
from chalicelib.ground import Ground
from chalicelib.plan import own_groups, task_spec
from chalicelib.preflight import claimed_by_others, may_change, placed
from chalicelib.specs import Placement
from chalicelib.steps.step import owner_tags, tags

if TYPE_CHECKING:
    from chalicelib.aws.autoscaling import Scaled
    from chalicelib.aws.cloud_map import Namespace, Registered
    from chalicelib.aws.load_balancer_document import Listener, Routed
    from chalicelib.aws.logs import LogGroup
    from chalicelib.belongings import Belongings
    from chalicelib.cloud import Cloud
    from chalicelib.manifest import Manifest, Network
    from chalicelib.preflight import NetworkFound, Rule
    from chalicelib.specs import Serving


def namespace_of(cloud: Cloud, manifest: Manifest) -> Namespace | None:
    """Return the namespace that a manifest names, None when it names none, or there is none.

    Where several have the name, each in a VPC of its own, that of the manifest's VPC is meant: their zones tell.
    """
    found = cloud.cloud_map.namespaces(manifest.namespace) if manifest.namespace else ()
    if len(found) < 2:
        return next(iter(found), None)
    vpc = vpc_of(cloud, manifest.network.vpc)
    return next((each for each in found if vpc in cloud.hosted_zones.vpcs(each.hosted_zone_id)), None)


VPC_SECONDS = 300.0
"""How long it is remembered which VPC a name or a subnet stands for: that of a service does not move."""


def vpc_of(cloud: Cloud, where: str | Placement) -> str:
    """Return the id of a VPC, by its id, its Name tag, or a placement in it; raises NetworkNotFound."""
    if isinstance(where, Placement):
        subnet = where.subnets[0]
        return cloud.remembered(f"vpc of {subnet}", VPC_SECONDS, lambda: cloud.ec2.vpc_of(subnet))
    if where.startswith("vpc-"):
        return where
    return cloud.remembered(f"vpc {where}", VPC_SECONDS, lambda: cloud.ec2.vpc(where))


def with_contents(cloud: Cloud, serving: Mapping[str, Serving]) -> dict[str, Serving]:
    """Return what serves, by name, with what its task definition holds."""
    arns = {name: each.spec.task_definition or "" for name, each in serving.items()}
    held = cloud.task_definitions.read(sorted(set(arns.values()))) if arns else {}
    contents = {name: held[arn] for name, arn in arns.items()}
    return {
        name: replace(serving[name], task=task, content_hash=content_hash)
        for name, (task, content_hash) in contents.items()
    }


class Looks:
    """What AWS and the record have for a manifest. What AWS refuses raises, each time that it is asked for."""

    def __init__(self, cloud: Cloud, manifest: Manifest) -> None:
        self.cloud = cloud
        self.manifest = manifest
        self.owner = owner_tags(cloud, manifest)
        self._networks: dict[Network, NetworkFound] = {}
        self._name_tags: dict[str, Mapping[str, str]] = {}

    def tags(self, name: str) -> dict[str, str]:
        """Return the tags that a service keeps; which deployment came last is none of them."""
        own = tags(self.cloud, self.manifest, "", name)
        return {key: text for key, text in own.items() if key != "slipway:deployment"}

    @cached_property
    def belongings(self) -> Belongings | None:
        """What the application was ever given."""
        return self.cloud.store.belongings(self.manifest.application, self.manifest.environment)

    @cached_property
    def serving(self) -> Mapping[str, Serving | None]:
        """What is there under each service's name, with what it holds.

        A revision never changes: one that is remembered is not asked for.
        """
        found = self.cloud.ecs.serving(self.manifest.cluster_name, list(self.manifest.services))
        there = {name: now for name, now in found.items() if now}
        known = {
            name: replace(now, content_hash=task_spec(self.manifest, name).content_hash)
            for name, now in there.items()
            if now.spec.task_definition == self._remembered.get(name)
        }
        unknown = {name: now for name, now in there.items() if name not in known}
        return {**found, **known, **with_contents(self.cloud, unknown)}

    @cached_property
    def _remembered(self) -> Mapping[str, str]:
        """The task definitions that the record remembers to hold the services' contents."""
        specs = {name: task_spec(self.manifest, name) for name in self.manifest.services}
        known = self.cloud.store.revisions({each.content for each in specs.values()})
        return {name: known[each.content] for name, each in specs.items() if each.content in known}

    @cached_property
    def own(self) -> Mapping[str, Serving | None]:
        """The services that this application may change; of others nothing is told, planned or compared."""
        services = self.manifest.services
        return {
            name: now
            for name, now in self.serving.items()
            if now is None or may_change(now.tags, self.owner, adopt=services[name].adopt)
        }

    def active(self, name: str) -> Serving | None:
        """Return what serves under a service's name, None when nothing does or it is somebody else's."""
        now = self.own.get(name)
        return now if now and now.status == "ACTIVE" else None

    @cached_property
    def has_cluster(self) -> bool:
        """Whether the cluster is there: where a service is, there is one."""
        return any(self.serving.values()) or self.cloud.clusters.find(self.manifest.cluster_name) is not None

    def network(self, name: str) -> NetworkFound:
        """Return what there is of a service's network; one that services share is asked for once."""
        return self.network_found(self.manifest.network_of(name))

    def network_found(self, network: Network) -> NetworkFound:
        """Return what there is of a network."""
        if network not in self._networks:
            self._networks[network] = self.cloud.ec2.find(network)
        return self._networks[network]

    def placement(self, name: str) -> Placement | None:
        """Return where a service's tasks run; only in awsvpc mode tasks have a network of their own."""
        if task_spec(self.manifest, name).network_mode != "awsvpc":
            return None
        return placed(self.manifest.network_of(name), self.network(name))

    @cached_property
    def namespace(self) -> Namespace | None:
        """The namespace, None when it is not there or none is asked for."""
        return namespace_of(self.cloud, self.manifest)

    @cached_property
    def registered(self) -> Mapping[str, Registered]:
        """The names in the namespace."""
        return self.cloud.cloud_map.registered(self.namespace) if self.namespace else {}

    def registered_name(self, name: str) -> Registered | None:
        """Return a service's name in the namespace, None where it is not there, or another's."""
        discovery = self.manifest.services[name].discovery
        found = self.registered.get(discovery.name or name) if discovery else None
        theirs = found and claimed_by_others(self.name_tags(name, found), self.owner)
        return None if theirs else found

    def name_tags(self, name: str, registered: Registered) -> Mapping[str, str]:
        """Return the tags that say whose a name is; the one that a service's tasks have is its own."""
        now = self.active(name)
        if now and now.spec.discovery and now.spec.discovery.arn == registered.arn:
            return self.owner
        if registered.arn not in self._name_tags:
            self._name_tags[registered.arn] = self.cloud.cloud_map.tags(registered.arn)
        return self._name_tags[registered.arn]

    @cached_property
    def listener(self) -> Listener | None:
        """The listener, None when nothing is routed. Raises ListenerNotFound."""
        balancer = self.manifest.load_balancer
        if balancer is None or not any(service.route for service in self.manifest.services.values()):
            return None
        return self.cloud.load_balancers.listener(balancer.name, balancer.port)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of the listener."""
        return self.cloud.load_balancers.rules(self.listener) if self.listener else ()

    @cached_property
    def routed(self) -> Mapping[str, Routed]:
        """How the services are routed to that have a route, or had one."""
        routed = [name for name, service in self.manifest.services.items() if service.route]
        now = {
            name: self.cloud.load_balancers.routed_by(group, self._own_tags(name))
            for name in self.own
            if name not in routed and (active := self.active(name))
            for group in own_groups(self.manifest, name, active.spec)
        }
        asked = {name: self.tags(name) for name in routed}
        return {
            **{name: each for name, each in now.items() if each},
            **(self.cloud.load_balancers.routes(self.listener, self.rules, asked) if self.listener else {}),
        }

    @cached_property
    def routed_elsewhere(self) -> Mapping[str, Routed]:
        """How the services are routed to that have a route, and a rule of their own at another listener."""
        led = {each.target_group for each in self.rules}
        serving = {name: now for name in self.own if self.manifest.services[name].route and (now := self.active(name))}
        groups = {name: own_groups(self.manifest, name, now.spec) for name, now in serving.items()}
        found = {
            name: self.cloud.load_balancers.routed_by(group, self._own_tags(name))
            for name, own in groups.items()
            for group in own
            if self.listener and group not in led
        }
        here = self.listener.arn if self.listener else ""
        return {name: each for name, each in found.items() if each and each.listener != here}

    def _own_tags(self, name: str) -> dict[str, str]:
        return self.owner | {"slipway:service": name}

    @cached_property
    def scaled(self) -> Mapping[str, Scaled]:
        """How the services are scaled that are."""
        serving = [name for name in self.own if self.active(name)]
        return self.cloud.autoscaling.scaled(self.manifest.cluster_name, serving) if serving else {}

    @property
    def ground(self) -> Ground:
        """What the deployment stands on. Raises ListenerNotFound."""
        services = self.manifest.services
        return Ground(
            placements={name: self.placement(name) for name in services},
            vpcs={name: vpcs[0] for name in services if (vpcs := self.network(name).vpcs)},
            listener=self.listener,
            namespace=self.namespace,
            cluster=self.has_cluster,
            vpc=self.vpc_of_names,
            priorities=self._priorities,
        )

    @property
    def _priorities(self) -> tuple[int, ...] | None:
        """The priorities of the listener's rules; None where these, or target groups, cannot be looked at."""
        try:
            rules, _ = self.rules, self.routed
        except AwsRefused:
            return None
        return tuple(rule.priority for rule in rules)

    @property
    def vpc_of_names(self) -> str | None:
        """The id of the VPC that a namespace is made for, None when nothing is discovered or there is none."""
        vpcs = self.network_found(self.manifest.network).vpcs if self.manifest.namespace else ()
        return vpcs[0] if len(vpcs) == 1 else None

    @cached_property
    def log_groups(self) -> Mapping[str, LogGroup]:
        """The log groups of the services' tasks."""
        groups = (task_spec(self.manifest, name).log_group for name in self.manifest.services)
        return self.cloud.logs.groups([group for group in groups if group])

    def revision(self, name: str) -> str | None:
        """Return an ACTIVE task definition with a service's content, as far as the record remembers one.

        What serves has it, too, whatever became of its revision: what runs goes on to run.
        """
        spec, now = task_spec(self.manifest, name), self.active(name)
        if now and now.content_hash == spec.content_hash:
            return now.spec.task_definition
        remembered = self._remembered.get(name)
        found = self.cloud.task_definitions.content_hash(remembered) if remembered else None
        return remembered if found and found[1] == spec.content_hash else None
