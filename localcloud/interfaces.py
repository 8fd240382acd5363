"""Tasks' network interfaces in EC2's memory: DescribeNetworkInterfaces is how a client finds a public address.

DescribeTasks shows an interface's id, never its public address:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html
"""

from collections.abc import Sequence
from threading import Lock
from typing import Any, cast

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_network_interfaces import NetworkInterface as MotoInterface

from localcloud.ecs.state import NetworkInterface

DESCRIPTION = "Interface of an ECS task"


class MotoInterfaces:
    """Lists tasks' interfaces in moto's EC2. A public address is one at which this machine reaches the task."""

    def __init__(self, account: str = "000000000000", region: str = "us-east-1") -> None:
        self._ec2 = ec2_backends[account][region]
        self._lock = Lock()

    def attached(self, interface: NetworkInterface, security_groups: Sequence[str]) -> None:
        """List a task's interface; one in a subnet that EC2 does not know stays unlisted."""
        try:
            subnet = self._ec2.get_subnet(interface.subnet_id)
        except InvalidSubnetIdError:
            return
        make = cast("Any", MotoInterface)
        listed = make(self._ec2, subnet, interface.ip, group_ids=list(security_groups), description=DESCRIPTION)
        listed.id, listed.public_ip, listed.status = interface.interface_id, interface.public_ip, "in-use"
        with self._lock:
            # A new dict, since a request in another thread may be walking the old one.
            self._ec2.enis = {**self._ec2.enis, listed.id: listed}

    def detached(self, interface: NetworkInterface) -> None:
        """Forget a task's interface."""
        with self._lock:
            self._ec2.enis = {key: eni for key, eni in self._ec2.enis.items() if key != interface.interface_id}
