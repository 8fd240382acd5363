"""The data plane of Application Load Balancers.

balancer     Balancer: listeners, targets, and the event loop that serves them
proxy        one request: which rule, which target, and there and back
sessions     where the connections to targets come from
routing      which action answers a request, pure
prober       one task per target: probe, wait, drain
health       what a probe makes of a target's health, pure
targets      which targets there are, and whose turn it is
api          the three operations of the API that concern targets
memory       what is asked of whoever remembers load balancers
moto_memory  the one who does: moto's elbv2
"""

from localcloud.balancer.balancer import Balancer
from localcloud.balancer.memory import Memory
from localcloud.balancer.moto_memory import MotoMemory
from localcloud.balancer.targets import TargetHealth

__all__ = ["Balancer", "Memory", "MotoMemory", "TargetHealth"]
