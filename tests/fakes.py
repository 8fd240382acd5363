"""AWS in memory: one fake for each adapter of `chalicelib.aws`, with the same signatures, over one World.

A fake changes the world as AWS would, at once, and the world takes its time. What fails on demand: `faults`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

from chalicelib.aws.logs import LogGroup, LogStream
from chalicelib.aws.service_document import settings
from chalicelib.aws.task_document import RolloutTask
from chalicelib.decide import Answer, ZoneRecord
from chalicelib.deployment import ServiceProgress
from chalicelib.diagnosis import LogLine, ServiceEvent, StoppedTask
from chalicelib.errors import AwsRefused, NetworkNotFound, Unsettled
from chalicelib.manifest import Network
from chalicelib.preflight import NetworkFound, Ways
from chalicelib.rollout import Rollout
from chalicelib.specs import ServiceSpec, Serving, TaskSpec
from tests.machine.interpreter import Interpreter
from tests.world import ACCOUNT, Revision, World, WorldService

VPC, SUBNETS, GROUPS = "vpc-1", ("subnet-1", "subnet-2"), ("sg-1",)


class FakeTaskDefinitions:
    """Revisions in memory."""

    def __init__(self, world: World) -> None:
        self._world = world

    def register(self, spec: TaskSpec, tags: Mapping[str, str]) -> str:
        """Make a revision."""
        assert spec.raw or spec.log_group in self._world.log_groups, f"{spec.family} has no log group"
        assert tags, f"{spec.family} has no tags"
        family = self._world.revisions.setdefault(spec.family, [])
        arn = f"{ACCOUNT}:task-definition/{spec.family}:{len(family) + 1}"
        family.append(Revision(arn, spec, spec.content_hash))
        self._world.tags[arn] = dict(tags)
        self._world.changed(f"register {spec.family}")
        return arn

    def register_again(self, arn: str, tags: Mapping[str, str]) -> str | None:
        """Make a revision of the same content, unless the latest has it."""
        found = self._find(arn)
        latest = self.content_hash(found.spec.family) if found else None
        if found is None or (latest and latest[1] == found.content_hash):
            return latest[0] if latest else None
        return self.register(found.spec, {**self._world.tags.get(arn, {}), **tags})

    def content_hash(self, name: str) -> tuple[str, str | None] | None:
        """Return ARN and content hash of an ACTIVE revision, or of a family's latest."""
        found = self._find(name)
        return (found.arn, found.content_hash) if found and found.arn not in self._world.inactive else None

    def read(self, arns: Sequence[str]) -> dict[str, tuple[TaskSpec | None, str | None]]:
        """Return what revisions hold."""
        found = {arn: self._find(arn) for arn in arns}
        return {arn: (each.spec, each.content_hash) if each else (None, None) for arn, each in found.items()}

    def _find(self, name: str) -> Revision | None:
        all_of_it = [each for family in self._world.revisions.values() for each in family]
        latest = [each for each in self._world.revisions.get(name, []) if each.arn not in self._world.inactive][-1:]
        return next((each for each in (*latest, *all_of_it) if name in (each.arn, each.spec.family)), None)

    def active(self, family: str) -> list[str]:
        """Return the ARNs of a family's ACTIVE revisions."""
        return [each.arn for each in self._world.revisions.get(family, []) if each.arn not in self._world.inactive]

    def tags(self, arn: str) -> dict[str, str]:
        """Return a revision's tags."""
        return self._world.tags.get(arn, {})

    def deregister(self, arn: str) -> None:
        """Make a revision INACTIVE."""
        if arn not in self._world.inactive:
            self._world.inactive.add(arn)
            self._world.changed(f"deregister {arn.rpartition('/')[2]}")


