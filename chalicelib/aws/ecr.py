"""Amazon ECR: which images there are, and what they are built for."""

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

from chalicelib.aws.calls import call, listed
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


# Of a layer that cannot be had: the image's configuration was never in this repository, or is not one.
NO_LAYER = {"LayersNotFoundException", "LayerInaccessibleException"}
DOWNLOAD_SECONDS = 5
ROOT = "ROOT"  # the prefix of every repository, or of none


def download(url: str) -> bytes:
    """Return what is at a presigned URL; raises AwsRefused in the server's words."""
    import urllib.request
    from http.client import HTTPException

    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_SECONDS) as answer:  # noqa: S310  the URL is ECR's own
            content: bytes = answer.read()
            return content
    except (OSError, HTTPException) as error:
        raise AwsRefused("get_download_url_for_layer", type(error).__name__, str(error)) from error


class Ecr:
    """The private registry of an account and region; `fetch` gets the content of a presigned URL."""

    def __init__(self, client: Any, fetch: Callable[[str], bytes] = download) -> None:
        self._client = client
        self._fetch = fetch

    def architectures(self, image: str) -> tuple[str, ...] | None:
        """Return what an image is built for, such as ("arm64", "x86_64"); () where it does not tell.

        None means that the registry has no such image. An index of several images tells by itself, a single image by
        its configuration, a layer that is downloaded from S3: a few KB.
        """
        found = self._find(image)
        return self._told(_image_id(image)[0], json.loads(found["imageManifest"])) if found else None

    def digest(self, image: str) -> str | None:
        """Return the digest that an image has now, "sha256:…"; None means that the registry has no such image."""
        found = self._find(image)
        return str(found["imageId"]["imageDigest"]) if found else None

    def upstreams(self, images: Collection[str]) -> dict[str, str]:
        """Return what ECR pulls from another registry when an image is pulled, by image; the others are not there.

        The longest prefix counts. https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private-wildcards.html
        """
        rules = listed(self._client, "describe_pull_through_cache_rules", "pullThroughCacheRules")
        rules.sort(key=lambda rule: -len(_prefix(rule["ecrRepositoryPrefix"])))
        found = {image: _upstream(image.partition("/")[2], rules) for image in images}
        return {image: upstream for image, upstream in found.items() if upstream}

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

    def _told(self, repository: str, manifest: dict[str, Any]) -> tuple[str, ...]:
        if "manifests" in manifest:
            return _in_our_words([each.get("platform", {}).get("architecture") for each in manifest["manifests"]])
        digest = manifest.get("config", {}).get("digest")
        return _in_our_words([self._configuration(repository, digest).get("architecture")]) if digest else ()

    def _configuration(self, repository: str, digest: str) -> dict[str, Any]:
        """Return an image's configuration, nothing of one that cannot be had.

        https://github.com/opencontainers/image-spec/blob/main/config.md
        """
        try:
            layer = call(self._client.get_download_url_for_layer, repositoryName=repository, layerDigest=digest)
        except AwsRefused as refusal:
            if refusal.aws_code in NO_LAYER:
                return {}
            raise
        configuration: dict[str, Any] = json.loads(self._fetch(layer["downloadUrl"]))
        return configuration


def _image_id(image: str) -> tuple[str, dict[str, str]]:
    """Return repository and image id of "registry/repository:tag" or "…@sha256:…"; `latest` unless it says."""
    name = image.partition("/")[2]
    path, _, digest = name.partition("@")
    repository, _, tag = path.partition(":")
    return repository, {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}


def _upstream(name: str, rules: Sequence[dict[str, Any]]) -> str | None:
    """Return where "prefix/repository:tag" is pulled from by the first rule that has its prefix."""
    for rule in rules:
        prefix = _prefix(rule["ecrRepositoryPrefix"])
        if name.startswith(prefix):
            theirs = _prefix(rule.get("upstreamRepositoryPrefix", ROOT))
            return f"{rule['upstreamRegistryUrl']}/{theirs}{name.removeprefix(prefix)}"
    return None


def _prefix(written: str) -> str:
    """Return a rule's prefix as names begin with it: "there is always an assumed / applied to the end"."""
    return "" if written == ROOT else f"{written}/"


def _in_our_words(platforms: Sequence[str | None]) -> tuple[str, ...]:
    # Buildx writes attestations into the index as images of an "unknown" platform.
    return tuple(sorted({ARCHITECTURES.get(each, each) for each in platforms if each and each != "unknown"}))
