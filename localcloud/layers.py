"""Image layers in ECR: moto counts their bytes and forgets them; here they lie in S3, as they do on AWS.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
"""

import hashlib
from base64 import b64decode
from collections import defaultdict
from functools import cached_property
from typing import Any

from localcloud.account import Account
from localcloud.faults import AwsFault

BUCKET = "prod-us-east-1-starport-layer-bucket"  # the bucket's name in ECR's user guide, on endpoints
URL_SECONDS = 3600


class Layers:
    """Keeps what is uploaded; `account` is where S3 is. Call the listeners after moto has agreed."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._uploads: dict[str, bytes] = defaultdict(bytes)
        self._kept: set[str] = set()

    def uploaded(self, request: dict[str, Any]) -> None:
        """Take the next part of a layer, after UploadLayerPart."""
        self._uploads[request["uploadId"]] += b64decode(request["layerPartBlob"])

    def completed(self, request: dict[str, Any]) -> None:
        """Keep a layer, after CompleteLayerUpload."""
        content = self._uploads.pop(request["uploadId"], b"")
        key = _key(request["repositoryName"], f"sha256:{hashlib.sha256(content).hexdigest()}")
        self._s3.create_bucket(Bucket=BUCKET)
        self._s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        self._kept.add(key)

    @cached_property
    def _s3(self) -> Any:
        """Make the client when a layer comes: S3's model takes botocore 0.2 s to read."""
        return self._account.client("s3")

    def handle(self, _operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """GetDownloadUrlForLayer: a URL that needs no signature beside its own."""
        digest, repository = request["layerDigest"], request["repositoryName"]
        key = _key(repository, digest)
        if key not in self._kept:
            raise AwsFault("LayersNotFoundException", f"The layer with digest {digest} is not in {repository}.")
        place = {"Bucket": BUCKET, "Key": key}
        url = self._s3.generate_presigned_url("get_object", Params=place, ExpiresIn=URL_SECONDS)
        return {"downloadUrl": url, "layerDigest": digest}


def _key(repository: str, digest: str) -> str:
    return f"{repository}/{digest.replace(':', '-')}"
