"""What is in the local account from the start: a network, load balancers, and Slipway itself."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from localcloud.account_network import VPC_NAME
from localcloud.settings import ACCOUNT, REGION

TABLE = "slipway-deployments"
STATE_MACHINES = {"slipway-deployment": "deployment.asl.json", "slipway-teardown": "teardown.asl.json"}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/slipway-local"
EXECUTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/ecsTaskExecutionRole"
TASK_ROLES = ("ecsTaskExecutionRole", "ecs-practice-task", "bookingapp-home")
"""The roles that the stage's defaults, the samples and docs/manifest.md name."""
STATE_MACHINE_ARN, TEARDOWN_STATE_MACHINE_ARN = (
    f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}" for name in STATE_MACHINES
)
GITHUB_SECRET, GITHUB_SECRET_VALUE = "slipway/github-webhook", "local-github-secret"
GITHUB_TOKEN, GITHUB_TOKEN_VALUE = "slipway/github-token", "local-github-token"
ACCESS_KEY_ID = "localcloud"
"""With which the local cloud itself calls AWS. Slipway's calls come with another: `local`."""
ZONES = (f"{REGION}a", f"{REGION}b")
INSTANCE_SIZE = {"CPU": 4096, "MEMORY": 7680}
"""CPU units and MiB that the agent offers of a c5.xlarge, of which it keeps some for itself."""
FUNCTIONS = {"ActFunction": "act", "ObserveFunction": "observe"}


@dataclass(frozen=True)
class Account:
    """The account behind an AWS endpoint."""

    endpoint: str

    def client(self, service: str) -> Any:
        """Return a boto3 client of the local account."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key="local",  # noqa: S106  the local account has no secrets
            # DiscoverInstances goes to a host of its own on AWS, "data-servicediscovery…", which 127.0.0.1 is not.
            config=Config(inject_host_prefix=False),
        )

    def vpc(self) -> str:
        """Return the id of the VPC whose resolver answers in the local cloud."""
        named = [{"Name": "tag:Name", "Values": [VPC_NAME]}]
        return str(self.client("ec2").describe_vpcs(Filters=named)["Vpcs"][0]["VpcId"])


def register_container_instances(ecs: Callable[[str, dict[str, Any]], Any]) -> None:
    """Register a c5.xlarge in each zone with the cluster `default`, as the ECS agent on it does."""
    ecs("CreateCluster", {"clusterName": "default"})
    for number, zone in enumerate(ZONES):
        instance = {
            "cluster": "default",
            "instanceIdentityDocument": json.dumps({"instanceId": f"i-{number:017x}"}),
            "totalResources": [
                {"name": name, "type": "INTEGER", "integerValue": value} for name, value in INSTANCE_SIZE.items()
            ],
            "attributes": [{"name": "ecs.availability-zone", "value": zone}],
        }
        ecs("RegisterContainerInstance", instance)


def substituted(asl: Path, names: Mapping[str, str]) -> str:
    """Return a state machine's definition with `${Name}` replaced, as CloudFormation's DefinitionSubstitutions does."""
    text = asl.read_text()
    for name, value in names.items():
        text = text.replace(f"${{{name}}}", value)
    return json.dumps(json.loads(text))
