"""The door of this package: a request's body in, a manifest out, or everything that is wrong with it."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from chalicelib import limits
from chalicelib.errors import Fault, InvalidManifest
from chalicelib.manifest.body import read
from chalicelib.manifest.document import Document
from chalicelib.manifest.findings import Finding, faults_to_show, holds, reading_order
from chalicelib.manifest.models import Manifest
from chalicelib.manifest.rules import cross_field_findings
from chalicelib.manifest.sentences import path_of, sentence

# What a stage may say on behalf of every manifest; `network` is merged field by field.
DEFAULTED = ("namespace", "network", "load_balancer", "execution_role", "poll_seconds")


def parse(body: bytes, content_type: str | None, defaults: Mapping[str, Any] = MappingProxyType({})) -> Manifest:
    """Read a manifest from a request's body.

    `defaults` is the stage's object with any of `DEFAULTED`; what the manifest says itself wins.

    Raises BodyTooLarge, UnsupportedMediaType, MalformedBody (with line and column), or InvalidManifest with every
    fault, each with its JSON pointer.
    """
    return validated(read(body, content_type), defaults)


def validated(document: Document, defaults: Mapping[str, Any] = MappingProxyType({})) -> Manifest:
    """Return the manifest that a document is; `defaults` as for `parse`. Raises InvalidManifest with every fault."""
    document = document.without_extensions()
    merged = with_defaults(document.written, defaults)
    misread = {found.path for found in document.findings}
    manifest, errors = _validate(merged)
    found = [(path, error) for error in errors if (path := path_of(error, merged)) not in misread]
    faulty = misread.union(path for path, _ in found)
    findings = [*document.findings, *cross_field_findings(merged, frozenset(faulty), document.texts)]
    if manifest and not findings:
        return manifest
    order = reading_order(merged)
    first = sorted(found, key=lambda each: order(each[0]))[: limits.FAULTS]
    findings += [Finding(path, sentence(error, text=document.texts.get(path))) for path, error in first]
    raise _invalid(findings, len(found) - len(first), merged, document.written)


def with_defaults(written: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest's object with the stage's defaults where it says nothing."""
    said = {key: defaults[key] for key in DEFAULTED if key in defaults}
    merged = {**written, **{key: value for key, value in said.items() if key not in written}}
    own, stage = written.get("network"), said.get("network")
    if isinstance(own, Mapping) and isinstance(stage, Mapping):
        merged["network"] = {**stage, **own}
    return merged


def _validate(merged: dict[str, Any]) -> tuple[Manifest | None, list[ErrorDetails]]:
    try:
        return Manifest.model_validate(merged), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _invalid(findings: list[Finding], untold: int, merged: dict[str, Any], written: dict[str, Any]) -> InvalidManifest:
    sourced = [
        replace(found, detail=f"{found.detail} (this is the stage's default, not the manifest's)")
        if holds(merged, found.path) and not holds(written, found.path)
        else found
        for found in findings
    ]
    faults = faults_to_show(sourced, merged, untold)
    return invalid(faults, len(set(sourced)) + untold)


def invalid(faults: tuple[Fault, ...], count: int) -> InvalidManifest:
    """Return the error that tells the faults of a manifest, of which there are `count`."""
    detail = "The manifest has one fault." if count == 1 else f"The manifest has {count} faults."
    return InvalidManifest(detail, faults=faults, hint="Every field and its rule: docs/manifest.md.")
