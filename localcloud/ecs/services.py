"""The operations on services."""

from typing import Any

from localcloud.ecs import lookup, view
from localcloud.ecs.events import Announcer
from localcloud.ecs.ports import Balancer, Discovery
from localcloud.ecs.rollouts import Rollouts
from localcloud.ecs.state import Cluster, Service, World, tags_of
from localcloud.ecs.validate_service import (
    check_name,
    check_request,
    check_service,
    check_strategy_change,
    with_compute,
)
from localcloud.faults import AwsFault

SETTINGS = (
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "deploymentConfiguration",
    "placementConstraints",
    "placementStrategy",
    "healthCheckGracePeriodSeconds",
    "enableECSManagedTags",
    "propagateTags",
    "enableExecuteCommand",
    "availabilityZoneRebalancing",
)
STARTS_A_DEPLOYMENT = (
    "taskDefinition",
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
)
"""UpdateService members that start a new deployment when they change (API_UpdateService)."""
DEFAULTS: dict[str, Any] = {
    "loadBalancers": [],
    "serviceRegistries": [],
    "healthCheckGracePeriodSeconds": 0,
    "availabilityZoneRebalancing": "ENABLED",
    "enableECSManagedTags": False,
    "enableExecuteCommand": False,
    "propagateTags": "NONE",
    "placementConstraints": [],
    "placementStrategy": [],
}
CONFIGURATION_DEFAULTS: dict[str, Any] = {
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "strategy": "ROLLING",
}


class Services:
    """Create, update, delete, show and list services."""

    def __init__(
        self, world: World, rollouts: Rollouts, announcer: Announcer, discovery: Discovery, balancer: Balancer
    ) -> None:
        self._world = world
        self._rollouts = rollouts
        self._announcer = announcer
        self._discovery = discovery
        self._balancer = balancer

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateService: the same request again shows the service that it made."""
        cluster = lookup.cluster(self._world, request)
        check_name(request["serviceName"])
        check_request(request)
        existing = self._existing(cluster, request)
        if existing:
            return self._answer(existing)
        definition = lookup.runnable_task_definition(self._world, request.get("taskDefinition"))
        settings = _settings(request, cluster)
        check_service(settings, definition, cluster, self._discovery, self._balancer)
        service = Service(
            name=request["serviceName"],
            arn=self._world.arn(f"service/{cluster.name}/{request['serviceName']}"),
            cluster=cluster,
            request=dict(request),
            settings=settings,
            desired_count=int(request.get("desiredCount", 0)),
            created_at=self._world.now(),
            tags=tags_of(request),
        )
        self._rollouts.begin(service, definition)
        self._world.services[service.arn] = service
        self._world.wake()
        return self._answer(service)

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateService: members that are not given stay as they are."""
        service = self._active(request)
        check_request(request)
        previous = service.primary.revision.task_definition
        reference = request.get("taskDefinition")
        definition = lookup.runnable_task_definition(self._world, reference) if reference else previous
        settings = {**service.settings, **{key: request[key] for key in SETTINGS if key in request}}
        settings["deploymentConfiguration"] = _configuration(request, service.settings["deploymentConfiguration"])
        check_strategy_change(request, service.settings)
        if request.get("capacityProviderStrategy"):
            settings.pop("launchType", None)
        elif (
            request.get("capacityProviderStrategy") == []
        ):  # back to the launch type: there are providers of Fargate only
            settings.setdefault("launchType", "FARGATE")
        check_service(settings, definition, service.cluster, self._discovery, self._balancer)
        changed = definition is not previous or any(
            settings.get(k) != service.settings.get(k) for k in STARTS_A_DEPLOYMENT
        )
        service.settings = settings
        self._scale(service, request.get("desiredCount"))
        if changed or request.get("forceNewDeployment"):
            self._rollouts.begin(service, definition)
        self._world.wake()
        return self._answer(service)

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteService: scaled to 0 before, or by force; DRAINING until its tasks are gone, then INACTIVE."""
        service = lookup.service(self._world, lookup.cluster(self._world, request), request["service"])
        if service.desired_count > 0 and not request.get("force"):
            raise AwsFault("InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
        service.status, service.desired_count = "DRAINING", 0
        self._world.wake()
        return self._answer(service)

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeServices: at most 10; those that are not there come as failures, MISSING."""
        cluster = lookup.cluster(self._world, request)
        if len(request["services"]) > 10:
            raise AwsFault("InvalidParameterException", "Services cannot have more than 10 elements.")
        found = {name: lookup.find_service(self._world, cluster, name) for name in request["services"]}
        tags = "TAGS" in request.get("include", [])
        return {
            "services": [view.service(service, tags=tags) for service in found.values() if service],
            "failures": [
                {"arn": self._world.arn(f"service/{cluster.name}/{lookup.short_name(name)}"), "reason": "MISSING"}
                for name, service in found.items()
                if service is None
            ],
        }

    def list(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListServices: the active ones of a cluster."""
        cluster = lookup.cluster(self._world, request)
        launch_type = request.get("launchType")
        arns = [
            service.arn
            for service in self._world.services.values()
            if service.cluster is cluster
            and service.status == "ACTIVE"
            and launch_type in (None, service.settings.get("launchType"))
        ]
        return lookup.page("serviceArns", arns, {"maxResults": 10, **request})

    def _existing(self, cluster: Cluster, request: dict[str, Any]) -> Service | None:
        service = lookup.find_service(self._world, cluster, request["serviceName"])
        if service is None or service.status == "INACTIVE":
            return None
        if service.status == "DRAINING":
            raise AwsFault("InvalidParameterException", "Unable to Start a service that is still Draining.")
        if service.request != request:
            raise AwsFault("InvalidParameterException", "Creation of service was not idempotent.")
        return service

    def _active(self, request: dict[str, Any]) -> Service:
        cluster = lookup.cluster(self._world, request)
        service = lookup.find_service(self._world, cluster, request["service"])
        if service is None:
            raise AwsFault("ServiceNotFoundException", "Service not found.")
        if service.status != "ACTIVE":
            raise AwsFault("ServiceNotActiveException", "Service was not ACTIVE.")
        return service

    def _scale(self, service: Service, desired: int | None) -> None:
        if desired is None or desired == service.desired_count:
            return
        service.desired_count, service.steady = desired, False
        self._announcer.action(service, "SERVICE_DESIRED_COUNT_UPDATED")

    @staticmethod
    def _answer(service: Service) -> dict[str, Any]:
        return {"service": view.service(service)}


def _settings(request: dict[str, Any], cluster: Cluster) -> dict[str, Any]:
    asked = {key: request[key] for key in SETTINGS if key in request}
    settings = {**DEFAULTS, **asked, **with_compute(request, cluster)}
    settings["deploymentConfiguration"] = _configuration(request, CONFIGURATION_DEFAULTS)
    return settings


def _configuration(request: dict[str, Any], previous: dict[str, Any]) -> dict[str, Any]:
    return {**previous, **request.get("deploymentConfiguration", {})}
