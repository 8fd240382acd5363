"""The values behind a container's `secrets`: Secrets Manager and SSM parameters, asked as an execution role asks.

References: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html
"""

import json
from typing import Any

from botocore.exceptions import ClientError

from localcloud.faults import AwsFault

SECRET_ARN_PARTS = 7  # arn:aws:secretsmanager:region:account:secret:name, then :json-key:version-stage:version-id
RETRIED = "service call has been retried 1 time(s)"


class SecretStore:
    """Reads secrets through two boto3 clients, `secretsmanager` and `ssm`. An AwsFault's message is the agent's."""

    def __init__(self, secrets_manager: Any, parameters: Any) -> None:
        self._secrets_manager = secrets_manager
        self._parameters = parameters

    def value(self, reference: str) -> str:
        """Return the value of a secret's ARN (a JSON key may follow it), or of a parameter's ARN or name."""
        return self._secret(reference) if ":secretsmanager:" in reference else self._parameter(reference)

    def _secret(self, reference: str) -> str:
        parts = reference.split(":")
        arn = ":".join(parts[:SECRET_ARN_PARTS])
        key, stage, version = (*parts[SECRET_ARN_PARTS:], "", "", "")[:3]
        which = {name: value for name, value in (("VersionStage", stage), ("VersionId", version)) if value}
        place = f"unable to retrieve secret from asm: {RETRIED}"
        try:
            text: str = self._secrets_manager.get_secret_value(SecretId=arn, **which)["SecretString"]
        except ClientError as error:
            detail = error.response["Error"]
            message = f"{place}: failed to fetch secret {arn} from secrets manager: {detail['Code']}: "
            raise AwsFault(detail["Code"], message + detail["Message"]) from error
        return _member(text, key, place) if key else text

    def _parameter(self, reference: str) -> str:
        found = self._parameters.get_parameters(Names=[reference], WithDecryption=True)["Parameters"]
        if not found:
            message = f"unable to retrieve secrets from ssm: {RETRIED}: invalid ssm parameters: {reference}"
            raise AwsFault("ParameterNotFound", message)
        return str(found[0]["Value"])


def _member(text: str, key: str, place: str) -> str:
    """Return one member of a secret that is a JSON object. Raises AwsFault with the words of the agent."""
    try:
        document = json.loads(text)
    except ValueError as error:
        message = f"{place}: invalid character '{text[:1]}' looking for beginning of value"
        raise AwsFault("InvalidJson", message) from error
    if not isinstance(document, dict) or key not in document:
        raise AwsFault("MissingKey", f"{place}: retrieved secret from Secrets Manager did not contain json key {key}")
    value = document[key]
    return value if isinstance(value, str) else json.dumps(value)
