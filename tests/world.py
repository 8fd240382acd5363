"""What serves, in a test: an AWS in memory whose rollouts, namespaces and names take time on the test's clock.

Its state follows from what was asked and from the time; nothing runs in it. `changes` tells what really changed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any, Protocol

from chalicelib.aws.autoscaling import Scaled
from chalicelib.aws.cloud_map import Namespace
from chalicelib.aws.command import Command
from chalicelib.deployment import ServiceProgress
from chalicelib.diagnosis import ServiceEvent, StoppedTask, TargetHealth
from chalicelib.errors import TransientAws
from chalicelib.manifest import RouteHealthCheck
from chalicelib.preflight import Admission, Capacity, Room, Rule, Ways
from chalicelib.rollout import Rollout
from chalicelib.specs import ServiceSpec, TaskSpec

ACCOUNT = "arn:aws:ecs:us-east-1:000000000000"
CANNOT_PULL = (
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: {image}: "
    "not found"
)
FAILED_CHECKS = "Task failed ELB health checks in (target-group arn:targetgroup/home)"


class Seconds(Protocol):
    """A clock, as far as the world looks at it."""

    @property
    def seconds(self) -> float:
        """Return the seconds since the test began."""

    def now(self) -> datetime:
        """Return the present instant."""

    def instant(self, seconds: float) -> datetime:
        """Return the instant so many seconds after the test began."""


@dataclass(frozen=True)
class Revision:
    """A task definition."""

    arn: str
    spec: TaskSpec
    content_hash: str


@dataclass(frozen=True)
class EcsDeployment:
    """An ECS deployment: `made` and `began` in seconds of the world; `replaced` says when another took its place."""

    id: str
    service_deployment: str
    task_definition: str
    desired: int
    made: float
    began: float
    seconds: float
    broken: bool = False
    rolls_back: bool = False
    replaced: float | None = None

    def complete(self, at: float) -> bool:
        """Tell whether its tasks run and serve."""
        end = self.began + self.seconds
        return not self.broken and end <= at and (self.replaced is None or end <= self.replaced)


@dataclass
class WorldService:
    """An ECS service with its deployments, oldest first; the last one is PRIMARY."""

    cluster: str
    name: str
    number: int
    spec: ServiceSpec
    tags: dict[str, str]
    deployments: list[EcsDeployment] = field(default_factory=list)
    status: str = "ACTIVE"
    scaled_at: float | None = None
    scaled_from: int = 0
    gone_at: float | None = None

    @property
    def arn(self) -> str:
        """Return the service's ARN."""
        return f"{ACCOUNT}:service/{self.cluster}/{self.name}"

    @property
    def goes_back(self) -> bool:
        """Tell whether the circuit breaker goes back to what was complete before."""
        breaker = self.spec.deployment_configuration.get("deploymentCircuitBreaker", {})
        return self.spec.circuit_breaker and bool(breaker.get("rollback", True))

    def serving(self, at: float) -> EcsDeployment | None:
        """Return the deployment whose tasks run."""
        complete = [each for each in self.deployments if each.complete(at)]
        return complete[-1] if complete else None

    def addresses(self, at: float) -> tuple[str, ...]:
        """Return the addresses of the tasks that run; each deployment's are its own."""
        now = self.serving(at)
        if now is None or (self.gone_at is not None and self.gone_at <= at):
            return ()
        index = self.deployments.index(now)
        return tuple(f"10.{self.number}.{index}.{task}" for task in range(1, now.desired + 1))


@dataclass
class Registered:
    """A Cloud Map service."""

    arn: str
    records: tuple[str, ...]
    ttl: int


@dataclass(frozen=True)
class TargetGroup:
    """A target group; by a health check that changed at `changed_at`, tasks that ran are judged from `judged_at` on."""

    port: int
    health_check: RouteHealthCheck
    deregistration_delay: int
    changed_at: float = field(default=0, compare=False)
    judged_at: float = field(default=0, compare=False)


@dataclass
class WorldTask:
    """A task that runs once; `stopped` says why somebody stopped it."""

    arn: str
    task_definition: str
    command: Command
    started_by: str
    created_at: datetime
    stopped: str | None = None


