"""What is in the local account from the start: a network, load balancers, and Slipway itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.config import Config

from localcloud.settings import ACCOUNT, LOAD_BALANCERS, REGION, ROOT

TABLE = "slipway-deployments"
STATE_MACHINE = "slipway-deployment"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/slipway-local"
EXECUTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/ecsTaskExecutionRole"
STATE_MACHINE_ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{STATE_MACHINE}"
VPC_NAME = "slipway"
SUBNETS = (
    ("public", "10.0.0.0/20", "us-east-1a"),
    ("public", "10.0.16.0/20", "us-east-1b"),
    ("private", "10.0.128.0/20", "us-east-1a"),
    ("private", "10.0.144.0/20", "us-east-1b"),
)
SECURITY_GROUPS = ("alb", "api", "user-api")
FUNCTIONS = {"ActFunction": "act", "ObserveFunction": "observe"}


@dataclass(frozen=True)
class Account:
    """Fills the account behind an AWS endpoint."""

    endpoint: str

    def client(self, service: str) -> Any:
        """Return a boto3 client of the local account."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  the local account has no secrets
            # DiscoverInstances goes to a host of its own on AWS, "data-servicediscovery…", which 127.0.0.1 is not.
            config=Config(inject_host_prefix=False),
        )

    def fill(self) -> None:
        """Make the network, the load balancers, the table and the state machine."""
        subnets = self._network()
        self._load_balancers(subnets)
        self._table()
        self._state_machine()

    def _network(self) -> list[str]:
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[_named("vpc", VPC_NAME)])["Vpc"]["VpcId"]
        for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
            ec2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": True}})
        for name in SECURITY_GROUPS:
            tags = [_named("security-group", name)]
            ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc, TagSpecifications=tags)
        return [_subnet(ec2, vpc, *subnet) for subnet in SUBNETS]

    def _load_balancers(self, subnets: list[str]) -> None:
        elbv2 = self.client("elbv2")
        for name in LOAD_BALANCERS:
            made = elbv2.create_load_balancer(Name=name, Subnets=subnets[:2], Type="application")
            fixed = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "No rule takes this path."}
            elbv2.create_listener(
                LoadBalancerArn=made["LoadBalancers"][0]["LoadBalancerArn"],
                Protocol="HTTP",
                Port=80,
                DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": fixed}],
            )

    def _table(self) -> None:
        template = yaml.safe_load((ROOT / "infrastructure" / "template.yaml").read_text())
        properties = dict(template["Resources"]["DeploymentsTable"]["Properties"])
        properties.pop("TimeToLiveSpecification")
        self.client("dynamodb").create_table(TableName=TABLE, **properties)

    def _state_machine(self) -> None:
        definition = substituted(ROOT / "statemachines" / "deployment.asl.json", FUNCTIONS)
        self.client("stepfunctions").create_state_machine(name=STATE_MACHINE, definition=definition, roleArn=ROLE)


def substituted(asl: Path, names: Mapping[str, str]) -> str:
    """Return a state machine's definition with `${Name}` replaced, as CloudFormation's DefinitionSubstitutions does."""
    text = asl.read_text()
    for name, value in names.items():
        text = text.replace(f"${{{name}}}", value)
    return json.dumps(json.loads(text))


def _subnet(ec2: Any, vpc: str, name: str, cidr: str, zone: str) -> str:
    tags = [_named("subnet", name)]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone, TagSpecifications=tags)
    return str(made["Subnet"]["SubnetId"])


def _named(resource_type: str, name: str) -> dict[str, Any]:
    return {"ResourceType": resource_type, "Tags": [{"Key": "Name", "Value": name}]}
