"""Images with placeholders, as a registered manifest may have them: `…/home:{sha}`, and how they are filled."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from chalicelib.manifest.described import WRAPPER, is_wrapped
from chalicelib.manifest.findings import Finding, Path
from chalicelib.manifest.sentences import nearest, shown

PLACEHOLDERS = ("sha", "short_sha", "tag", "branch", "version")
HARMLESS = dict.fromkeys(PLACEHOLDERS, "0")
TAG_LENGTH = 128  # Docker registry API: a tag is [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class ImagePlace:
    """Where a manifest, as it was written, has an image; `names` are those by which a request may name it."""

    path: Path
    names: tuple[str, ...]
    image: str


def image_places(written: Mapping[str, Any]) -> Iterator[ImagePlace]:
    """Yield the images of a manifest as far as it can be read, in whichever form its services are written.

    A service's only container is named as the service, one of several as "service.container".
    """
    for name, service in _objects(written.get("services")):
        path = ("services", name)
        yield from _image((*path, "image"), (name,), service.get("image"))
        containers = list(_containers(service))
        for steps, container in containers:
            own = container.get("name", steps[-1])
            names = (f"{name}.{own}", *((name,) if len(containers) == 1 else ()))
            yield from _image((*path, *steps, "image"), names, container.get("image"))


def _containers(service: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the containers of a service that has several, or a raw task definition, each with the way to it."""
    for name, container in _objects(service.get("containers")):
        yield ("containers", name), container
    path: Path = ("task_definition",)
    definition = service.get("task_definition")
    if isinstance(definition, dict) and is_wrapped(definition):
        definition, path = definition[WRAPPER], (*path, WRAPPER)
    listed = definition.get("containerDefinitions") if isinstance(definition, dict) else None
    for index, container in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(container, dict):
            yield (*path, "containerDefinitions", index), container


def _objects(value: Any) -> list[tuple[str, dict[str, Any]]]:
    entries = value.items() if isinstance(value, dict) else ()
    return [(key, each) for key, each in entries if isinstance(each, dict)]


def _image(path: Path, names: tuple[str, ...], image: Any) -> Iterator[ImagePlace]:
    if isinstance(image, str):
        yield ImagePlace(path, names, image)


def filled(
    written: Mapping[str, Any], values: Mapping[str, str], images: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], list[Finding]]:
    """Return a manifest with its placeholders filled, and what is wrong with them.

    `images` stand in the place of the manifest's own, by the names of `image_places`; they may have placeholders too.
    Values become part of a tag: see `tag_text`.
    """
    document, images = deepcopy(dict(written)), images or {}
    places = list(image_places(document))
    findings = list(_unknown(images, places))
    for place in places:
        template = next((images[name] for name in place.names if name in images), place.image)
        faults = list(placeholder_faults(template, values))
        findings += [Finding(place.path, fault) for fault in faults]
        image = fill(template, values)
        _set(document, place.path, _PLACEHOLDER.sub("0", image) if faults else image)
    return document, findings


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return a template with the placeholders that have a value filled."""
    return _PLACEHOLDER.sub(lambda found: tag_text(values.get(found[1], "")) or found[0], template)


def placeholder_faults(template: str, values: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with the placeholders of a template."""
    for name in dict.fromkeys(_PLACEHOLDER.findall(template)):
        if name not in PLACEHOLDERS:
            yield f"{{{name[:50]}}} is no placeholder: write {', '.join(f'{{{each}}}' for each in PLACEHOLDERS)}"
        elif not tag_text(values.get(name, "")):
            yield f"{shown(template)}: there is no value for {{{name}}}; give the image, or a version"
    if "{" in template.rpartition("/")[2].partition(":")[0] or "{" in template.rpartition("/")[0]:
        yield f"{shown(template)}: a placeholder stands in the tag alone, after the colon"


def tag_text(value: str) -> str:
    """Return a value as a part of an image's tag: "feature/x" becomes "feature-x", and it cannot name another image."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", value).lstrip(".-")[:TAG_LENGTH]


def _unknown(images: Mapping[str, str], places: list[ImagePlace]) -> Iterator[Finding]:
    known = [name for place in places for name in place.names]
    for name in images:
        if name not in known:
            cure = nearest(name, known) or f"; there are {', '.join(known)}"
            yield Finding(("images", name), f"{shown(name)} is no service of the registered manifest{cure}")


def _set(document: Any, path: Path, value: str) -> None:
    *way, last = path
    for step in way:
        document = document[step]
    document[last] = value
