"""The local account's network: the one of infrastructure/network.yaml, and what the samples need beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from localcloud.settings import LOAD_BALANCERS, ROOT

TEMPLATE = ROOT / "infrastructure" / "network.yaml"
SAMPLE_GROUPS = ROOT / "sample_services" / "security_groups.yaml"
VPC_NAME, STACK = LOAD_BALANCERS[0], "slipway-network"


@dataclass(frozen=True)
class AccountNetwork:
    """Makes the network; `client` gives a boto3 client of the local account.

    `egress` is the template's parameter: the samples' images are Docker Hub's, which no endpoint leads to.
    """

    client: Callable[[str], Any]
    egress: str = "nat"

    def make(self) -> None:
        """Create the template's stack, the samples' security groups, and load balancers after the model of its one."""
        made = self._stack()
        self._what_moto_leaves_out(made)
        self._sample_groups(made)
        self._more_load_balancers(made)

    def _stack(self) -> dict[str, str]:
        cloudformation = self.client("cloudformation")
        values = {"Name": VPC_NAME, "Egress": self.egress}
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
        cloudformation.create_stack(StackName=STACK, TemplateBody=TEMPLATE.read_text(), Parameters=parameters)
        outputs = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def _what_moto_leaves_out(self, made: dict[str, str]) -> None:
        """Do what CloudFormation does of the template, or EC2 of itself, and moto 5.2 does not."""
        ec2 = self.client("ec2")
        ec2.modify_vpc_attribute(VpcId=made["Vpc"], EnableDnsHostnames={"Value": True})
        for kind in ("Public", "Private"):
            # It keeps SubnetRouteTableAssociation where DescribeRouteTables does not look, and drops the tables' tags.
            ec2.create_tags(Resources=[made[f"{kind}Routes"]], Tags=[{"Key": "Name", "Value": kind.lower()}])
            for subnet in made[f"{kind}Subnets"].split(","):
                ec2.associate_route_table(RouteTableId=made[f"{kind}Routes"], SubnetId=subnet)
        # https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html: it lets its own members in.
        default = made["DefaultSecurityGroup"]
        itself = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": default}]}
        ec2.authorize_security_group_ingress(GroupId=default, IpPermissions=[itself])

    def _sample_groups(self, made: dict[str, str]) -> None:
        rules: list[dict[str, Any]] = yaml.safe_load(SAMPLE_GROUPS.read_text())
        ec2 = self.client("ec2")
        ids = {"alb": made["LoadBalancerSecurityGroup"]}
        for name in sorted({rule["group"] for rule in rules}):
            tags = [{"ResourceType": "security-group", "Tags": [{"Key": "Name", "Value": name}]}]
            group = ec2.create_security_group(
                GroupName=name, Description=name, VpcId=made["Vpc"], TagSpecifications=tags
            )
            ids[name] = group["GroupId"]
        for rule in rules:
            ec2.authorize_security_group_ingress(GroupId=ids[rule["group"]], IpPermissions=[_permission(rule, ids)])

    def _more_load_balancers(self, made: dict[str, str]) -> None:
        elbv2 = self.client("elbv2")
        model = elbv2.describe_listeners(ListenerArns=[made["Listener"]])["Listeners"][0]
        for name in LOAD_BALANCERS[1:]:
            subnets: Sequence[str] = made["PublicSubnets"].split(",")
            groups = [made["LoadBalancerSecurityGroup"]]
            balancer = elbv2.create_load_balancer(Name=name, Subnets=subnets, SecurityGroups=groups, Type="application")
            elbv2.create_listener(
                LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
                Protocol=model["Protocol"],
                Port=model["Port"],
                DefaultActions=model["DefaultActions"],
            )


def _permission(rule: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """Return one line of security_groups.yaml as EC2 takes it: from a group's name, or from a CIDR block."""
    source = rule["from"]
    who = {"IpRanges": [{"CidrIp": source}]} if "/" in source else {"UserIdGroupPairs": [{"GroupId": ids[source]}]}
    return {"IpProtocol": "tcp", "FromPort": rule["port"], "ToPort": rule["port"], **who}
