"""AWS Secrets Manager and the Parameter Store: whether what a container is given is there, and Slipway's own secrets.

No container's value leaves here.
"""

import json
from typing import Any

from chalicelib.aws.calls import call, listed, tags_of
from chalicelib.errors import AwsRefused
from chalicelib.preflight import SecretFound, SecretPlace

NOTHING = SecretFound(exists=False)
ADMITS = "slipway:installation"  # the tag of a secret in which this installation may look for a key


class Secrets:
    """The secrets of an account and region; those tagged with this installation's name let it look for a key."""

    def __init__(self, client: Any, installation: str) -> None:
        self._client = client
        self._installation = installation

    def find(self, place: SecretPlace) -> SecretFound:
        """Return whether a secret is there, with the JSON key that is asked for; only for a key its value is read.

        Whether one has the key that does not let us look is None.
        """
        try:
            return self._find(place)
        except AwsRefused as refusal:
            if refusal.aws_code == "ResourceNotFoundException":
                return NOTHING
            raise

    def _find(self, place: SecretPlace) -> SecretFound:
        described = call(self._client.describe_secret, SecretId=place.name)
        if "DeletedDate" in described:
            return NOTHING
        if place.key is None:
            return SecretFound(exists=True)
        if tags_of(described.get("Tags", [])).get(ADMITS) != self._installation:
            return SecretFound(exists=True, has_key=None)
        asked = {"VersionStage": place.version_stage, "VersionId": place.version_id}
        which = {name: value for name, value in asked.items() if value}
        answer = call(self._client.get_secret_value, SecretId=place.name, **which)
        return SecretFound(exists=True, has_key=_has_key(answer.get("SecretString", ""), place.key))

    def value(self, name: str) -> str:
        """Return the text of a secret of Slipway's own, by its ARN or name."""
        return str(call(self._client.get_secret_value, SecretId=name).get("SecretString", ""))


class Parameters:
    """The parameters of an account and region."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def find(self, place: SecretPlace) -> SecretFound:
        """Return whether a parameter is there; its value is not read.

        An ARN is "arn:aws:ssm:region:account:parameter/path/name" (of a name without a path "…:parameter/name").
        """
        names = [place.name] if not place.name.startswith("arn:") else _names_in(place.name)
        only = [{"Key": "Name", "Option": "Equals", "Values": names}]
        return SecretFound(bool(listed(self._client, "describe_parameters", "Parameters", ParameterFilters=only)))

    def value(self, name: str) -> str:
        """Return the text of a parameter of Slipway's own, by its ARN or name, decrypted; raises AwsRefused."""
        found = call(self._client.get_parameters, Names=[name], WithDecryption=True)["Parameters"]
        if not found:
            raise AwsRefused("get_parameters", "ParameterNotFound", f"there is no parameter {name}")
        return str(found[0].get("Value", ""))


def _names_in(arn: str) -> list[str]:
    """Return what an ARN's parameter may be named: the ARN does not tell whether a name of one word begins with "/"."""
    name = arn.partition(":parameter/")[2]
    return [f"/{name}"] if "/" in name else [name, f"/{name}"]


def _has_key(text: str, key: str) -> bool:
    try:
        document = json.loads(text)
    except ValueError:
        return False
    return isinstance(document, dict) and key in document
