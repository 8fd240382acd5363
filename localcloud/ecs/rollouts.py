"""The moves of a rolling deployment: begin, complete, fail, go back. Call them with `World.changed` held."""

from datetime import datetime
from typing import Any

from localcloud.ecs.events import Announcer
from localcloud.ecs.revisions import Deployment, Revision, ServiceDeployment, TaskDefinition
from localcloud.ecs.state import Service, World, new_number

REVISION_MEMBERS = (
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
)
THRESHOLD_EXCEEDED = "Service deployment rolled back because the circuit breaker threshold was exceeded."
NO_CANDIDATE = "No rollback candidate was found to run the rollback."
"""What AWS says: https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ecs/service_test.go"""


class Rollouts:
    """Move services from one deployment to the next, and tell what happened."""

    def __init__(self, world: World, announcer: Announcer) -> None:
        self._world = world
        self._announcer = announcer

    def begin(self, service: Service, definition: TaskDefinition) -> None:
        """Make a new primary deployment of the service's present settings, and the record that tracks it."""
        now = self._world.now()
        if service.history and service.current.is_ongoing:
            self._supersede(service.current, now)
        sources = tuple(deployment.revision for deployment in service.deployments)
        revision = self._new_revision(service, definition, now)
        for deployment in service.deployments:
            deployment.status = "ACTIVE"
        primary = Deployment(f"ecs-svc/{new_number()}", revision, now, now)
        primary.rollout_state_reason = f"ECS deployment {primary.id} in progress."
        service.deployments.insert(0, primary)
        arn = self._world.arn(f"service-deployment/{service.cluster.name}/{service.name}/{new_number()}")
        record = ServiceDeployment(arn, primary.id, revision, sources, service.configuration, now, now)
        service.history.append(record)
        service.steady = False
        self._announcer.deployment(service, primary, "SERVICE_DEPLOYMENT_IN_PROGRESS")

    def complete(self, service: Service) -> None:
        """Close the primary deployment: all its tasks are healthy and no older ones are left."""
        primary, record, now = service.primary, service.current, self._world.now()
        self._say(primary, "COMPLETED", f"ECS deployment {primary.id} completed.", now)
        service.completed = primary
        self._announcer.write(service, f"(deployment {primary.id}) deployment completed.")
        self._announcer.deployment(service, primary, "SERVICE_DEPLOYMENT_COMPLETED")
        if record.is_ongoing:
            self._end(record, "ROLLBACK_SUCCESSFUL" if record.rollback else "SUCCESSFUL", record.status_reason, now)

    def trip(self, service: Service) -> None:
        """Fail the primary deployment for its failed tasks; go back when that is asked for and possible."""
        primary, record, now = service.primary, service.current, self._world.now()
        record.tripped = True
        self._say(primary, "FAILED", "ECS deployment circuit breaker: tasks failed to start.", now)
        self._announcer.write(service, f"(deployment {primary.id}) deployment failed: tasks failed to start.")
        self._announcer.deployment(service, primary, "SERVICE_DEPLOYMENT_FAILED", "ERROR")
        if not record.is_ongoing or record.rollback:
            self._end(record, "ROLLBACK_FAILED", primary.rollout_state_reason, now)
        elif service.configuration["deploymentCircuitBreaker"].get("rollback"):
            self._go_back(service, "ECS deployment circuit breaker", THRESHOLD_EXCEEDED)
        else:
            self._end(record, "STOPPED", primary.rollout_state_reason, now)

    def stop(self, service: Service) -> None:
        """Go back because StopServiceDeployment asked for it (the record is in ROLLBACK_REQUESTED)."""
        primary, now = service.primary, self._world.now()
        self._say(primary, "FAILED", "ECS deployment stopped: StopServiceDeployment was called.", now)
        self._announcer.write(service, f"(deployment {primary.id}) deployment failed: it was stopped.")
        self._announcer.deployment(service, primary, "SERVICE_DEPLOYMENT_FAILED", "ERROR")
        self._go_back(service, "ECS deployment stopped", "Service deployment was stopped by a user request.")

    def _go_back(self, service: Service, cause: str, reason: str) -> None:
        record, target, now = service.current, service.completed, self._world.now()
        if target is None:
            self._end(record, "ROLLBACK_FAILED", NO_CANDIDATE, now)
            return
        service.primary.status = "ACTIVE"
        service.deployments = [d for d in service.deployments if d is not target]
        service.deployments.insert(0, target)
        target.status, target.failed_tasks, target.start_failures, target.may_start_at = "PRIMARY", 0, 0, None
        self._say(target, "IN_PROGRESS", f"{cause}: rolling back to deploymentId {target.id}.", now)
        # While a rollback runs there is no completed deployment, so a failure now has nowhere to go.
        service.completed = None
        service.settings.update(target.revision.settings)
        record.status, record.status_reason, record.updated_at = "ROLLBACK_IN_PROGRESS", reason, now
        record.rollback = {"reason": reason, "startedAt": now, "serviceRevisionArn": target.revision.arn}
        self._announcer.write(service, f"rolling back to deployment {target.id}.")
        self._announcer.deployment(service, target, "SERVICE_DEPLOYMENT_IN_PROGRESS")

    def _supersede(self, record: ServiceDeployment, now: datetime) -> None:
        reason = "Service deployment was replaced by a newer one."
        self._end(record, "ROLLBACK_FAILED" if record.rollback else "STOPPED", reason, now)

    def _new_revision(self, service: Service, definition: TaskDefinition, now: datetime) -> Revision:
        arn = self._world.arn(f"service-revision/{service.cluster.name}/{service.name}/{new_number()}")
        kept: dict[str, Any] = {key: service.settings[key] for key in REVISION_MEMBERS if key in service.settings}
        revision = Revision(arn, definition, kept, now)
        service.revisions.append(revision)
        return revision

    @staticmethod
    def _say(deployment: Deployment, state: str, reason: str, now: datetime) -> None:
        deployment.rollout_state, deployment.rollout_state_reason, deployment.updated_at = state, reason, now

    @staticmethod
    def _end(record: ServiceDeployment, status: str, reason: str | None, now: datetime) -> None:
        record.status, record.status_reason, record.finished_at, record.updated_at = status, reason, now, now
        if status == "STOPPED":
            record.stopped_at = now
