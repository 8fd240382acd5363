"""Images in the local cloud's ECR, as `docker push` leaves them there."""

import hashlib
import json

from tests.local.local_cloud import LocalCloud

REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"


def pushed(cloud: LocalCloud, repository: str, architecture: str) -> str:
    """Push an image of one architecture to a new repository, and return its name."""
    ecr, content = cloud.client("ecr"), json.dumps({"architecture": architecture, "os": "linux"}).encode()
    ecr.create_repository(repositoryName=repository)
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    part = {"partFirstByte": 0, "partLastByte": len(content) - 1, "layerPartBlob": content}
    ecr.upload_layer_part(repositoryName=repository, uploadId=upload, **part)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest])
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"digest": digest, "size": len(content)},
        "layers": [],
    }
    ecr.put_image(repositoryName=repository, imageManifest=json.dumps(manifest), imageTag="1")
    return f"{REGISTRY}/{repository}:1"
