"""A forecast as the document that a dry run answers. Of secrets it shows that they change, never what they are."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel

from chalicelib.forecast import Effect, Forecast
from chalicelib.manifest import Manifest
from chalicelib.manifest.secret_rules import REFERENCES
from chalicelib.plan import waves
from chalicelib.preflight import Finding
from chalicelib.specs import Change

HIDDEN = "(secret)"


def plan_document(manifest: Manifest, forecast: Forecast) -> dict[str, Any]:
    """Return what `POST /deployments?dry_run=true` answers."""
    return {
        "dry_run": True,
        "force": forecast.force,
        "application": manifest.application,
        "environment": manifest.environment,
        "cluster": manifest.cluster_name,
        "services": {
            name: {"action": forecast.action(name), **_service(effects or ())}
            for name, effects in forecast.services.items()
        },
        "creates": _creates(forecast.shared),
        "waves": waves({name: service.depends_on for name, service in manifest.services.items()}),
        "calls": forecast.calls,
        "findings": [_finding(each) for each in forecast.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    said = {field.name: getattr(finding, field.name) for field in fields(finding) if field.name != "remedy"}
    return {**said, "fix": finding.fix}


def _service(effects: tuple[Effect, ...]) -> dict[str, Any]:
    changes = [shown for effect in effects for change in effect.changes for shown in shown_change(change)]
    return {"changes": changes, "creates": _creates(effects)}


def _creates(effects: tuple[Effect, ...]) -> list[str]:
    return [effect.creates for effect in effects if effect.creates]


def shown_change(change: Change) -> Iterator[dict[str, Any]]:
    """Yield a change; one between two objects, such as environments, key by key."""
    old, new = _plain(change.old), _plain(change.new)
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield {"field": change.field, "old": _without_secrets(old), "new": _without_secrets(new)}
        return
    show = _hidden if change.field.rpartition(".")[2] == "secrets" else _without_secrets
    for key in sorted(old | new):
        if old.get(key) != new.get(key):
            yield {"field": f"{change.field}.{key}", "old": show(old.get(key)), "new": show(new.get(key))}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it, without what it does not say."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _hidden(value: Any) -> str | None:
    return None if value is None else HIDDEN


def _without_secrets(value: Any) -> Any:
    """Return a plain value in which every reference to a secret is hidden."""
    if isinstance(value, list):
        return [_without_secrets(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {key: _entry_without_secrets(key, each) for key, each in value.items()}


def _entry_without_secrets(key: str, value: Any) -> Any:
    if key == "secrets" and isinstance(value, dict):
        return dict.fromkeys(value, HIDDEN)
    return HIDDEN if key in REFERENCES else _without_secrets(value)
