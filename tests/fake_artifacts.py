"""Images, secrets and roles in memory: all are there but those in the world's `absent`."""

import hashlib
from collections.abc import Collection

from chalicelib.preflight import SecretFound, SecretPlace
from tests.world import World


class FakeEcr:
    """A registry of images for both architectures."""

    def __init__(self, world: World) -> None:
        self._world = world

    def architectures(self, image: str) -> tuple[str, ...] | None:
        """Return what an image is built for."""
        return None if image in self._world.absent else ("arm64", "x86_64")

    def upstreams(self, images: Collection[str]) -> dict[str, str]:
        """Return where images are pulled from by the registry's rules."""
        return {image: self._world.upstreams[image] for image in images if image in self._world.upstreams}

    def digest(self, image: str) -> str | None:
        """Return the digest of an image: its own, unless the world says what its tag has moved to."""
        name = self._world.moved.get(image, image)
        return None if image in self._world.absent else f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


class FakeSecrets:
    """Secrets with every key."""

    def __init__(self, world: World) -> None:
        self._world = world

    def find(self, place: SecretPlace) -> SecretFound:
        """Return whether a secret is there."""
        return SecretFound(place.name not in self._world.absent)

    def value(self, name: str) -> str:
        """Return a secret's text."""
        return f"text-of-{name}"


class FakeParameters:
    """Parameters."""

    def __init__(self, world: World) -> None:
        self._world = world

    def find(self, place: SecretPlace) -> SecretFound:
        """Return whether a parameter is there."""
        return SecretFound(place.name not in self._world.absent)

    def value(self, name: str) -> str:
        """Return a parameter's text."""
        return f"text-of-{name}"


class FakeIam:
    """Roles that tasks may assume."""

    def __init__(self, world: World) -> None:
        self._world = world

    def trusted_services(self, role: str) -> tuple[str, ...] | None:
        """Return whom a role trusts."""
        return None if role in self._world.absent else ("ecs-tasks.amazonaws.com",)
