"""AWS Secrets Manager and the Parameter Store: whether what a container is given is there, and Slipway's own secrets.

No container's value leaves here.
"""

import json
from typing import Any

from chalicelib.aws.calls import call
from chalicelib.errors import AwsRefused
from chalicelib.preflight import SecretFound, SecretPlace

NOTHING = SecretFound(exists=False)


class Secrets:
    """The secrets of an account and region."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def find(self, place: SecretPlace) -> SecretFound:
        """Return whether a secret is there, with the JSON key that is asked for; only for a key its value is read."""
        try:
            return self._find(place)
        except AwsRefused as refusal:
            if refusal.aws_code == "ResourceNotFoundException":
                return NOTHING
            raise

    def _find(self, place: SecretPlace) -> SecretFound:
        if place.key is None:
            return SecretFound("DeletedDate" not in call(self._client.describe_secret, SecretId=place.name))
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
        """Return whether a parameter is there; what is encrypted stays so."""
        return SecretFound(bool(call(self._client.get_parameters, Names=[place.name])["Parameters"]))

    def value(self, name: str) -> str:
        """Return the text of a parameter of Slipway's own, by its ARN or name, decrypted; raises AwsRefused."""
        found = call(self._client.get_parameters, Names=[name], WithDecryption=True)["Parameters"]
        if not found:
            raise AwsRefused("get_parameters", "ParameterNotFound", f"there is no parameter {name}")
        return str(found[0].get("Value", ""))


def _has_key(text: str, key: str) -> bool:
    try:
        document = json.loads(text)
    except ValueError:
        return False
    return isinstance(document, dict) and key in document
