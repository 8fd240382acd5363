"""The images of a manifest, replaced by what they stand for, in whichever form a service is written."""

from collections.abc import Mapping
from typing import Any

from chalicelib.manifest.described import WRAPPER, is_wrapped
from chalicelib.manifest.models import Manifest
from chalicelib.manifest.services import Service


def with_images(manifest: Manifest, images: Mapping[str, str]) -> Manifest:
    """Return a manifest in which each image that is a key of `images` is its value; others stay as they are."""
    services = {name: _service(service, images) for name, service in manifest.services.items()}
    return manifest.model_copy(update={"services": services})


def _service(service: Service, images: Mapping[str, str]) -> Service:
    if service.task_definition is not None:
        return service.model_copy(update={"task_definition": _definition(service.task_definition, images)})
    if service.containers is not None:
        containers = {
            name: each.model_copy(update={"image": images.get(each.image, each.image)})
            for name, each in service.containers.items()
        }
        return service.model_copy(update={"containers": containers})
    return service.model_copy(update={"image": images.get(service.image or "", service.image)})


def _definition(written: Mapping[str, Any], images: Mapping[str, str]) -> dict[str, Any]:
    if is_wrapped(written):
        return {**written, WRAPPER: _definition(written[WRAPPER], images)}
    containers = [
        {**each, "image": images.get(each["image"], each["image"])} for each in written["containerDefinitions"]
    ]
    return {**written, "containerDefinitions": containers}
