"""What a deployment would do. It is no state: the API asks the function `observe` for it, and nothing is written."""

from collections.abc import Mapping
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.log import logger
from chalicelib.manifest import Manifest, with_images
from chalicelib.plan_document import plan_document
from chalicelib.steps.account import account_of
from chalicelib.steps.looks import Looks
from chalicelib.steps.plan import resolved_images

STATE = "DryRun"  # what `observe` is told in the place of a state


def run(cloud: Cloud, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plan of the manifest, in JSON, that `Observer.dry_run` sends with `force`."""
    asked = Manifest.model_validate_json(document["manifest"])
    # A function's process keeps the keys of its last step.
    logger.append_keys(deployment_id=None, service_name=None, state=STATE, application=asked.application)
    try:
        logger.info("dry run")
        manifest = with_images(asked, resolved_images(cloud, asked))
        return plan_document(manifest, account_of(Looks(cloud, manifest), force=document["force"]).forecast)
    finally:
        logger.remove_keys(["application"])