class FakeEcs:
    """Clusters and services in memory."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create_cluster(self, cluster: str, tags: Mapping[str, str]) -> None:
        """Make a cluster unless it exists."""
        assert tags, f"the cluster {cluster} has no tags"
        if cluster not in self._world.clusters:
            self._world.clusters.add(cluster)
            self._world.tags[f"cluster/{cluster}"] = dict(tags)
            self._world.changed(f"create cluster {cluster}")

    def serving(self, cluster: str, names: Sequence[str]) -> dict[str, Serving | None]:
        """Return what serves under each name."""
        return {name: self._serving(cluster, name) for name in names}

    def _serving(self, cluster: str, name: str) -> Serving | None:
        service = self._world.service(cluster, name)
        if service is None:
            return None
        rollout = self._world.rollout(service)
        return Serving(
            service.arn,
            service.status,
            service.spec,
            dict(service.tags),
            ecs_deployment_id=rollout.primary_id,
            ecs_deployment_created_at=rollout.primary_created_at,
            rollout_failed=rollout.rollout_state == "FAILED",
            ecs_deployments=tuple(each.id for each in self._world.listed(service)),
        )

    def create_service(
        self, cluster: str, name: str, spec: ServiceSpec, tags: Mapping[str, str], token: str
    ) -> Rollout:
        """Make a service; one of its name is refused in ECS's words, whoever made it."""
        assert 1 <= len(token) <= 36, f"ECS does not take the token {token}"
        self._world.demand_cluster("create_service", cluster)
        if there := self._world.service(cluster, name):
            if there.status == "DRAINING":
                still = "Unable to Start a service that is still Draining."
                raise Unsettled("create_service", "InvalidParameterException", still)
            refused = "Creation of service was not idempotent."
            raise AwsRefused("create_service", "InvalidParameterException", refused)
        configured = settings(spec)["deploymentConfiguration"]
        made = self._world.make(cluster, name, replace(spec, deployment_configuration=configured), tags)
        return self._world.rollout(made)

    def update_service(
        self, cluster: str, name: str, spec: ServiceSpec, changed: Sequence[str], *, force: bool = False
    ) -> Rollout:
        """Change the named fields; what needs other tasks than it has rolls out, and with `force` all does."""
        service = self._existing(cluster, name)
        self._refuse_inactive(spec.task_definition, changed)
        differs = {each for each in changed if getattr(spec, each) != getattr(service.spec, each)}
        configured = settings(spec, changed).get("deploymentConfiguration", service.spec.deployment_configuration)
        asked = {each: getattr(spec, each) for each in changed}
        service.spec = replace(service.spec, **asked, deployment_configuration=configured)
        self._world.changed(f"update {name}: {', '.join(changed)}")
        if {"task_definition", "network", "discovery", "route", "launch_type", "capacity_providers"} & differs or force:
            self._world.roll_out(service)
        elif "desired_count" in differs:
            self._world.scale(service, cast("int", spec.desired_count))
        return self._world.rollout(service)

    def restart_rollout(self, cluster: str, name: str) -> Rollout:
        """Roll out again what the service asks for."""
        service = self._existing(cluster, name)
        self._world.changed(f"restart {name}")
        self._world.roll_out(service)
        return self._world.rollout(service)

    def _refuse_inactive(self, task_definition: str | None, changed: Sequence[str]) -> None:
        if "task_definition" in changed and task_definition in self._world.inactive:
            raise AwsRefused("update_service", "InvalidParameterException", "TaskDefinition is inactive")

    def _existing(self, cluster: str, name: str) -> WorldService:
        service = self._world.service(cluster, name)
        assert service is not None, f"there is no service {cluster}/{name}"
        return service

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set tags on a service."""
        service = next(each for each in self._world.services.values() if each.arn == arn)
        if tags.items() - service.tags.items():
            service.tags |= tags
            self._world.changed(f"tag {service.name}")

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Take tags off a service."""
        service = next(each for each in self._world.services.values() if each.arn == arn)
        there = service.tags.keys() & set(keys)
        for key in there:
            del service.tags[key]
        if there:
            self._world.changed(f"untag {service.name}")

    def rollout(self, cluster: str, name: str, followed: ServiceProgress | None = None) -> Rollout | None:
        """Return how a service's rollout goes."""
        service = self._world.service(cluster, name)
        return self._world.rollout(service, followed) if service else None

    def running_addresses(self, cluster: str, name: str) -> dict[str, datetime]:
        """Return the addresses of a service's tasks, and since when they run."""
        service = self._world.service(cluster, name)
        serving = service.serving(self._world.clock.seconds) if service else None
        if service is None or serving is None:
            return {}
        since = self._world.clock.instant(serving.began + serving.seconds)
        return dict.fromkeys(service.addresses(self._world.clock.seconds), since)

    def image_digests(self, cluster: str, name: str) -> dict[str, str]:
        """Return the digests of what runs: one of its own for each container, and none where nothing runs."""
        service = self._world.service(cluster, name)
        serving = service.serving(self._world.clock.seconds) if service else None
        containers = self._world.spec_of(serving.task_definition).containers if serving else ()
        return {each.name: f"sha256:{each.image}" for each in containers}

    def running_task_definition(self, cluster: str, name: str) -> str | None:
        """Return what runs under a service's name."""
        return self._world.serves(cluster, name)

    def stopped_tasks(self, cluster: str, name: str, ecs_deployment_id: str) -> tuple[StoppedTask, ...]:
        """Return the tasks of a rollout that stopped."""
        service = self._world.service(cluster, name)
        return self._world.stopped_tasks(service, ecs_deployment_id) if service else ()

    def rollout_tasks(self, cluster: str, task_definition: str, ecs_deployment_id: str) -> tuple[RolloutTask, ...]:
        """Return two tasks of a rollout that the world knows: the newest runs, the other has stopped."""
        rollouts = [each for service in self._world.services.values() for each in service.deployments]
        if ecs_deployment_id not in [each.id for each in rollouts]:
            return ()
        names = tuple(sorted(each.name for each in self._world.spec_of(task_definition).containers))
        arns = [f"{ACCOUNT}:task/{cluster}/{number}" for number in (2, 1)]
        tasks = zip(arns, ("RUNNING", "STOPPED"), strict=True)
        return tuple(RolloutTask(arn, status, task_definition, names) for arn, status in tasks)

    def events(self, cluster: str, name: str, since: datetime) -> tuple[ServiceEvent, ...]:
        """Return what the world tells of a service."""
        return tuple(event for event in self._world.events.get(f"{cluster}/{name}", ()) if event.at >= since)

    def triggered_alarms(self, service_deployment_arn: str) -> tuple[str, ...]:
        """Return the alarms of the world."""
        assert ":service-deployment/" in service_deployment_arn, f"{service_deployment_arn} is no service deployment"
        return self._world.alarms


