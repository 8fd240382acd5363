"""Amazon ECR: which images there are, and what they are built for."""

import json
from typing import Any

from chalicelib.aws.calls import call
from chalicelib.errors import AwsRefused

# What Docker calls an architecture, and the manifest; others stay as they are.
ARCHITECTURES = {"amd64": "x86_64"}
# Without these ECR answers the image of one architecture: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
MEDIA_TYPES = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
]


class Ecr:
    """The private registry of an account and region."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def architectures(self, image: str) -> tuple[str, ...] | None:
        """Return what an image is built for, such as ("arm64", "x86_64"); () where it does not tell.

        None means that the registry has no such image. Only an index of several images tells: that of a single one
        stands in its configuration, which is no call of ECR's.
        """
        found = self._find(image)
        return _architectures(found["imageManifest"]) if found else None

    def digest(self, image: str) -> str | None:
        """Return the digest that an image has now, "sha256:…"; None means that the registry has no such image."""
        found = self._find(image)
        return str(found["imageId"]["imageDigest"]) if found else None

    def _find(self, image: str) -> dict[str, Any] | None:
        repository, image_id = _image_id(image)
        try:
            answer = call(
                self._client.batch_get_image,
                repositoryName=repository,
                imageIds=[image_id],
                acceptedMediaTypes=MEDIA_TYPES,
            )
        except AwsRefused as refusal:
            if refusal.aws_code == "RepositoryNotFoundException":
                return None
            raise
        return next(iter(answer["images"]), None)


def _image_id(image: str) -> tuple[str, dict[str, str]]:
    """Return repository and image id of "registry/repository:tag" or "…@sha256:…"; `latest` unless it says."""
    name = image.partition("/")[2]
    path, _, digest = name.partition("@")
    repository, _, tag = path.partition(":")
    return repository, {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}


def _architectures(manifest: str) -> tuple[str, ...]:
    platforms = [each.get("platform", {}).get("architecture") for each in json.loads(manifest).get("manifests", [])]
    # Buildx writes attestations into the index as images of an "unknown" platform.
    return tuple(sorted({ARCHITECTURES.get(each, each) for each in platforms if each not in (None, "unknown")}))
