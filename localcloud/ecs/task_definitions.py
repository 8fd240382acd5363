"""The operations on task definitions."""

from typing import Any

from localcloud.ecs import lookup, view
from localcloud.ecs.revisions import TaskDefinition
from localcloud.ecs.state import World, tags_of
from localcloud.ecs.validate_task_definition import check_task_definition, normal_size
from localcloud.faults import AwsFault

CONTAINER_DEFAULTS: dict[str, Any] = {
    "cpu": 0,
    "essential": True,
    "portMappings": [],
    "environment": [],
    "mountPoints": [],
    "volumesFrom": [],
    "systemControls": [],
}
HEALTH_CHECK_DEFAULTS = {"interval": 30, "timeout": 5, "retries": 3}


class TaskDefinitions:
    """Register, show, list and deregister revisions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def register(self, request: dict[str, Any]) -> dict[str, Any]:
        """RegisterTaskDefinition: the family's next revision."""
        check_task_definition(request)
        family = request["family"]
        revisions = self._world.families.setdefault(family, [])
        number = len(revisions) + 1
        arn = self._world.arn(f"task-definition/{family}:{number}")
        body = {**_completed(request), "taskDefinitionArn": arn, "revision": number}
        definition = TaskDefinition(arn, family, number, body, self._world.now(), tags_of(request))
        revisions.append(definition)
        return {"taskDefinition": view.task_definition(definition), "tags": view.tag_list(definition.tags)}

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeTaskDefinition: by family (the newest active revision), family:revision or ARN."""
        definition = lookup.find_task_definition(self._world, request["taskDefinition"])
        if definition is None:
            raise AwsFault("ClientException", "Unable to describe task definition.")
        tags = {"tags": view.tag_list(definition.tags)} if "TAGS" in request.get("include", []) else {}
        return {"taskDefinition": view.task_definition(definition), **tags}

    def deregister(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeregisterTaskDefinition: it stays described, and what runs it keeps running."""
        reference = request["taskDefinition"]
        definition = lookup.find_task_definition(self._world, reference) if ":" in reference else None
        if definition is None:
            raise AwsFault("ClientException", "The specified task definition does not exist. Name family:revision.")
        if definition.status == "ACTIVE":
            definition.status, definition.deregistered_at = "INACTIVE", self._world.now()
        return {"taskDefinition": view.task_definition(definition)}

    def list(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListTaskDefinitions: by family and status; `sort` DESC gives the newest first."""
        wanted, family = request.get("status", "ACTIVE"), request.get("familyPrefix")
        families = [family] if family else sorted(self._world.families)
        revisions = [each for name in families for each in self._world.families.get(name, [])]
        arns = [each.arn for each in revisions if each.status == wanted]
        return lookup.page("taskDefinitionArns", arns[::-1] if request.get("sort") == "DESC" else arns, request)

    def list_families(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListTaskDefinitionFamilies: by prefix; ACTIVE are those that have an active revision."""
        wanted, prefix = request.get("status", "ACTIVE"), request.get("familyPrefix", "")
        names = [name for name in sorted(self._world.families) if name.startswith(prefix)]
        active = {name for name in names if any(each.status == "ACTIVE" for each in self._world.families[name])}
        shown = names if wanted == "ALL" else [name for name in names if (name in active) == (wanted == "ACTIVE")]
        return lookup.page("families", shown, request)


def _completed(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request's task definition with AWS's defaults."""
    body = {key: value for key, value in request.items() if key != "tags"}
    awsvpc = body.get("networkMode") == "awsvpc"
    body["containerDefinitions"] = [_completed_container(c, awsvpc=awsvpc) for c in request["containerDefinitions"]]
    fargate = "FARGATE" in body.get("requiresCompatibilities", [])
    sizes = {"cpu": ("vCPU", 1024), "memory": ("GB", 1024)}
    normal = {key: normal_size(body[key], *unit) for key, unit in sizes.items() if body.get(key)}
    compatibilities = ["EC2", "FARGATE"] if fargate else ["EC2"]
    return {"volumes": [], "placementConstraints": [], **body, **normal, "compatibilities": compatibilities}


def _completed_container(container: dict[str, Any], *, awsvpc: bool) -> dict[str, Any]:
    completed = {**CONTAINER_DEFAULTS, **container}
    completed["portMappings"] = [_completed_port(mapping, awsvpc=awsvpc) for mapping in completed["portMappings"]]
    if "healthCheck" in container:
        completed["healthCheck"] = {**HEALTH_CHECK_DEFAULTS, **container["healthCheck"]}
    return completed


def _completed_port(mapping: dict[str, Any], *, awsvpc: bool) -> dict[str, Any]:
    host_port = mapping.get("containerPort") if awsvpc else 0
    return {"protocol": "tcp", "hostPort": host_port, **mapping}
