"""Show applications, and tear one down: accept it as a deployment that removes."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from chalicelib import limits
from chalicelib.api.deployments import Request, accept
from chalicelib.belongings import Belongings
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, new_id, progress_of
from chalicelib.errors import InvalidQuery, NotFound, TooManyServices
from chalicelib.manifest.models import qualified

NAME = f"[A-Za-z0-9_-]{{1,{limits.NAME_LENGTH}}}"
NAMES = {"application", "environment"}
TIMEOUT_AT_LEAST_SECONDS = 900  # a manifest's own timeout may be too short for services to drain


def listed(cloud: Cloud, query: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the applications that are registered, by name, each with its environments; raises InvalidQuery."""
    for name in query:
        raise InvalidQuery(f"{name[:50]} is no parameter of this route; it has none.")
    environments: dict[str, list[str]] = {}
    for each in cloud.store.registrations():
        environments.setdefault(each.application, []).append(each.environment)
    return [{"application": name, "environments": sorted(each)} for name, each in sorted(environments.items())]


def shown(cloud: Cloud, application: str, query: Mapping[str, str]) -> dict[str, Any]:
    """Return what is registered and what is live of an application in an environment ("default").

    Raises InvalidQuery, and NotFound when it is neither registered nor was ever deployed there.
    """
    environment = _environment(query)
    registration = cloud.store.registration(application, environment) if re.fullmatch(NAME, application) else None
    if registration is None and not _known(cloud, application, environment):
        raise _nothing(application, environment)
    return {
        "application": application,
        "environment": environment,
        "registration": registration.model_dump(mode="json", exclude=NAMES) if registration else None,
        **cloud.observer.live(application, environment),
    }


def teardown(
    cloud: Cloud, application: str, query: Mapping[str, str], caller: str, idempotency_key: str | None
) -> tuple[Deployment, bool]:
    """Accept the removal of all that Slipway made for an application in an environment ("default").

    What is registered there is forgotten, so that nothing deploys it again by itself. The flag tells a replayed
    request. Raises NotFound when nobody ever registered or deployed it, TooManyServices, InvalidQuery,
    IdempotencyKeyReused and DeploymentInProgress.
    """
    environment = _environment(query)
    request = Request(f"DELETE {application}/{environment}".encode(), None, caller, idempotency_key)

    def new() -> tuple[Deployment, Belongings]:
        known = _known(cloud, application, environment)
        if known is None:
            raise _nothing(application, environment)
        if len(known.labels) > limits.TEARDOWN_SERVICES:
            raise TooManyServices(
                f"{application} has {len(known.labels)} services in the environment {environment};"
                f" a teardown takes {limits.TEARDOWN_SERVICES}.",
                hint="Deploy a manifest of fewer services with prune: true first.",
            )
        return _new(cloud, application, environment, caller, known), known

    deployment, replayed = accept(cloud, request, new)
    _forget(cloud, deployment)
    return deployment, replayed


def _forget(cloud: Cloud, teardown: Deployment) -> None:
    """Forget what was registered before a teardown; a request that comes again leaves what was registered after it."""
    registered = cloud.store.registration(teardown.application, teardown.environment)
    if registered and registered.updated_at <= teardown.created_at:
        cloud.store.unregister(teardown.application, teardown.environment)


def _known(cloud: Cloud, application: str, environment: str) -> Belongings | None:
    """Return what an application may have; one that is only registered has nothing."""
    if not re.fullmatch(NAME, application):
        return None
    if known := cloud.store.belongings(application, environment):
        return known
    registered = cloud.store.registration(application, environment)
    return Belongings(cluster=qualified(application, environment)) if registered else None


def _nothing(application: str, environment: str) -> NotFound:
    return NotFound(
        f"Nothing was ever registered or deployed as {application[:50]} in the environment {environment}.",
        hint="GET /applications lists what is registered, GET /deployments what was deployed.",
    )


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
