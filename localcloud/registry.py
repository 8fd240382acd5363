"""ECR over moto: what was pushed says which program it is, and what a tag leaves behind stays.

An image manifest is pushed by PutImage alone, there are no layers to upload. Its annotation
`org.opencontainers.image.ref.name` (https://github.com/opencontainers/image-spec/blob/main/annotations.md) names an
image of an images file; without it the repository's name does.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, cast

from moto.ecr.models import Image, ecr_backends

PROGRAM = "org.opencontainers.image.ref.name"
REFERENCE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/"
    r"(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>.+))?"
)


class Registry:
    """The private registry of the account in a region: `pushed` is called after each PutImage."""

    def __init__(self, account: str = "000000000000", region: str = "us-east-1") -> None:
        cast("Any", Image)._create_digest = _digest_of_bytes  # noqa: SLF001
        self._place = (account, region)
        self._repositories = cast("Any", ecr_backends[account][region]).repositories
        self._tagged: dict[tuple[str, str], Image] = {}

    def program(self, reference: str) -> str:
        """Return the name in an images file of what was pushed under a reference, or the reference as it is."""
        found = self._find(reference)
        manifest = json.loads(found.image_manifest) if found else {}
        return str(manifest.get("annotations", {}).get(PROGRAM, reference))

    def _find(self, reference: str) -> Image | None:
        asked = REFERENCE.fullmatch(reference)
        if asked is None or asked.group("account", "region") != self._place:
            return None
        repository = self._repositories.get(asked["repository"])
        # Requests change moto's list in other threads: copy before iterating.
        for image in list(repository.images) if repository else []:
            named = (asked["tag"] or "latest") in image.image_tags
            if image.get_image_digest() == asked["digest"] if asked["digest"] else named:
                return cast("Image", image)
        return None

    def pushed(self, request: Mapping[str, Any]) -> None:
        """Keep what a tag named before, untagged, as ECR does: moto forgets an image with its last tag."""
        tag, images = request.get("imageTag"), self._repositories[request["repositoryName"]].images
        if tag is None:
            return
        image = next(each for each in images if tag in each.image_tags)
        before = self._tagged.get((image.repository_name, tag), image)
        if before not in images:
            before.image_tag, before.image_tags = cast("Any", None), []
            images.append(before)
        self._tagged[image.repository_name, tag] = image


def _digest_of_bytes(image: Image) -> None:
    """Give an image the digest that it has on AWS; moto makes one of its layers, or by chance."""
    image._image_digest = f"sha256:{hashlib.sha256(image.image_manifest.encode()).hexdigest()}"  # noqa: SLF001
