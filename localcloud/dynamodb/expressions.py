"""The words of an expression, and what its `#names` and `:values` stand for.

Only whole attributes: a path into one (`a.b`, `a[0]`) is not there.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from localcloud.dynamodb.values import Value
from localcloud.faults import AwsFault

WORD = re.compile(r"\s*(<>|<=|>=|[=<>(),+\-]|[:#]?\w+)")
NAME = re.compile(r"[A-Za-z_]\w*")
RESERVED = frozenset(word.upper() for word in ReservedKeywords.get_reserved_keywords())


def invalid(message: str) -> AwsFault:
    """Return a ValidationException."""
    return AwsFault("ValidationException", message)


class Substitutions:
    """A request's ExpressionAttributeNames and -Values; each must be used by one of its expressions.

    `attributes` are those that were meant so far.
    """

    def __init__(self, request: Mapping[str, Any]) -> None:
        self._names: Mapping[str, str] = request.get("ExpressionAttributeNames", {})
        self._values: Mapping[str, Value] = request.get("ExpressionAttributeValues", {})
        self._used: set[str] = set()
        self.attributes: set[str] = set()

    def name(self, word: str) -> str:
        """Return the attribute that a word means; raises AwsFault ValidationException when it means none."""
        attribute = self._attribute(word)
        self.attributes.add(attribute)
        return attribute

    def _attribute(self, word: str) -> str:
        if word.startswith("#"):
            if word not in self._names:
                raise invalid(f"An expression attribute name used in the document path is not defined: {word}")
            self._used.add(word)
            return self._names[word]
        if not NAME.fullmatch(word):
            raise invalid(f"Syntax error in an expression; an attribute's name is expected, not {word!r}")
        if word.upper() in RESERVED:
            raise invalid(f"Attribute name is a reserved keyword; reserved keyword: {word}")
        return word

    def value(self, word: str) -> Value:
        """Return what a `:word` stands for; raises AwsFault ValidationException when it is not defined."""
        if word not in self._values:
            raise invalid(f"An expression attribute value used in expression is not defined: {word}")
        self._used.add(word)
        return self._values[word]

    def check_used(self) -> None:
        """Raise AwsFault ValidationException for names and values that no expression mentions."""
        for member, given in (("Names", self._names), ("Values", self._values)):
            if unused := sorted(set(given) - self._used):
                keys = ", ".join(unused)
                raise invalid(f"Value provided in ExpressionAttribute{member} unused in expressions: keys: {{{keys}}}")


class Words:
    """The words of one expression, the `member` of a request, read from left to right."""

    def __init__(self, text: str, substitutions: Substitutions, member: str) -> None:
        self.substitutions = substitutions
        self.member = member
        self._text = text
        self._words = list(_words(text))
        self._at = 0

    def peek(self) -> str:
        """Return the next word, "" at the end; keywords compare in capitals."""
        return self._words[self._at] if self._at < len(self._words) else ""

    def take(self) -> str:
        """Return the next word and go on; raises AwsFault ValidationException at the end."""
        word = self.peek()
        if not word:
            raise invalid(f"Syntax error at the end of the expression {self._text!r}")
        self._at += 1
        return word

    def took(self, *wanted: str) -> str:
        """Go on over one of these words and return it in capitals; return "" when another one comes."""
        word = self.peek().upper()
        if not word or word not in wanted:
            return ""
        self._at += 1
        return word

    def expect(self, wanted: str) -> None:
        """Go on over this word; raises AwsFault ValidationException when another one comes."""
        if not self.took(wanted):
            raise invalid(f"Syntax error in {self._text!r}: {wanted} is expected, not {self.peek()!r}")

    def name(self) -> str:
        """Take an attribute's name."""
        return self.substitutions.name(self.take())

    def listed(self, one: Any) -> list[Any]:
        """Take one or several of what `one` takes, with commas between."""
        found = [one()]
        while self.took(","):
            found.append(one())
        return found


def _words(text: str) -> Iterable[str]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = WORD.match(text, at)
        if not found:
            raise NotImplementedError(f"the local cloud's DynamoDB does not know {text[at:]!r} in {text!r}")
        yield found[1]
        at = found.end()
