"""Tear an application down: accept it as a deployment that removes."""

import re
from collections.abc import Mapping
from datetime import timedelta

from chalicelib import limits
from chalicelib.api.deployments import Request, accept
from chalicelib.belongings import Belongings
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, new_id, progress_of
from chalicelib.errors import InvalidQuery, NotFound, TooManyServices

NAME = f"[A-Za-z0-9_-]{{1,{limits.NAME_LENGTH}}}"
TIMEOUT_AT_LEAST_SECONDS = 900  # a manifest's own timeout may be too short for services to drain


def teardown(
    cloud: Cloud, application: str, query: Mapping[str, str], caller: str, idempotency_key: str | None
) -> tuple[Deployment, bool]:
    """Accept the removal of all that Slipway made for an application in an environment ("default").

    The flag tells a replayed request. Raises NotFound when nobody ever deployed it, TooManyServices, InvalidQuery,
    IdempotencyKeyReused and DeploymentInProgress.
    """
    environment = _environment(query)
    request = Request(f"DELETE {application}/{environment}".encode(), None, caller, idempotency_key)

    def new() -> tuple[Deployment, Belongings]:
        known = re.fullmatch(NAME, application) and cloud.store.belongings(application, environment)
        if not known:
            raise NotFound(
                f"Nothing was ever deployed as {application[:50]} in the environment {environment}.",
                hint="GET /deployments lists what was, with its application and environment.",
            )
        if len(known.labels) > limits.TEARDOWN_SERVICES:
            raise TooManyServices(
                f"{application} has {len(known.labels)} services in the environment {environment};"
                f" a teardown takes {limits.TEARDOWN_SERVICES}.",
                hint="Deploy a manifest of fewer services with prune: true first.",
            )
        return _new(cloud, application, environment, caller, known), known

    return accept(cloud, request, new)


def _environment(query: Mapping[str, str]) -> str:
    for name in query:
        if name != "environment":
            raise InvalidQuery(f"{name[:50]} is no parameter of this route; it has environment.")
    environment = query.get("environment", "default")
    if not re.fullmatch(NAME, environment):
        raise InvalidQuery(f"environment={environment[:20]}: write 1 to {limits.NAME_LENGTH} letters, digits, _ and -.")
    return environment


def _new(cloud: Cloud, application: str, environment: str, caller: str, belongings: Belongings) -> Deployment:
    now = cloud.now()
    seconds = max(belongings.timeout_seconds, TIMEOUT_AT_LEAST_SECONDS)
    return Deployment(
        id=new_id("dep", now),
        kind="teardown",
        application=application,
        environment=environment,
        cluster=belongings.cluster,
        requested_by=caller,
        created_at=now,
        updated_at=now,
        deadline_at=now + timedelta(seconds=seconds),
        services=progress_of(dict.fromkeys(belongings.labels)),
    )
