"""What a task needs before its first container starts: images, secrets, roles."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.manifest import Manifest, containers_of
from chalicelib.manifest.findings import pointer
from chalicelib.preflight.finding import Finding

ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>.+)")
TASKS = "ecs-tasks.amazonaws.com"
SECRET_ARN_PARTS = 7  # arn:aws:secretsmanager:region:account:secret:name; then come key, version stage and version id
REGION_AT, ACCOUNT_AT = 3, 4  # in an ARN


@dataclass(frozen=True)
class Asked:
    """What the manifest asks for by a name of AWS's, and where."""

    reference: str
    pointer: str
    service: str | None = None


@dataclass(frozen=True)
class SecretPlace:
    """A secret in Secrets Manager by its ARN, or a parameter by its ARN or name, and the JSON key that is asked for."""

    name: str
    key: str | None = None
    version_stage: str | None = None
    version_id: str | None = None

    @property
    def is_parameter(self) -> bool:
        """Tell whether SSM keeps it."""
        return ":secretsmanager:" not in self.name


@dataclass(frozen=True)
class SecretFound:
    """What there is of a secret, never its value: whether it exists, and whether it has the key that is asked for.

    `has_key` is None where the secret's tags do not let us look.
    """

    exists: bool
    has_key: bool | None = True


def images_asked(manifest: Manifest, account: str, region: str) -> tuple[Asked, ...]:
    """Return the images that lie in ECR, in this account and region; nobody else's registry is asked."""
    asked = (
        Asked(view.image, pointer(view.path("image")), name)
        for name in manifest.services
        for view in containers_of(manifest, name)
    )
    return tuple(
        each for each in asked if (found := ECR.match(each.reference)) and found.group(1, 2) == (account, region)
    )


def pinned(image: str, digest: str) -> str:
    """Return an image of ECR by its digest instead of its tag."""
    return re.sub(r"(:[^/]*)?$", f"@{digest}", image, count=1)


def image_findings(
    manifest: Manifest, asked: Sequence[Asked], found: Mapping[str, tuple[str, ...] | None]
) -> Iterator[Finding]:
    """Return which images are not there, or not built for their service's architecture.

    `found` holds the architectures in the manifest's words, () where the image does not tell, None where it is not.
    """
    for each in asked:
        service, architectures = manifest.services[each.service or ""], found[each.reference]
        if architectures is None:
            yield Finding("image_not_found", f"ECR has no image {each.reference}", each.pointer, each.service)
        elif architectures and service.task_definition is None and service.architecture not in architectures:
            built = f"{each.reference} is built for {', '.join(architectures)}"
            detail = f"{built}, {each.service} runs on {service.architecture}"
            yield Finding("image_architecture", detail, each.pointer, each.service)


def secrets_asked(manifest: Manifest, region: str) -> tuple[Asked, ...]:
    """Return the secrets and parameters of this region that the containers are given."""
    asked = (
        Asked(place, pointer(view.path("secrets", variable)), name)
        for name in manifest.services
        for view in containers_of(manifest, name)
        for variable, place in view.secrets.items()
    )
    return tuple(each for each in asked if not each.reference.startswith("arn:") or _part(each, REGION_AT) == region)


def secret_place(reference: str) -> SecretPlace:
    """Return what a container's `secrets` names.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html
    """
    if ":secretsmanager:" not in reference:
        return SecretPlace(reference)
    parts = reference.split(":")
    key, stage, version = (*parts[SECRET_ARN_PARTS:], "", "", "")[:3]
    return SecretPlace(":".join(parts[:SECRET_ARN_PARTS]), key or None, stage or None, version or None)


def secret_findings(asked: Sequence[Asked], found: Mapping[str, SecretFound]) -> Iterator[Finding]:
    """Return which secrets and parameters are not there, or lack the JSON key that is asked for."""
    for each in asked:
        place = secret_place(each.reference)
        if not found[each.reference].exists:
            where = "the Parameter Store" if place.is_parameter else "Secrets Manager"
            yield Finding("secret_not_found", f"{where} has no {place.name}", each.pointer, each.service)
        elif found[each.reference].has_key is None:
            detail = f"whether the secret {place.name} has the JSON key {place.key} is not looked at"
            yield Finding("secret_key_unchecked", detail, each.pointer, each.service, "warning")
        elif not found[each.reference].has_key:
            detail = f"the secret {place.name} has no JSON key {place.key}"
            yield Finding("secret_key_missing", detail, each.pointer, each.service)


def roles_asked(manifest: Manifest, account: str) -> tuple[Asked, ...]:
    """Return the roles of this account that tasks are started with and run as."""
    asked = [Asked(manifest.execution_role or "", "/execution_role")]
    for name, service in manifest.services.items():
        raw, place = service.task_definition or {}, f"/services/{name}"
        asked.append(Asked(service.task_role or "", f"{place}/task_role", name))
        keys = ("executionRoleArn", "taskRoleArn")
        asked += [Asked(str(raw.get(key) or ""), f"{place}/task_definition/{key}", name) for key in keys]
    ours = (each for each in asked if not each.reference.startswith("arn:") or _part(each, ACCOUNT_AT) == account)
    return tuple(each for each in ours if each.reference)


def role_findings(asked: Sequence[Asked], found: Mapping[str, tuple[str, ...] | None]) -> Iterator[Finding]:
    """Return which roles are not there, or let no task assume them; `found` holds the services each role trusts."""
    for each in asked:
        trusted = found[each.reference]
        if trusted is None:
            yield Finding("role_not_found", f"there is no role {each.reference}", each.pointer, each.service)
        elif TASKS not in trusted:
            detail = f"the role {each.reference} does not trust {TASKS}, only {', '.join(trusted) or 'no service'}"
            yield Finding("role_not_trusted", detail, each.pointer, each.service)


def _part(asked: Asked, at: int) -> str:
    return asked.reference.split(":")[at]
