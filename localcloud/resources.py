"""Which calls show which resources, and which change them: of ECS, load balancing and Cloud Map.

A resource is called by its ARN without account and region ("service/shop/web"), in Cloud Map by its id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from localcloud.faults import AwsFault

Request = Mapping[str, Any]
Look = tuple[str, dict[str, Any]]
"""A read: operation and request."""
ECS, ELB, CLOUD_MAP = "ecs", "elasticloadbalancing", "servicediscovery"


@dataclass(frozen=True)
class Each:
    """A read that shows resources one by one: in `member` of its answer, each called by its `name`, "" for itself."""

    member: str
    name: str = ""


@dataclass(frozen=True)
class Whole:
    """A read whose whole answer is about the one resource that `member` of its request names."""

    member: str


READS: Mapping[tuple[str, str], Each | Whole] = MappingProxyType(
    {
        (ECS, "DescribeServices"): Each("services", "serviceArn"),
        (ECS, "ListServices"): Each("serviceArns"),
        (ECS, "DescribeTasks"): Each("tasks", "taskArn"),
        (ECS, "ListTasks"): Each("taskArns"),
        (ECS, "DescribeServiceDeployments"): Each("serviceDeployments", "serviceDeploymentArn"),
        (ECS, "ListServiceDeployments"): Each("serviceDeployments", "serviceDeploymentArn"),
        (ECS, "DescribeClusters"): Each("clusters", "clusterArn"),
        (ECS, "ListClusters"): Each("clusterArns"),
        (ELB, "DescribeTargetGroups"): Each("TargetGroups", "TargetGroupArn"),
        (ELB, "DescribeTargetGroupAttributes"): Whole("TargetGroupArn"),
        (ELB, "DescribeTargetHealth"): Whole("TargetGroupArn"),
        (ELB, "DescribeRules"): Each("Rules", "RuleArn"),
        (ELB, "DescribeTags"): Each("TagDescriptions", "ResourceArn"),
        (CLOUD_MAP, "ListServices"): Each("Services", "Id"),
        (CLOUD_MAP, "GetService"): Whole("Id"),
        (CLOUD_MAP, "ListInstances"): Whole("ServiceId"),
        (CLOUD_MAP, "ListTagsForResource"): Whole("ResourceARN"),
    }
)
ASKED_BY_NAME = ("Names", "TargetGroupArns", "RuleArns", "ResourceArns")
"""Members by which load balancing is asked for certain resources: one that is not there is a refusal."""


def name_of(service: str, text: str) -> str:
    """Return what the resource of an ARN, or id, is called here."""
    return text.rpartition("/")[2] if service == CLOUD_MAP else text.split(":", 5)[-1]


def named(service: str, operation: str, request: Request) -> list[str]:
    """Return what a read asks about, beside the resources that it shows one by one."""
    read = READS[service, operation]
    if isinstance(read, Whole):
        return [name_of(service, request[read.member])]
    if service != ECS or "cluster" not in request:
        return []
    cluster = _short(request["cluster"])
    services = [request[member] for member in ("service", "serviceName") if member in request]
    return [f"cluster/{cluster}", *(f"service/{cluster}/{_short(each)}" for each in services)]


def seen(service: str, look: Look, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an answer shows, by the names of the resources."""
    operation, request = look
    read = READS[service, operation]
    if isinstance(read, Whole):
        return dict.fromkeys(named(service, operation, request), answer)
    return {name_of(service, each[read.name] if read.name else each): each for each in answer[read.member]}


def not_found(service: str, operation: str, name: str) -> AwsFault:
    """Return how a read of what is not there is refused."""
    if operation == "ListTagsForResource":
        return AwsFault("ResourceNotFoundException", f"No namespace or service has the ARN {name}", 404)
    if service == CLOUD_MAP:
        return AwsFault("ServiceNotFound", f"Service not found: {name}", 404)
    kinds = {
        "cluster": ("ClusterNotFoundException", "Cluster not found."),
        "service": ("ServiceNotFoundException", "Service not found."),
        "targetgroup": ("TargetGroupNotFound", "One or more target groups not found"),
        "listener-rule": ("RuleNotFound", "One or more rules not found"),
    }
    return AwsFault(*kinds[name.partition("/")[0]])


