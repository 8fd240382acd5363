"""A part of a manifest as it was written, which other faults may have left half readable."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from chalicelib.manifest.findings import Finding, Path


@dataclass(frozen=True)
class Part:
    """An object of the manifest, where it is, and the model whose defaults hold for what it does not say.

    `faulty` holds the paths that are reported already: the methods answer None there, and a rule passes over them.
    """

    model: type[BaseModel]
    written: Mapping[str, Any]
    faulty: frozenset[Path]
    path: Path = ()

    def says(self, key: str) -> bool:
        """Say whether something is written for a key, readable or not."""
        return self.written.get(key) is not None

    def whole(self, key: str) -> int | None:
        """Return the whole number of a key, or its default."""
        value = self._value(key)
        return value if type(value) is int else None

    def flag(self, key: str) -> bool | None:
        """Return the truth of a key, or its default."""
        value = self._value(key)
        return value if isinstance(value, bool) else None

    def text(self, key: str) -> str | None:
        """Return the text of a key, or its default."""
        value = self._value(key)
        return value if isinstance(value, str) else None

    def texts(self, key: str) -> dict[int, str]:
        """Return the texts in the list of a key, each with its index, or its default's."""
        value = self._value(key)
        listed = enumerate(value) if isinstance(value, list | tuple) else ()
        return {
            index: text
            for index, text in listed
            if isinstance(text, str) and (*self.path, key, index) not in self.faulty
        }

    def texts_by_key(self, key: str) -> dict[str, str]:
        """Return the texts in the object of a key, or nothing."""
        value = self._value(key)
        pairs = value.items() if isinstance(value, dict) else ()
        return {
            name: text for name, text in pairs if isinstance(text, str) and (*self.path, key, name) not in self.faulty
        }

    def count(self, key: str) -> int | None:
        """Return how many entries the list or object of a key has."""
        value = self._value(key)
        return len(value) if isinstance(value, list | tuple | dict) else None

    def part(self, key: str, model: type[BaseModel]) -> "Part | None":
        """Return the object of a key, or None when there is none."""
        value = self.written.get(key)
        return Part(model, value, self.faulty, (*self.path, key)) if isinstance(value, dict) else None

    def parts(self, key: str, model: type[BaseModel]) -> "dict[str | int, Part]":
        """Return the objects in the list or object of a key, each by its index or key."""
        value = self.written.get(key)
        entries = dict(enumerate(value)) if isinstance(value, list | tuple) else value
        return {
            step: Part(model, entry, self.faulty, (*self.path, key, step))
            for step, entry in (entries.items() if isinstance(entries, dict) else ())
            if isinstance(entry, dict)
        }

    def finding(self, detail: str, *steps: str | int) -> Finding:
        """Return a finding here, or some steps further in."""
        return Finding((*self.path, *steps), detail)

    def _value(self, key: str) -> Any:
        if (*self.path, key) in self.faulty:
            return None
        return self.written.get(key, self.model.model_fields[key].default)
