"""The rules of CreateService and UpdateService, with AWS's words.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html and API_ServiceRegistry.html
"""

import re
from typing import Any

from localcloud.ecs.capacity_providers import check_strategy, strategy_of
from localcloud.ecs.ports import Balancer, Discovery
from localcloud.ecs.revisions import TaskDefinition
from localcloud.ecs.state import Cluster
from localcloud.faults import AwsFault

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
TOKEN = re.compile(r"[!-~]{1,36}")
NOT_HERE = {
    "serviceConnectConfiguration": "Service Connect",
    "volumeConfigurations": "managed EBS volumes",
    "vpcLatticeConfigurations": "VPC Lattice",
    "gatewayConnectors": "gateway connectors",
    "monitoring": "managed monitoring",
}


def check_request(request: dict[str, Any]) -> None:
    """Raise AwsFault for what is wrong in the request by itself."""
    token = request.get("clientToken")
    _require(token is None or TOKEN.fullmatch(token), "clientToken must have 1 to 36 printable ASCII characters.")
    _require(request.get("desiredCount", 0) >= 0, "desiredCount must not be negative.")
    for member, feature in NOT_HERE.items():
        _require_here(not request.get(member), feature)
    _require_here(request.get("schedulingStrategy", "REPLICA") == "REPLICA", "the scheduling strategy DAEMON")
    controller = request.get("deploymentController", {}).get("type", "ECS")
    _require_here(controller == "ECS", f"the deployment controller {controller}")
    _check_configuration(request.get("deploymentConfiguration", {}))


def check_name(name: str) -> None:
    """Raise AwsFault when a service cannot have this name."""
    _require(NAME.fullmatch(name), "Invalid service name: use up to 255 letters, digits, hyphens and underscores.")


COMPUTE = ("launchType", "capacityProviderStrategy", "networkConfiguration", "propagateTags", "enableECSManagedTags")
"""What services and RunTask say alike of where and how tasks run."""


def with_compute(request: dict[str, Any], cluster: Cluster) -> dict[str, Any]:
    """Return a request's COMPUTE members, with the cluster's default strategy or else EC2 when it names neither."""
    settings = {member: request[member] for member in COMPUTE if member in request}
    strategy = strategy_of(request, cluster)
    if not strategy:
        return {**settings, "launchType": request.get("launchType", "EC2")}
    return {**settings, "capacityProviderStrategy": strategy}


def check_compute(settings: dict[str, Any], definition: TaskDefinition, cluster: Cluster) -> None:
    """Raise AwsFault when tasks of this definition cannot run where the settings say."""
    strategy, launch_type = settings.get("capacityProviderStrategy"), settings.get("launchType")
    _require(
        not (strategy and launch_type),
        "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
    )
    _require_here(launch_type in (None, "EC2", "FARGATE"), f"the launch type {launch_type}")
    check_strategy(strategy or [], cluster.settings.get("capacityProviders", []))
    required = definition.body.get("requiresCompatibilities", [])
    _require(launch_type != "FARGATE" or "FARGATE" in required, "Task definition does not support launch_type FARGATE.")
    _require(
        not strategy or "FARGATE" in required,
        "The provided task definition is not compatible with the selected compute strategy. "
        "Register it with the compatibility FARGATE.",
    )
    _check_network(settings.get("networkConfiguration"), definition, launch_type)


def check_service(
    settings: dict[str, Any],
    definition: TaskDefinition,
    cluster: Cluster,
    discovery: Discovery,
    balancer: Balancer,
) -> None:
    """Raise AwsFault when a service with these settings cannot run this task definition."""
    check_compute(settings, definition, cluster)
    for load_balancer in settings.get("loadBalancers", []):
        _check_load_balancer(load_balancer, definition, balancer)
    registries = settings.get("serviceRegistries", [])
    _require(len(registries) <= 1, "serviceRegistries can have at most 1 items.")
    for registry in registries:
        _check_registry(registry, definition, discovery)
    check_network_mode(definition)


def check_network_mode(definition: TaskDefinition) -> None:
    """Raise AwsFault when tasks share the network of their container instance: here there are no such instances."""
    mode = definition.body.get(
        "networkMode", "bridge"
    )  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters_ec2.html
    remedy = "Register the task definition with networkMode awsvpc to run it here"
    _require_here(mode == "awsvpc", f"the network mode {mode}. {remedy}")


