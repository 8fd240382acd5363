"""The JSON Schema of a manifest, as `make docs` wrote it: GET /schema/manifest.json, and what an editor reads."""

import json
from functools import cache
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).with_name("manifest.schema.json")


@cache
def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12); what it calls for between fields only `parse` can say."""
    schema: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return schema
