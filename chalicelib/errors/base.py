"""The root of all errors, and one fault of a request."""

import re
from dataclasses import dataclass


class SlipwayError(Exception):
    """The root: everything that Slipway itself raises."""

    @classmethod
    def code(cls) -> str:
        """Return the stable code of this error: its class name in snake_case."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in a request: where (a JSON pointer, RFC 6901) and what to write instead."""

    pointer: str
    detail: str
