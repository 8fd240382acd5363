"""JSON to plain values, strictly: no key twice, no endless integer."""

import json
from collections import Counter
from json.decoder import JSONDecodeError, JSONDecoder, JSONObject  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any

from chalicelib import limits
from chalicelib.errors import MalformedBody
from chalicelib.manifest.document import Document, demand_bounds, malformed, whole


def read_json(text: str) -> Document:
    """Read one JSON object. Raises MalformedBody with line and column."""
    try:
        written = _Decoder().decode(text)
    except JSONDecodeError as error:
        raise malformed("JSON", error.lineno, error.colno, error.msg) from error
    except RecursionError as error:
        raise MalformedBody(f"The JSON is nested too deeply; {limits.BODY_LEVELS} levels are allowed.") from error
    demand_bounds(written, "JSON")
    return Document(written)


class _Decoder(JSONDecoder):
    """The json module's decoder on its Python scanner: the C scanner does not say where an object begins."""

    def __init__(self) -> None:
        super().__init__(parse_int=whole, object_pairs_hook=list)
        self.parse_object = _object
        self.scan_once = py_make_scanner(self)


def _object(text_and_start: tuple[str, int], *how: Any) -> tuple[dict[str, Any], int]:
    pairs, end = JSONObject(text_and_start, *how)
    written: dict[str, Any] = dict(pairs)
    if len(written) < len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common()
        problem = f"the object that begins here has the key {json.dumps(twice[:100])} twice"
        text, start = text_and_start
        raise JSONDecodeError(problem, text, start - 1)
    return written, end
