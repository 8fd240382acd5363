"""What every step is given."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import called_off
from chalicelib.deployment import Deployment
from chalicelib.errors import ServiceNotOwned
from chalicelib.manifest import Manifest
from chalicelib.preflight import whose
from chalicelib.specs import Serving

# The state machine waits no longer between two tries of what AWS refuses: who asks for the last time asks by then.
BETWEEN_TRIES = timedelta(seconds=15)


@dataclass
class Pulse:
    """Until when a wait is kept alive; None: for as long as its step goes on."""

    until: datetime | None = None

    def beats(self, now: datetime) -> bool:
        """Tell whether the wait is kept alive still."""
        return self.until is None or now < self.until


@dataclass(frozen=True)
class StepEvent:
    """Which state calls, for which deployment and service; `token` and `poll_seconds` in waits, `error` in catches.

    `entered_at` is the same for all tries of a state; an older release told it in waits only. `attempt` is how often
    the state was tried before, None where that is not told. `pulse` keeps a wait alive while its step goes on.
    """

    state: str
    deployment_id: str
    service: str | None = None
    token: str | None = None
    entered_at: str | None = None
    poll_seconds: int | None = None
    error: Mapping[str, str] | None = None
    attempt: int | None = None
    pulse: Pulse = field(default_factory=Pulse, compare=False)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> StepEvent:
        """Return the event that a state sends as its payload."""
        return cls(**document)

    @property
    def service_name(self) -> str:
        """The service, in a state that belongs to one."""
        if self.service is None:
            raise ValueError(f"{self.state} belongs to a service, and none was named")
        return self.service

    @property
    def of_an_older_release(self) -> bool:
        """Tell whether an older release began the execution: its workflow knows no Unsettled, and does not prune."""
        return self.entered_at is None

    def tried_for(self, now: datetime) -> timedelta:
        """Return for how long this state is being tried."""
        return now - datetime.fromisoformat(self.entered_at) if self.entered_at else timedelta()

    @property
    def is_first(self) -> bool:
        """Whether the state was never tried before: then it has made nothing that Plan could not see."""
        return self.attempt == 0

    def client_token(self) -> str:
        """Return what makes this step's create happen once: the same for the same deployment, state and service.

        A UUID has the 36 characters that ECS allows (API reference, CreateService).
        """
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.deployment_id}/{self.state}/{self.service}"))

    @property
    def caught(self) -> tuple[str, str]:
        """Return name and message of the error that a Catch handed on."""
        error = self.error or {}
        return error.get("Error", "Unknown"), _message(error.get("Cause", ""))


Step = Callable[[Cloud, StepEvent], dict[str, Any]]


def _message(cause: str) -> str:
    """Return the words in a Catch's Cause: Lambda puts a JSON object there, Step Functions itself plain text."""
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause


def tags(cloud: Cloud, manifest: Manifest, deployment: Deployment | str, service: str | None = None) -> dict[str, str]:
    """Return the tags of what a deployment makes: the manifest's own, and ours."""
    ours = {
        "slipway:application": manifest.application,
        "slipway:environment": manifest.environment,
        "slipway:deployment": deployment if isinstance(deployment, str) else deployment.id,
        "slipway:installation": cloud.settings.installation,
    }
    return {**manifest.tags, **ours, **({"slipway:service": service} if service else {})}


def owner_tags(cloud: Cloud, deployment: Deployment | Manifest) -> dict[str, str]:
    """Return the tags by which we know what is this application's, in this environment and of this installation."""
    return {
        "slipway:application": deployment.application,
        "slipway:environment": deployment.environment,
        "slipway:installation": cloud.settings.installation,
    }


def removable_tags(cloud: Cloud, deployment: Deployment) -> dict[str, str]:
    """Return the tags of what may be removed: by a teardown all of the application's, else what it made itself."""
    own = {} if deployment.kind == "teardown" else {"slipway:deployment": deployment.id}
    return {**owner_tags(cloud, deployment), **own}


def may_share(cloud: Cloud, deployment: Deployment, tags: Mapping[str, str]) -> bool:
    """Tell whether what applications share, and carries these tags, may go: any of ours, or what was made just now."""
    if deployment.kind == "teardown":
        return tags.get("slipway:installation") == cloud.settings.installation
    return removable_tags(cloud, deployment).items() <= tags.items()


def go_on(deployment: Deployment, service: str) -> None:
    """Raise SiblingFailed when a failure of the deployment is decided: nothing new is begun."""
    if failure := called_off(deployment, service):
        raise failure


def refuse_foreign(cloud: Cloud, deployment: Deployment, cluster: str, name: str, now: Serving | None) -> None:
    """Raise ServiceNotOwned unless the ECS service that serves under this name may be removed."""
    wanted = removable_tags(cloud, deployment)
    if now and not wanted.items() <= now.tags.items():
        owner = whose(now.tags, wanted)
        raise ServiceNotOwned(f"the ECS service {name} in {cluster} belongs to {owner}; nothing of it is removed")


def leave(cloud: Cloud, deployment_id: str, what: str) -> None:
    """Record once that a teardown leaves something alone, and why; a deployment leaves all that it did not make."""
    deployment, now = cloud.store.get(deployment_id), cloud.now()
    left = deployment.left
    if deployment.kind == "teardown" and what not in left:
        cloud.store.update(deployment_id, now, left=(*left, what))
        cloud.store.record(deployment_id, None, "left", f"Left: {what}.", now)
