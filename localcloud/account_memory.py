"""What moto remembers of the local account from the start: its network, its roles, and Slipway's table and machines."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from secrets import token_urlsafe
from typing import Any

import boto3
import yaml
from moto import mock_aws
from moto.core.config import DefaultConfig
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from localcloud import moto_process
from localcloud.account import (
    ACCESS_KEY_ID,
    FUNCTIONS,
    GITHUB_SECRET,
    GITHUB_SECRET_VALUE,
    GITHUB_TOKEN,
    GITHUB_TOKEN_VALUE,
    ROLE,
    STATE_MACHINES,
    TABLE,
    TASK_ROLES,
    substituted,
)
from localcloud.account_network import AccountNetwork
from localcloud.interpreter_speed import unparsed
from localcloud.settings import REGION, ROOT

TRUST = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
SAME_SESSION: DefaultConfig = {"core": {"reset_boto3_session": False, "mock_credentials": False}}
"""What botocore has read of its files stays read."""


@cache
def fill() -> None:
    """Make what is in the account from the start, once in a process; it needs no endpoint, thread or socket."""
    moto_process.set_up()
    moto = mock_aws(config=SAME_SESSION)
    moto.start(reset=False)
    try:
        AccountMemory(_client).make()
    finally:
        moto.stop(remove_data=False)


def _client(service: str) -> Any:
    keys = {"aws_access_key_id": ACCESS_KEY_ID, "aws_secret_access_key": "local"}
    return boto3.client(service, region_name=REGION, **keys)  # type: ignore[call-overload]


@dataclass(frozen=True)
class AccountMemory:
    """What moto remembers of the account; `client` gives a boto3 client of it."""

    client: Callable[[str], Any]

    def make(self) -> None:
        """Make the network, the load balancers, the secrets, the roles, the table and the state machines."""
        AccountNetwork(self.client).make()
        self._secrets()
        self._roles()
        self._table()
        self._state_machines()

    def _secrets(self) -> None:
        """Keep the passwords of the sample dks, made up anew each time, and what Slipway and GitHub share."""
        manager = self.client("secretsmanager")
        for name, value in ((GITHUB_SECRET, GITHUB_SECRET_VALUE), (GITHUB_TOKEN, GITHUB_TOKEN_VALUE)):
            manager.create_secret(Name=name, SecretString=value)
        passwords = {name: token_urlsafe(24) for name in ("POSTGRES_PASSWORD", "DB_ROLE_PASSWORD")}
        manager.create_secret(
            Name="dks/db",
            SecretString=json.dumps(passwords),
            Tags=[{"Key": "slipway:installation", "Value": "slipway"}],
        )

    def _roles(self) -> None:
        iam, trust = self.client("iam"), json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        for name in TASK_ROLES:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)

    def _table(self) -> None:
        template = yaml.safe_load((ROOT / "infrastructure" / "template.yaml").read_text())
        properties = dict(template["Resources"]["DeploymentsTable"]["Properties"])
        properties.pop("TimeToLiveSpecification")
        self.client("dynamodb").create_table(TableName=TABLE, **properties)

    def _state_machines(self) -> None:
        states = self.client("stepfunctions")
        with unparsed():
            for name, definition in definitions().items():
                states.create_state_machine(name=name, definition=definition, roleArn=ROLE)


def definitions() -> dict[str, str]:
    """Return the definitions of Slipway's state machines, by their names."""
    return {name: substituted(ROOT / "statemachines" / file, FUNCTIONS) for name, file in STATE_MACHINES.items()}


def parse_definitions() -> None:
    """Have moto's interpreter parse Slipway's state machines before their first executions do."""
    for definition in definitions().values():
        AmazonStateLanguageParser.parse(definition)
