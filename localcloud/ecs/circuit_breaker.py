"""The deployment circuit breaker's arithmetic.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
"""

import math
from typing import Any

MAX_BACK_OFF_SECONDS = 900.0
FREE_START_FAILURES = 3


def threshold(desired: int, configuration: dict[str, Any] | None = None) -> int:
    """Return how many failed tasks trip the breaker of a service of `desired` tasks.

    `configuration` is a `deploymentCircuitBreaker`; its `thresholdConfiguration` defaults to BOUNDED_PERCENT, 50.
    """
    asked = (configuration or {}).get("thresholdConfiguration", {})
    kind, value = asked.get("type", "BOUNDED_PERCENT"), asked.get("value", 50)
    if kind == "COUNT":
        return int(value)
    share: int = math.ceil(desired * value / 100)
    return max(1, share) if kind == "UNBOUNDED_PERCENT" else min(200, max(3, share))


def back_off_seconds(start_failures: int) -> float:
    """Return AWS's pause before the next start after so many tasks in a row that never ran.

    None at first, then 10 s, doubling up to 15 minutes. AWS gives the cap only: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
    """
    if start_failures < FREE_START_FAILURES:
        return 0.0
    return float(min(MAX_BACK_OFF_SECONDS, 10.0 * 2 ** min(10, start_failures - FREE_START_FAILURES)))
