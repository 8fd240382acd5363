"""The scheduler's thread: look at every service, decide, act; again at each change and at least every 25 ms."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

from localcloud.ecs import circuit_breaker, health, scheduler
from localcloud.ecs.capacity import NoRoomError
from localcloud.ecs.events import Announcer, listed
from localcloud.ecs.health import HealthFact
from localcloud.ecs.launcher import Launcher
from localcloud.ecs.registration import Registration
from localcloud.ecs.revisions import Deployment
from localcloud.ecs.rollouts import Rollouts
from localcloud.ecs.scheduler import Moves, ServiceFact, TaskFact
from localcloud.ecs.state import GONE_STATUSES, Service, TargetHealth, Task, World

TICK_SECONDS = 0.025
KEEP_STOPPED = timedelta(hours=1)
PLACEMENT_PAUSE_SECONDS = 15.0
"""Until a task that found no room is tried again. AWS retries after a pause that it does not publish."""


class Reconciler:
    """Bring every service to what it asks for."""

    def __init__(
        self, world: World, launcher: Launcher, registration: Registration, rollouts: Rollouts, announcer: Announcer
    ) -> None:
        self._world = world
        self._launcher = launcher
        self._registration = registration
        self._rollouts = rollouts
        self._announcer = announcer
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="ecs-scheduler", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End; nothing is started afterwards."""
        with self._world.changed:
            self._stopping = True
            self._world.changed.notify_all()
        self._thread.join()

    def _loop(self) -> None:
        while True:
            self._observe_targets()
            with self._world.changed:
                if self._stopping:
                    return
                for service in list(self._world.services.values()):
                    if service.status != "INACTIVE":
                        self._reconcile(service)
                self._forget_stopped()
                self._world.changed.wait(TICK_SECONDS)

    def _observe_targets(self) -> None:
        """Ask the load balancer for its targets' health, without holding up anyone."""
        with self._world.changed:
            tasks = [t for s in self._world.services.values() for t in s.tasks if t.started_at and t.is_wanted]
        for task in tasks:
            seen = self._registration.health(task)
            task.targets = tuple(TargetHealth(arn, port, state, text) for arn, port, (state, _, text) in seen)

    def _reconcile(self, service: Service) -> None:
        now = self._world.now()
        for task in [task for task in service.tasks if task.last_status == "STOPPED"]:
            self._account(service, task, now)
        facts = [self._fact(service, task, now) for task in service.tasks if task.is_wanted]
        self._note_healthy(service, facts)
        self._judge(service, facts)
        moves = scheduler.decide(self._service_fact(service, now), facts)
        self._act(service, moves, {fact.id: fact for fact in facts})
        self._close(service, facts, moves)

    def _fact(self, service: Service, task: Task, now: datetime) -> TaskFact:
        age = (now - task.created_at).total_seconds()
        if task.last_status != "RUNNING":
            return TaskFact(task.id, task.started_by, running=False, healthy=False, age=age)
        clock = self._world.clock
        fact = HealthFact(
            running_seconds=(now - (task.started_at or now)).total_seconds(),
            settle_seconds=clock.scaled(health.SETTLE_SECONDS),
            grace_seconds=clock.scaled(service.settings.get("healthCheckGracePeriodSeconds", 0)),
            has_container_check=bool(task.task_definition.checked_containers),
            health_status=task.health_status,
            expects_targets=bool(task.revision.load_balancers),
            targets=tuple((target.target_group_arn, target.state) for target in task.targets),
        )
        healthy, failing = health.counts_as_healthy(fact), health.why_failing(fact)
        return TaskFact(task.id, task.started_by, running=True, healthy=healthy, failing=failing, age=age)

    def _service_fact(self, service: Service, now: datetime) -> ServiceFact:
        primary, configuration = service.primary, service.configuration
        backing_off = primary.may_start_at is not None and now < primary.may_start_at
        return ServiceFact(
            desired=service.desired_count,
            primary_id=primary.id,
            minimum_healthy_percent=configuration["minimumHealthyPercent"],
            maximum_percent=configuration["maximumPercent"],
            may_start=primary.rollout_state != "FAILED" and not backing_off,
        )

    def _account(self, service: Service, task: Task, now: datetime) -> None:
        """Take a stopped task off the service, and count it if it failed."""
        service.tasks.remove(task)
        deployment = next((d for d in service.deployments if d.id == task.started_by), None)
        ended_itself = task.stop_code in ("TaskFailedToStart", "EssentialContainerExited")
        if deployment is None or not ended_itself or task.was_healthy:
            return
        if task.started_at is None:
            deployment.start_failures += 1
            self._back_off(service, task, now)
        self._count_failure(service, task)

    def _back_off(self, service: Service, task: Task, now: datetime) -> None:
        deployment = next(d for d in service.deployments if d.id == task.started_by)
        pause = circuit_breaker.back_off_seconds(deployment.start_failures)
        if pause:
            deployment.may_start_at = now + timedelta(seconds=self._world.clock.scaled(pause))
            self._announcer.write(service, "is unable to consistently start tasks successfully.")
            self._announcer.action(service, "SERVICE_TASK_START_IMPAIRED")

    def _count_failure(self, service: Service, task: Task) -> None:
        deployment = next((d for d in service.deployments if d.id == task.started_by), None)
        if deployment is None or deployment.rollout_state != "IN_PROGRESS":
            return
        self._set_failures(service, deployment, deployment.failed_tasks + 1)
        deployment.updated_at = self._world.now()

    @staticmethod
    def _set_failures(service: Service, deployment: Deployment, count: int) -> None:
        """Write down how many tasks have failed, where the deployment and where its record shows it."""
        deployment.failed_tasks = count
        if service.current.deployment_id == deployment.id and service.current.is_ongoing:
            service.current.failure_count = count

    def _note_healthy(self, service: Service, facts: list[TaskFact]) -> None:
        """Forget failures in a row when a task becomes healthy (unless the breaker shall remember them)."""
        breaker = service.configuration.get("deploymentCircuitBreaker", {})
        healthy = {fact.id for fact in facts if fact.healthy}
        for task in [task for task in service.tasks if task.id in healthy and not task.was_healthy]:
            task.was_healthy = True
            deployment = next((d for d in service.deployments if d.id == task.started_by), None)
            if deployment:
                deployment.start_failures, deployment.may_start_at = 0, None
                if breaker.get("resetOnHealthyTask", True):
                    self._set_failures(service, deployment, 0)

    def _judge(self, service: Service, facts: list[TaskFact]) -> None:
        """Begin, complete, fail or stop the rollout that is under way."""
        primary, record = service.primary, service.current
        if record.status == "PENDING":
            record.status, record.started_at = "IN_PROGRESS", self._world.now()
        if record.status == "ROLLBACK_REQUESTED":
            self._rollouts.stop(service)
            return
        breaker = service.configuration.get("deploymentCircuitBreaker", {})
        limit = circuit_breaker.threshold(service.desired_count, breaker)
        if primary.rollout_state != "IN_PROGRESS":
            return
        if breaker.get("enable") and primary.failed_tasks >= limit:
            self._rollouts.trip(service)
        elif self._is_whole(service, facts):
            self._rollouts.complete(service)

    @staticmethod
    def _is_whole(service: Service, facts: list[TaskFact]) -> bool:
        """Tell whether the primary has all its tasks, healthy, and the older deployments have none left."""
        new = [fact for fact in facts if fact.deployment_id == service.primary.id]
        old = [t for t in service.tasks if t.started_by != service.primary.id and t.last_status not in GONE_STATUSES]
        return not old and len(new) == service.desired_count and all(f.healthy and not f.failing for f in new)

    def _act(self, service: Service, moves: Moves, facts: dict[str, TaskFact]) -> None:
        tasks = {task.id: task for task in service.tasks}
        self._replace(service, [tasks[task_id] for task_id in moves.replace], facts)
        if moves.stop:
            self._stop(service, [tasks[task_id] for task_id in moves.stop])
        if moves.start:
            self._start(service, moves.start)
        if moves.blocked:
            self._announcer.write(
                service,
                "was unable to stop or start tasks during a deployment because of the service deployment "
                "configuration. Update the minimumHealthyPercent or maximumPercent value and try again.",
            )

    def _replace(self, service: Service, tasks: list[Task], facts: dict[str, TaskFact]) -> None:
        for task in tasks:
            self._tell_unhealthy(service, task)
            task.request_stop("ServiceSchedulerInitiated", facts[task.id].failing or "", self._world.now())
            self._count_failure(service, task)
            service.steady = False

    def _tell_unhealthy(self, service: Service, task: Task) -> None:
        if task.health_status == "UNHEALTHY":
            self._announcer.write(service, f"(task {task.id}) failed container health checks.")
        for target in task.targets:
            if target.state == "unhealthy":
                self._announcer.write(
                    service,
                    f"(port {target.port}) is unhealthy in (target-group {target.target_group_arn}) "
                    f"due to (reason {target.description})",
                )

    def _stop(self, service: Service, tasks: list[Task]) -> None:
        reason = f"Scaling activity initiated by (deployment {service.primary.id})"
        for task in tasks:
            task.request_stop("ServiceSchedulerInitiated", reason, self._world.now())
        self._announcer.write(service, f"has stopped {len(tasks)} running tasks: {listed(tasks)}.")
        service.steady = False

    def _start(self, service: Service, count: int) -> None:
        tasks = list(self._launched(service, count))
        if tasks:
            self._announcer.write(service, f"has started {len(tasks)} tasks: {listed(tasks)}.")
        service.steady = False

    def _launched(self, service: Service, count: int) -> Iterator[Task]:
        """Launch tasks as long as there is room for them."""
        try:
            for _ in range(count):
                yield self._launcher.launch(service)
        except NoRoomError as refusal:
            self._wait_for_room(service, refusal)

    def _wait_for_room(self, service: Service, refusal: NoRoomError) -> None:
        pause = timedelta(seconds=self._world.clock.scaled(PLACEMENT_PAUSE_SECONDS))
        service.primary.may_start_at = self._world.now() + pause
        self._announcer.write(service, str(refusal))
        reason = refusal.lacks[0][1] if refusal.lacks else "RESOURCE"
        self._announcer.action(service, "SERVICE_TASK_PLACEMENT_FAILURE", reason)

    def _close(self, service: Service, facts: list[TaskFact], moves: Moves) -> None:
        """Drop deployments that are over, end a deleted service, and say when there is nothing left to do."""
        busy = {task.started_by for task in service.tasks if task.last_status not in GONE_STATUSES}
        service.deployments = [d for d in service.deployments if d.status == "PRIMARY" or d.id in busy]
        if service.status == "DRAINING" and not service.tasks:
            service.status = "INACTIVE"
        resting = not (moves.start or moves.stop or moves.replace) and service.primary.rollout_state == "COMPLETED"
        if resting and service.status == "ACTIVE" and not service.steady and self._is_whole(service, facts):
            service.steady = True
            self._announcer.write(service, "has reached a steady state.")
            self._announcer.action(service, "SERVICE_STEADY_STATE")

    def _forget_stopped(self) -> None:
        limit = self._world.now() - KEEP_STOPPED
        stopped = self._world.stopped
        while stopped and (stopped[0].stopped_at or limit) < limit:
            self._world.tasks.pop(stopped.popleft().arn, None)
