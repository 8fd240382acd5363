"""The operations on capacity providers. There are two, which every account has: FARGATE and FARGATE_SPOT."""

from typing import Any

from localcloud.ecs import lookup, view
from localcloud.ecs.state import Cluster, World
from localcloud.faults import AwsFault

PROVIDERS = ("FARGATE", "FARGATE_SPOT")


class CapacityProviders:
    """Show capacity providers, and associate them with clusters."""

    def __init__(self, world: World) -> None:
        self._world = world

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeCapacityProviders: those that are not there come as failures, MISSING."""
        names = [lookup.short_name(reference) for reference in request.get("capacityProviders") or PROVIDERS]
        missing = [name for name in names if name not in PROVIDERS]
        found = [self._view(name) for name in names if name in PROVIDERS]
        failures = [{"arn": self._arn(name), "reason": "MISSING"} for name in missing]
        return {**lookup.page("capacityProviders", found, request), "failures": failures}

    def associate(self, request: dict[str, Any]) -> dict[str, Any]:
        """PutClusterCapacityProviders: replaces a cluster's providers and its default strategy."""
        cluster = lookup.cluster(self._world, request)
        check_providers(request)
        for member in ("capacityProviders", "defaultCapacityProviderStrategy"):
            cluster.settings[member] = request[member]
        services, tasks = list(self._world.services.values()), list(self._world.tasks.values())
        return {"cluster": view.cluster(cluster, services, tasks, tags=True)}

    def _view(self, name: str) -> dict[str, Any]:
        return {"capacityProviderArn": self._arn(name), "name": name, "status": "ACTIVE", "tags": []}

    def _arn(self, name: str) -> str:
        return self._world.arn(f"capacity-provider/{name}")


def check_providers(request: dict[str, Any]) -> None:
    """Raise AwsFault unless a cluster's providers exist, and its default strategy uses them only."""
    providers = request.get("capacityProviders", [])
    unknown = [name for name in providers if name not in PROVIDERS]
    if unknown:
        raise AwsFault(
            "InvalidParameterException",
            f"The specified capacity provider '{unknown[0]}' was not found. Specify a valid name or ARN and try again.",
        )
    check_strategy(request.get("defaultCapacityProviderStrategy", []), providers)


def check_strategy(strategy: list[dict[str, Any]], providers: list[str]) -> None:
    """Raise AwsFault unless a strategy uses a cluster's providers, one base at most and, of several, a weight."""
    if any(item["capacityProvider"] not in providers for item in strategy):
        raise AwsFault(
            "InvalidParameterException",
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated with "
            "the cluster. Associate the capacity provider with the cluster and try again.",
        )
    if len(strategy) > 1 and not any(item.get("weight", 0) > 0 for item in strategy):
        raise AwsFault(
            "InvalidParameterException",
            "The specified capacity provider strategy must contain at least one capacity provider with a weight "
            "greater than 0.",
        )
    if sum(item.get("base", 0) > 0 for item in strategy) > 1:
        raise AwsFault(
            "InvalidParameterException",
            "The specified capacity provider strategy cannot contain more than one capacity provider with a base.",
        )


def strategy_of(request: dict[str, Any], cluster: Cluster) -> list[dict[str, Any]]:
    """Return the strategy of a request, or the cluster's default one when it names neither strategy nor launch type."""
    if request.get("capacityProviderStrategy") or request.get("launchType"):
        return list(request.get("capacityProviderStrategy", []))
    return list(cluster.settings.get("defaultCapacityProviderStrategy", []))
