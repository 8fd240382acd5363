"""What ECS remembers, in the shapes that it shows. Times stay datetimes until `json_value` writes them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from localcloud.ecs import circuit_breaker
from localcloud.ecs.revisions import Deployment, Revision, ServiceDeployment, TaskDefinition
from localcloud.ecs.state import LIVE_STATUSES, PENDING_STATUSES, Cluster, Container, Service, Task

PLATFORM = {"platformVersion": "1.4.0", "platformFamily": "Linux"}


def json_value(value: Any, time: Callable[[datetime], Any]) -> Any:
    """Return a copy of a view without None members, each datetime written by `time`."""
    if isinstance(value, dict):
        return {key: json_value(member, time) for key, member in value.items() if member is not None}
    if isinstance(value, list | tuple):
        return [json_value(member, time) for member in value]
    return time(value) if isinstance(value, datetime) else value


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Return tags as AWS lists them."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def cluster(value: Cluster, services: list[Service], tasks: list[Task], *, tags: bool) -> dict[str, Any]:
    """Return a Cluster; `services` and `tasks` are all there are, whatever their cluster."""
    mine = [task for task in tasks if task.cluster is value]
    return {
        **{key: member for key, member in value.settings.items() if key not in ("clusterName", "tags")},
        "clusterArn": value.arn,
        "clusterName": value.name,
        "status": value.status,
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": sum(task.last_status == "RUNNING" for task in mine),
        "pendingTasksCount": sum(task.last_status in PENDING_STATUSES for task in mine),
        "activeServicesCount": sum(s.cluster is value and s.status == "ACTIVE" for s in services),
        "statistics": [],
        "tags": tag_list(value.tags) if tags else [],
    }


def task_definition(value: TaskDefinition) -> dict[str, Any]:
    """Return a TaskDefinition."""
    return {
        **value.body,
        "status": value.status,
        "registeredAt": value.registered_at,
        "deregisteredAt": value.deregistered_at,
    }


def service(value: Service, *, tags: bool = True) -> dict[str, Any]:
    """Return a Service."""
    statuses = [task.last_status for task in value.tasks]
    return {
        **value.settings,
        "serviceArn": value.arn,
        "serviceName": value.name,
        "clusterArn": value.cluster.arn,
        "status": value.status,
        "desiredCount": value.desired_count,
        "runningCount": statuses.count("RUNNING"),
        "pendingCount": sum(status in PENDING_STATUSES for status in statuses),
        "taskDefinition": value.primary.revision.task_definition.arn,
        "deployments": [deployment(value, d) for d in value.deployments],
        "events": list(value.events),
        "createdAt": value.created_at,
        "currentServiceDeployment": value.current.arn,
        "currentServiceRevisions": [_current_revision(value, d) for d in value.deployments],
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "tags": tag_list(value.tags) if tags else None,
    }


def deployment(of: Service, value: Deployment) -> dict[str, Any]:
    """Return an entry of deployments[]."""
    tasks = of.tasks_of(value)
    wanted = of.desired_count if value.status == "PRIMARY" else sum(task.is_wanted for task in tasks)
    return {
        "id": value.id,
        "status": value.status,
        "taskDefinition": value.revision.task_definition.arn,
        "desiredCount": wanted,
        **_counts(tasks, "runningCount", "pendingCount"),
        "failedTasks": value.failed_tasks,
        "createdAt": value.created_at,
        "updatedAt": value.updated_at,
        "launchType": of.settings.get("launchType"),
        "capacityProviderStrategy": of.settings.get("capacityProviderStrategy"),
        "networkConfiguration": value.revision.settings.get("networkConfiguration"),
        "rolloutState": value.rollout_state,
        "rolloutStateReason": value.rollout_state_reason,
        **PLATFORM,
    }


def service_deployment(of: Service, value: ServiceDeployment) -> dict[str, Any]:
    """Return a ServiceDeployment."""
    breaker = value.configuration.get("deploymentCircuitBreaker", {})
    watching = "MONITORING" if value.is_ongoing else "MONITORING_COMPLETE"
    status = "TRIGGERED" if value.tripped else watching
    return {
        "serviceDeploymentArn": value.arn,
        "serviceArn": of.arn,
        "clusterArn": of.cluster.arn,
        "createdAt": value.created_at,
        "startedAt": value.started_at,
        "finishedAt": value.finished_at,
        "stoppedAt": value.stopped_at,
        "updatedAt": value.updated_at,
        "sourceServiceRevisions": [_revision_summary(of, revision) for revision in value.sources],
        "targetServiceRevision": _revision_summary(of, value.target),
        "status": value.status,
        "statusReason": value.status_reason,
        "deploymentConfiguration": value.configuration,
        "rollback": value.rollback,
        "deploymentCircuitBreaker": {
            "status": status if breaker.get("enable") else "DISABLED",
            "failureCount": value.failure_count,
            "threshold": circuit_breaker.threshold(of.desired_count, breaker),
        },
    }


def service_deployment_brief(of: Service, value: ServiceDeployment) -> dict[str, Any]:
    """Return a ServiceDeploymentBrief."""
    full = service_deployment(of, value)
    members = ("serviceDeploymentArn", "serviceArn", "clusterArn", "createdAt", "startedAt", "finishedAt", "status")
    brief = {member: full[member] for member in (*members, "statusReason")}
    return brief | {"targetServiceRevisionArn": value.target.arn}


def revision(of: Service, value: Revision) -> dict[str, Any]:
    """Return a ServiceRevision."""
    return {
        **value.settings,
        **PLATFORM,
        "serviceRevisionArn": value.arn,
        "serviceArn": of.arn,
        "clusterArn": of.cluster.arn,
        "taskDefinition": value.task_definition.arn,
        "containerImages": [
            {"containerName": c["name"], "image": c["image"]} for c in value.task_definition.containers
        ],
        "createdAt": value.created_at,
    }


def task(value: Task, *, tags: bool = False) -> dict[str, Any]:
    """Return a Task."""
    body = value.task_definition.body
    return {
        "taskArn": value.arn,
        "clusterArn": value.cluster.arn,
        "taskDefinitionArn": value.task_definition.arn,
        "group": value.group,
        "startedBy": value.started_by or None,
        "lastStatus": value.last_status,
        "desiredStatus": value.desired_status,
        "healthStatus": value.health_status,
        "version": value.version,
        "availabilityZone": value.availability_zone,
        "attachments": _attachments(value),
        "containers": [_container(value, container) for container in value.containers],
        "cpu": body.get("cpu"),
        "memory": body.get("memory"),
        "launchType": value.place.launch_type,
        "capacityProviderName": value.place.capacity_provider,
        "containerInstanceArn": value.place.instance.arn if value.place.instance else None,
        "connectivity": "CONNECTED" if value.interface else None,
        "connectivityAt": value.pull_started_at,
        "createdAt": value.created_at,
        "pullStartedAt": value.pull_started_at,
        "pullStoppedAt": value.pull_stopped_at,
        "startedAt": value.started_at,
        "stoppingAt": value.stopping_at,
        "executionStoppedAt": value.execution_stopped_at,
        "stoppedAt": value.stopped_at,
        "stopCode": value.stop_code,
        "stoppedReason": value.stopped_reason,
        "overrides": _overrides(value),
        "tags": tag_list(value.tags) if tags else [],
        **(PLATFORM if value.place.launch_type == "FARGATE" else {}),
    }


def _overrides(of: Task) -> dict[str, Any]:
    asked = {override["name"]: override for override in of.overrides.get("containerOverrides", [])}
    members = [asked.get(container.name, {"name": container.name}) for container in of.containers]
    return {**of.overrides, "containerOverrides": members}


def _counts(tasks: list[Task], running: str, pending: str) -> dict[str, int]:
    statuses = [task.last_status for task in tasks if task.last_status in LIVE_STATUSES]
    at_work = statuses.count("RUNNING")
    return {running: at_work, pending: len(statuses) - at_work}


def _current_revision(of: Service, value: Deployment) -> dict[str, Any]:
    counts = _counts(of.tasks_of(value), "runningTaskCount", "pendingTaskCount")
    wanted = of.desired_count if value.status == "PRIMARY" else 0
    return {"arn": value.revision.arn, "requestedTaskCount": wanted, **counts}


def _revision_summary(of: Service, value: Revision) -> dict[str, Any]:
    tasks = [task for task in of.tasks if task.revision is value]
    wanted = of.desired_count if value is of.primary.revision else 0
    return {
        "arn": value.arn,
        "requestedTaskCount": wanted,
        **_counts(tasks, "runningTaskCount", "pendingTaskCount"),
        "requestedProductionTrafficWeight": 100.0 if wanted else 0.0,
    }


def _attachments(of: Task) -> list[dict[str, Any]]:
    interface = of.interface
    if interface is None:
        return []
    details = {
        "subnetId": interface.subnet_id,
        "networkInterfaceId": interface.interface_id,
        "privateIPv4Address": interface.ip,
        "privateDnsName": f"ip-{interface.ip.replace('.', '-')}.ec2.internal",
    }
    status = "DELETED" if of.last_status == "STOPPED" else "ATTACHED"
    listed = [{"name": name, "value": text} for name, text in details.items()]
    return [{"id": interface.attachment_id, "type": "ElasticNetworkInterface", "status": status, "details": listed}]


def _container(of: Task, value: Container) -> dict[str, Any]:
    interfaces = (
        [{"attachmentId": of.interface.attachment_id, "privateIpv4Address": of.interface.ip}] if of.interface else []
    )
    return {
        "containerArn": value.arn,
        "taskArn": of.arn,
        "name": value.name,
        "image": value.definition["image"],
        "runtimeId": value.runtime_id,
        "lastStatus": value.last_status,
        "exitCode": value.exit_code,
        "reason": value.reason,
        "networkBindings": [],
        "networkInterfaces": interfaces,
        "healthStatus": value.health_status,
        "cpu": str(value.definition.get("cpu", 0)),
        "memory": None if "memory" not in value.definition else str(value.definition["memory"]),
    }
