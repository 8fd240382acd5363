"""One row of the table of causes."""

import re
from dataclasses import dataclass
from typing import Literal

ServiceClass = Literal["user", "infra", "app", "platform", "symptom", "info"]


@dataclass(frozen=True)
class Cause:
    """One thing that can be wrong: whose it is to mend, the words that prove it, and the fix.

    A `hopeless` one is certain to meet the next task too. Causes of class symptom and info explain nothing.
    """

    code: str
    service_class: ServiceClass
    pattern: str
    fix: str = ""
    hopeless: bool = False

    @property
    def explains(self) -> bool:
        """Tell whether this says why, and not only that."""
        return self.service_class not in ("symptom", "info")

    def found_in(self, words: str) -> bool:
        """Tell whether these words of AWS's prove it."""
        return re.search(self.pattern, words, re.IGNORECASE | re.DOTALL) is not None
