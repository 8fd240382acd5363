"""An application as it is registered: for each environment a manifest, what of GitHub deploys it, and who else may."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib import limits
from chalicelib.deployment import Instant, Value
from chalicelib.github.triggers import Trigger
from chalicelib.manifest.base import EMPTY, Model
from chalicelib.manifest.values import Image, Name, Text

Door = Literal["deployment", "person"]


class Asked(Model):
    """What `PUT /applications/{application}` takes. The manifest is as it was written: its images may be templates.

    `only` names who may deploy the environment: `deployment` is GitHub's event of that name, `person` a request with
    a token. Nothing in it means everybody.
    """

    manifest: Mapping[str, Any]
    triggers: Annotated[tuple[Trigger, ...], Field(json_schema_extra={"maxItems": limits.TRIGGERS})] = ()
    only: tuple[Door, ...] = ()


class Registration(Value):
    """An application in one environment, registered; `manifest` is what was written, with both names in it."""

    application: str
    environment: str
    manifest: Mapping[str, Any] = EMPTY
    triggers: tuple[Trigger, ...] = ()
    only: tuple[Door, ...] = ()
    registered_by: str
    registered_at: Instant
    updated_at: Instant

    def same_as(self, other: "Registration") -> bool:
        """Tell whether two registrations ask for the same."""
        return (self.manifest, self.triggers, self.only) == (other.manifest, other.triggers, other.only)

    def admits(self, door: str) -> bool:
        """Tell whether the environment may be deployed through a door: an event's name, or `person`."""
        return not self.only or door in self.only

    @property
    def doors(self) -> str:
        """Return the sentence that tells whom it refuses by what deploys it alone."""
        return f"{self.application} in {self.environment} is deployed by {' or '.join(self.only)} only."


class Release(Model):
    """What `POST /deployments` takes in the place of a manifest: which registered one, with which images or version.

    `images` are by service, or by "service.container"; `version` fills every placeholder of the others.
    """

    application: Name
    environment: Name = "default"
    images: Mapping[Text, Image] = EMPTY
    version: Annotated[Text, Field(min_length=1, max_length=128, pattern="^[A-Za-z0-9_][A-Za-z0-9_.-]*$")] | None = None
