"""What AWS answers when it refuses."""

from typing import Any


class AwsFault(Exception):
    """A refusal in AWS's own words: `code`, `message`, HTTP `status`, and `members` beside them in the body."""

    def __init__(self, code: str, message: str, status: int = 400, **members: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members
