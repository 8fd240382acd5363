"""The operations on container instances.

An instance is registered as its agent does it, with RegisterContainerInstance: `totalResources` CPU and MEMORY, the
instance's id in `instanceIdentityDocument`, its zone in the attribute `ecs.availability-zone`.
"""

import json
from typing import Any

from localcloud.ecs import lookup, view
from localcloud.ecs.capacity import ContainerInstance
from localcloud.ecs.placement import Placement
from localcloud.ecs.state import PENDING_STATUSES, World, new_id, tags_of
from localcloud.faults import AwsFault

ZONE = "ecs.availability-zone"


class ContainerInstances:
    """Register, deregister, list and show container instances."""

    def __init__(self, world: World, placement: Placement) -> None:
        self._world = world
        self._placement = placement

    def register(self, request: dict[str, Any]) -> dict[str, Any]:
        """RegisterContainerInstance."""
        cluster = lookup.cluster(self._world, request)
        attributes = {each["name"]: each.get("value", "") for each in request.get("attributes", [])}
        totals = {each["name"]: each.get("integerValue", 0) for each in request.get("totalResources", [])}
        if not (totals.get("CPU", 0) > 0 and totals.get("MEMORY", 0) > 0):
            raise AwsFault("InvalidParameterException", "totalResources must have a CPU and a MEMORY above 0.")
        arn = self._world.arn(f"container-instance/{cluster.name}/{new_id()}")
        instance = ContainerInstance(
            arn=arn,
            cluster_arn=cluster.arn,
            ec2_instance_id=_ec2_instance_id(request, default=f"i-{new_id()[:17]}"),
            zone=attributes.get(ZONE, f"{self._world.region}a"),
            cpu=totals["CPU"],
            memory_mib=totals["MEMORY"],
            registered_at=self._world.now(),
            tags=tags_of(request),
        )
        self._world.container_instances[arn] = instance
        self._world.wake()
        return {"containerInstance": self._view(instance)}

    def deregister(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeregisterContainerInstance: with `force`, its tasks are left to themselves; ECS stops them here."""
        cluster = lookup.cluster(self._world, request)
        instance = self._find(cluster.arn, request["containerInstance"])
        if instance is None:
            raise AwsFault("InvalidParameterException", "Referenced container instance not found.")
        tasks = self._placement.tasks_on(instance)
        if tasks and not request.get("force"):
            raise AwsFault("InvalidParameterException", "Found running tasks on the instance.")
        for task in tasks:
            task.request_stop("TerminationNotice", "Host EC2 instance terminated.", self._world.now())
        del self._world.container_instances[instance.arn]
        self._world.wake()
        return {"containerInstance": {**self._view(instance), "status": "INACTIVE"}}

    def list(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListContainerInstances: those of a cluster, all ACTIVE."""
        cluster = lookup.cluster(self._world, request)
        shown = request.get("status", "ACTIVE") == "ACTIVE"
        arns = [instance.arn for instance in self._placement.instances(cluster) if shown]
        return lookup.page("containerInstanceArns", arns, request)

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeContainerInstances: at most 100; those that are not there come as failures, MISSING."""
        cluster = lookup.cluster(self._world, request)
        if len(request["containerInstances"]) > 100:
            raise AwsFault("InvalidParameterException", "Container instances cannot have more than 100 elements.")
        found = {reference: self._find(cluster.arn, reference) for reference in request["containerInstances"]}
        prefix = f"container-instance/{cluster.name}"
        return {
            "containerInstances": [self._view(instance) for instance in found.values() if instance],
            "failures": [
                {"arn": self._world.arn(f"{prefix}/{lookup.short_name(reference)}"), "reason": "MISSING"}
                for reference, instance in found.items()
                if instance is None
            ],
        }

    def _find(self, cluster_arn: str, reference: str) -> ContainerInstance | None:
        mine = (each for each in self._world.container_instances.values() if each.cluster_arn == cluster_arn)
        return next((each for each in mine if each.id == lookup.short_name(reference)), None)

    def _view(self, instance: ContainerInstance) -> dict[str, Any]:
        tasks, left = self._placement.tasks_on(instance), self._placement.room(instance)
        return {
            "containerInstanceArn": instance.arn,
            "ec2InstanceId": instance.ec2_instance_id,
            "version": 1,
            "registeredResources": _resources(instance.cpu, instance.memory_mib),
            "remainingResources": _resources(left.cpu, left.memory_mib),
            "status": "ACTIVE",
            "agentConnected": True,
            "runningTasksCount": sum(task.last_status == "RUNNING" for task in tasks),
            "pendingTasksCount": sum(task.last_status in PENDING_STATUSES for task in tasks),
            "attributes": [{"name": ZONE, "value": instance.zone}, {"name": "ecs.os-type", "value": "linux"}],
            "registeredAt": instance.registered_at,
            "tags": view.tag_list(instance.tags),
        }


def _ec2_instance_id(request: dict[str, Any], default: str) -> str:
    try:
        document = json.loads(request.get("instanceIdentityDocument") or "{}")
    except ValueError as error:
        raise AwsFault("InvalidParameterException", f"instanceIdentityDocument is not JSON: {error}") from error
    return str(document.get("instanceId", default))


def _resources(cpu: int, memory_mib: int) -> list[dict[str, Any]]:
    return [
        {"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value}
        for name, value in (("CPU", cpu), ("MEMORY", memory_mib))
    ]
