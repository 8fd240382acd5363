"""Adapters over moto, where moto is good enough: networks, load balancers, log groups, workflows."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.aws.ec2 import Ec2
from chalicelib.aws.load_balancer_document import Listener
from chalicelib.aws.load_balancers import LoadBalancers
from chalicelib.aws.logs import Logs
from chalicelib.aws.step_functions import Workflow
from chalicelib.errors import ListenerNotFound, NetworkNotFound, TransientAws
from chalicelib.manifest import Network, Route
from chalicelib.preflight import placed
from chalicelib.specs import Placement

ROLE = "arn:aws:iam::123456789012:role/x"


@pytest.fixture(scope="module", autouse=True)
def aws() -> Iterator[None]:
    """Lend an AWS in this process."""
    with mock_aws():
        yield


def client(service: str) -> Any:
    """Return a client of it."""
    return boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]


def named(kind: str, name: str) -> list[dict[str, Any]]:
    """Return the tag specification of a Name."""
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


@pytest.fixture(scope="module")
def network() -> dict[str, Any]:
    """Return a VPC with two private subnets, one public one and a security group."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=named("vpc", "main"))["Vpc"]["VpcId"]
    names = [("private", "10.0.1.0/24"), ("private", "10.0.2.0/24"), ("public", "10.0.3.0/24")]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, TagSpecifications=named("subnet", name))["Subnet"]["SubnetId"]
        for name, cidr in names
    ]
    group = ec2.create_security_group(
        GroupName="web", Description="web", VpcId=vpc, TagSpecifications=named("security-group", "web-name")
    )["GroupId"]
    return {"vpc": vpc, "private": tuple(sorted(subnets[:2])), "public": subnets[2], "group": group}


class TestEc2:
    """Networks are found by id and by Name."""

    @pytest.mark.parametrize("reference", ["id", "main"])
    def test_vpc(self, network: dict[str, Any], reference: str) -> None:
        """A VPC is found by its id and by its Name."""
        found = Ec2(client("ec2")).vpc(network["vpc"] if reference == "id" else reference)
        assert network["vpc"] == found

    @pytest.mark.parametrize("reference", ["absent", "vpc-00000000"])
    def test_absent_vpc(self, network: dict[str, Any], reference: str) -> None:
        """A VPC that is not there is refused by the name that was written."""
        assert network
        with pytest.raises(NetworkNotFound, match=f"no VPCs are named {reference}"):
            Ec2(client("ec2")).vpc(reference)

    def test_name_means_all_subnets_of_it(self, network: dict[str, Any]) -> None:
        """All subnets of a Name are meant, and a security group by its Name."""
        asked = Network(vpc="main", subnets=("private",), security_groups=("web-name",))
        assert Placement(network["private"], (network["group"],)) == placed(asked, Ec2(client("ec2")).find(asked))

    def test_ids_and_group_names(self, network: dict[str, Any]) -> None:
        """Ids mean themselves, and a group's own name will do, as `default` has no other."""
        asked = Network(
            vpc=network["vpc"],
            subnets=(network["public"], "private"),
            security_groups=("default", network["group"]),
            assign_public_ip=True,
        )
        found = placed(asked, Ec2(client("ec2")).find(asked))
        assert found is not None
        assert {*network["private"], network["public"]} == set(found.subnets)
        assert network["group"] in found.security_groups
        assert (2, True) == (len(found.security_groups), found.assign_public_ip)

    def test_every_absent_name_is_told(self, network: dict[str, Any]) -> None:
        """All subnets that are not there are seen at once, and then there is no placement."""
        asked = Network(vpc=network["vpc"], subnets=("one", "private", "two"))
        found = Ec2(client("ec2")).find(asked)
        assert ["one", "two"] == [name for name, ids in found.subnets.items() if not ids]
        assert placed(asked, found) is None


def tags(service: str) -> dict[str, str]:
    """Return the tags of a service."""
    ours = {"application": "shop", "environment": "default", "installation": "slipway", "service": service}
    return {f"slipway:{key}": value for key, value in ours.items()}


