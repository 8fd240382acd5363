"""What Preflight asks, over moto."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from chalicelib.aws.ec2 import Ec2
from chalicelib.aws.ecr import Ecr, download
from chalicelib.aws.hosted_zones import HostedZones
from chalicelib.aws.iam import Iam
from chalicelib.aws.load_balancers import LoadBalancers
from chalicelib.aws.secrets import Parameters, Secrets
from chalicelib.decide import ZoneRecord
from chalicelib.errors import AwsRefused, NetworkNotFound
from chalicelib.manifest import Network
from chalicelib.preflight import Admission, NetworkFound, Rule, SecretFound, SecretPlace


@pytest.fixture(scope="module", autouse=True)
def aws() -> Iterator[None]:
    """Lend an AWS in this process."""
    with mock_aws():
        yield


def client(service: str) -> Any:
    """Return a client of it."""
    return boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def vpc() -> str:
    """Return the id of a VPC as EC2 makes it."""
    return str(client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


class TestEc2:
    """What there is of a network, without a refusal."""

    def test_what_is_missing_is_empty(self, vpc: str) -> None:
        """Each name that stands for nothing has no ids."""
        subnet = client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        found = Ec2(client("ec2")).find(Network(vpc=vpc, subnets=(subnet, "two"), security_groups=("web",)))

        assert NetworkFound((vpc,), {subnet: (subnet,), "two": ()}, {"web": ()}) == found

    def test_absent_vpc(self) -> None:
        """In a VPC that is not there nothing is looked for."""
        assert NetworkFound((), {}, {}) == Ec2(client("ec2")).find(Network(vpc="absent", subnets=("one",)))

    def test_vpc_of_a_subnet(self, vpc: str) -> None:
        """A subnet is in its VPC; one that is not there is an error that names it."""
        subnet = client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.0.2.0/24")["Subnet"]["SubnetId"]

        assert vpc == Ec2(client("ec2")).vpc_of(subnet)
        with pytest.raises(NetworkNotFound, match="subnet-absent"):
            Ec2(client("ec2")).vpc_of("subnet-absent")

    def test_dns_attributes(self, vpc: str) -> None:
        """A VPC that is made by hand has no DNS host names, until they are turned on."""
        assert ("enableDnsHostnames",) == Ec2(client("ec2")).dns_attributes_off(vpc)
        client("ec2").modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        assert () == Ec2(client("ec2")).dns_attributes_off(vpc)

    def test_admissions(self, vpc: str) -> None:
        """Inbound rules of TCP and of everything, with groups or addresses; others admit no request."""
        ec2 = client("ec2")
        group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
        pairs = [{"GroupId": group}]
        rules = [
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 81, "UserIdGroupPairs": pairs},
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]},
            {"IpProtocol": "udp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": pairs},
        ]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules)
        expected = {Admission(80, 81, (group,)), Admission(0, 65535, addresses=True)}
        for named in ("web", group):
            found = Ec2(ec2).find(Network(vpc=vpc, subnets=(), security_groups=(named,)))
            assert ({named: (group,)}, expected) == (found.security_groups, set(found.admissions[group]))


class TestLoadBalancers:
    """The rules of a listener."""

    def test_rules(self, vpc: str) -> None:
        """Each rule has its priority, paths, hosts and tags; the default one is none."""
        elb = client("elbv2")
        subnets = [
            client("ec2").create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)["Subnet"]
            for number, zone in ((7, "us-east-1a"), (8, "us-east-1b"))
        ]
        balancer = elb.create_load_balancer(Name="slipway", Subnets=[each["SubnetId"] for each in subnets])
        reply = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
        arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
        elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=reply)
        balancers = LoadBalancers(elb, elb)
        listener = balancers.listener("slipway", 80)
        conditions = [
            {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/shop*"]}},
            {"Field": "host-header", "HostHeaderConfig": {"Values": ["shop.example.com"]}},
        ]
        tags = [{"Key": "slipway:service", "Value": "a"}]
        elb.create_rule(ListenerArn=listener.arn, Priority=7, Conditions=conditions, Actions=reply, Tags=tags)

        expected = Rule(7, ("/shop*",), ("shop.example.com",), tags={"slipway:service": "a"})
        assert (expected,) == balancers.rules(listener)


class TestHostedZones:
    """The VPCs of a private hosted zone, and its records."""

    def test_vpcs(self, vpc: str) -> None:
        """A private zone answers its VPC; one that is not there answers none."""
        zone = client("route53").create_hosted_zone(
            Name="shop.local",
            CallerReference="1",
            VPC={"VPCRegion": "us-east-1", "VPCId": vpc},
            HostedZoneConfig={"PrivateZone": True},
        )["HostedZone"]["Id"]

        assert ((vpc,), ()) == (HostedZones(client("route53")).vpcs(zone), HostedZones(client("route53")).vpcs("Z1"))

    def test_records(self, vpc: str) -> None:
        """The records of a name and of those below it, and of no other; a zone that is not there has none."""
        zone = client("route53").create_hosted_zone(
            Name="names.local",
            CallerReference="2",
            VPC={"VPCRegion": "us-east-1", "VPCId": vpc},
            HostedZoneConfig={"PrivateZone": True},
        )["HostedZone"]["Id"]
        values = [
            ("user.names.local", "A", "10.0.0.1"),
            ("user.names.local", "SRV", "1 1 80 i-1.user.names.local"),
            ("i-1.user.names.local", "A", "10.0.0.1"),
        ]
        others = [("user-api.names.local", "A", "10.0.0.2"), ("a.names.local", "A", "10.0.0.3")]
        changes = [
            {"Action": "CREATE", "ResourceRecordSet": _record_set(*each) | {"SetIdentifier": str(number)}}
            for number, each in enumerate([*others, *values])
        ]
        client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
        found = HostedZones(client("route53")).records(zone, "User.names.local")

        assert {ZoneRecord(*each) for each in values} == set(found)
        assert () == HostedZones(client("route53")).records("Z1", "user.names.local")

    def test_pages(self) -> None:
        """The next page begins where the last one ended, and none is read behind the names that are asked for."""
        route53 = client("route53")
        page = {"MaxItems": "1", "IsTruncated": True, "NextRecordType": "A"}
        first = _record_set("user.names.local.", "A", "10.0.0.1") | {"SetIdentifier": "1"}
        second = _record_set("user.names.local.", "A", "10.0.0.2") | {"SetIdentifier": "2"}
        last = _record_set("zoo.names.local.", "A", "10.0.0.3")
        asked = {"HostedZoneId": "Z1", "StartRecordName": "user.names.local"}
        again = asked | {"StartRecordName": "user.names.local.", "StartRecordType": "A", "StartRecordIdentifier": "2"}
        next_one = {"NextRecordName": "user.names.local.", "NextRecordIdentifier": "2"}
        with Stubber(route53) as stub:
            stub.add_response("list_resource_record_sets", page | next_one | {"ResourceRecordSets": [first]}, asked)
            behind = {"NextRecordName": "zz.names.local."}
            stub.add_response(
                "list_resource_record_sets", page | behind | {"ResourceRecordSets": [second, last]}, again
            )
            found = HostedZones(route53).records("Z1", "user.names.local")
            stub.assert_no_pending_responses()

        assert ["10.0.0.1", "10.0.0.2"] == [each.value for each in found]


def _record_set(name: str, type_: str, value: str) -> dict[str, Any]:
    return {"Name": name, "Type": type_, "TTL": 10, "ResourceRecords": [{"Value": value}], "MultiValueAnswer": True}


REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
INDEX = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.index.v1+json",
    "manifests": [
        {"digest": f"sha256:{number:064}", "size": 1, "platform": {"architecture": architecture, "os": "linux"}}
        for number, architecture in enumerate(("arm64", "amd64", "unknown"))
    ],
}
SINGLE = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"digest": f"sha256:{9:064}", "size": 1},
    "layers": [],
}


@contextmanager
def _single_image() -> Iterator[tuple[Any, Stubber]]:
    """Lend a client that answers a manifest of one image."""
    ecr = client("ecr")
    with Stubber(ecr) as stub:
        stub.add_response("batch_get_image", {"images": [{"imageManifest": json.dumps(SINGLE)}]})
        yield ecr, stub


def _rule(prefix: str, registry: str = "registry-1.docker.io", theirs: str = "ROOT") -> dict[str, str]:
    """Return a rule of a pull-through cache."""
    return {"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": registry, "upstreamRepositoryPrefix": theirs}


def _upstreams(rules: list[dict[str, str]], *images: str) -> dict[str, str]:
    """Return where images are pulled from by rules that come in pages."""
    ecr, operation = client("ecr"), "describe_pull_through_cache_rules"
    with Stubber(ecr) as stub:
        stub.add_response(operation, {"pullThroughCacheRules": rules[:1], "nextToken": "2"}, {})
        stub.add_response(operation, {"pullThroughCacheRules": rules[1:]}, {"nextToken": "2"})
        return Ecr(ecr).upstreams(images)


class TestEcr:
    """Which images there are."""

    def test_index(self) -> None:
        """An index tells what it is built for, attestations aside."""
        client("ecr").create_repository(repositoryName="team/web")
        client("ecr").put_image(repositoryName="team/web", imageManifest=json.dumps(INDEX), imageTag="1")
        ecr = Ecr(client("ecr"))

        assert ("arm64", "x86_64") == ecr.architectures(f"{REGISTRY}/team/web:1")
        assert ecr.architectures(f"{REGISTRY}/team/web:2") is None

    @pytest.mark.parametrize(
        ("configuration", "expected"),
        [({"architecture": "amd64", "os": "linux"}, ("x86_64",)), ({"architecture": "arm64"}, ("arm64",)), ({}, ())],
    )
    def test_single_image(self, configuration: dict[str, str], expected: tuple[str, ...]) -> None:
        """A single image tells by its configuration, which is downloaded from where ECR says."""
        content = {"https://s3/layer": json.dumps(configuration).encode()}
        layer = {"repositoryName": "web", "layerDigest": f"sha256:{9:064}"}
        with _single_image() as (ecr, stub):
            stub.add_response("get_download_url_for_layer", {"downloadUrl": "https://s3/layer"}, layer)
            assert expected == Ecr(ecr, content.__getitem__).architectures(f"{REGISTRY}/web:1")

    @pytest.mark.parametrize("code", ["LayersNotFoundException", "LayerInaccessibleException"])
    def test_configuration_that_is_not_there(self, code: str) -> None:
        """An image whose configuration cannot be had does not tell."""
        with _single_image() as (ecr, stub):
            stub.add_client_error("get_download_url_for_layer", code, "no")
            assert () == Ecr(ecr).architectures(f"{REGISTRY}/web:1")

    def test_configuration_that_is_not_allowed(self) -> None:
        """What ECR does not allow is said."""
        with _single_image() as (ecr, stub):
            stub.add_client_error("get_download_url_for_layer", "AccessDeniedException", "no")
            with pytest.raises(AwsRefused, match="AccessDeniedException"):
                Ecr(ecr).architectures(f"{REGISTRY}/web:1")

    def test_download_that_fails(self) -> None:
        """A URL that cannot be read is a refusal, without the URL, which is a secret."""
        with pytest.raises(AwsRefused) as refused:
            download("http://127.0.0.1:1/layer?signature=s3cret")
        assert "s3cret" not in str(refused.value)

    def test_digest(self) -> None:
        """A tag has the digest of what was pushed under it last, and a digest is its own."""
        client("ecr").create_repository(repositoryName="moved")
        digests = [
            client("ecr").put_image(
                repositoryName="moved",
                imageManifest=json.dumps({**SINGLE, "layers": [{"digest": f"sha256:{number:064}", "size": 1}]}),
                imageTag=tag,
            )["image"]["imageId"]["imageDigest"]
            for number, tag in enumerate(("1", "latest", "1"))
        ]
        ecr = Ecr(client("ecr"))

        assert (digests[2], digests[1]) == (ecr.digest(f"{REGISTRY}/moved:1"), ecr.digest(f"{REGISTRY}/moved"))
        assert digests[1] == ecr.digest(f"{REGISTRY}/moved@{digests[1]}")
        assert ecr.digest(f"{REGISTRY}/moved:2") is None

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("docker-hub/library/nginx:1", "registry-1.docker.io/library/nginx:1"),
            ("docker-hub/special/nginx@sha256:1", "quay.io/org/nginx@sha256:1"),
            ("docker-hubs/nginx:1", None),
            ("docker-hub:1", None),
        ],
    )
    def test_what_is_pulled_through(self, name: str, expected: str | None) -> None:
        """The rule of the longest prefix says where an image is pulled from; what no rule is for, nobody pulls."""
        image, rules = f"{REGISTRY}/{name}", [_rule("docker-hub"), _rule("docker-hub/special", "quay.io", "org")]
        assert ({image: expected} if expected else {}) == _upstreams(rules, image)

    def test_a_rule_for_everything(self) -> None:
        """A rule without a prefix is for every repository that no other rule is for."""
        rules = [_rule("ROOT", "public.ecr.aws"), _rule("docker-hub")]
        images = [f"{REGISTRY}/nginx/nginx:1", f"{REGISTRY}/docker-hub/library/nginx:1"]
        expected = ["public.ecr.aws/nginx/nginx:1", "registry-1.docker.io/library/nginx:1"]
        assert dict(zip(images, expected, strict=True)) == _upstreams(rules, *images)

    def test_absent_repository(self) -> None:
        """A repository that is not there has no image."""
        ecr = Ecr(client("ecr"))
        assert (None, None) == (ecr.architectures(f"{REGISTRY}/absent"), ecr.digest(f"{REGISTRY}/absent"))


class TestSecrets:
    """Whether secrets and parameters are there."""

    def test_secret(self) -> None:
        """A secret is there with the keys of its JSON; without a key its value is not read."""
        made = client("secretsmanager").create_secret(
            Name="shop", SecretString='{"password": "p"}', Tags=[{"Key": "slipway:installation", "Value": "here"}]
        )["ARN"]
        secrets = Secrets(client("secretsmanager"), "here")

        assert SecretFound(exists=True) == secrets.find(SecretPlace(made))
        assert SecretFound(exists=True) == secrets.find(SecretPlace(made, "password", "AWSCURRENT"))
        assert SecretFound(exists=True, has_key=False) == secrets.find(SecretPlace(made, "token"))
        assert SecretFound(exists=False) == secrets.find(SecretPlace(f"{made}x", "password"))

    def test_untagged_secret(self) -> None:
        """The value of a secret that is not tagged with this installation's name is not read."""
        made = client("secretsmanager").create_secret(Name="theirs", SecretString='{"password": "p"}')["ARN"]
        secrets = Secrets(client("secretsmanager"), "here")

        assert SecretFound(exists=True) == secrets.find(SecretPlace(made))
        assert SecretFound(exists=True, has_key=None) == secrets.find(SecretPlace(made, "password"))

    def test_secret_without_json(self) -> None:
        """A secret that is no JSON has no key."""
        made = client("secretsmanager").create_secret(
            Name="plain", SecretString="word", Tags=[{"Key": "slipway:installation", "Value": "here"}]
        )["ARN"]
        found = Secrets(client("secretsmanager"), "here").find(SecretPlace(made, "password"))

        assert SecretFound(exists=True, has_key=False) == found

    def test_parameter(self) -> None:
        """A parameter is there or not."""
        client("ssm").put_parameter(Name="/shop/token", Value="t", Type="SecureString")
        client("ssm").put_parameter(Name="token", Value="t", Type="String")
        arn = "arn:aws:ssm:us-east-1:123456789012:parameter"
        parameters = Parameters(client("ssm"))

        assert SecretFound(exists=True) == parameters.find(SecretPlace("/shop/token"))
        assert SecretFound(exists=True) == parameters.find(SecretPlace(f"{arn}/shop/token"))
        assert SecretFound(exists=True) == parameters.find(SecretPlace(f"{arn}/token"))
        assert SecretFound(exists=False) == parameters.find(SecretPlace("/shop/absent"))
        assert SecretFound(exists=False) == parameters.find(SecretPlace(f"{arn}/shop/absent"))


class TestIam:
    """Whom a role trusts."""

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, ("ecs-tasks.amazonaws.com",)),
            (
                {"Principal": {"Service": ["ec2.amazonaws.com", "a.amazonaws.com"]}},
                ("a.amazonaws.com", "ec2.amazonaws.com"),
            ),
            ({"Effect": "Deny"}, ()),
            ({"Action": "sts:TagSession"}, ()),
            ({"Principal": "*"}, ()),
        ],
    )
    def test_trusted_services(self, changes: dict[str, Any], expected: tuple[str, ...]) -> None:
        """The services are those that an Allow of AssumeRole names."""
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
        policy = {"Version": "2012-10-17", "Statement": {**statement, **changes}}
        client("iam").create_role(RoleName="web", AssumeRolePolicyDocument=json.dumps(policy))
        found = Iam(client("iam")).trusted_services("arn:aws:iam::123456789012:role/path/web")
        client("iam").delete_role(RoleName="web")

        assert expected == found

    def test_absent_role(self) -> None:
        """A role that is not there trusts nobody."""
        assert Iam(client("iam")).trusted_services("absent") is None
