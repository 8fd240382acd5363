"""Images replaced by what they stand for."""

import json
from typing import Any

import pytest

from chalicelib.manifest import Manifest, parse, with_images
from chalicelib.plan import task_spec

PINNED = f"web@sha256:{'1' * 64}"
IMAGES = {"web:1": PINNED}
RAW = {
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
    "containerDefinitions": [{"name": "web", "image": "web:1"}, {"name": "side", "image": "side:1"}],
}
FORMS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"image": "web:1"}, (PINNED,)),
    ({"image": "web"}, ("web",)),
    ({"containers": {"web": {"image": "web:1"}, "side": {"image": "side:1"}}}, (PINNED, "side:1")),
    ({"task_definition": RAW}, (PINNED, "side:1")),
]


def asked(service: dict[str, Any]) -> Manifest:
    """Return a manifest of one service."""
    network = {"vpc": "vpc-1", "subnets": ["private"]}
    document = {"application": "shop", "network": network, "services": {"home": service}}
    return parse(json.dumps(document).encode(), "application/json")


@pytest.mark.parametrize(("service", "expected"), FORMS)
def test_images_are_replaced(service: dict[str, Any], expected: tuple[str, ...]) -> None:
    """In each form an image that is named is replaced, nothing else changes, and it is a manifest as any other."""
    manifest = asked(service)
    replaced = with_images(manifest, IMAGES)

    assert expected == task_spec(replaced, "home").images
    assert manifest == with_images(replaced, {value: key for key, value in IMAGES.items()})
    assert replaced == Manifest.model_validate_json(replaced.model_dump_json())


@pytest.mark.parametrize(("service", "_images"), FORMS)
def test_what_is_not_named_stays(service: dict[str, Any], _images: tuple[str, ...]) -> None:
    """Without images nothing changes, the content hash included."""
    manifest = asked(service)
    assert manifest == with_images(manifest, {})
    assert task_spec(manifest, "home").content_hash == task_spec(with_images(manifest, {}), "home").content_hash
