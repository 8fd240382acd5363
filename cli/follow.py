"""Follows a deployment to its verdict and prints its timeline as it happens."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from cli.client import Client

ENDED = ("succeeded", "failed", "rolled_back", "superseded", "cancelled", "timed_out")


def follow(
    client: Client, deployment: dict[str, Any], say: Callable[[str], None], pause_seconds: float = 0.2
) -> dict[str, Any]:
    """Say each new line of the timeline until the deployment has ended; return it as it ended."""
    created_at = datetime.fromisoformat(deployment["created_at"])
    after: str | None = None
    while True:
        now = client.deployment(deployment["id"])
        timeline = client.events(deployment["id"], after)
        after = timeline["next"]
        for event in timeline["events"]:
            say(line(event, created_at))
        if now["status"] in ENDED:
            return now
        time.sleep(pause_seconds)


def line(event: dict[str, Any], created_at: datetime) -> str:
    """Return one line of a timeline: seconds since the POST, whom it is about, what happened."""
    seconds = (datetime.fromisoformat(event["at"]) - created_at).total_seconds()
    return f"{seconds:6.1f} s  {event['service'] or 'deployment':<12}  {event['phase']:<18}  {event['message']}"
