"""Register applications, and deploy what is registered."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import ValidationError

from chalicelib import limits
from chalicelib.api.manifests import accepted
from chalicelib.cloud import Cloud
from chalicelib.errors import Fault, Forbidden, InvalidManifest, NotFound
from chalicelib.github.triggers import Trigger
from chalicelib.manifest import Manifest
from chalicelib.manifest.base import Model
from chalicelib.manifest.body import read
from chalicelib.manifest.document import Document
from chalicelib.manifest.findings import Finding, faults_to_show
from chalicelib.manifest.sentences import path_of, sentence, shown
from chalicelib.manifest.templates import HARMLESS, filled, image_places, placeholder_faults
from chalicelib.registration import Asked, Registration, Release
from chalicelib.settings import Settings

REF = re.compile("refs/(heads|tags)/(?P<name>.*)", re.DOTALL)
HINT = "What a registration is: docs/github.md; every field of a manifest: docs/manifest.md."
M = TypeVar("M", bound=Model)


def register(
    cloud: Cloud, application: str, body: bytes, content_type: str | None, caller: str
) -> tuple[Registration, bool]:
    """Register a manifest and its triggers under an application, for the environment that the manifest says.

    The flag tells that nothing was registered there before. Raises the errors of `manifest.parse`, with every fault.
    """
    document, now = read(body, content_type), cloud.now()
    asked = _asked(document, application, cloud.settings)
    environment = str(asked.manifest["environment"])
    before = cloud.store.registration(application, environment)
    registration = Registration(
        application=application,
        environment=environment,
        manifest=asked.manifest,
        triggers=asked.triggers,
        only=asked.only,
        registered_by=caller,
        registered_at=before.registered_at if before else now,
        updated_at=now,
    )
    if before and before.same_as(registration):
        return before, False
    cloud.store.register(registration)
    return registration, before is None


def _asked(document: Document, application: str, settings: Settings) -> Asked:
    written = document.written
    asked, findings = validated_as(Asked, document)
    findings = [each for each in findings if len(each.path) == 1 or each.path[0] != "manifest"]
    faults: list[Fault] = []
    manifest = written.get("manifest")
    if isinstance(manifest, dict):
        manifest = {"application": application, "environment": "default", **manifest}
        faults = _manifest_faults(replace(document.inside("manifest"), written=manifest), application, settings)
        findings += _trigger_findings(asked.triggers if asked else (), manifest)
    faults += faults_to_show(findings, written)
    if asked is None or faults:
        raise invalid(faults)
    return asked.model_copy(update={"manifest": manifest})


def _manifest_faults(document: Document, application: str, settings: Settings) -> list[Fault]:
    """Return what is wrong with a manifest whose placeholders may be anything."""
    sample, findings = filled(document.written, HARMLESS)
    named = sample["application"]
    if isinstance(named, str) and named != application:
        detail = f"{shown(named)} is not the application of the path: write {shown(application)}, or leave it out"
        findings.append(Finding(("application",), detail))
    faults = list(faults_to_show(findings, sample))
    try:
        accepted(replace(document, written=sample), settings)
    except InvalidManifest as refusal:
        faults += refusal.faults
    return [Fault(f"/manifest{fault.pointer}", fault.detail) for fault in faults]


def _trigger_findings(triggers: Iterable[Trigger], manifest: Mapping[str, Any]) -> Iterable[Finding]:
    """Yield what is wrong with triggers beside each field alone."""
    names = [name for place in image_places(manifest) for name in place.names]
    triggers = list(triggers)
    if len(triggers) > limits.TRIGGERS:
        yield Finding(("triggers",), f"there are {len(triggers)} triggers: write at most {limits.TRIGGERS}")
    for at, trigger in enumerate(triggers):
        for field in trigger.strange:
            yield Finding(("triggers", at, field), f"{trigger.event} has no {field}: leave it out")
        for field in ("branch", "tag"):
            if found := REF.match(getattr(trigger, field) or ""):
                detail = f"{shown(found[0])} is a ref, which no {field} is called: write {shown(found['name'])}"
                yield Finding(("triggers", at, field), detail)
        if trigger.event == "workflow_run" and trigger.workflow is None:
            detail = '"workflow" is missing: write the name or the file of the one whose success deploys, such as "CI"'
            yield Finding(("triggers", at, "workflow"), detail)
        for name, image in trigger.images.items():
            path = ("triggers", at, "images", name)
            if name not in names and trigger.to_environment in (None, manifest["environment"]):
                yield Finding(path, f"{shown(name)} is no service of the manifest; there are {', '.join(names)}")
            yield from (Finding(path, fault) for fault in placeholder_faults(image, HARMLESS))


def validated_as(model: type[M], document: Document) -> tuple[M | None, list[Finding]]:
    """Return a body as a model, if it is one, and what is wrong with it."""
    findings = list(document.findings)
    try:
        return model.model_validate(document.written), findings
    except ValidationError as error:
        found = [(path_of(each, document.written), each) for each in error.errors(include_url=False)]
    misread = {each.path for each in findings}
    said = [(path, sentence(each, model, document.texts.get(path))) for path, each in found if path not in misread]
    return None, [*findings, *(Finding(path, detail) for path, detail in said)]


def invalid(faults: Sequence[Fault]) -> InvalidManifest:
    """Return the error that tells the faults of a body."""
    count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
    return InvalidManifest(f"The body has {count}.", faults=tuple(faults), hint=HINT)


def is_release(written: Mapping[str, Any]) -> bool:
    """Tell whether a body asks for a registered manifest: it has no services, nor anything else of a manifest's own."""
    return not (written.keys() & (Manifest.model_fields.keys() - Release.model_fields.keys()))


def released(cloud: Cloud, document: Document) -> Manifest:
    """Return the registered manifest that a body asks for, with its images. Raises NotFound and InvalidManifest."""
    release, findings = validated_as(Release, document)
    if release is None or findings:
        raise invalid(faults_to_show(findings, document.written))
    registration = cloud.store.registration(release.application, release.environment)
    if registration is None:
        raise NotFound(
            f"{release.application[:50]} is not registered in the environment {release.environment[:50]}.",
            hint="Register it with PUT /applications/{application}, or send a whole manifest.",
        )
    values = dict.fromkeys(HARMLESS, release.version or "")
    return manifest_of(cloud, registration, values, release.images)


def manifest_of(
    cloud: Cloud, registration: Registration, values: Mapping[str, str], images: Mapping[str, str]
) -> Manifest:
    """Return a registered manifest with these images, and the placeholders filled; raises InvalidManifest."""
    written, findings = filled(registration.manifest, values, images)
    if findings:
        raise invalid(faults_to_show(findings, written))
    return accepted(Document(written), cloud.settings)


def demand_door(cloud: Cloud, manifest: Manifest) -> None:
    """Raise Forbidden when the environment of a manifest is not to be deployed by a request with a token."""
    registration = cloud.store.registration(manifest.application, manifest.environment)
    if registration and not registration.admits("person"):
        raise Forbidden(
            registration.doors,
            hint="Create a deployment on GitHub; its registration's `only` says so, and may be changed.",
        )
