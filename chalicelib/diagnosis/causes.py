"""The table: what AWS says when a rollout goes wrong, what that means, and what to do.

Patterns are searched in this order, in any letter case, in the words of a stopped task (`stopCode`, `stoppedReason`,
its containers' `reason`, `exit code N`), of a service event, or of an unhealthy target ("Target.Timeout: Request timed
out"). They look for beginnings, because Fargate truncates long reasons.
"""

from chalicelib.diagnosis.cause import Cause
from chalicelib.diagnosis.service_causes import HEALTH, PLACEMENT, SURROUNDINGS
from chalicelib.diagnosis.task_causes import CONTAINERS, IMAGES, SECRETS_AND_LOGS

# What a task says of its own end comes before the words that go with any end: the load balancer's, then exit codes.
CAUSES = (*IMAGES, *SECRETS_AND_LOGS, *PLACEMENT, *SURROUNDINGS, *HEALTH, *CONTAINERS)
"""Every cause that is known, in the order in which they are looked for."""

ALARM = Cause(
    "alarm_triggered",
    "app",
    r"^alarm ",
    "Look at what the CloudWatch alarm watches: it went off during the rollout.",
)
UNKNOWN = Cause("unknown", "platform", "", "Read the cause: it is AWS's own words, and Slipway does not know them yet.")

CODES = {each.code: each for each in (*CAUSES, ALARM, UNKNOWN) if each.explains}
"""The causes that a failure may have, by their codes."""


def known(words: str) -> Cause | None:
    """Return the first cause that these words of AWS's prove, symptoms included."""
    return next((each for each in CAUSES if each.found_in(words)), None)
