"""What a task needs before its first container starts: images, secrets, roles."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from chalicelib.manifest import Manifest, Service, containers_of
from chalicelib.manifest.described import registrable
from chalicelib.manifest.findings import pointer
from chalicelib.manifest.forms import definition_of
from chalicelib.manifest.secret_rules import references
from chalicelib.preflight.finding import Finding

ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>.+)")
TASKS = "ecs-tasks.amazonaws.com"
SECRET_ARN_PARTS = 7  # arn:aws:secretsmanager:region:account:secret:name; then come key, version stage and version id
MAX_LEFT_OUT = 20  # keys are named
REGION_AT, ACCOUNT_AT = 3, 4  # in an ARN


@dataclass(frozen=True)
class Asked:
    """What the manifest asks for by a name of AWS's, and where."""

    reference: str
    pointer: str
    service: str | None = None


@dataclass(frozen=True)
class SecretPlace:
    """A secret in Secrets Manager by its ARN, or a parameter by its ARN or name, and the JSON key that is asked for.

    With `of_secrets_manager` a name is a secret's, too.
    """

    name: str
    key: str | None = None
    version_stage: str | None = None
    version_id: str | None = None
    of_secrets_manager: bool = False

    @property
    def is_parameter(self) -> bool:
        """Tell whether SSM keeps it."""
        return not self.of_secrets_manager and ":secretsmanager:" not in self.name


@dataclass(frozen=True)
class SecretAsked:
    """A secret or parameter that a service's tasks are given, or are pulled or logged with, and where that is said."""

    place: SecretPlace
    pointer: str
    service: str


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
    manifest: Manifest,
    asked: Sequence[Asked],
    found: Mapping[str, tuple[str, ...] | None],
    upstreams: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Finding]:
    """Return which images are not there, or not built for their service's architecture.

    `found` holds the architectures in the manifest's words, () where the image does not tell, None where it is not.
    `upstreams` holds where ECR pulls one from that is not there yet, when the first task pulls it.
    """
    for each in asked:
        service, architectures = manifest.services[each.service or ""], found[each.reference]
        if each.reference in upstreams:
            detail = f"ECR has no image {each.reference} yet, and pulls {upstreams[each.reference]} with the first task"
            yield Finding("image_not_cached", detail, each.pointer, each.service, "warning")
        elif architectures is None:
            yield Finding("image_not_found", f"ECR has no image {each.reference}", each.pointer, each.service)
        elif architectures and _architecture(service) not in (None, *architectures):
            built = f"{each.reference} is built for {', '.join(architectures)}"
            detail = f"{built}, {each.service} runs on {_architecture(service)}"
            yield Finding("image_architecture", detail, each.pointer, each.service)


def _architecture(service: Service) -> str | None:
    """Return what a service's tasks run on, None where that is the container instance's matter.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html
    """
    if service.definition is None:
        return service.architecture
    said: str | None = service.definition.get("runtimePlatform", {}).get("cpuArchitecture")
    return said.lower() if said else "x86_64" if service.compatibility == "FARGATE" else None


def secrets_asked(manifest: Manifest, region: str) -> tuple[SecretAsked, ...]:
    """Return the secrets and parameters of this region that tasks need."""
    asked = (each for name in manifest.services for each in secrets_of(manifest, name))
    return tuple(
        each
        for each in asked
        if not each.place.name.startswith("arn:") or each.place.name.split(":")[REGION_AT] == region
    )


def secrets_of(manifest: Manifest, name: str) -> Iterator[SecretAsked]:
    """Yield the secrets of a service: what its containers are given, and in a raw definition whatever names one.

    A name instead of an ARN is a parameter's, as what a registry's credentials are named by it is a secret's:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RepositoryCredentials.html
    """
    definition = definition_of(manifest, name)
    if definition:
        for path, reference in references(definition.content, definition.path):
            named = path[-1] == "credentialsParameter" and not reference.startswith("arn:")
            yield SecretAsked(replace(secret_place(reference), of_secrets_manager=named), pointer(path), name)
        return
    for view in containers_of(manifest, name):
        for variable, reference in view.secrets.items():
            yield SecretAsked(secret_place(reference), pointer(view.path("secrets", variable)), name)


def secret_place(reference: str) -> SecretPlace:
    """Return what a container's `secrets` names.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html
    """
    if ":secretsmanager:" not in reference:
        return SecretPlace(reference)
    parts = reference.split(":")
    key, stage, version = (*parts[SECRET_ARN_PARTS:], "", "", "")[:3]
    return SecretPlace(":".join(parts[:SECRET_ARN_PARTS]), key or None, stage or None, version or None)


def secret_findings(asked: Sequence[SecretAsked], found: Mapping[SecretPlace, SecretFound]) -> Iterator[Finding]:
    """Return which secrets and parameters are not there, or lack the JSON key that is asked for."""
    for each in asked:
        place = each.place
        if not found[place].exists:
            where = "the Parameter Store" if place.is_parameter else "Secrets Manager"
            yield Finding("secret_not_found", f"{where} has no {place.name}", each.pointer, each.service)
        elif found[place].has_key is None:
            detail = f"whether the secret {place.name} has the JSON key {place.key} is not looked at"
            yield Finding("secret_key_unchecked", detail, each.pointer, each.service, "warning")
        elif not found[place].has_key:
            detail = f"the secret {place.name} has no JSON key {place.key}"
            yield Finding("secret_key_missing", detail, each.pointer, each.service)


def roles_asked(manifest: Manifest, account: str) -> tuple[Asked, ...]:
    """Return the roles of this account that tasks are started with and run as."""
    asked = [Asked(manifest.execution_role or "", "/execution_role")]
    for name, service in manifest.services.items():
        raw = definition_of(manifest, name)
        asked.append(Asked(service.task_role or "", f"/services/{name}/task_role", name))
        if raw:
            keys = ("executionRoleArn", "taskRoleArn")
            asked += [Asked(raw.content.get(key, ""), pointer((*raw.path, key)), name) for key in keys]
    ours = (each for each in asked if not each.reference.startswith("arn:") or _part(each, ACCOUNT_AT) == account)
    return tuple(each for each in ours if each.reference)


def definition_findings(manifest: Manifest) -> Iterator[Finding]:
    """Return what raw task definitions say and is not registered: what ECS alone writes, and null."""
    for name, service in manifest.services.items():
        left_out = registrable(service.task_definition).left_out if service.task_definition else ()
        if left_out:
            keys = ", ".join(pointer(path).removeprefix("/") for path in left_out[:MAX_LEFT_OUT])
            more = f" and {len(left_out) - MAX_LEFT_OUT} more" if len(left_out) > MAX_LEFT_OUT else ""
            detail = f"of the task definition of {name} is not registered: {keys}{more}"
            yield Finding("definition_described", detail, f"/services/{name}/task_definition", name, "warning")


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
