"""The shapes of what the record keeps, field by field; `python -m tests.releases.shapes` freezes those that are new."""

import json
from typing import Any

from pydantic import TypeAdapter

from chalicelib.before import PARTS
from chalicelib.belongings import Belongings
from chalicelib.deployment import Deployment, Event, ServiceProgress
from chalicelib.ground import Ground
from chalicelib.manifest import Manifest
from chalicelib.registration import Registration
from chalicelib.versions import version
from tests.releases.scenes import FOLDER

FROZEN = FOLDER / "shapes.json"
DOCUMENTS: dict[str, TypeAdapter[Any]] = {
    "deployment": TypeAdapter(Deployment),
    "service": TypeAdapter(ServiceProgress),
    "event": TypeAdapter(Event),
    "manifest": TypeAdapter(Manifest),
    "belongings": TypeAdapter(Belongings),
    "registration": TypeAdapter(Registration),
    "Ground": TypeAdapter(Ground),
    **PARTS,
}
Shape = dict[str, dict[str, str]]


def shape(kind: str) -> Shape:
    """Return the fields of a kind of document as it is written, and of each model in it, with their types."""
    schema = DOCUMENTS[kind].json_schema(mode="serialization")
    models = {kind: schema, **schema.get("$defs", {})}
    if kind == "deployment":  # its services are items of their own
        models = {name: model for name, model in models.items() if name not in ("ServiceProgress", "Names")}
        del schema["properties"]["services"]
    return {
        name: {field: written(each) for field, each in model.get("properties", {}).items()} or {"": written(model)}
        for name, model in sorted(models.items())
    }


def written(schema: Any) -> str:
    """Return a JSON Schema as a short type: "string | null", "[Failure]", "{string}"."""
    match schema:
        case {"$ref": reference}:
            said = str(reference).rpartition("/")[2]
        case {"anyOf": those} | {"oneOf": those} | {"allOf": those}:
            said = " | ".join(sorted(written(each) for each in those))
        case {"const": only}:
            said = json.dumps(only)
        case {"enum": those}:
            said = " | ".join(sorted(json.dumps(each) for each in those))
        case {"prefixItems": those}:
            said = f"[{', '.join(written(each) for each in those)}]"
        case {"type": "array"}:
            said = f"[{written(schema.get('items', {}))}]"
        case {"type": "object", "additionalProperties": values} if values:
            said = f"{{{written(values)}}}"
        case {"type": kind}:
            said = str(schema.get("format", kind))
        case _:
            said = "any"
    return said


def frozen() -> dict[str, dict[str, Shape]]:
    """Return the shapes that were ever written, by kind and version."""
    known: dict[str, dict[str, Shape]] = json.loads(FROZEN.read_text()) if FROZEN.exists() else {}
    return known


def main() -> None:
    """Freeze the shape of each version that is not; what was frozen once is never written again."""
    known = frozen()
    for kind in DOCUMENTS:
        known.setdefault(kind, {}).setdefault(str(version(kind)), shape(kind))
    FROZEN.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
