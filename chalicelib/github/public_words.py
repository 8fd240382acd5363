"""Words that anybody may read: statuses of a public repository are public, and an account's ids are not. Pure."""

import re

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html; quotes, commas and brackets stand around it.
_ARN = re.compile(r"(?<![A-Za-z])arn:[^\s\"'`<>|,;()\[\]{}…]*", re.IGNORECASE)
_REGISTRY = re.compile(r"\d{12}\.dkr[.-]ecr[A-Za-z0-9.-]*/")
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
# Services in whose resources' names a slash is a letter as any other.
_WITH_SLASHES = {"logs", "s3", "secretsmanager", "ssm"}
RESOURCE_AT = 5  # arn:partition:service:region:account:resource


def public(text: str) -> str:
    """Return a text in which every ARN is its resource's name, and no account's id is left."""
    while (named := _ARN.sub(lambda found: _named(found[0]), text)) != text:  # a name may hold an ARN
        text = named
    return _ACCOUNT.sub("(account)", _REGISTRY.sub("", text))


def public_url(url: str | None) -> str | None:
    """Return a URL, None where it would tell an ARN or an account's id: another one would lead nowhere."""
    return url if url and public(url) == url else None


def _named(arn: str) -> str:
    """Return the name of an ARN's resource; the full stop or colon that ends a sentence stays."""
    whole = arn.rstrip(".:!?")
    parts = whole.split(":", RESOURCE_AT)
    name = _name(parts[2], parts[RESOURCE_AT]) if len(parts) > RESOURCE_AT else "(a resource)"
    return (name or "(a resource)") + arn[len(whole) :]


def _name(service: str, resource: str) -> str:
    """Return a resource's name without its kind: "task-definition/shop-home:7" is shop-home:7."""
    kind, _, rest = re.sub("[:/]", "\0", resource, count=1).partition("\0")
    name = rest or kind
    if service in _WITH_SLASHES:
        return resource if service == "s3" else name
    if service == "elasticloadbalancing":  # targetgroup/NAME/id, loadbalancer/app/NAME/id
        return re.sub("^(?:app|net|gwy)/", "", name).partition("/")[0]
    return name.rpartition("/")[2]
