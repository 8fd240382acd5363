"""Reading what a client sent: required members, tags, filters, pages."""

from typing import Any

from localcloud.faults import AwsFault

MAX_TAGS = 50


def invalid(message: str) -> AwsFault:
    """Return the InvalidInput that says what is wrong."""
    return AwsFault("InvalidInput", message, 400)


def required(request: dict[str, Any], member: str) -> Any:
    """Return a member of the request, or raise InvalidInput when it is missing or empty."""
    if request.get(member) in (None, ""):
        raise invalid(f"{member} is required; give it a value.")
    return request[member]


def tags_in(request: dict[str, Any]) -> dict[str, str]:
    """Return the request's Tags as a dict, or raise TooManyTagsException."""
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}
    if len(tags) > MAX_TAGS:
        raise AwsFault(
            "TooManyTagsException", f"A resource can have {MAX_TAGS} tags; the request has {len(tags)}.", 400
        )
    return tags


def matches(filters: list[dict[str, Any]] | None, values: dict[str, str]) -> bool:
    """Say whether a resource with these filterable `values` passes every filter."""
    return all(_passes(one, values) for one in filters or [])


def _passes(one: dict[str, Any], values: dict[str, str]) -> bool:
    name, condition = one["Name"], one.get("Condition", "EQ")
    if name not in values:
        raise invalid(f"The filter {name} is not supported here; use one of {', '.join(sorted(values))}.")
    if condition in {"EQ", "IN"}:
        return values[name] in one["Values"]
    if condition == "BEGINS_WITH":
        return any(values[name].startswith(value) for value in one["Values"])
    raise invalid(f"The condition {condition} is not supported for {name}; use EQ, IN or BEGINS_WITH.")


def page(member: str, items: list[Any], request: dict[str, Any]) -> dict[str, Any]:
    """Return one page of `items` under `member`, with a NextToken when more follow (100 at most, as on AWS)."""
    token = request.get("NextToken") or "0"
    if not token.isdigit():
        raise invalid("NextToken is not one that this API gave; leave it out to start at the first page.")
    start, size = int(token), int(request.get("MaxResults") or 100)
    more = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return {member: items[start : start + size], **more}
