"""ECS's limits on the rate of calls, for a whole account, in real seconds.

The numbers: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from localcloud.faults import AwsFault

ECS = "ecs"


@dataclass(frozen=True)
class Rate:
    """What `operations` may take together: `burst` calls at once, and `per_second` in the long run."""

    burst: int
    per_second: int
    operations: tuple[str, ...]


RATES = (
    Rate(20, 1, ("RegisterTaskDefinition", "DeregisterTaskDefinition")),
    Rate(50, 20, ("DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies")),
    Rate(5, 1, ("DeleteTaskDefinitions",)),
    Rate(50, 5, ("CreateService", "UpdateService", "DeleteService")),
    Rate(100, 20, ("DescribeServices", "ListServices")),
    Rate(50, 20, ("DescribeServiceDeployments", "ListServiceDeployments")),
    Rate(50, 20, ("DescribeServiceRevisions",)),
    Rate(
        100,
        20,
        ("DescribeTasks", "ListTasks", "DescribeContainerInstances", "ListContainerInstances", "ListAttributes"),
    ),
    Rate(100, 40, ("RunTask", "StartTask", "StopTask", "ExecuteCommand")),
    Rate(50, 20, ("DescribeClusters", "ListClusters")),
    Rate(20, 1, ("CreateCluster", "UpdateCluster", "DeleteCluster", "PutClusterCapacityProviders")),
    Rate(20, 10, ("TagResource", "UntagResource")),
    Rate(50, 20, ("ListTagsForResource",)),
    Rate(10, 1, ("ListServicesByNamespace",)),
)


class TokenBucket:
    """Full at first; each call takes one token, and `per_second` come back. Not safe to use from several threads."""

    def __init__(self, rate: Rate, now_seconds: float) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._filled_at = now_seconds

    def take(self, now_seconds: float) -> bool:
        """Take a token, and say whether there was one."""
        gained = (now_seconds - self._filled_at) * self._rate.per_second
        self._tokens = min(self._rate.burst, self._tokens + gained)
        self._filled_at = now_seconds
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Throttles:
    """Refuses calls that come too fast. `now_seconds` is a clock that only goes forward. Thread-safe."""

    def __init__(self, now_seconds: Callable[[], float] = time.monotonic) -> None:
        self._now_seconds = now_seconds
        self._lock = threading.Lock()
        self._buckets: dict[str, TokenBucket] = {}
        for rate in RATES:
            self._buckets |= dict.fromkeys(rate.operations, TokenBucket(rate, now_seconds()))

    def check(self, service: str, operation: str) -> None:
        """Raise AwsFault (ThrottlingException) when a call comes too fast; what has no rate never does."""
        bucket = self._buckets.get(operation) if service == ECS else None
        if bucket is None:
            return
        with self._lock:
            admitted = bucket.take(self._now_seconds())
        if not admitted:
            raise AwsFault("ThrottlingException", "Rate exceeded", 400)
