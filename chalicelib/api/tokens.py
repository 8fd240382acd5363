"""Bearer tokens: the table holds their hashes, and a hash finds whom a token belongs to."""

import hashlib

from chalicelib.cloud import Cloud
from chalicelib.errors import Forbidden, Unauthorized
from chalicelib.ledger import Principal


def authenticate(cloud: Cloud, authorization: str) -> Principal:
    """Return whom an `Authorization: Bearer …` header belongs to; raises Unauthorized.

    API Gateway answers 401 when an authorizer's error is exactly the word "Unauthorized" (developer guide, "Lambda
    authorizer"). The token is looked up by its SHA-256, so no comparison's time tells anything about it.
    """
    scheme, _, token = authorization.partition(" ")
    principal = cloud.store.principal(token_hash(token)) if scheme.lower() == "bearer" and token else None
    if principal is None:
        raise Unauthorized("Unauthorized")
    return principal


def token_hash(token: str) -> str:
    """Return what is stored in place of a token: tokens are random and long, so a plain SHA-256 is enough."""
    return hashlib.sha256(token.strip().encode()).hexdigest()


def require(scopes: str, scope: str) -> None:
    """Raise Forbidden unless `scopes`, as the authorizer hands them on ("read write"), hold `scope` or imply it.

    Who may deploy may plan, too.
    """
    enough = {"plan", "write"} if scope == "plan" else {scope}
    if enough.isdisjoint(scopes.split()):
        raise Forbidden(f"This token may {scopes or 'nothing'}; this route needs {scope}.")
