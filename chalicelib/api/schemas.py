"""The JSON Schemas of what the API takes and answers: the manifest's own, and those of the models that it shows."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from chalicelib.api.applications import NAMES
from chalicelib.deployment import INTERNAL, INTERNAL_TO_DEPLOYMENT, Deployment, Event
from chalicelib.manifest.schema import manifest_schema
from chalicelib.registration import Asked, Registration, Release

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
NULL: Schema = {"type": "null"}
ACTIONS = ("create", "update", "unchanged", "refused", "unknown")


def schemas() -> dict[str, Schema]:
    """Return every component by its name."""
    return {**_of_the_manifest(), **_of_the_models(), **_of_bodies(), **_of_answers(), **_of_applications()}


def _of_the_manifest() -> dict[str, Schema]:
    whole = _with_components(manifest_schema())
    parts: dict[str, Schema] = whole.pop("$defs")
    return {"Manifest": {key: value for key, value in whole.items() if key not in ("$id", "$schema")}, **parts}


def _with_components(schema: Schema) -> Schema:
    """Return a schema whose references lead into the components of an OpenAPI document."""
    moved: Schema = json.loads(json.dumps(schema).replace('"#/$defs/', '"#/components/schemas/'))
    return moved


def _of_the_models() -> dict[str, Schema]:
    """Return the schemas of the models that are taken, and of those that are shown without what is left out."""
    parts = _models("serialization", Deployment, Event, Registration)
    parts["Registered"] = {**parts["Registration"]}
    _leave_out(parts["Registered"], NAMES)
    _show_deployment(parts)
    shown = {name: _shown(part) for name, part in parts.items()}
    taken = {name: _told(part) for name, part in _models("validation", Asked, Release).items()}
    return {**shown, **taken}  # a trigger is shown as it is taken


def _models(mode: JsonSchemaMode, *models: type[BaseModel]) -> dict[str, Schema]:
    """Return the schemas of models and of what they hold, by their names."""
    _, made = models_json_schema([(each, mode) for each in models], ref_template="#/components/schemas/{model}")
    parts: dict[str, Schema] = made["$defs"]
    return parts


def _show_deployment(parts: dict[str, Schema]) -> None:
    """Make of the schemas of the record those of what `status_document` shows."""
    deployment = parts["Deployment"]
    _leave_out(deployment, INTERNAL_TO_DEPLOYMENT - {"services"})
    _leave_out(parts["ServiceProgress"], INTERNAL)
    deployment["properties"] |= {
        "kind": {"enum": ["deploy", "teardown"]},
        "can_rollback": {"type": "boolean"},
        "links": _links(),
    }


def _leave_out(schema: Schema, fields: set[str]) -> None:
    schema["properties"] = {name: told for name, told in schema["properties"].items() if name not in fields}


def _told(part: Schema) -> Schema:
    """Return the schema of a part with the first paragraph of its description."""
    return {**part, "description": part["description"].partition("\n\n")[0]}


def _shown(part: Schema) -> Schema:
    """Return the schema of a part as it is answered: every field is there, and one day there may be more."""
    told = _told(part)
    if part["type"] != "object":
        return told
    del told["additionalProperties"]
    fields = {name: {key: each[key] for key in each if key != "default"} for name, each in part["properties"].items()}
    return {**told, "properties": fields, "required": list(fields)}


def _links() -> Schema:
    names = ("self", "events", "cancel", "rollback")
    reference = {"type": "string", "format": "uri-reference"}
    return {"type": "object", "properties": dict.fromkeys(names, reference), "required": ["self", "events"]}


def _of_bodies() -> dict[str, Schema]:
    return {
        "ManifestOrRelease": {"anyOf": [reference("Manifest"), reference("Release")]},
        "Delivery": {"type": "object", "description": "A payload, as GitHub has it for the event."},
        "DeliveryForm": _object(payload={**TEXT, "description": "A payload as JSON."}),
    }


def _of_answers() -> dict[str, Schema]:
    return {
        "Deployments": _object(deployments=_list(reference("Deployment")), next_cursor=TEXT_OR_NULL),
        "Events": _object(events=_list(reference("Event")), next=TEXT_OR_NULL),
        "Logs": _logs(),
        "PlanOrDeployment": {"oneOf": [reference("Plan"), reference("Deployment")]},
        "Plan": _plan(),
        "Delivered": _delivered(),
        "DeliveredOrIgnored": {"oneOf": [reference("Delivered"), reference("Ignored")]},
        "Ignored": _object(ignored=TEXT),
        "Problem": _problem(),
        "Health": _object(status={"const": "ok"}),
        "Document": {"type": "object"},
        "Page": TEXT,
    }


def _logs() -> Schema:
    line = _object(at={"type": "string", "format": "date-time"}, message=TEXT)
    return _object(service=TEXT, tasks=_list(_object(task=TEXT, status=TEXT, container=TEXT, lines=_list(line))))


def _delivered() -> Schema:
    others = {**_list(reference("Deployment")), "minItems": 1}
    return {"allOf": [reference("Deployment"), {"properties": {"others": others}}]}


def _of_applications() -> dict[str, Schema]:
    environments = _object(application=TEXT, environments=_list(TEXT))
    return {
        "Applications": _object(applications=_list(environments)),
        "Application": _object(
            application=TEXT,
            environment=TEXT,
            registration=_or_null(reference("Registered")),
            deployment=_or_null(reference("LastDeployment")),
            services=_by_name(reference("LiveService")),
        ),
        "LastDeployment": _object(id=TEXT, status=reference("Status"), at={"type": "string", "format": "date-time"}),
        "LiveService": _live_service(),
    }


def _live_service() -> Schema:
    return _object(
        task_definition=TEXT_OR_NULL,
        images=_by_name(_object(image=TEXT, digest=TEXT_OR_NULL)),
        desired=COUNT,
        running=COUNT,
        pending=COUNT,
        dns=_or_null(_object(name=TEXT, addresses=_list(TEXT))),
        url=TEXT_OR_NULL,
        deployment=reference("LastDeployment"),
        succeeded_with=TEXT,
        drift=_list(_object(field=TEXT, deployed={}, serves={})),
    )


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
        services=_by_name(service),
        creates=_list(TEXT),
        waves=_list(_list(TEXT)),
        calls=COUNT,
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


def _by_name(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, NULL]}
