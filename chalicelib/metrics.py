"""What operators measure: how deployments end, and how much each invocation asks of AWS.

Each is a line on stdout in CloudWatch's embedded metric format, of which CloudWatch Logs makes metrics; nothing is
asked of AWS. Every combination of dimensions is a metric that is paid for (CloudWatch pricing, "Custom metrics"), so
dimensions have few values; an id stands beside them, where only a search of the log finds it.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from threading import Lock

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from chalicelib.deployment import Deployment, Status
from chalicelib.log import NAMESPACE

Metrics = Mapping[str, tuple[MetricUnit, float]]

# In the local cloud invocations are threads of one process: each counts its own, and prints its lines whole.
_CALLS: ContextVar[Counter[tuple[str, str]] | None] = ContextVar("_CALLS", default=None)
_PRINTING = Lock()
_COUNTING = Lock()  # an invocation may ask side by side


def tell_verdict(deployment: Deployment, status: Status, installation: str, at: datetime) -> None:
    """Tell that a deployment ended `at` an instant, how long it took, and how late that was known."""
    lag = lag_seconds(deployment, at)
    metrics: dict[str, tuple[MetricUnit, float]] = {
        "Deployments": (MetricUnit.Count, 1),
        "DurationSeconds": (MetricUnit.Seconds, (at - deployment.created_at).total_seconds()),
    }
    metrics |= {} if lag is None else {"LagSeconds": (MetricUnit.Seconds, lag)}
    dimensions = {"installation": installation, "kind": deployment.kind, "status": status.value}
    _tell(metrics, dimensions, {"deployment_id": deployment.id})


def lag_seconds(deployment: Deployment, ended_at: datetime) -> float | None:
    """Return how long ECS had settled what a deployment came to before Slipway said so, None where ECS did not say.

    One that succeeded: from the end of its last rollout until its own, so with the proof of names. One that failed:
    from the end of the rollout that failed it, or the first task that proved it hopeless, until that was recorded,
    without the way back. The clocks are two, ECS's and ours: less than nothing is nothing.
    """
    failure = deployment.failure
    decisive = [each for each in deployment.services.values() if failure is None or each.name == failure.service]
    settled_at = max((each.settled_at for each in decisive if each.settled_at), default=None)
    told_at = ended_at if failure is None else deployment.failed_at
    return max(0.0, (told_at - settled_at).total_seconds()) if settled_at and told_at else None


@contextmanager
def calls_counted() -> Iterator[None]:
    """Count what is asked of AWS meanwhile, and tell it at the end: once for each invocation of a function."""
    calls: Counter[tuple[str, str]] = Counter()
    outside = _CALLS.set(calls)
    try:
        yield
    finally:
        _CALLS.reset(outside)
        for service in sorted({service for _, service in calls}):
            told = {name: (MetricUnit.Count, float(calls[name, service])) for name in ("AwsCalls", "AwsThrottles")}
            _tell({name: metric for name, metric in told.items() if metric[1]}, {"aws_service": service}, {})


def count_call(service: str, *, throttled: bool) -> None:
    """Count a call to AWS, each attempt by itself, where an invocation counts them."""
    calls = _CALLS.get()
    if calls is not None:
        with _COUNTING:
            calls["AwsCalls", service] += 1
            calls["AwsThrottles", service] += throttled


def _tell(metrics: Metrics, dimensions: Mapping[str, str], beside: Mapping[str, str]) -> None:
    line = EphemeralMetrics(namespace=NAMESPACE)
    for name, (unit, value) in metrics.items():
        line.add_metric(name, unit, value)
    for name, text in dimensions.items():
        line.add_dimension(name, text)
    for name, text in beside.items():
        line.add_metadata(name, text)
    with _PRINTING:
        line.flush_metrics()
