"""Amazon ECS: clusters, services, their rollouts and tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from chalicelib.aws.calls import batched, call, call_once, listed, tag_list
from chalicelib.aws.service_document import NEED_FORCE, classic_load_balancer_of, compute, service_spec_of, settings
from chalicelib.aws.task_document import RolloutTask, private_address, rollout_task, stopped_task
from chalicelib.deployment import ServiceProgress
from chalicelib.diagnosis import ServiceEvent, StoppedTask
from chalicelib.errors import AwsRefused, Unsettled
from chalicelib.manifest.services import FARGATE_PROVIDERS
from chalicelib.rollout import Rollout
from chalicelib.specs import ServiceSpec, Serving

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import (
        DeploymentTypeDef,
        ServiceDeploymentBriefTypeDef,
        ServiceDeploymentTypeDef,
        ServiceEventTypeDef,
        ServiceTypeDef,
        TaskTypeDef,
    )

BATCH = 10  # DescribeServices takes ten names, ECS API reference
SAME_MOMENT = timedelta(seconds=1)  # between an ECS deployment and its service deployment, as ECS dates them


class Ecs:
    """The clusters and services of an account and region; `once` asks without attempts of its own."""

    def __init__(self, client: ECSClient, once: ECSClient) -> None:
        self._client = client
        self._once = once

    def create_cluster(self, cluster: str, tags: Mapping[str, str]) -> None:
        """Have an ACTIVE cluster: create it, with the capacity providers of Fargate, unless one of this name exists.

        Raises Unsettled while its capacity providers are being made: it takes no service before it is ACTIVE (API
        reference, Cluster).
        """
        status = self._created(cluster, tags)
        if status != "ACTIVE":
            raise Unsettled("create_cluster", status, f"the cluster {cluster} is {status}")

    def _created(self, cluster: str, tags: Mapping[str, str]) -> str:
        """Create a cluster; return its status, or that of one that is there.

        One that was made with other arguments is refused, in the words "Arguments on this idempotent request are
        inconsistent" (github.com/hashicorp/waypoint/issues/513).
        """
        providers, own = list(FARGATE_PROVIDERS), cast("Any", tag_list(tags))
        try:
            made = call(self._client.create_cluster, clusterName=cluster, capacityProviders=providers, tags=own)
        except AwsRefused:
            found = call(self._client.describe_clusters, clusters=[cluster])["clusters"]
            status = next((each.get("status", "") for each in found), "MISSING")
            if status not in ("ACTIVE", "PROVISIONING", "DEPROVISIONING"):
                raise
            return status
        return made["cluster"].get("status", "ACTIVE")

    def serving(self, cluster: str, names: Sequence[str]) -> dict[str, Serving | None]:
        """Return what serves under each name: None when there is no service, or it is INACTIVE."""
        found: dict[str, Serving | None] = dict.fromkeys(names)
        for service in self._describe(cluster, names, tags=True):
            if service.get("status") != "INACTIVE":
                found[service["serviceName"]] = _serving(service)
        return found

    def _describe(self, cluster: str, names: Sequence[str], *, tags: bool = False) -> list[ServiceTypeDef]:
        include: Any = ["TAGS"] if tags else []
        services: list[ServiceTypeDef] = []
        for batch in batched(names, BATCH):
            try:
                answer = call(self._client.describe_services, cluster=cluster, services=batch, include=include)
            except AwsRefused as refusal:
                if refusal.aws_code == "ClusterNotFoundException":
                    return []
                raise
            services += answer["services"]
        return services

    def create_service(
        self, cluster: str, name: str, spec: ServiceSpec, tags: Mapping[str, str], token: str
    ) -> Rollout:
        """Create a service with its registry and target group; the same `token` creates it once."""
        answer = call(
            self._client.create_service,
            cluster=cluster,
            serviceName=name,
            clientToken=token,
            schedulingStrategy="REPLICA",
            enableECSManagedTags=True,
            propagateTags="SERVICE",
            tags=cast("Any", tag_list(tags)),
            **cast("Any", compute(spec)),
            **cast("Any", settings(spec)),
        )
        return rollout_of(answer["service"])

    def update_service(
        self, cluster: str, name: str, spec: ServiceSpec, changed: Sequence[str], *, force: bool = False
    ) -> Rollout:
        """Change the named fields of a service, in one call: two start two rollouts.

        `force` always starts one, and so does a change of capacity providers, which ECS takes in no other way.
        """
        wanted = {key: value for field in changed for key, value in settings(spec, (field,)).items()}
        wanted |= {"forceNewDeployment": True} if force or NEED_FORCE.intersection(changed) else {}
        answer = call_once(self._once.update_service, cluster=cluster, service=name, **wanted)
        return rollout_of(answer["service"])

    def restart_rollout(self, cluster: str, name: str) -> Rollout:
        """Start another rollout of what the service asks for already."""
        answer = call_once(self._once.update_service, cluster=cluster, service=name, forceNewDeployment=True)
        return rollout_of(answer["service"])

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set tags on a service."""
        call(self._client.tag_resource, resourceArn=arn, tags=cast("Any", tag_list(tags)))

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Take tags off a service."""
        call(self._client.untag_resource, resourceArn=arn, tagKeys=list(keys))

    def rollout(self, cluster: str, name: str, followed: ServiceProgress | None = None) -> Rollout | None:
        """Return how the rollout of a service goes, and the one that is followed; None when there is no such service.

        The service deployment is not asked for while the PRIMARY deployment is the followed one, in progress: it could
        tell nothing else. Of one that succeeded the list tells all; of another only it itself does.
        """
        found = [each for each in self._describe(cluster, [name]) if each.get("status") != "INACTIVE"]
        if not found:
            return None
        primary, own = _primary(found[0]), followed.ecs_deployment_id if followed else None
        if followed is None or (primary.get("id"), primary.get("rolloutState")) == (own, "IN_PROGRESS"):
            return rollout_of(found[0], own)
        begun = None if followed.service_deployment_arn else self._begun_by(cluster, name, followed)
        arn = begun["serviceDeploymentArn"] if begun else followed.service_deployment_arn
        succeeded = begun if begun and begun["status"] == "SUCCESSFUL" else None
        told = succeeded or self._service_deployment(arn)
        return replace(rollout_of(found[0], own, told), service_deployment_arn=arn)

    def _begun_by(self, cluster: str, name: str, followed: ServiceProgress) -> ServiceDeploymentBriefTypeDef | None:
        """Return the service deployment that our own call started, as it is listed, None while it is not seen.

        Neither the answer to the call nor `currentServiceDeployment` names it for sure: both may have the one before
        (github.com/aws/containers-roadmap/issues/2709, github.com/kayac/ecspresso/pull/945). It is the one that was
        made nearest to our ECS deployment, by ECS's own clock, and was not over by then.
        """
        made_at = followed.ecs_deployment_created_at
        if made_at is None or not followed.rolls_out:
            return None
        since, ask = made_at - SAME_MOMENT, self._client.list_service_deployments
        try:
            answer = call(ask, cluster=cluster, service=name, createdAt={"after": since})
        except AwsRefused as refusal:
            if refusal.aws_code == "ServiceNotFoundException":
                return None
            raise
        found = [each for each in answer["serviceDeployments"] if each["createdAt"] >= since]
        may_be_ours = [each for each in found if each.get("finishedAt", made_at) >= made_at]
        return min(may_be_ours, key=lambda each: abs(each["createdAt"] - made_at), default=None)

    def _service_deployment(self, arn: str | None) -> ServiceDeploymentTypeDef | None:
        if arn is None:
            return None
        answer = call(self._client.describe_service_deployments, serviceDeploymentArns=[arn])
        return next(iter(answer["serviceDeployments"]), None)

    def running_addresses(self, cluster: str, name: str) -> dict[str, datetime]:
        """Return the private IPv4 addresses of a service's running tasks, sorted, and since when each runs.

        None of one that ECS does not show: not yet, or not any more.
        """
        try:
            tasks = self._tasks(cluster, name, "RUNNING")
        except AwsRefused as refusal:
            if refusal.aws_code == "ServiceNotFoundException":
                return {}
            raise
        running = [task for task in tasks if task.get("lastStatus") == "RUNNING"]
        since = {private_address(task): task.get("startedAt", task["createdAt"]) for task in running}
        return {address: since[address] for address in sorted(filter(None, since))}

    def image_digests(self, cluster: str, name: str) -> dict[str, str]:
        """Return the digest of the image that each container of a service's newest running task has pulled."""
        tasks = [task for task in self._tasks(cluster, name, "RUNNING") if task.get("lastStatus") == "RUNNING"]
        oldest_first = sorted(tasks, key=lambda task: task["createdAt"])
        containers = [each for task in oldest_first for each in task.get("containers", [])]
        return {each["name"]: each["imageDigest"] for each in containers if each.get("imageDigest")}

    def running_task_definition(self, cluster: str, name: str) -> str | None:
        """Return the task definition of the oldest deployment with running tasks, None when nothing runs."""
        services = self._describe(cluster, [name])
        deployments = [each for service in services for each in service["deployments"] if each.get("runningCount")]
        oldest = min(deployments, key=lambda each: each["createdAt"], default=None)
        return oldest["taskDefinition"] if oldest else None

    def stopped_tasks(self, cluster: str, name: str, ecs_deployment_id: str) -> tuple[StoppedTask, ...]:
        """Return the stopped tasks that one rollout started, newest first. ECS forgets them after an hour."""
        tasks = [task for task in self._tasks(cluster, name, "STOPPED") if task.get("startedBy") == ecs_deployment_id]
        newest_first = sorted(tasks, key=lambda task: task["createdAt"], reverse=True)
        return tuple(stopped_task(task) for task in newest_first)

    def rollout_tasks(self, cluster: str, task_definition: str, ecs_deployment_id: str) -> tuple[RolloutTask, ...]:
        """Return the tasks that one rollout started, running and stopped, newest first; none without the cluster.

        They are asked for by their family: ECS lists none by the name of a service that is gone.
        """
        family = task_definition.rpartition("/")[2].partition(":")[0]
        try:
            tasks = [each for status in ("RUNNING", "STOPPED") for each in self._family_tasks(cluster, family, status)]
        except AwsRefused as refusal:
            if refusal.aws_code == "ClusterNotFoundException":
                return ()
            raise
        own = [each for each in tasks if each.get("startedBy") == ecs_deployment_id]
        newest_first = sorted(own, key=lambda each: each["createdAt"], reverse=True)
        return tuple(rollout_task(each) for each in newest_first)

    def events(self, cluster: str, name: str, since: datetime) -> tuple[ServiceEvent, ...]:
        """Return the events of a service since an instant, newest first; ECS keeps a hundred."""
        told = [event for service in self._describe(cluster, [name]) for event in service.get("events", [])]
        return tuple(each for each in _events(told) if each.at >= since)

    def triggered_alarms(self, service_deployment_arn: str) -> tuple[str, ...]:
        """Return the names of the CloudWatch alarms that went off during a service deployment."""
        found = self._service_deployment(service_deployment_arn)
        return tuple(found.get("alarms", {}).get("triggeredAlarmNames", [])) if found else ()

    def _tasks(self, cluster: str, name: str, desired_status: str) -> list[TaskTypeDef]:
        return self._listed(cluster, serviceName=name, desiredStatus=desired_status)

    def _family_tasks(self, cluster: str, family: str, desired_status: str) -> list[TaskTypeDef]:
        return self._listed(cluster, family=family, desiredStatus=desired_status)

    def _listed(self, cluster: str, **which: Any) -> list[TaskTypeDef]:
        arns = listed(self._client, "list_tasks", "taskArns", cluster=cluster, **which)
        tasks: list[TaskTypeDef] = []
        for batch in batched(arns, 100):
            tasks += call(self._client.describe_tasks, cluster=cluster, tasks=batch)["tasks"]
        return tasks


