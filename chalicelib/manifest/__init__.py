"""What the caller asks for: `parse` makes a `Manifest` of a request's body, or says all that is wrong with it."""

from chalicelib.manifest.models import (
    Discovery,
    HealthCheck,
    LoadBalancer,
    Manifest,
    Network,
    NetworkOverride,
    Rollout,
    Route,
    RouteHealthCheck,
    Service,
)
from chalicelib.manifest.parse import parse

__all__ = [
    "Discovery",
    "HealthCheck",
    "LoadBalancer",
    "Manifest",
    "Network",
    "NetworkOverride",
    "Rollout",
    "Route",
    "RouteHealthCheck",
    "Service",
    "parse",
]
