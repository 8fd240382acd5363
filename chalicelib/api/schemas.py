"""The JSON Schemas of what the API takes and answers: the manifest's own, and those of the models that it shows."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from chalicelib.deployment import INTERNAL, INTERNAL_TO_DEPLOYMENT, Deployment, Event
from chalicelib.manifest.schema import manifest_schema

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
ACTIONS = ("create", "update", "unchanged", "refused", "unknown")


def schemas() -> dict[str, Schema]:
    """Return every component by its name."""
    return {**_of_the_manifest(), **_of_the_record(), **_of_answers()}


def _of_the_manifest() -> dict[str, Schema]:
    whole = _with_components(manifest_schema())
    parts: dict[str, Schema] = whole.pop("$defs")
    return {"Manifest": {key: value for key, value in whole.items() if key not in ("$id", "$schema")}, **parts}


def _with_components(schema: Schema) -> Schema:
    """Return a schema whose references lead into the components of an OpenAPI document."""
    moved: Schema = json.loads(json.dumps(schema).replace('"#/$defs/', '"#/components/schemas/'))
    return moved


def _of_the_record() -> dict[str, Schema]:
    """Return the schemas of what `status_document` and the timeline show, without what they leave out."""
    _, made = models_json_schema(
        [(Deployment, "serialization"), (Event, "serialization")], ref_template="#/components/schemas/{model}"
    )
    parts: dict[str, Schema] = made["$defs"]
    deployment = parts["Deployment"]
    _leave_out(deployment, INTERNAL_TO_DEPLOYMENT - {"services"})
    _leave_out(parts["ServiceProgress"], INTERNAL)
    deployment["properties"] |= {
        "kind": {"enum": ["deploy", "teardown"]},
        "can_rollback": {"type": "boolean"},
        "links": _links(),
    }
    return {name: _shown(part) for name, part in parts.items()}


def _leave_out(schema: Schema, fields: set[str]) -> None:
    schema["properties"] = {name: told for name, told in schema["properties"].items() if name not in fields}


def _shown(part: Schema) -> Schema:
    """Return the schema of a part as it is answered: every field is there, and one day there may be more."""
    told = {**part, "description": part["description"].partition("\n\n")[0]}
    if part["type"] != "object":
        return told
    del told["additionalProperties"]
    fields = {name: {key: each[key] for key in each if key != "default"} for name, each in part["properties"].items()}
    return {**told, "properties": fields, "required": list(fields)}


def _links() -> Schema:
    names = ("self", "events", "cancel", "rollback")
    reference = {"type": "string", "format": "uri-reference"}
    return {"type": "object", "properties": dict.fromkeys(names, reference), "required": ["self", "events"]}


def _of_answers() -> dict[str, Schema]:
    return {
        "Deployments": _object(deployments=_list(reference("Deployment")), next_cursor=TEXT_OR_NULL),
        "Events": _object(events=_list(reference("Event")), next=TEXT_OR_NULL),
        "Logs": _logs(),
        "PlanOrDeployment": {"oneOf": [reference("Plan"), reference("Deployment")]},
        "Plan": _plan(),
        "Problem": _problem(),
        "Health": _object(status={"const": "ok"}),
        "Document": {"type": "object"},
        "Page": TEXT,
    }


def _logs() -> Schema:
    line = _object(at={"type": "string", "format": "date-time"}, message=TEXT)
    return _object(service=TEXT, tasks=_list(_object(task=TEXT, status=TEXT, container=TEXT, lines=_list(line))))


def _plan() -> Schema:
    change = _object(field=TEXT, old={}, new={})
    service = _object(action={"enum": list(ACTIONS)}, changes=_list(change), creates=_list(TEXT))
    finding = _object(
        code=TEXT, severity={"enum": ["error", "warning"]}, service=TEXT_OR_NULL, pointer=TEXT, detail=TEXT, fix=TEXT
    )
    return _object(
        dry_run={"const": True},
        force={"type": "boolean"},
        application=TEXT,
        environment=TEXT,
        cluster=TEXT,
        services={"type": "object", "additionalProperties": service},
        creates=_list(TEXT),
        waves=_list(_list(TEXT)),
        calls={"type": "integer", "minimum": 0},
        findings=_list(finding),
    )


def _problem() -> Schema:
    """Return the schema of a problem (RFC 9457)."""
    schema = _object(
        type={"type": "string", "format": "uri"},
        title=TEXT,
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail=TEXT,
        code=TEXT,
    )
    may_have = {"errors": _list(_object(pointer=TEXT, detail=TEXT)), "hint": TEXT, "deployment": TEXT}
    return {**schema, "properties": {**schema["properties"], **may_have}}


def reference(name: str) -> Schema:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def references(value: Any) -> Iterator[str]:
    """Yield every reference in a document."""
    if isinstance(value, Mapping):
        yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else ())
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for each in inside:
        yield from references(each)


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}