def _serving(service: ServiceTypeDef) -> Serving:
    primary = _primary(service)
    return Serving(
        arn=service["serviceArn"],
        status=service["status"],
        spec=service_spec_of(service),
        tags={tag.get("key", ""): tag.get("value", "") for tag in service.get("tags", [])},
        ecs_deployment_id=primary.get("id"),
        ecs_deployment_created_at=primary.get("createdAt"),
        rollout_failed=primary.get("rolloutState") == "FAILED",
        ecs_deployments=tuple(each.get("id", "") for each in service["deployments"]),
        classic_load_balancer=classic_load_balancer_of(service),
    )


def rollout_of(
    service: ServiceTypeDef, own_id: str | None = None, service_deployment: Mapping[str, Any] | None = None
) -> Rollout:
    """Return the rollout of a service's PRIMARY deployment, and the states of the deployments that we follow."""
    primary = _primary(service)
    own: Mapping[str, Any] = next((each for each in service["deployments"] if each.get("id") == own_id), {})
    followed: Mapping[str, Any] = service_deployment or {}
    percents = service.get("deploymentConfiguration", {})
    return Rollout(
        service_status=service["status"],
        primary_id=primary.get("id", ""),
        primary_task_definition=primary.get("taskDefinition", ""),
        rollout_state=primary.get("rolloutState", "IN_PROGRESS"),
        rollout_reason=primary.get("rolloutStateReason", ""),
        desired=service["desiredCount"],
        primary_desired=primary.get("desiredCount", 0),
        running=primary.get("runningCount", 0),
        pending=primary.get("pendingCount", 0),
        failed=primary.get("failedTasks", 0),
        total_running=service.get("runningCount", 0),
        primary_created_at=primary.get("createdAt"),
        own_state=own.get("rolloutState", "IN_PROGRESS") if own else None,
        own_reason=own.get("rolloutStateReason", ""),
        service_deployment_status=followed.get("status"),
        service_deployment_reason=followed.get("statusReason", ""),
        settled_at=_settled_at(followed),
        minimum_healthy_percent=percents.get("minimumHealthyPercent", 100),
        maximum_percent=percents.get("maximumPercent", 200),
        events=_events(service.get("events", [])),
    )


def _events(told: Sequence[ServiceEventTypeDef]) -> tuple[ServiceEvent, ...]:
    """Return a service's events, newest first."""
    events = [ServiceEvent(each["createdAt"], each["message"]) for each in told]
    return tuple(sorted(events, key=lambda each: each.at, reverse=True))


def _settled_at(service_deployment: Mapping[str, Any]) -> datetime | None:
    """Return when it was settled how a service deployment ends: one that goes back has failed by then."""
    went_back = service_deployment.get("rollback", {}).get("startedAt")
    found = went_back or service_deployment.get("finishedAt") or service_deployment.get("stoppedAt")
    return found if isinstance(found, datetime) else None


def _primary(service: ServiceTypeDef) -> DeploymentTypeDef:
    found = (each for each in service["deployments"] if each.get("status") == "PRIMARY")
    return next(found, cast("DeploymentTypeDef", {}))