@dataclass(frozen=True)
class Operation:
    """A namespace's creation, or its end, or another TTL of a name: done at `ready_at`, or failed with `error`."""

    id: str
    token: str
    namespace: Namespace
    ready_at: float
    error: str | None = None
    deletes: bool = False
    changes: Registered | None = None
    ttl: int = 0
    settled: bool = False


@dataclass
class World:
    """All of it, and how it behaves.

    A rollout takes `rollout_seconds`, a namespace `namespace_seconds`, another TTL `ttl_seconds`. Cloud Map knows of a
    task at once, DNS after `dns_seconds`. A deleted service drains for `drain_seconds`; what was in use stays so for
    `leave_seconds` more.
    Namespaces of names that another VPC has too are `elsewhere`.
    Images, secrets and roles in `absent` are not there; a tag in `moved` names what another one named before,
    and what is absent is pulled from where `upstreams` says.
    `events` are by `cluster/service`; every target group has the `targets`, unless there are none: then those of its
    service's tasks, which pass every health check but those at `failed_paths`; the `alarms` went off.
    The addresses in `unregistered` somebody took out of Cloud Map. Services that were deleted are `gone`.
    Images in `broken` never start, those in `hanging` never get ready.
    A one-off task exits after `task_seconds` with what `exit_codes` says of its command's first word, None: never;
    a broken image that has an exit code there starts, and exits with it. Of broken images those in `unhealthy` start,
    and the load balancer fails them.
    Whether ECS's own way back is a deployment of its own or the one before, AWS does not say.
    The `listeners`, by ARN, are those of the `rules`, by the same target groups.
    ListServiceDeployments shows one after `listed_seconds`. Services that were deleted are `gone`.
    What ECS changes by itself is told to `about_to_change`, with the moment, just before.
    """

    clock: Seconds
    rollout_seconds: float = 20
    namespace_seconds: float = 30
    dns_seconds: float = 12
    drain_seconds: float = 10
    leave_seconds: float = 4
    task_seconds: float = 8
    broken: set[str] = field(default_factory=set)
    hanging: set[str] = field(default_factory=set)
    unhealthy: set[str] = field(default_factory=set)
    exit_codes: dict[str, int | None] = field(default_factory=dict)
    namespace_error: str | None = None
    ttl_seconds: float = 6
    ttl_error: str | None = None
    rolls_back_anew: bool = True
    listed_seconds: float = 0
    resolve_vpc: str = "vpc-1"
    zone_vpcs: tuple[str, ...] = ("vpc-1",)
    dns_attributes_off: tuple[str, ...] = ()
    foreign_rules: tuple[Rule, ...] = ()
    admissions: tuple[Admission, ...] = (Admission(0, 65535, ("sg-alb",)),)
    capacity: Capacity = field(default=Capacity((Room(4096, 7680),)))
    ways: Ways = field(default=Ways("out"))
    absent: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    upstreams: dict[str, str] = field(default_factory=dict)
    clusters: set[str] = field(default_factory=set)
    services: dict[tuple[str, str], WorldService] = field(default_factory=dict)
    gone: list[WorldService] = field(default_factory=list)
    unregistered: set[str] = field(default_factory=set)
    revisions: dict[str, list[Revision]] = field(default_factory=dict)
    namespaces: dict[str, Namespace] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    elsewhere: dict[str, Namespace] = field(default_factory=dict)
    registered: dict[tuple[str, str], Registered] = field(default_factory=dict)
    log_groups: dict[str, int | None] = field(default_factory=dict)
    target_groups: dict[str, TargetGroup] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    listeners: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, WorldTask] = field(default_factory=dict)
    scaled: dict[tuple[str, str], Scaled] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    inactive: set[str] = field(default_factory=set)
    in_use_until: dict[str, float] = field(default_factory=dict)
    events: dict[str, tuple[ServiceEvent, ...]] = field(default_factory=dict)
    targets: tuple[TargetHealth, ...] = ()
    failed_paths: set[str] = field(default_factory=set)
    alarms: tuple[str, ...] = ()
    changes: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=partial(count, 1), repr=False)
    about_to_change: Callable[[float], None] = field(default=lambda _: None, repr=False)

    def changed(self, what: str) -> None:
        """Note that something is not as it was."""
        self.changes.append(what)

    # ── services ────────────────────────────────────────────────────────────────────────────────────

    def service(self, cluster: str, name: str) -> WorldService | None:
        """Return a service as it is now: one whose rollout broke has rolled back by itself, if it could.

        One that was deleted drains, and is not there any more when it has.
        """
        found = self.services.get((cluster, name))
        if found and found.gone_at is not None and found.gone_at <= self.clock.seconds:
            self.gone.append(self.services.pop((cluster, name)))
            return None
        if found:
            self._roll_back(found)
        return found

    def demand_cluster(self, operation: str, cluster: str) -> None:
        """Refuse a call in a cluster that is not there, as ECS does."""
        if cluster not in self.clusters:
            raise TransientAws(operation, "ClusterNotFoundException", "Cluster not found.")

    def make(self, cluster: str, name: str, spec: ServiceSpec, tags: Mapping[str, str]) -> WorldService:
        """Create a service; it rolls out from now on."""
        assert (cluster, name) not in self.services, f"the service {name} is made twice"
        assert cluster in self.clusters, f"there is no cluster {cluster}"
        number = max((each.number for each in (*self.services.values(), *self.gone)), default=0) + 1
        made = WorldService(cluster, name, number, spec, dict(tags))
        self.services[cluster, name] = made
        self.changed(f"create {name}")
        self.roll_out(made)
        return made

    def roll_out(self, service: WorldService) -> EcsDeployment:
        """Start an ECS deployment of what the service asks for; the one under way ends there."""
        images = set(self.spec_of(service.spec.task_definition or "").images)
        return self._begin(
            service,
            EcsDeployment(
                id=f"ecs-svc/{service.number}{len(service.deployments):03}",
                service_deployment=f"{ACCOUNT}:service-deployment/{service.cluster}/{service.name}/{len(service.deployments)}",
                task_definition=service.spec.task_definition or "",
                desired=service.spec.desired_count or 0,
                made=self.clock.seconds,
                began=self.clock.seconds,
                seconds=float("inf") if images & self.hanging else self.rollout_seconds,
                broken=bool(images & self.broken),
            ),
        )

    def _begin(self, service: WorldService, deployment: EcsDeployment) -> EcsDeployment:
        if service.deployments:
            service.deployments[-1] = replace(service.deployments[-1], replaced=deployment.began)
        service.deployments.append(deployment)
        return deployment

    def _roll_back(self, service: WorldService) -> None:
        """Do what ECS's circuit breaker does: go back to what was complete, as a deployment of its own."""
        last = service.deployments[-1]
        failed_at = last.began + last.seconds
        if not last.broken or failed_at > self.clock.seconds or not service.goes_back:
            return
        target = next((each for each in reversed(service.deployments[:-1]) if each.complete(failed_at)), None)
        if target is None:
            return
        self.about_to_change(failed_at)
        service.spec = replace(service.spec, task_definition=target.task_definition)
        anew: dict[str, Any] = {"id": f"ecs-svc/{service.number}{len(service.deployments):03}", "made": failed_at}
        back = replace(
            target,
            **(anew if self.rolls_back_anew else {}),
            service_deployment=last.service_deployment,
            began=failed_at,
            replaced=None,
            rolls_back=True,
        )
        self._begin(service, back)

    def set_desired(self, service: WorldService, desired: int) -> None:
        """Do what a scaler does: change the service's desired count behind everybody's back."""
        service.spec = replace(service.spec, desired_count=desired)
        self.scale(service, desired)

    def delete(self, service: WorldService) -> None:
        """Delete a service: its tasks drain, then stop, then leave Cloud Map."""
        service.status, service.gone_at = "DRAINING", self.clock.seconds + self.drain_seconds
        if service.spec.discovery:
            self.in_use_until[service.spec.discovery.arn] = service.gone_at + self.leave_seconds
        self.changed(f"delete {service.name}")

    def is_in_use(self, arn: str) -> bool:
        """Tell whether what is to be removed is still in use: a name by a service, and anything for a while."""
        registered = [each.spec.discovery for key in list(self.services) if (each := self.service(*key))]
        return self.in_use_until.get(arn, 0) > self.clock.seconds or arn in [each.arn for each in registered if each]

    def scale(self, service: WorldService, desired: int) -> None:
        """Change how many tasks run: no ECS deployment starts."""
        service.scaled_from = service.deployments[-1].desired
        service.deployments[-1] = replace(service.deployments[-1], desired=desired)
        service.scaled_at = self.clock.seconds

    def rollout(self, service: WorldService, followed: ServiceProgress | None = None) -> Rollout:
        """Return how the service's PRIMARY deployment goes, and the one that is followed."""
        at, primary, serving = self.clock.seconds, service.deployments[-1], service.serving(self.clock.seconds)
        state, reason = self._state(primary)
        scaling = service.scaled_at is not None and at < service.scaled_at + 5
        running = primary.desired if primary is serving else 0
        running = min(running, service.scaled_from) if scaling else running
        own = next((each for each in self.listed(service) if followed and each.id == followed.ecs_deployment_id), None)
        own_state = self._state(own) if own else (None, "")
        goes_on = own is primary and state == "IN_PROGRESS"
        arn = self._service_deployment(service, followed) if followed and not goes_on else None
        return Rollout(
            service_status=service.status,
            primary_id=primary.id,
            primary_task_definition=primary.task_definition,
            rollout_state=state,
            rollout_reason=reason,
            desired=service.spec.desired_count or 0,
            primary_desired=primary.desired,
            running=running,
            pending=primary.desired - running if state == "IN_PROGRESS" or scaling else 0,
            failed=3 if state == "FAILED" else 0,
            total_running=serving.desired if serving else 0,
            primary_created_at=self.clock.instant(primary.made),
            own_state=own_state[0],
            own_reason=own_state[1],
            service_deployment_arn=arn,
            service_deployment_status=self._followed(service, arn),
            service_deployment_reason="",
            settled_at=self._settled_at(service, arn),
            minimum_healthy_percent=service.spec.minimum_healthy_percent,
            maximum_percent=service.spec.maximum_percent,
            events=self.events.get(f"{service.cluster}/{service.name}", ()),
        )

    def listed(self, service: WorldService) -> list[EcsDeployment]:
        """Return the deployments that ECS lists: PRIMARY, and those whose tasks run, or failed a moment ago."""
        at = self.clock.seconds
        return [each for each in service.deployments if each.replaced is None or at < each.replaced + 3]

    def _service_deployment(self, service: WorldService, followed: ServiceProgress) -> str | None:
        if followed.service_deployment_arn or not followed.rolls_out:
            return followed.service_deployment_arn
        since, seen_at = followed.ecs_deployment_created_at, self.clock.seconds - self.listed_seconds
        made = {each.service_deployment: each.made for each in reversed(service.deployments) if not each.rolls_back}
        later = [arn for arn, at in made.items() if since and self.clock.instant(at) >= since and at <= seen_at]
        return min(later, key=made.__getitem__, default=None)

    def _state(self, deployment: EcsDeployment) -> tuple[str, str]:
        if deployment.complete(self.clock.seconds):
            return "COMPLETED", f"ECS deployment {deployment.id} completed."
        if deployment.broken and deployment.began + deployment.seconds <= self.clock.seconds:
            return "FAILED", "ECS deployment circuit breaker: tasks failed to start."
        if deployment.rolls_back:
            return "IN_PROGRESS", "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1."
        return "IN_PROGRESS", f"ECS deployment {deployment.id} in progress."

    def _followed(self, service: WorldService, arn: str | None) -> str | None:
        """Return the status of a service deployment; one that goes back has two ECS deployments."""
        own = [each for each in service.deployments if each.service_deployment == arn]
        if not own:
            return None
        last = own[-1]
        if last.complete(self.clock.seconds):
            return "ROLLBACK_SUCCESSFUL" if last.rolls_back else "SUCCESSFUL"
        if last.replaced is not None:
            return "STOPPED"
        if self._state(last)[0] == "FAILED":
            return "ROLLBACK_FAILED" if service.goes_back else "STOPPED"
        return "ROLLBACK_IN_PROGRESS" if last.rolls_back else "IN_PROGRESS"

    def _settled_at(self, service: WorldService, arn: str | None) -> datetime | None:
        """Return when a service deployment ended, or began to go back."""
        if self._followed(service, arn) in (None, "IN_PROGRESS"):
            return None
        last = next(each for each in reversed(service.deployments) if each.service_deployment == arn)
        end = last.began if last.rolls_back else min(last.began + last.seconds, last.replaced or float("inf"))
        return self.clock.instant(end)

    def stopped_tasks(self, service: WorldService, ecs_deployment_id: str) -> tuple[StoppedTask, ...]:
        """Return the tasks that a broken deployment could not start, or that ECS replaces."""
        found = next((each for each in service.deployments if each.id == ecs_deployment_id), None)
        if found is None:
            return ()
        if not found.broken:
            return self._failed_by_checks(service)
        broken = [image for image in self.spec_of(found.task_definition).images if image in self.broken]
        arn = f"{ACCOUNT}:task/{service.cluster}/{found.id.rpartition('/')[2]}"
        ends = (self._end(f"{arn}-{task}", found.task_definition, broken[0]) for task in range(3))
        return tuple(replace(each, stopped_at=self.clock.instant(found.began)) for each in ends)

    def _failed_by_checks(self, service: WorldService) -> tuple[StoppedTask, ...]:
        """Return a task that ECS has stopped for each health check that has changed, and that the tasks fail."""
        groups = [self.target_groups[each.group_arn] for each in service.spec.route]
        at = [each.judged_at for each in groups if each.health_check.path in self.failed_paths and each.judged_at]
        arn = f"{ACCOUNT}:task/{service.cluster}/{service.number}-failed"
        ended = [self.clock.instant(each) for each in at if each <= self.clock.seconds]
        return tuple(StoppedTask(arn, "ServiceSchedulerInitiated", FAILED_CHECKS, stopped_at=each) for each in ended)

    def _end(self, arn: str, task_definition: str, image: str) -> StoppedTask:
        code = self.exit_codes.get(image)
        if image in self.unhealthy:
            return StoppedTask(arn, "ServiceSchedulerInitiated", FAILED_CHECKS)
        if code is None:
            return StoppedTask(arn, "TaskFailedToStart", CANNOT_PULL.format(image=image))
        ended = StoppedTask(arn, "EssentialContainerExited", "Essential container in task exited", exit_code=code)
        return replace(ended, task_definition=task_definition, container="main")

    def serves(self, cluster: str, name: str) -> str | None:
        """Return the task definition whose tasks run under a service's name."""
        service = self.service(cluster, name)
        serving = service.serving(self.clock.seconds) if service else None
        return serving.task_definition if serving and serving.desired else None

    # ── task definitions, namespaces, names ─────────────────────────────────────────────────────────

    def spec_of(self, arn: str) -> TaskSpec:
        """Return what a task definition holds."""
        return next(each.spec for family in self.revisions.values() for each in family if each.arn == arn)

    def settle_namespaces(self) -> None:
        """Let the namespaces be there, or gone, and the names have the TTL, whose time has come."""
        for operation in self.operations.values():
            if operation.error or operation.settled or operation.ready_at > self.clock.seconds:
                continue
            self.operations[operation.id] = replace(operation, settled=True)
            if operation.changes:
                operation.changes.ttl = operation.ttl
            elif operation.deletes:
                self.namespaces.pop(operation.namespace.name, None)
            else:
                self.namespaces.setdefault(operation.namespace.name, operation.namespace)

    def judged(self, target_group: str) -> tuple[TargetHealth, ...]:
        """Return how the tasks in a target group are judged; until a changed check had its time, those that ran pass.

        A task that starts later is judged by it from the beginning.
        """
        group, at = self.target_groups[target_group], self.clock.seconds
        failed = ("unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]")
        found: list[TargetHealth] = []
        for service in self.services.values():
            serving = service.serving(at)
            if serving and target_group in [target.group_arn for target in service.spec.route]:
                early = serving.began + serving.seconds <= group.changed_at and at < group.judged_at
                passes = early or group.health_check.path not in self.failed_paths
                state = ("healthy",) if passes else failed
                found += [TargetHealth(f"{address}:{group.port}", *state) for address in service.addresses(at)]
        return tuple(found)

    def discovered(self, name: str, lag_seconds: float = 0) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Return addresses and SRV ports registered under a DNS name such as "user.api.local", as of a while ago."""
        label, _, namespace = name.partition(".")
        registered = self.registered.get((namespace, label))
        found: list[str] = []
        ports: set[int] = set()
        for service in (*self.services.values(), *self.gone):
            if registered and service.spec.discovery and service.spec.discovery.arn == registered.arn:
                addresses = set(service.addresses(self.clock.seconds - lag_seconds)) - self.unregistered
                found += addresses
                port = service.spec.discovery.port
                ports |= {port} if port and addresses else set()
        return tuple(sorted(found)), tuple(sorted(ports))
