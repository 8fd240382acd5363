"""TOKEN authorizers: run as API Gateway runs them, their policies judged as it judges them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

import re
import time
from collections.abc import Callable
from typing import Any

from chalice.app import ChaliceAuthorizer

from localcloud.lambdas import LambdaContext, running

DEFAULT_TTL_SECONDS = 300  # API Gateway's, when the authorizer names none

Policy = dict[str, Any]


class UnauthorizedError(Exception):
    """No token, or the authorizer said "Unauthorized": a 401."""


class ForbiddenError(Exception):
    """The policy denies this method and path, or does not allow it: a 403."""


class Authorizers:
    """Ask authorizers, and remember each policy by its token for the authorizer's `ttl_seconds`."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._cached: dict[tuple[str, str], tuple[float, Policy]] = {}

    def admit(self, authorizer: ChaliceAuthorizer, headers: dict[str, str], method_arn: str) -> dict[str, str]:
        """Return what the function sees as `requestContext.authorizer`.

        Raises UnauthorizedError, ForbiddenError, or whatever else the authorizer raised.
        """
        token = headers.get((authorizer.config.header or "Authorization").title())
        if not token:
            raise UnauthorizedError("the request carries no token")
        policy = self._policy(authorizer, token, method_arn)
        if not allows(policy, method_arn):
            raise ForbiddenError(method_arn)
        context = {name: _as_text(value) for name, value in (policy.get("context") or {}).items()}
        return {**context, "principalId": policy["principalId"]}

    def _policy(self, authorizer: ChaliceAuthorizer, token: str, method_arn: str) -> Policy:
        ttl_seconds = authorizer.config.ttl_seconds
        expiry, policy = self._cached.get((authorizer.name, token), (0.0, {}))
        if expiry > self._monotonic():
            return policy
        policy = _ask(authorizer, token, method_arn)
        lifetime = DEFAULT_TTL_SECONDS if ttl_seconds is None else ttl_seconds
        if lifetime > 0:
            self._cached[authorizer.name, token] = (self._monotonic() + lifetime, policy)
        return policy


def allows(policy: Policy, method_arn: str) -> bool:
    """Say whether `policy` lets `method_arn` be invoked: some statement allows it and none denies it."""
    effects = {one["Effect"] for one in policy["policyDocument"]["Statement"] if _covers(one["Resource"], method_arn)}
    return effects == {"Allow"}


def _ask(authorizer: Any, token: str, method_arn: str) -> Policy:
    event = {"type": "TOKEN", "authorizationToken": token, "methodArn": method_arn}
    try:
        with running(authorizer.name):
            policy: Policy = authorizer(event, LambdaContext(authorizer.name))
    except Exception as error:
        # API Gateway knows a refused token by this message alone; the exception's class says nothing to it.
        if str(error) == "Unauthorized":
            raise UnauthorizedError("the authorizer refused the token") from error
        raise
    return policy


def _covers(resources: str | list[str], method_arn: str) -> bool:
    patterns = [resources] if isinstance(resources, str) else resources
    return any(re.fullmatch(_as_regex(pattern), method_arn) for pattern in patterns)


def _as_regex(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")


def _as_text(value: Any) -> str:
    """Write a context value as API Gateway passes it on: always a string."""
    return str(value).lower() if isinstance(value, bool) else str(value)
