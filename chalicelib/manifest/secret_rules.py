"""The rule on Slipway's own secrets: no task is given what holds the webhook's secret, or the token of GitHub.

Whatever Slipway reads for itself has a name under `slipway/`: its policies allow no other.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from chalicelib.manifest.asked import Asked, Rule
from chalicelib.manifest.findings import Finding, Path
from chalicelib.manifest.sentences import shown

# Where a raw task definition names a secret: ECS API reference, Secret, RepositoryCredentials, and
# FSxWindowsFileServerAuthorizationConfig.
REFERENCES = ("credentialsParameter", "valueFrom")
# Where it names the credential specs of Windows, "credentialspec:arn:…", which may be parameters:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/linux-gmsa.html
SPECS = ("credentialSpecs", "dockerSecurityOptions")
OWN = "slipway/"
# How the Parameter Store names a secret of Secrets Manager:
# https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html
BY_PARAMETER = "aws/reference/secretsmanager/"
_ARN = re.compile(r"arn:[^:]*:(?:secretsmanager:[^:]*:[^:]*:secret:|ssm:[^:]*:[^:]*:parameter)(?P<name>.*)", re.DOTALL)


def is_slipways_own(reference: str) -> bool:
    """Tell whether a secret, in whichever way ECS takes its name, is one that Slipway keeps for itself.

    What comes after the name (six characters, a JSON key, a version) makes no difference.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html
    """
    found = _ARN.fullmatch(reference)
    name = re.sub("/+", "/", found["name"] if found else reference).removeprefix("/")
    if name.startswith(BY_PARAMETER):
        return is_slipways_own(name.removeprefix(BY_PARAMETER))
    return name.startswith(OWN)


def secrets_are_not_slipways(asked: Asked) -> Iterator[Finding]:
    """Check that no container, and nothing in a raw task definition, names a secret of Slipway's own."""
    definition, path = asked.service.written.get("task_definition"), (*asked.service.path, "task_definition")
    named = [*references(definition, path), *_specs(definition, path)]
    for view in asked.containers:
        if not view.raw:
            named += [(view.path("secrets", variable), each) for variable, each in view.secrets.items()]
    for path, reference in named:
        if is_slipways_own(reference):
            yield Finding(
                path, f"{shown(reference)} is a secret of Slipway's own, which no task is given: name another"
            )


def references(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield what a raw task definition names as secrets, wherever that is, each with the way to it."""
    for step, inner in _entries(value):
        if step in REFERENCES and isinstance(inner, str):
            yield (*path, step), inner
        elif step not in SPECS:
            yield from references(inner, (*path, step))


def _specs(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the parameters that credential specs name, each with the way to it."""
    for step, inner in _entries(value):
        if step in SPECS and isinstance(inner, list):
            for index, spec in enumerate(map(str, inner)):
                yield (*path, step, index), spec[max(spec.find("arn:"), 0) :]
        else:
            yield from _specs(inner, (*path, step))


def _entries(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


SECRET_RULES: tuple[Rule, ...] = (secrets_are_not_slipways,)
