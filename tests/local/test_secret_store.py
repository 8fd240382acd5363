"""Secrets and parameters, as a container's `secrets` names them, read from moto."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from localcloud.faults import AwsFault
from localcloud.secret_store import SecretStore
from tests.local.doors import Cloud


@dataclass(frozen=True)
class Filled:
    """A store, and the ARN of a secret that is a JSON object."""

    store: SecretStore
    arn: str

    def refusal(self, reference: str) -> str:
        """Return what the store says of a reference that it cannot read."""
        with pytest.raises(AwsFault) as refused:
            self.store.value(reference)
        return refused.value.message


@pytest.fixture(scope="module")
def filled() -> Iterator[Filled]:
    """Keep a secret, another that is no JSON, and two parameters."""
    cloud = Cloud()
    cloud.door.start()
    with cloud.closing:
        secrets, parameters = cloud.client("secretsmanager"), cloud.client("ssm")
        document = json.dumps({"password": "hush", "port": 5432})
        arn = secrets.create_secret(Name="store/db", SecretString=document)["ARN"]
        secrets.create_secret(Name="store/plain", SecretString="word")
        parameters.put_parameter(Name="/store/token", Value="abc", Type="SecureString")
        parameters.put_parameter(Name="plain-token", Value="def", Type="String")
        yield Filled(SecretStore(secrets, parameters), arn)
    cloud.door.stop()


ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:store"
PARAMETER = "arn:aws:ssm:us-east-1:000000000000:parameter"


def test_a_secret(filled: Filled) -> None:
    """A secret is found by its ARN, with or without the suffix that AWS gave it; the version may be named."""
    whole = '{"password": "hush", "port": 5432}'

    assert [whole] * 3 == [filled.store.value(ref) for ref in (filled.arn, f"{ARN}/db", f"{filled.arn}::AWSCURRENT:")]


def test_a_json_key(filled: Filled) -> None:
    """A key after the ARN is a member of the secret; a number comes as text."""
    references = (f"{filled.arn}:password::", f"{ARN}/db:port::", f"{ARN}/db:password:AWSCURRENT:")

    assert ["hush", "5432", "hush"] == [filled.store.value(reference) for reference in references]


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("/store/token", "abc"),
        ("plain-token", "def"),
        (f"{PARAMETER}/store/token", "abc"),
        (f"{PARAMETER}/plain-token", "def"),
    ],
)
def test_a_parameter(filled: Filled, reference: str, value: str) -> None:
    """A parameter is found by name or ARN, decrypted."""
    assert value == filled.store.value(reference)


def test_what_is_missing(filled: Filled) -> None:
    """What cannot be read is told in the words of the ECS agent."""
    place = "unable to retrieve secret from asm: service call has been retried 1 time(s): "

    assert filled.refusal(f"{ARN}/no") == (
        f"{place}failed to fetch secret {ARN}/no from secrets manager: ResourceNotFoundException: "
        "Secrets Manager can't find the specified secret."
    )
    assert filled.refusal(f"{filled.arn}:user::") == (
        f"{place}retrieved secret from Secrets Manager did not contain json key user"
    )
    assert filled.refusal(f"{ARN}/plain:user::") == f"{place}invalid character 'w' looking for beginning of value"
    assert filled.refusal("/store/no") == (
        "unable to retrieve secrets from ssm: service call has been retried 1 time(s): "
        "invalid ssm parameters: /store/no"
    )