class FakeEc2:
    """One network."""

    def __init__(self, world: World) -> None:
        self._world = world

    def vpc(self, reference: str) -> str:
        """Return the id of the one VPC."""
        if reference not in ("main", VPC):
            raise NetworkNotFound(f"no VPCs are named {reference}: write the id of one")
        return VPC

    def vpc_of(self, subnet: str) -> str:
        """Return the id of the one VPC."""
        assert subnet in (*SUBNETS, "subnet-3"), f"there is no subnet {subnet}"
        return VPC

    def find(self, network: Network) -> NetworkFound:
        """Return what there is of the one network."""
        if network.vpc not in ("main", VPC):
            return NetworkFound((), {}, {})
        subnets = {each: {"private": SUBNETS, "others": ("subnet-3",)}.get(each, ()) for each in network.subnets}
        known = {"absent": (), "other": ("sg-2",)}
        groups = {each: known.get(each, GROUPS) for each in network.security_groups}
        return NetworkFound((VPC,), subnets, groups, dict.fromkeys((*GROUPS, "sg-2"), self._world.admissions))

    def ways(self, vpc: str, subnets: Sequence[str]) -> dict[str, Ways]:
        """Return the world's ways, the same from every subnet."""
        assert vpc == VPC, f"{vpc} is no id of a VPC"
        return dict.fromkeys(subnets, self._world.ways)

    def dns_attributes_off(self, vpc: str) -> tuple[str, ...]:
        """Return what is off in the world."""
        assert vpc == VPC, f"{vpc} is no id of a VPC"
        return self._world.dns_attributes_off


