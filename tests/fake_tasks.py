"""One-off tasks and scalable targets in memory: fakes as those in `fakes`, over the same World."""

import re
from collections.abc import Mapping, Sequence

from chalicelib.aws.autoscaling import Scaled
from chalicelib.aws.command import Command
from chalicelib.aws.logs import LogStream
from chalicelib.decide import OneOffTask
from chalicelib.diagnosis import StoppedTask
from chalicelib.specs import ServiceSpec
from tests.world import ACCOUNT, World, WorldTask


class FakeTasks:
    """Tasks that run once. What a command's first word exits with stands in the world; it takes its time to do so."""

    def __init__(self, world: World) -> None:
        self._world = world

    def run(
        self,
        cluster: str,
        spec: ServiceSpec,
        command: Command,
        *,
        started_by: str,
        tags: Mapping[str, str],
        token: str,
    ) -> str:
        """Start a task; the same token starts it once."""
        assert tags, "a task has no tags"
        assert 1 <= len(token) <= 64, f"ECS does not take the token {token}"
        assert re.fullmatch(r"[A-Za-z0-9/_-]+", started_by), f"ECS does not take {started_by}"
        assert spec.network, "a task in awsvpc mode has no network"
        self._world.demand_cluster("run_task", cluster)
        if token not in self._world.tasks:
            arn = f"{ACCOUNT}:task/{cluster}/once-{len(self._world.tasks) + 1}"
            self._world.tasks[token] = WorldTask(
                arn, spec.task_definition or "", command, started_by, self._world.clock.now()
            )
            self._world.changed(f"run {' '.join(command.words)}")
        return self._world.tasks[token].arn

    def find(self, cluster: str, arn: str) -> OneOffTask | None:
        """Return how a task goes."""
        assert f"/{cluster}/" in arn, f"{arn} is not in {cluster}"
        task = self._by_arn(arn)
        if task is None:
            return None
        code = self._world.exit_codes.get(task.command.words[0], 0)
        ran_seconds = (self._world.clock.now() - task.created_at).total_seconds()
        ended = task.stopped or (code is not None and ran_seconds >= self._world.task_seconds)
        reason = task.stopped or "Essential container in task exited"
        end = StoppedTask(arn, "EssentialContainerExited", reason, exit_code=143 if task.stopped else code)
        return OneOffTask(
            arn=arn,
            task_definition=task.task_definition,
            container=task.command.container,
            status="STOPPED" if ended else "RUNNING",
            created_at=task.created_at,
            end=end if ended else None,
        )

    def stop(self, cluster: str, arn: str, reason: str) -> None:
        """Stop a task unless it has ended."""
        task, found = self._by_arn(arn), self.find(cluster, arn)
        if task and found and not found.end:
            task.stopped = reason
            self._world.changed(f"stop {' '.join(task.command.words)}")

    def log_stream(self, arn: str, task_definition: str, container: str) -> LogStream | None:
        """Return where a container of a task writes."""
        group = self._world.spec_of(task_definition).log_group
        return LogStream(group, f"{container}/{container}/{arn}") if group else None

    def _by_arn(self, arn: str) -> WorldTask | None:
        return next((each for each in self._world.tasks.values() if each.arn == arn), None)


def _sent(now: Scaled | None, wanted: Scaled, found: Scaled | None) -> Scaled:
    """Return how a service is scaled once that was sent in which wanted and found differ."""
    bounds_differ = now is None or found is None or (found.least, found.most) != (wanted.least, wanted.most)
    bounds = wanted if bounds_differ or now is None else now
    there, before = (dict(each.policies) if each else {} for each in (now, found))
    put = {name: policy for name, policy in wanted.policies.items() if before.get(name) != policy}
    kept = {name: policy for name, policy in there.items() if name in wanted.policies or name not in before}
    return Scaled(bounds.least, bounds.most, kept | put)


class FakeAutoScaling:
    """Scalable targets."""

    def __init__(self, world: World) -> None:
        self._world = world

    def find(self, cluster: str, service: str) -> Scaled | None:
        """Return how a service is scaled."""
        return self._world.scaled.get((cluster, service))

    def scaled(self, cluster: str, services: Sequence[str]) -> dict[str, Scaled]:
        """Return how services are scaled that are."""
        found = {name: self.find(cluster, name) for name in services}
        return {name: each for name, each in found.items() if each}

    def put(self, cluster: str, service: str, wanted: Scaled, found: Scaled | None, tags: Mapping[str, str]) -> None:
        """Have a service scaled, and bring its desired count between the bounds."""
        assert tags, f"the scalable target of {service} has no tags"
        scaled = self._world.service(cluster, service)
        assert scaled is not None, f"there is no service {cluster}/{service}"
        now = self.find(cluster, service)
        self._world.scaled[cluster, service] = sent = _sent(now, wanted, found)
        if sent != now:
            self._world.changed(f"scale {service}")
        desired = scaled.spec.desired_count or 0
        within = min(max(desired, wanted.least), wanted.most)
        if within != desired:
            self._world.set_desired(scaled, within)

    def remove(self, cluster: str, service: str) -> None:
        """Have a service no longer scaled."""
        if self._world.scaled.pop((cluster, service), None):
            self._world.changed(f"unscale {service}")
