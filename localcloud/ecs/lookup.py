"""Find what a request names, by name or ARN, or refuse in AWS's words; and cut lists into pages."""

from collections.abc import Sequence
from typing import Any

from localcloud.ecs.revisions import ServiceDeployment, TaskDefinition
from localcloud.ecs.state import Cluster, Service, Task, World
from localcloud.faults import AwsFault


def short_name(reference: str) -> str:
    """Return the last part of an ARN, or the name itself."""
    return reference.rsplit("/", 1)[-1]


def cluster(world: World, request: dict[str, Any]) -> Cluster:
    """Return the cluster of a request ("default" when it names none). Raises ClusterNotFoundException."""
    found = world.clusters.get(short_name(request.get("cluster") or "default"))
    if found is None or found.status != "ACTIVE":
        raise AwsFault("ClusterNotFoundException", "Cluster not found.")
    return found


def find_service(world: World, of: Cluster, reference: str) -> Service | None:
    """Return the service of that name or ARN in a cluster, or None."""
    return world.services.get(world.arn(f"service/{of.name}/{short_name(reference)}"))


def service(world: World, of: Cluster, reference: str) -> Service:
    """Return the service of that name or ARN. Raises ServiceNotFoundException, also for one that is INACTIVE."""
    found = find_service(world, of, reference)
    if found is None or found.status == "INACTIVE":
        raise AwsFault("ServiceNotFoundException", "Service not found.")
    return found


def find_task_definition(world: World, reference: str) -> TaskDefinition | None:
    """Return the revision of an ARN or "family:revision", or the newest active one of a family; or None."""
    family, _, revision = short_name(reference).partition(":")
    revisions = world.families.get(family, [])
    if revision:
        return next((each for each in revisions if str(each.revision) == revision), None)
    return next((each for each in reversed(revisions) if each.status == "ACTIVE"), None)


def runnable_task_definition(world: World, reference: str | None) -> TaskDefinition:
    """Return the active revision that a service names. Raises ClientException."""
    if not reference:
        raise AwsFault("InvalidParameterException", "TaskDefinition can not be blank.")
    found = find_task_definition(world, reference)
    if found is None:
        raise AwsFault("ClientException", "TaskDefinition not found.")
    if found.status != "ACTIVE":
        raise AwsFault("ClientException", "TaskDefinition is inactive")
    return found


def task(world: World, of: Cluster, reference: str) -> Task | None:
    """Return the task of that id or ARN in a cluster, or None."""
    return world.tasks.get(world.arn(f"task/{of.name}/{short_name(reference)}"))


def service_deployment(world: World, arn: str) -> tuple[Service, ServiceDeployment] | None:
    """Return a service deployment and its service, or None."""
    for owner in world.services.values():
        for record in owner.history:
            if record.arn == arn:
                return owner, record
    return None


def page(member: str, items: Sequence[Any], request: dict[str, Any]) -> dict[str, Any]:
    """Return one page of a list: {member: items} and `nextToken` where there are more."""
    start, size = int(request.get("nextToken") or 0), int(request.get("maxResults") or 100)
    more = {"nextToken": str(start + size)} if start + size < len(items) else {}
    return {member: list(items[start : start + size]), **more}