def looks(service: str, operation: str, request: Request) -> list[Look]:
    """Return the reads that show what a call changes; a call that changes nothing of it has none."""
    write = WRITES.get((service, operation))
    return write(request) if write else []


def _short(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def _service(request: Request) -> list[Look]:
    cluster, service = request.get("cluster", "default"), request.get("serviceName") or request["service"]
    return [
        ("DescribeServices", {"cluster": cluster, "services": [service], "include": ["TAGS"]}),
        ("ListServiceDeployments", {"cluster": cluster, "service": service}),
    ]


def _cluster(request: Request) -> list[Look]:
    name = request.get("clusterName") or request.get("cluster", "default")
    return [("DescribeClusters", {"clusters": [name], "include": ["TAGS"]})]


def _tagged(request: Request) -> list[Look]:
    kind, *names = name_of(ECS, request["resourceArn"]).split("/")
    if kind == "service":
        return _service({"cluster": names[0], "service": names[1]})
    return _cluster({"cluster": names[0]}) if kind == "cluster" else []


def _service_deployment(request: Request) -> list[Look]:
    arn = request["serviceDeploymentArn"]
    _, cluster, service, _ = name_of(ECS, arn).split("/")
    listed = {"cluster": cluster, "service": service}
    return [("DescribeServiceDeployments", {"serviceDeploymentArns": [arn]}), ("ListServiceDeployments", listed)]


def _tasks(request: Request) -> list[Look]:
    family = _short(request["taskDefinition"]).partition(":")[0]
    return [("ListTasks", {"cluster": request.get("cluster", "default"), "family": family})]


def _task(request: Request) -> list[Look]:
    return [("DescribeTasks", {"cluster": request.get("cluster", "default"), "tasks": [request["task"]]})]


def _target_group(request: Request) -> list[Look]:
    return [("DescribeTargetGroups", {"TargetGroupArns": [request["TargetGroupArn"]]})]


def _elb_tags(request: Request) -> list[Look]:
    return [("DescribeTags", {"ResourceArns": request["ResourceArns"]})]


def _cloud_map_tags(request: Request) -> list[Look]:
    return [("ListTagsForResource", {"ResourceARN": request["ResourceARN"]})]


WRITES: Mapping[tuple[str, str], Callable[[Request], list[Look]]] = MappingProxyType(
    {
        (ECS, "CreateService"): _service,
        (ECS, "UpdateService"): _service,
        (ECS, "DeleteService"): _service,
        (ECS, "StopServiceDeployment"): _service_deployment,
        (ECS, "CreateCluster"): _cluster,
        (ECS, "DeleteCluster"): _cluster,
        (ECS, "PutClusterCapacityProviders"): _cluster,
        (ECS, "RunTask"): _tasks,
        (ECS, "StopTask"): _task,
        (ECS, "TagResource"): _tagged,
        (ECS, "UntagResource"): _tagged,
        (ELB, "CreateTargetGroup"): lambda request: [("DescribeTargetGroups", {"Names": [request["Name"]]})],
        (ELB, "ModifyTargetGroup"): _target_group,
        (ELB, "ModifyTargetGroupAttributes"): lambda request: [
            ("DescribeTargetGroupAttributes", {"TargetGroupArn": request["TargetGroupArn"]})
        ],
        (ELB, "CreateRule"): lambda request: [("DescribeRules", {"ListenerArn": request["ListenerArn"]})],
        (ELB, "ModifyRule"): lambda request: [("DescribeRules", {"RuleArns": [request["RuleArn"]]})],
        (ELB, "SetRulePriorities"): lambda request: [
            ("DescribeRules", {"RuleArns": [each["RuleArn"] for each in request["RulePriorities"]]})
        ],
        (ELB, "AddTags"): _elb_tags,
        (ELB, "RemoveTags"): _elb_tags,
        (CLOUD_MAP, "CreateService"): lambda _request: [("ListServices", {})],
        (CLOUD_MAP, "TagResource"): _cloud_map_tags,
        (CLOUD_MAP, "UntagResource"): _cloud_map_tags,
    }
)
"""What a call deletes is gone at once; what Cloud Map does by an operation is told by GetOperation, when it is done."""
