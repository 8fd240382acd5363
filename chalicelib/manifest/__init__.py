"""What the caller asks for: `parse` makes a `Manifest` of a request's body, or says all that is wrong with it."""

from chalicelib.manifest.containers import Container, HealthCheck, Mount, Volume
from chalicelib.manifest.forms import containers_of, main_container, registered_container, routed_container
from chalicelib.manifest.images import with_images
from chalicelib.manifest.models import LoadBalancer, Manifest, Network
from chalicelib.manifest.parse import parse
from chalicelib.manifest.services import (
    BeforeDeploy,
    CapacityProvider,
    Discovery,
    NetworkOverride,
    Rollout,
    Route,
    RouteHealthCheck,
    Scaling,
    Service,
    no_room,
)

__all__ = [
    "BeforeDeploy",
    "CapacityProvider",
    "Container",
    "Discovery",
    "HealthCheck",
    "LoadBalancer",
    "Manifest",
    "Mount",
    "Network",
    "NetworkOverride",
    "Rollout",
    "Route",
    "RouteHealthCheck",
    "Scaling",
    "Service",
    "Volume",
    "containers_of",
    "main_container",
    "no_room",
    "parse",
    "registered_container",
    "routed_container",
    "with_images",
]