def check_strategy_change(request: dict[str, Any], settings: dict[str, Any]) -> None:
    """Raise AwsFault when a service's capacity providers are to change, and no new deployment is forced."""
    asked = request.get("capacityProviderStrategy")
    _require(
        asked is None or asked == settings.get("capacityProviderStrategy") or request.get("forceNewDeployment"),
        "When switching from launch type to capacity provider strategy on an existing service, or making a change to a "
        "capacity provider strategy on a service that is already using one, you must force a new deployment.",
    )


def _check_configuration(configuration: dict[str, Any]) -> None:
    strategy = configuration.get("strategy", "ROLLING")
    _require_here(strategy == "ROLLING", f"the deployment strategy {strategy}")
    _require(
        (configuration.get("maximumPercent", 200), configuration.get("minimumHealthyPercent", 100)) != (100, 100),
        "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
    )


def _check_network(network: dict[str, Any] | None, definition: TaskDefinition, launch_type: str | None) -> None:
    if definition.body.get("networkMode") != "awsvpc":
        _require(not network, "Network Configuration is not valid for the given networkMode of this task definition.")
        return
    _require(network, "Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    awsvpc = (network or {}).get("awsvpcConfiguration", {})
    _require(awsvpc.get("subnets"), "subnets can not be empty.")
    _require(len(awsvpc["subnets"]) <= 16, "subnets can have at most 16 items.")
    _require(len(awsvpc.get("securityGroups", [])) <= 5, "securityGroups can have at most 5 items.")
    _require(
        launch_type != "EC2" or awsvpc.get("assignPublicIp") != "ENABLED",
        "Assign public IP is not supported for this launch type.",
    )


def _check_load_balancer(load_balancer: dict[str, Any], definition: TaskDefinition, balancer: Balancer) -> None:
    arn = load_balancer.get("targetGroupArn", "")
    listening = balancer.has_listener(arn)
    _require(listening is not None, f"The target group with targetGroupArn {arn} does not exist.")
    _require(listening, f"The target group with targetGroupArn {arn} does not have an associated load balancer.")
    _check_port(load_balancer["containerName"], load_balancer["containerPort"], definition)


def _check_port(name: str, port: int, definition: TaskDefinition) -> None:
    container = next((c for c in definition.containers if c["name"] == name), None)
    _require(container, f"The container {name} does not exist in the task definition.")
    ports = [mapping["containerPort"] for mapping in (container or {}).get("portMappings", [])]
    _require(port in ports, f"The container {name} did not have a container port {port} defined.")


def _check_registry(registry: dict[str, Any], definition: TaskDefinition, discovery: Discovery) -> None:
    types = discovery.record_types(registry["registryArn"])
    if types is None:
        raise AwsFault("InvalidParameterException", f"The service registry {registry['registryArn']} does not exist.")
    port, container_port = registry.get("port"), registry.get("containerPort")
    named = registry.get("containerName") is not None or container_port is not None
    if definition.body.get("networkMode") != "awsvpc":
        _require(
            registry.get("containerName") and container_port,
            "When specifying 'host' or 'bridge' for networkMode, values for 'containerName' and 'containerPort' "
            "must be specified from the task definition.",
        )
    elif "SRV" not in types:
        superfluous = "containerPort" if named else "port"
        _require(
            port is None and not named,
            f"The values specified for serviceRegistries do not require a value for '{superfluous}'. "
            "Remove the value and retry.",
        )
    _require(
        (port is None) or not named,
        "Specify a value for either 'port' or the 'containerName' and 'containerPort' combination, but not both. "
        "Remove one and retry.",
    )
    if "SRV" in types:
        _require(port or (registry.get("containerName") and container_port), "serviceRegistries requires a port.")
    if named:
        _check_port(registry.get("containerName", ""), container_port or 0, definition)


def _require(holds: object, message: str) -> None:
    if not holds:
        raise AwsFault("InvalidParameterException", message)


def _require_here(holds: object, feature: str) -> None:
    if not holds:
        raise AwsFault("UnsupportedFeatureException", f"The local cloud's ECS does not have {feature}.")
