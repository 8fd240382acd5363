"""What a task that runs once does instead of what its task definition says: Amazon ECS's overrides."""

import json
from dataclasses import dataclass
from typing import Any

# RunTask: "A total of 8192 characters are allowed for overrides. This limit includes the JSON formatting characters".
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
MAX_OVERRIDES = 8_192


@dataclass(frozen=True)
class Command:
    """What a task runs instead of what its task definition says, and in which of its containers."""

    container: str
    words: tuple[str, ...]

    @property
    def overrides(self) -> list[dict[str, Any]]:
        """Return what RunTask is told of containers."""
        return [{"name": self.container, "command": list(self.words)}]

    @property
    def length(self) -> int:
        """Return how many characters that has in JSON, as short as can be written: ECS counts no less."""
        return len(json.dumps(self.overrides, separators=(",", ":"), ensure_ascii=False))
