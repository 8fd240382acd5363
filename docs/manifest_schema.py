"""Writes the JSON Schema of a manifest, from its models and from the words of manifest.md: `make docs`.

It is written twice: into the package, which the API answers from, and beside the pages, where an editor finds it.
"""

import json
import re
from pathlib import Path
from typing import Any

from chalicelib.manifest import Manifest
from chalicelib.manifest.document import EXTENSION
from chalicelib.manifest.forms import FORMS
from chalicelib.manifest.schema import SCHEMA

HERE = Path(__file__).parent
COPIES = (SCHEMA, HERE / "manifest.schema.json")
ROW = re.compile(r"^\| `(\w+)` \| [^|]* \| [^|]* \| ([^|]*?) ?\|$", re.MULTILINE)
LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
ID = "https://slipway.dev/schema/manifest.json"
# A stage may have defaults for these; `network` is joined field by field.
A_STAGE_MAY_SAY = {"Manifest": ("network",), "Network": ("vpc", "subnets")}


def text() -> str:
    """Return the schema as it is written into its files."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a manifest (2020-12), told in the words of manifest.md."""
    made = Manifest.model_json_schema()
    parts = {"Manifest": made, **made["$defs"]}
    for name, part in parts.items():
        _tell(part, _words(name))
        part["required"] = [field for field in part.get("required", ()) if field not in A_STAGE_MAY_SAY.get(name, ())]
    parts["Service"]["oneOf"] = [_written(form) for form in FORMS]
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": ID, **made}
    made["patternProperties"] = {f"^{EXTENSION}": True}  # what YAML's aliases repeat
    made["title"], made["description"] = "A manifest of Slipway", _plain(made["description"])
    closed: dict[str, Any] = _closed(made)
    return closed


def _words(model: str) -> dict[str, str]:
    """Return what manifest.md says of the fields of a model: its table's last column."""
    page = (HERE / "manifest.md").read_text(encoding="utf-8")
    rows = ROW.findall(page.split(f"\n## {model}\n", 1)[1].split("\n## ", 1)[0])
    return {field: LINK.sub(r"\1", rule) for field, rule in rows if rule}


def _tell(part: dict[str, Any], words: dict[str, str]) -> None:
    part["description"] = _plain(part["description"])
    for field, told in part["properties"].items():
        told["title"] = field
        if field in words:
            told["description"] = words[field]


def _plain(docstring: str) -> str:
    """Return a docstring's text without the pages that its rules come from."""
    kept = [line for line in docstring.splitlines() if "https://" not in line]
    return " ".join(" ".join(kept).split())


def _written(form: str) -> dict[str, Any]:
    """Return the schema of a service that is written in a form; null is not written."""
    return {"required": [form], "properties": {form: {"not": {"type": "null"}}}}


def _closed(value: Any) -> Any:
    """Return a schema in which an object's keys that match no pattern are faults: pydantic lets them be anything."""
    if isinstance(value, list):
        return [_closed(each) for each in value]
    if not isinstance(value, dict):
        return value
    closed = {key: _closed(each) for key, each in value.items()}
    return closed | ({"additionalProperties": False} if "patternProperties" in value else {})


def write() -> None:
    """Write both copies."""
    for path in COPIES:
        path.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    write()
