"""What every part of a manifest is."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

MAX_INTEGER = 2**31 - 1
# The default of an object that need not be written; pydantic copies it.
EMPTY: Mapping[str, Any] = {}


class Model(BaseModel):
    """The base of every part of a manifest: it cannot be changed, and knows no key but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
