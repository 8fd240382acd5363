"""A manifest as the API accepts it: right by itself, and with definitions and commands that ECS has room for."""

from collections.abc import Iterator

from chalicelib.aws.command import MAX_OVERRIDES, Command
from chalicelib.aws.task_definition_document import MAX_BYTES, size_bytes
from chalicelib.manifest import Manifest, main_container
from chalicelib.manifest.document import Document
from chalicelib.manifest.findings import Finding, faults_to_show
from chalicelib.manifest.parse import invalid, validated
from chalicelib.plan import task_spec
from chalicelib.settings import Settings


def accepted(document: Document, settings: Settings) -> Manifest:
    """Return the manifest that a document is. Raises InvalidManifest with every fault."""
    manifest = validated(document, settings.defaults)
    findings = [*_too_large(manifest, settings.region), *_too_long(manifest)]
    if findings:
        raise invalid(faults_to_show(findings, document.written), len(findings))
    return manifest


def _too_large(manifest: Manifest, region: str) -> Iterator[Finding]:
    for name, service in manifest.services.items():
        size = size_bytes(task_spec(manifest, name), region)
        if size > MAX_BYTES:
            form = "task_definition" if service.task_definition else "containers" if service.containers else None
            detail = (
                f"the task definition would have {size} bytes, and ECS takes {MAX_BYTES}: write less, or let the"
                " containers read what is long from a secret, an object in S3 or their image"
            )
            yield Finding(("services", name, *((form,) if form else ())), detail)


def _too_long(manifest: Manifest) -> Iterator[Finding]:
    for name, service in manifest.services.items():
        if service.before_deploy is None:
            continue
        length = Command(main_container(manifest, name).name, service.before_deploy.command).length
        if length > MAX_OVERRIDES:
            detail = (
                f"with its container's name the command has {length} characters as JSON, and ECS takes {MAX_OVERRIDES}:"
                " put what is long into the image, and run it from there"
            )
            yield Finding(("services", name, "before_deploy", "command"), detail)