class FakeHostedZones:
    """The zones of the world's namespaces, by the namespaces' ids."""

    def __init__(self, world: World) -> None:
        self._world = world

    def vpcs(self, zone_id: str) -> tuple[str, ...]:
        """Return the VPCs of a zone."""
        if zone_id in [each.hosted_zone_id for each in self._world.elsewhere.values()]:
            return ("vpc-elsewhere",)
        return self._world.zone_vpcs if zone_id else ()

    def records(self, zone_id: str, name: str) -> tuple[ZoneRecord, ...]:
        """Return what DNS answers, with a host for each address."""
        assert zone_id not in [each.hosted_zone_id for each in self._world.elsewhere.values()]
        addresses, ports = self._world.discovered(name, lag_seconds=self._world.dns_seconds) if zone_id else ((), ())
        hosts = {f"task-{number}.{name}": address for number, address in enumerate(addresses)}
        return (
            *(ZoneRecord(name, "A", address) for address in addresses),
            *(ZoneRecord(name, "SRV", f"1 1 {port} {host}") for host in hosts for port in ports),
            *(ZoneRecord(host, "A", address) for host, address in hosts.items()),
        )


class FakeLogs:
    """Log groups in memory."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ensure_group(self, name: str, retention_days: int, tags: Mapping[str, str]) -> None:
        """Make a log group unless it exists."""
        assert tags, f"the log group {name} has no tags"
        if self._world.log_groups.get(name) != retention_days:
            self._world.log_groups[name] = retention_days
            self._world.changed(f"log group {name}")

    def set_retention(self, name: str, days: int | None) -> None:
        """Have a log group keep its events otherwise."""
        if self._world.log_groups[name] != days:
            self._world.log_groups[name] = days
            self._world.changed(f"log group {name}")

    def groups(self, names: Sequence[str]) -> dict[str, LogGroup]:
        """Return the log groups that are there."""
        return {name: LogGroup(self._world.log_groups[name]) for name in names if name in self._world.log_groups}

    def tail(self, stream: LogStream, lines: int) -> tuple[LogLine, ...]:
        """Return the last of thirty lines."""
        assert stream.group in self._world.log_groups, f"there is no log group {stream.group}"
        now = self._world.clock.now()
        return tuple(LogLine(now, f"line {number}") for number in range(1, 31))[-lines:]


class FakeResolver:
    """DNS, which knows of a task a while after Cloud Map does."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ask(self, name: str, *, srv: bool) -> Answer:
        """Return what DNS answers."""
        addresses, ports = self._world.discovered(name, lag_seconds=self._world.dns_seconds)
        return Answer(addresses, ports if srv else ())


class FakeWorkflow:
    """The state machines, run by interpreters."""

    def __init__(self) -> None:
        self.machines: dict[str, Interpreter] = {}

    def start(self, deployment_id: str, kind: str) -> None:
        """Start an execution."""
        self.machines[kind].start(deployment_id, {"deployment_id": deployment_id})

    def status(self, deployment_id: str, kind: str) -> str | None:
        """Return an execution's status."""
        execution = self.machines[kind].executions.get(deployment_id)
        return execution.status if execution else None

    def heartbeat(self, token: str) -> None:
        """Keep a wait alive, in whichever machine it is."""
        for machine in self.machines.values():
            machine.heartbeat(token)

    def complete(self, token: str, *, decided: bool, named: bool = False) -> None:
        """End a wait, in whichever machine it is."""
        for machine in self.machines.values():
            machine.complete(token, json.dumps({"decided": decided, "named": named}))
