"""Time in the local cloud: AWS's own delays, divided by the speed."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Clock:
    """Wall time, and AWS's delays divided by `speed` (1 = as on AWS).

    Programs run no faster because AWS does: what they may take is cut to `patience_seconds` at most.
    """

    speed: float = 10.0
    patience_seconds: float = 4.0

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return datetime.now(UTC)

    def scaled(self, aws_seconds: float) -> float:
        """Return how many wall seconds a delay of `aws_seconds` on AWS takes here."""
        return aws_seconds / self.speed

    def allowed(self, aws_seconds: float) -> float:
        """Return how many wall seconds a program may take here for what it may take `aws_seconds` for on AWS."""
        return max(self.scaled(aws_seconds), min(aws_seconds, self.patience_seconds))
