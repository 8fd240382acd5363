"""Slipway's own secrets, by name, each read once a minute: one that changes under its name is seen then."""

from functools import partial

from chalicelib.cloud import Cloud

KEPT_SECONDS = 60


def own_secret(cloud: Cloud, name: str) -> str:
    """Return the text of a secret or parameter of Slipway's own; raises AwsRefused when it may not be read."""
    return cloud.remembered(f"secret {name}", KEPT_SECONDS, partial(_read, cloud, name))


def _read(cloud: Cloud, name: str) -> str:
    """Return a secret's value: an ARN of SSM, or a name that begins with "/", is a parameter's."""
    if name.startswith("/") or ":ssm:" in name:
        return cloud.parameters.value(name)
    return cloud.secrets.value(name)
