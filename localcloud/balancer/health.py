"""A target's health: what a probe's outcome makes of it. Pure.

Rules: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from dataclasses import dataclass, replace

from localcloud.balancer.memory import HealthCheck


@dataclass(frozen=True)
class Health:
    """State, reason and description as DescribeTargetHealth says them; `passes` and `failures` in a row."""

    state: str
    reason: str = ""
    description: str = ""
    passes: int = 0
    failures: int = 0

    def words(self) -> tuple[str, str, str]:
        """Return (state, reason, description)."""
        return self.state, self.reason, self.description


HEALTHY = Health("healthy")
REGISTERING = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = Health("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
NOT_IN_USE = Health(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)
NOT_REGISTERED = Health("unused", "Target.NotRegistered", "Target is not registered to the target group")
DRAINING = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")

PASSED = HEALTHY
TIMED_OUT = Health("unhealthy", "Target.Timeout", "Request timed out")
FAILED = Health("unhealthy", "Target.FailedHealthChecks", "Health checks failed")


def judged(status: int, matcher: str) -> Health:
    """Return what one probe says that was answered with this HTTP status."""
    if matches(status, matcher):
        return PASSED
    return Health("unhealthy", "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]")


def matches(status: int, matcher: str) -> bool:
    """Say whether a status is in a matcher such as `200`, `200,301` or `200-399`."""
    ranges = [part.strip().partition("-") for part in matcher.split(",")]
    return any(int(low) <= status <= int(high or low) for low, _, high in ranges)


def after_probe(health: Health, said: Health, check: HealthCheck, *, may_boot: bool = False) -> Health:
    """Return a target's health after one more probe, which said `PASSED`, `TIMED_OUT`, `FAILED` or a mismatch.

    One pass makes a new target healthy; later it takes as many in a row as the thresholds say. While a new target
    `may_boot`, its failures count but do not decide.
    """
    if said == PASSED:
        passes = health.passes + 1
        enough = health.state != "unhealthy" or passes >= check.healthy_threshold
        return replace(HEALTHY if enough else health, passes=passes, failures=0)
    failures = health.failures + 1
    spared = may_boot and health.state == "initial"
    enough = health.state == "unhealthy" or (failures >= check.unhealthy_threshold and not spared)
    return replace(said if enough else health, passes=0, failures=failures)
