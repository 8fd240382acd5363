"""Tags of namespaces and services."""

from typing import Any

from localcloud.discovery.requests import MAX_TAGS, required, tags_in
from localcloud.discovery.state import State
from localcloud.faults import AwsFault


def tag_resource(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Add or change tags; raises ResourceNotFoundException, TooManyTagsException."""
    arn, tags = required(request, "ResourceARN"), _tags_of(state, request)
    merged = {**tags, **tags_in(request)}
    if len(merged) > MAX_TAGS:
        raise AwsFault("TooManyTagsException", f"{arn} would have {len(merged)} tags; {MAX_TAGS} are allowed.", 400)
    state.tags[arn] = merged
    return {}


def untag_resource(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Remove tags by key, those that are not there too; raises ResourceNotFoundException."""
    removed, tags = required(request, "TagKeys"), _tags_of(state, request)
    state.tags[request["ResourceARN"]] = {key: value for key, value in tags.items() if key not in removed}
    return {}


def list_tags_for_resource(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Return the tags of a namespace or service; raises ResourceNotFoundException."""
    return {"Tags": [{"Key": key, "Value": value} for key, value in _tags_of(state, request).items()]}


def _tags_of(state: State, request: dict[str, Any]) -> dict[str, str]:
    arn = required(request, "ResourceARN")
    if arn not in state.tags:
        raise AwsFault("ResourceNotFoundException", f"No namespace or service has the ARN {arn}", 404, ResourceName=arn)
    return state.tags[arn]