class TestLoadBalancers:
    """Target groups and rules of services behind an existing load balancer."""

    @pytest.fixture
    def listener(self, request: pytest.FixtureRequest) -> Listener:
        """Return the listener of a load balancer of the test's own."""
        ec2, elbv2 = client("ec2"), client("elbv2")
        vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        zones = [("us-east-1a", "10.1.1.0/24"), ("us-east-1b", "10.1.2.0/24")]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
            for zone, cidr in zones
        ]
        name = request.node.name.replace("_", "-")[-30:].strip("-")
        arn = elbv2.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
        action = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
        elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=action)
        return LoadBalancers(elbv2, elbv2).listener(name, 80)

    def route(self, listener: Listener, service: str, **fields: Any) -> str:
        """Make target group and rule of a service, and return its target group."""
        balancers, asked = LoadBalancers(client("elbv2"), client("elbv2")), Route(**fields)
        found = balancers.routed(listener, tags(service))
        target_group = balancers.ensure_target_group(asked, 5000, listener, tags(service), found)
        balancers.ensure_rule(asked, listener.arn, target_group, tags(service))
        return target_group

    def test_a_priority_that_was_free_when_it_was_looked_at(self, listener: Listener) -> None:
        """A rule is made by the priorities that Plan saw; what took one since is seen, and so is the rule itself."""
        balancers = LoadBalancers(client("elbv2"), client("elbv2"))
        groups = [self.group(listener, number) for number in (60, 61)]
        for group in (*groups, groups[1]):
            balancers.ensure_rule(Route(path="/same"), listener.arn, group, tags("other"), taken=())

        assert groups == [
            each.target_group for each in sorted(balancers.rules(listener), key=lambda rule: rule.priority)
        ]

    def test_rules_beyond_the_first_page(self, listener: Listener) -> None:
        """A listener's rules come in pages: the last one is there, and its service has no second one made."""
        balancers = LoadBalancers(client("elbv2"), client("elbv2"))
        group = self.route(listener, "first", path="/0")
        for number in range(1, 60):
            balancers.ensure_rule(Route(path=f"/{number}"), listener.arn, self.group(listener, number), tags("other"))
        last = self.route(listener, "last", path="/last")
        self.route(listener, "last", path="/last")

        assert 61 == len(balancers.rules(listener))
        found = balancers.routed(listener, tags("last"))
        assert (last, True) == (found and found.target_group, found is not None and found.rule is not None)
        assert group != last

    def group(self, listener: Listener, number: int) -> str:
        """Make a target group of no service."""
        made = client("elbv2").create_target_group(
            Name=f"group-{number}", Protocol="HTTP", Port=80, VpcId=listener.vpc, TargetType="ip"
        )
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def rules(self, listener: Listener) -> list[tuple[str, str]]:
        """Return priority and path of a listener's rules, as the load balancer asks them."""
        rules = client("elbv2").describe_rules(ListenerArn=listener.arn)["Rules"]
        own = [rule for rule in rules if rule["Priority"] != "default"]
        in_order = sorted(own, key=lambda rule: int(rule["Priority"]))
        return [(rule["Priority"], self.path(rule)) for rule in in_order]

    def path(self, rule: dict[str, Any]) -> str:
        """Return the path of a rule."""
        return next(
            str((each.get("PathPatternConfig", {}).get("Values") or each["Values"])[0])
            for each in rule["Conditions"]
            if each["Field"] == "path-pattern"
        )

    def test_longest_literal_prefix_is_asked_first(self, listener: Listener) -> None:
        """Whatever the order in which they are deployed, the longer literal prefix is asked first."""
        for number, path in enumerate(["/*", "/shop/cart*", "/shop*", "/shop/cart/items*"]):
            self.route(listener, f"s{number}", path=path)
        assert ["/shop/cart/items*", "/shop/cart*", "/shop*", "/*"] == [path for _, path in self.rules(listener)]

    def test_host_and_exact_path_come_before(self, listener: Listener) -> None:
        """Of one length, a route with a host is asked before one without, an exact path before a pattern."""
        for name, fields in {
            "pattern": {"path": "/a*"},
            "exact": {"path": "/a"},
            "host-pattern": {"path": "/b*", "host": "a.example.com"},
            "host-exact": {"path": "/b", "host": "a.example.com"},
        }.items():
            self.route(listener, name, **fields)
        assert ["/b", "/b*", "/a", "/a*"] == [path for _, path in self.rules(listener)]

    def test_taken_priority_is_left_alone(self, listener: Listener) -> None:
        """A priority that another rule has is passed over."""
        self.route(listener, "one", path="/a*")
        ((first, _),) = self.rules(listener)
        self.route(listener, "two", path="/b*")
        assert [(first, "/a*"), (str(int(first) + 1), "/b*")] == self.rules(listener)

    def test_changed_path_changes_the_one_rule(self, listener: Listener) -> None:
        """A service has one rule: another path changes it, the same one leaves it alone."""
        for path in ("/a*", "/b*", "/b*"):
            self.route(listener, "one", path=path)
        assert ["/b*"] == [path for _, path in self.rules(listener)]

    def test_explicit_priority(self, listener: Listener) -> None:
        """A priority that the manifest names is the rule's, now and when it changes."""
        for priority in (7, 9):
            self.route(listener, "one", path="/a*", priority=priority)
        assert [("9", "/a*")] == self.rules(listener)

    def test_target_group_is_made_once(self, listener: Listener) -> None:
        """A service has one target group, which follows its route's settings."""
        checks = [{"path": "/one"}, {"path": "/two", "interval": 20}]
        first, second = (self.route(listener, "one", path="/a*", health_check=check) for check in checks)
        (found,) = client("elbv2").describe_target_groups(TargetGroupArns=[first])["TargetGroups"]
        assert first == second
        assert ("/two", 20, "ip") == (
            found["HealthCheckPath"],
            found["HealthCheckIntervalSeconds"],
            found["TargetType"],
        )

    def test_deregistration_delay(self, listener: Listener) -> None:
        """The delay is the route's."""
        arn = self.route(listener, "one", path="/a*", deregistration_delay=12)
        found = client("elbv2").describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        assert "12" == next(each["Value"] for each in found if each["Key"] == "deregistration_delay.timeout_seconds")

    def test_rule_and_target_group_are_removed(self, listener: Listener) -> None:
        """A target group is found by its tags, in use as long as a rule forwards to it, and then it goes."""
        balancers, target_group = (
            LoadBalancers(client("elbv2"), client("elbv2")),
            self.route(listener, "bye", path="/bye*"),
        )
        self.route(listener, "bye-bye", path="/*")
        assert [target_group] == balancers.target_groups(tags("bye"))
        with pytest.raises(TransientAws, match="ResourceInUse"):
            balancers.delete_target_group(target_group)
        balancers.delete_rules(target_group, tags("bye"))
        balancers.delete_target_group(target_group)
        assert (["/*"], []) == ([path for _, path in self.rules(listener)], balancers.target_groups(tags("bye")))

    def test_rule_of_somebody_else_stays(self, listener: Listener) -> None:
        """A rule without our tags stays, although it forwards to our target group."""
        balancers, target_group = (
            LoadBalancers(client("elbv2"), client("elbv2")),
            self.route(listener, "used", path="/used*"),
        )
        client("elbv2").create_rule(
            ListenerArn=listener.arn,
            Priority=1,
            Conditions=[{"Field": "path-pattern", "Values": ["/theirs"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": target_group}],
        )
        balancers.delete_rules(target_group, tags("used"))
        assert [("1", "/theirs")] == self.rules(listener)

    def test_absent_load_balancer(self) -> None:
        """A load balancer that is not there is refused by its name."""
        with pytest.raises(ListenerNotFound, match="no load balancer named absent"):
            LoadBalancers(client("elbv2"), client("elbv2")).listener("absent", 80)

    def test_absent_listener(self, listener: Listener) -> None:
        """A port on which nothing listens is refused with the ports on which something does."""
        name = listener.arn.split("/")[-3]
        with pytest.raises(ListenerNotFound, match=r"does not listen on port 81, only on \[80\]"):
            LoadBalancers(client("elbv2"), client("elbv2")).listener(name, 81)


def test_log_group() -> None:
    """A log group is made once, and follows its retention."""
    logs = client("logs")
    for days in (30, 7):
        Logs(logs).ensure_group("/ecs/shop-home", days, {"Team": "shop"})
    (found,) = logs.describe_log_groups(logGroupNamePrefix="/ecs/shop-home")["logGroups"]
    assert (7, {"Team": "shop"}) == (
        found["retentionInDays"],
        logs.list_tags_log_group(logGroupName="/ecs/shop-home")["tags"],
    )


@pytest.fixture(scope="module")
def machine() -> str:
    """Return a state machine that moto only remembers."""
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    made = client("stepfunctions").create_state_machine(name="slipway-x", definition=definition, roleArn=ROLE)
    return str(made["stateMachineArn"])


class TestWorkflow:
    """Executions bear the deployment's id."""

    def test_start_happens_once(self, machine: str) -> None:
        """Starting a deployment twice starts one execution."""
        workflow = Workflow(client("stepfunctions"), {"deploy": machine})
        for _ in range(2):
            workflow.start("dep_1", "deploy")
        executions = client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
        assert ["dep_1"] == [each["name"] for each in executions]
        assert workflow.status("dep_1", "deploy") in ("RUNNING", "SUCCEEDED")

    def test_status_of_what_never_started(self, machine: str) -> None:
        """An execution that is not there has no status."""
        assert Workflow(client("stepfunctions"), {"deploy": machine}).status("dep_2", "deploy") is None
