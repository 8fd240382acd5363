"""What the local cloud's ECS needs from its neighbours, as protocols."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from localcloud.ecs.state import NetworkInterface

T = TypeVar("T")
Emit = Callable[[str, str, list[str], dict[str, Any]], None]
"""Send one event to the bus: source ("aws.ecs"), detail type, resources, detail (a JSON value)."""


class Discovery(Protocol):
    """Cloud Map."""

    def record_types(self, service_arn: str) -> tuple[str, ...] | None:
        """Return the DNS record types of a Cloud Map service, or None when there is no such service."""

    def register(self, service_arn: str, instance_id: str, attributes: dict[str, str], healthy: bool) -> None:
        """Add an instance, or replace it."""

    def deregister(self, service_arn: str, instance_id: str) -> None:
        """Remove an instance; for an unknown one nothing happens."""


class Balancer(Protocol):
    """The load balancer's data plane."""

    def has_listener(self, target_group_arn: str) -> bool | None:
        """Tell whether a listener forwards to the target group; None when there is no such group."""

    def register(self, target_group_arn: str, ip: str, port: int) -> None:
        """Add a target, which is probed from now on."""

    def deregister(self, target_group_arn: str, ip: str, port: int) -> None:
        """Start draining a target."""

    def is_drained(self, target_group_arn: str, ip: str, port: int) -> bool:
        """Tell whether a deregistered target has finished draining."""

    def health(self, target_group_arn: str, ip: str, port: int) -> tuple[str, str, str]:
        """Return state (initial, healthy, unhealthy, draining or unused), reason code and description."""


class Logs(Protocol):
    """CloudWatch Logs."""

    def exists(self, group: str) -> bool:
        """Tell whether the log group is there."""

    def create(self, group: str) -> None:
        """Make a log group that is not there."""

    def put(self, group: str, stream: str, lines: list[tuple[int, str]]) -> None:
        """Append lines (epoch milliseconds, text) to a stream, which is made when missing; raise AwsFault."""


class Network(Protocol):
    """Where tasks get their addresses."""

    def attach(self, subnet_id: str, security_groups: Sequence[str]) -> str:
        """Return an IP address for a task; raise AwsFault when there is none. No group: the VPC's default group."""

    def public_address(self, ip: str, ports: Sequence[int]) -> str:
        """Return an address at which this machine reaches the task at `ip`, at these ports, until `detach`."""

    def inside(self, ip: str, work: Callable[[], T]) -> T:
        """Return what `work` returns; processes that it starts live at `ip`."""

    def detach(self, ip: str) -> None:
        """Give the address back."""

    def environment(self, ip: str) -> dict[str, str]:
        """Return the environment variables that a process needs to live at this address."""

    def refuses(self, task_definition: dict[str, Any]) -> str | None:
        """Return, as a sentence, why this network cannot run the task definition; None when it can."""

    def refuses_program(self, words: Sequence[str], interpreter: Path, ip: str) -> str | None:
        """Return, as a sentence, why a command line cannot live at `ip` here; `interpreter` is the image's Python."""


class Secrets(Protocol):
    """Secrets Manager and SSM parameters, as a container's `secrets` names them."""

    def value(self, reference: str) -> str:
        """Return the value behind a `valueFrom`; raise AwsFault whose message is the end of AWS's stoppedReason."""


class Registry(Protocol):
    """The registry that images are pulled from."""

    def program(self, reference: str) -> str:
        """Return the name in an images file of what was pushed under a reference, or the reference as it is."""


class NoRegistry:
    """A registry to which nothing was pushed."""

    def program(self, reference: str) -> str:
        """Return the reference."""
        return reference


class Interfaces(Protocol):
    """EC2's list of network interfaces, where a client finds a task's public address."""

    def attached(self, interface: NetworkInterface, security_groups: Sequence[str]) -> None:
        """List a task's interface."""

    def detached(self, interface: NetworkInterface) -> None:
        """Forget it."""


class NoInterfaces:
    """An EC2 that nobody asks."""

    def attached(self, interface: NetworkInterface, security_groups: Sequence[str]) -> None:
        """List nothing."""

    def detached(self, interface: NetworkInterface) -> None:
        """Forget nothing."""
