"""Findings: facts and a manifest make what is wrong, where, and what to do."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib import preflight
from chalicelib.errors import AwsRefused
from chalicelib.manifest import Manifest, parse
from chalicelib.plan import first_free_for
from chalicelib.preflight import FIXES, Admission, Finding, NameFound, NetworkFound, Rule, SecretFound, SecretPlace
from chalicelib.specs import ServiceSpec, Serving, Target

API_PAGE = Path(__file__).parents[2] / "docs" / "api.md"
FOUND = NetworkFound(("vpc-1",), {"private": ("subnet-1",)}, {"default": ("sg-1",)})
OWNER = {"slipway:application": "shop", "slipway:environment": "default", "slipway:installation": "slipway"}
NOTHING = NetworkFound((), {}, {})


def manifest(*services: dict[str, Any], **changes: Any) -> Manifest:
    """Return a manifest of services `a`, `b`, … that share a network."""
    document = {
        "application": "shop",
        "namespace": "shop.local",
        "network": {"vpc": "main", "subnets": ["private"], "security_groups": ["default"]},
        "load_balancer": {"name": "slipway"},
        "services": {"abc"[index]: {"image": "web:1", **service} for index, service in enumerate(services or ({},))},
        **changes,
    }
    return parse(json.dumps(document).encode(), "application/json", {})


def serving(**changes: Any) -> Serving:
    """Return an ECS service of this application."""
    spec = ServiceSpec("arn", 1, 100, 200, True, 0, None, None, ())
    return Serving(**{"arn": "arn", "status": "ACTIVE", "spec": spec, "tags": OWNER, **changes})


def told(finding: Finding) -> tuple[str, str | None, str | None]:
    """Return what a caller switches on."""
    return finding.code, finding.pointer, finding.service


def test_all_that_is_missing_of_a_network() -> None:
    """Every subnet and security group that is not there is told, each at its place; what is shared is told once."""
    network = {"vpc": "main", "subnets": ["one", "private", "two"], "security_groups": ["web"]}
    asked = manifest({}, {}, {"network": {"subnets": ["three"]}}, network=network)
    found = preflight.network_findings(asked, dict.fromkeys("abc", FOUND))

    assert [
        ("network_not_found", "/network/subnets/0", None),
        ("network_not_found", "/network/subnets/2", None),
        ("network_not_found", "/network/security_groups/0", None),
        ("network_not_found", "/services/c/network/subnets/0", "c"),
    ] == [told(each) for each in found]


@pytest.mark.parametrize(("vpcs", "expected"), [((), "no VPCs are named main"), (("a", "b"), "2 VPCs are named main")])
def test_vpc_is_one(vpcs: tuple[str, ...], expected: str) -> None:
    """A VPC that is not there, or there twice, is told once."""
    (finding,) = preflight.network_findings(manifest({}, {}), dict.fromkeys("ab", NetworkFound(vpcs, {}, {})))

    assert ("network_not_found", "/network/vpc", None) == told(finding)
    assert finding.detail.startswith(expected)


def test_vpc_of_one_service() -> None:
    """A VPC that only one service names is that service's."""
    asked = manifest({}, {"network": {"vpc": "other"}})
    found = preflight.network_findings(asked, {"a": FOUND, "b": NOTHING})

    assert [("network_not_found", "/services/b/network/vpc", "b")] == [told(each) for each in found]


@pytest.mark.parametrize(
    ("off", "expected"), [((), []), (("enableDnsSupport",), [("vpc_dns_off", "/namespace", None)])]
)
def test_dns_attributes_are_on(off: tuple[str, ...], expected: list[Any]) -> None:
    """A VPC that does not answer private names is told."""
    assert expected == [told(each) for each in preflight.dns_findings("vpc-1", off)]


@pytest.mark.parametrize(
    ("vpcs", "expected"),
    [
        (("vpc-1", "vpc-2"), []),
        ((), []),
        (("vpc-2",), [("namespace_taken", "/namespace", None)]),
    ],
)
def test_namespace_is_of_this_vpc(vpcs: tuple[str, ...], expected: list[Any]) -> None:
    """A namespace that serves other VPCs alone is taken."""
    assert expected == [told(each) for each in preflight.namespace_findings("shop.local", "vpc-1", vpcs)]


def test_records_cannot_be_changed() -> None:
    """A name that is registered with other record types is in conflict; the same types in another order are not."""
    asked = manifest({"discovery": {}}, {"port": 80, "discovery": {"name": "www", "records": ["SRV", "A"]}}, {})
    found = preflight.discovery_findings(
        asked, {"a": NameFound(("SRV",), OWNER), "b": NameFound(("A", "SRV"), OWNER)}, OWNER
    )

    assert [("discovery_conflict", "/services/a/discovery/records", "a")] == [told(each) for each in found]


@pytest.mark.parametrize(
    ("tags", "registrants", "taken_by"),
    [
        (OWNER, {("mall", "web")}, None),
        ({**OWNER, "slipway:service": "b"}, {("shop", "b")}, None),
        ({**OWNER, "slipway:application": "mall"}, set(), "slipway:application=mall"),
        ({**OWNER, "slipway:environment": "test"}, set(), "slipway:environment=test"),
        ({**OWNER, "slipway:installation": "other"}, set(), "slipway:installation=other"),
        ({}, set(), None),
        ({"Team": "shop"}, {("shop", "a")}, None),
        ({}, {("shop", "a"), ("mall", "web")}, "the ECS service mall/web"),
        ({}, {("shop", "b")}, "the ECS service shop/b"),
    ],
)
def test_a_name_is_ours(tags: dict[str, str], registrants: set[tuple[str, str]], taken_by: str | None) -> None:
    """A name is taken by another application, or by the tasks of another ECS service; else it is ours or free."""
    found = NameFound(("SRV",) if taken_by else ("A",), tags, frozenset(registrants))
    findings = list(preflight.discovery_findings(manifest({"discovery": {"name": "www"}}), {"a": found}, OWNER))

    expected = [("discovery_name_taken", "/services/a/discovery", "a")] if taken_by else []
    assert expected == [told(each) for each in findings]
    assert all(taken_by in each.detail for each in findings if taken_by)


@pytest.mark.parametrize(
    ("tags", "adopted", "owner"),
    [
        (OWNER, True, ""),
        ({**OWNER, "slipway:deployment": "dep_1", "Team": "shop"}, True, ""),
        ({}, True, "nobody known to Slipway"),
        ({"Team": "mall"}, True, "nobody known to Slipway"),
        ({"slipway:application": "shop"}, True, "slipway:application=shop"),
        *(({key: "mall"}, False, f"{key}=mall") for key in OWNER),
        *(({**OWNER, key: "mall"}, False, f"{key}=mall") for key in OWNER),
    ],
)
def test_services_are_ours(tags: dict[str, str], adopted: bool, owner: str) -> None:
    """An ECS service is our own, or to be adopted, as the fix says, where nobody's tags claim it; else it is theirs."""
    now = serving(tags=tags)
    findings = list(preflight.ownership_findings(manifest({}, {"adopt": True}, {}), {"a": now, "b": now}, OWNER))
    refused = [name for name in ("a", "b") if (name == "a" and owner) or not adopted]

    assert [("service_not_owned", f"/services/{name}", name) for name in refused] == [told(each) for each in findings]
    assert [adopted] * len(refused) == ["adopt: true" in each.fix for each in findings]
    assert all(owner in each.detail for each in findings)


def test_a_service_that_is_not_there_is_free() -> None:
    """Whoever asks for a service that is not there may make it."""
    assert [] == list(preflight.ownership_findings(manifest({}), {"a": None}, OWNER))


def test_launch_type_is_fixed() -> None:
    """A service that serves on Fargate cannot be asked onto EC2; capacity providers, and one that drains, can."""
    asked = manifest(
        {"launch_type": "EC2"}, {"capacity_providers": [{"name": "own"}]}, {"launch_type": "EC2", "cpu": 128}
    )
    now = {"a": serving(), "b": serving(), "c": serving(status="DRAINING")}

    assert [("launch_type_fixed", "/services/a/launch_type", "a")] == [
        told(each) for each in preflight.launch_type_findings(asked, now)
    ]


ERROR = Finding("network_not_found", "vpc-1 has no subnet x", "/network/subnets/0")
OTHER = Finding("service_not_owned", "a is not ours", "/services/a", "a")
WARNING = preflight.could_not_check("the network", AwsRefused("describe_vpcs", "AccessDenied", "no right"))


@pytest.mark.parametrize(
    ("findings", "code", "service"),
    [
        ([ERROR], "network_not_found", None),
        ([OTHER, WARNING], "service_not_owned", "a"),
        ([ERROR, OTHER], "preflight_failed", None),
    ],
)
def test_errors_are_the_failure(findings: list[Finding], code: str, service: str | None) -> None:
    """What is wrong fails the deployment under its own code, several codes as one; every finding is evidence."""
    failure = preflight.failure_of(findings)

    assert failure is not None
    assert (code, service) == (failure.code, failure.service)
    assert [each.pointer for each in findings] == [each.resource for each in failure.evidence]
    assert {"preflight"} == {each.kind for each in failure.evidence}
    errors = [each for each in findings if each.severity == "error"]
    assert "; ".join(each.detail for each in errors) == failure.cause
    assert " ".join(each.fix for each in errors) == failure.fix


def test_what_is_wrong_twice_is_said_once() -> None:
    """A network that two services share and that is not there is one sentence, and two findings."""
    both = [replace(ERROR, pointer=f"/services/{each}", service=each) for each in ("a", "b")]
    failure = preflight.failure_of(both)
    assert failure is not None
    assert (ERROR.detail, 2) == (failure.cause, len(failure.evidence))


@pytest.mark.parametrize(
    ("code", "message", "right"),
    [
        ("AccessDeniedException", "User: x is not authorized to perform: ecr:BatchGetImage", True),
        ("UnauthorizedOperation", "You are not authorized to perform this operation.", True),
        ("URLError", "<urlopen error [Errno -2] Name or service not known>", False),
        ("InvalidParameterException", "Invalid", False),
    ],
)
def test_only_a_missing_right_is_to_be_given(code: str, message: str, *, right: bool) -> None:
    """What cannot be looked at for another reason than a right does not ask for one."""
    found = preflight.could_not_check("the images", AwsRefused("call", code, message))
    assert ("warning", right) == (found.severity, "Allow the function" in found.fix)


def test_classic_load_balancer() -> None:
    """A service behind a Classic Load Balancer may be taken over without a route; one that drains is made anew."""
    routed, plain = {"port": 80, "route": {"path": "/"}}, {"port": 80}
    behind = replace(serving(), classic_load_balancer="old")
    now = {"a": behind, "b": behind, "c": replace(behind, status="DRAINING")}
    asked = manifest(routed, plain, {"port": 80, "route": {"path": "/c"}})
    assert [("classic_load_balancer", "/services/a/route", "a")] == [
        told(each) for each in preflight.classic_findings(asked, now)
    ]
    assert [] == list(preflight.classic_findings(asked, {"a": serving(), "b": None, "c": None}))


def test_target_groups_of_others() -> None:
    """A service stays in a target group of others by a container and a port that the manifest has; ours may change."""

    def within(group: str, container: str, port: int, **changes: Any) -> Serving:
        arn = f"arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/{group}/1"
        spec = replace(serving().spec, route=(Target(arn, container, port),))
        return replace(serving(), spec=spec, **changes)

    asked = manifest({"port": 80}, {"port": 80}, {"port": 80})
    well = {"a": within("theirs", "a", 80), "b": within("shop-b-0123abcd", "old", 81), "c": None}
    drains = {"a": within("theirs", "old", 80, status="DRAINING")}
    ill = {"a": within("theirs", "old", 80), "b": within("theirs", "b", 81), "c": within("shop-b-0123abcd", "b", 80)}

    assert [] == [*preflight.kept_target_findings(asked, well), *preflight.kept_target_findings(asked, drains)]
    assert [("target_container_missing", f"/services/{name}", name) for name in "abc"] == [
        told(each) for each in preflight.kept_target_findings(asked, ill)
    ]


def test_warnings_are_no_failure() -> None:
    """A refusal to let us look is a warning in AWS's words, and fails nothing."""
    assert preflight.failure_of([WARNING]) is None
    assert "describe_vpcs: AccessDenied: no right" in WARNING.sentence


@pytest.mark.parametrize("code", FIXES)
def test_code_is_on_the_page(code: str) -> None:
    """Every code that a finding may have is explained where callers look."""
    assert f"`{code}`" in API_PAGE.read_text()


REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
HERE = ("000000000000", "us-east-1")
SHOP_ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:shop"


def test_only_our_own_registry_is_asked() -> None:
    """Images of this account's ECR in this region are asked for, wherever they are written; no others."""
    definition = {
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "raw", "image": f"{REGISTRY}/raw:1"}],
    }
    document = manifest(
        {"image": f"{REGISTRY}/web:1"},
        {"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1"},
        {"image": "000000000000.dkr.ecr.eu-west-1.amazonaws.com/web:1"},
    )
    services = {**document.model_dump(exclude_unset=True)["services"], "raw": {"task_definition": definition}}
    asked = preflight.images_asked(parse_services(services), *HERE)

    assert ["/services/a/image", "/services/raw/task_definition/containerDefinitions/0/image"] == [
        each.pointer for each in asked
    ]


def parse_services(services: dict[str, Any]) -> Manifest:
    """Return a manifest of these services."""
    network = {"vpc": "main", "subnets": ["private"]}
    document = {"application": "shop", "network": network, "services": services}
    return parse(json.dumps(document, default=list).encode(), "application/json", {})


@pytest.mark.parametrize(
    ("architectures", "expected"),
    [
        (("arm64", "x86_64"), []),
        ((), []),
        (None, [("image_not_found", "/services/a/image", "a")]),
        (("arm64",), [("image_architecture", "/services/a/image", "a")]),
    ],
)
def test_images(architectures: tuple[str, ...] | None, expected: list[Any]) -> None:
    """An image is there, and for the service's architecture where it tells."""
    asked = manifest({"image": f"{REGISTRY}/web:1"})
    images = preflight.images_asked(asked, *HERE)
    found = preflight.image_findings(asked, images, {f"{REGISTRY}/web:1": architectures})

    assert expected == [told(each) for each in found]


@pytest.mark.parametrize(
    ("place", "found", "expected"),
    [
        (f"{SHOP_ARN}:key::", SecretFound(exists=True), []),
        (SHOP_ARN, SecretFound(exists=False), ["secret_not_found"]),
        ("/shop/token", SecretFound(exists=False), ["secret_not_found"]),
        (f"{SHOP_ARN}:key::", SecretFound(exists=True, has_key=False), ["secret_key_missing"]),
        (f"{SHOP_ARN}:key::", SecretFound(exists=True, has_key=None), ["secret_key_unchecked"]),
    ],
)
def test_secrets(place: str, found: SecretFound, expected: list[str]) -> None:
    """A secret or parameter is there, with the JSON key that is asked for."""
    asked = preflight.secrets_asked(manifest({"secrets": {"TOKEN": place}}, execution_role="run"), HERE[1])
    findings = list(preflight.secret_findings(asked, {each.place: found for each in asked}))

    assert [(code, "/services/a/secrets/TOKEN", "a") for code in expected] == [told(each) for each in findings]


def test_secrets_of_a_raw_definition() -> None:
    """Whatever names a secret in a raw definition is looked for where it is, a registry's credentials by name too."""
    container = {
        "name": "web",
        "image": "registry.example/web:1",
        "repositoryCredentials": {"credentialsParameter": "registry"},
        "secrets": [{"name": "A", "valueFrom": f"{SHOP_ARN}:key::"}],
        "logConfiguration": {"logDriver": "splunk", "secretOptions": [{"name": "t", "valueFrom": "/shop/splunk"}]},
    }
    other = {**container, "repositoryCredentials": {"credentialsParameter": SHOP_ARN}, "name": "other"}
    asked = preflight.secrets_asked(raw(executionRoleArn="run", containerDefinitions=[container, other]), HERE[1])
    place = "/services/a/task_definition/containerDefinitions"

    assert [
        (f"{place}/0/repositoryCredentials/credentialsParameter", SecretPlace("registry", of_secrets_manager=True)),
        (f"{place}/0/secrets/0/valueFrom", SecretPlace(SHOP_ARN, "key")),
        (f"{place}/0/logConfiguration/secretOptions/0/valueFrom", SecretPlace("/shop/splunk")),
        (f"{place}/1/repositoryCredentials/credentialsParameter", SecretPlace(SHOP_ARN)),
        (f"{place}/1/secrets/0/valueFrom", SecretPlace(SHOP_ARN, "key")),
        (f"{place}/1/logConfiguration/secretOptions/0/valueFrom", SecretPlace("/shop/splunk")),
    ] == [(each.pointer, each.place) for each in asked]
    assert [False, False, True] == [each.place.is_parameter for each in asked[:3]]
    absent = preflight.secret_findings(asked[:3], dict.fromkeys((each.place for each in asked), SecretFound(False)))
    assert ["Secrets Manager has no registry", f"Secrets Manager has no {SHOP_ARN}"] == [
        each.detail for each in absent if "Manager" in each.detail
    ]


def raw(service: dict[str, Any] | None = None, **definition: Any) -> Manifest:
    """Return a manifest whose only service is a raw definition."""
    whole = {"networkMode": "awsvpc", "cpu": "256", "memory": "512", **definition}
    return manifest({"image": None, "task_definition": whole, **(service or {})})


@pytest.mark.parametrize(
    ("platform", "service", "expected"),
    [
        ({"cpuArchitecture": "X86_64"}, {}, ["image_architecture"]),
        ({"cpuArchitecture": "ARM64"}, {}, []),
        ({}, {}, ["image_architecture"]),
        ({}, {"launch_type": "EC2"}, []),
        ({"cpuArchitecture": "X86_64"}, {"launch_type": "EC2"}, ["image_architecture"]),
    ],
)
def test_images_of_a_raw_definition(platform: dict[str, str], service: dict[str, Any], expected: list[str]) -> None:
    """An image is for the architecture that a raw definition names; on Fargate that is x86_64 unless it does."""
    image = f"{REGISTRY}/web:1"
    asked = raw(service, runtimePlatform=platform, containerDefinitions=[{"name": "web", "image": image}])
    found = preflight.image_findings(asked, preflight.images_asked(asked, *HERE), {image: ("arm64",)})

    assert expected == [each.code for each in found]


def test_pinned() -> None:
    """An image by its digest has no tag any more; a registry's port is none."""
    assert f"{REGISTRY}/team/web@sha256:1" == preflight.pinned(f"{REGISTRY}/team/web:1.0", "sha256:1")
    assert "localhost:5000/web@sha256:1" == preflight.pinned("localhost:5000/web", "sha256:1")


def test_names_asked() -> None:
    """A service is discovered by its own name, unless another is written."""
    asked = manifest({"discovery": {"name": "www"}}, {"discovery": {}}, {})
    assert {"a": "www", "b": "b"} == preflight.names_asked(asked)


def test_secrets_of_other_regions_are_not_asked() -> None:
    """What lies in another region cannot be looked for here."""
    asked = manifest({"secrets": {"TOKEN": SHOP_ARN.replace("us-east-1", "eu-west-1")}}, execution_role="run")
    assert () == preflight.secrets_asked(asked, HERE[1])


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (SHOP_ARN, SecretPlace(SHOP_ARN)),
        (f"{SHOP_ARN}:key::", SecretPlace(SHOP_ARN, "key")),
        (f"{SHOP_ARN}::AWSPREVIOUS:v1", SecretPlace(SHOP_ARN, None, "AWSPREVIOUS", "v1")),
        ("/shop/token", SecretPlace("/shop/token")),
    ],
)
def test_secret_place(reference: str, expected: SecretPlace) -> None:
    """Key, stage and version follow a secret's ARN; a parameter has none."""
    assert expected == preflight.secret_place(reference)


@pytest.mark.parametrize(
    ("trusted", "expected"),
    [
        (("ecs-tasks.amazonaws.com",), []),
        (None, [("role_not_found", "/execution_role", None), ("role_not_found", "/services/a/task_role", "a")]),
        (
            ("ec2.amazonaws.com",),
            [("role_not_trusted", "/execution_role", None), ("role_not_trusted", "/services/a/task_role", "a")],
        ),
    ],
)
def test_roles(trusted: tuple[str, ...] | None, expected: list[Any]) -> None:
    """A role is there, and lets tasks assume it."""
    asked = preflight.roles_asked(manifest({"task_role": "web"}, execution_role="run"), HERE[0])
    assert expected == [told(each) for each in preflight.role_findings(asked, {"run": trusted, "web": trusted})]


def test_roles_of_a_raw_definition() -> None:
    """A raw definition names its roles itself; a service that names none asks for none."""
    arn = "arn:aws:iam::000000000000:role/"
    definition = {
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": f"{arn}run",
        "taskRoleArn": f"{arn}web",
        "containerDefinitions": [{"name": "web", "image": "web:1"}],
    }
    asked = preflight.roles_asked(manifest({"image": None, "task_definition": definition}, {}), HERE[0])
    assert [
        (f"{arn}run", "/services/a/task_definition/executionRoleArn", "a"),
        (f"{arn}web", "/services/a/task_definition/taskRoleArn", "a"),
    ] == [(each.reference, each.pointer, each.service) for each in asked]


def test_roles_of_others_are_not_asked() -> None:
    """A role of another account cannot be looked for here."""
    asked = manifest({"task_role": "arn:aws:iam::123456789012:role/web"})
    assert () == preflight.roles_asked(asked, HERE[0])


TAKEN = [("path_taken", "/services/a/route/path", "a")]


@pytest.mark.parametrize(
    ("rule", "route", "expected"),
    [
        (Rule(7), {"priority": 7}, [("rule_priority_taken", "/services/a/route/priority", "a")]),
        (Rule(7, tags=OWNER), {"priority": 7}, []),
        (Rule(1, ("/shop*",)), {"path": "/shop/cart"}, TAKEN),
        (Rule(1, ("/shop*",)), {"path": "/shop*"}, TAKEN),
        (Rule(1, ("/sho?",)), {"path": "/shop"}, TAKEN),
        (Rule(1, ("/sho?",)), {"path": "/sho*"}, []),
        (Rule(1, ("/SHOP",)), {"path": "/shop"}, []),
        (Rule(1, ("/shop",)), {"path": "/shop*"}, []),
        (Rule(50_000, ("/*",)), {"path": "/shop*"}, []),
        (Rule(1, (), ("*.Example.com",)), {"path": "/", "host": "shop.example.com"}, TAKEN),
        (Rule(1, (), ("shop.example.com",)), {"path": "/"}, []),
        (Rule(1, (), ("*.example.com",)), {"path": "/"}, []),
        (Rule(1, (), ("*",)), {"path": "/"}, TAKEN),
        (Rule(1, (), ("x*",)), {"path": "/"}, []),
        (Rule(1, (), ("SHOP.example.com",)), {"path": "/", "host": "shop.EXAMPLE.com"}, TAKEN),
        (Rule(1, narrower=True), {"path": "/"}, []),
    ],
)
def test_rules_of_others(rule: Rule, route: dict[str, Any], expected: list[Any]) -> None:
    """Somebody else's rule is in the way at our priority, or where it is asked first and takes all that we would."""
    asked = manifest({"port": 80, "route": route})
    assert expected == [told(each) for each in preflight.route_findings(asked, [rule], OWNER, first_free_for)]


def test_each_route_is_looked_at() -> None:
    """What is found of one service, or not, hides nothing of the next."""
    asked = manifest({}, {"port": 80, "route": {"path": "/b", "priority": 7}}, {"port": 80, "route": {"path": "/shop"}})
    rules = [Rule(7, ("/other",)), Rule(1, ("/shop",))]
    assert [
        ("rule_priority_taken", "/services/b/route/priority", "b"),
        ("path_taken", "/services/c/route/path", "c"),
    ] == [told(each) for each in preflight.route_findings(asked, rules, OWNER, first_free_for)]


LEFT = preflight.Unnamed("old", "www", (Rule(3, ("/a*",)), Rule(4, ("/b*",), ("b.com",))))


@pytest.mark.parametrize(
    ("service", "prune", "places"),
    [
        ({"discovery": {"name": "www"}}, False, ["discovery"]),
        ({"discovery": {"name": "www"}}, True, []),
        ({"discovery": {}}, False, []),
        ({"route": {"path": "/a*"}}, False, ["route"]),
        ({"route": {"path": "/a*"}}, True, []),
        ({"route": {"path": "/a*", "host": "b.com"}}, False, []),
        ({"route": {"path": "/b*", "host": "b.com"}}, False, ["route"]),
        ({"route": {"path": "/b*"}}, False, []),
        ({"discovery": {"name": "www"}, "route": {"path": "/a*"}}, False, ["discovery", "route"]),
        ({}, False, []),
    ],
)
def test_unnamed_services_in_the_way(service: dict[str, Any], prune: bool, places: list[str]) -> None:
    """What stays without being named must have no name, and no path with its host, that the manifest gives away."""
    found = preflight.unnamed_findings(manifest({"port": 80, **service}, prune=prune), [LEFT])
    assert [("unnamed_service_in_way", f"/services/a/{place}", "a") for place in places] == [*map(told, found)]


def test_rules_at_another_listener() -> None:
    """A rule of a service at another listener is told of those services that are looked at."""
    asked = manifest({"port": 80, "route": {}})
    rules = {each: (Rule(1, ("/*",)), "arn:listener") for each in ("a", "z")}
    found = [told(each) for each in preflight.elsewhere_findings(asked, rules)]
    assert [("routed_elsewhere", "/load_balancer", "a")] == found


def test_our_rule_stays_where_it_is() -> None:
    """A rule that we have made keeps its priority: what comes after it takes nothing."""
    ours = Rule(5, ("/shop",), tags={**OWNER, "slipway:service": "a"})
    asked = manifest({"port": 80, "route": {"path": "/shop"}})

    assert [] == list(preflight.route_findings(asked, [ours, Rule(6, ("/*",))], OWNER, first_free_for))
    assert TAKEN == [
        told(each) for each in preflight.route_findings(asked, [ours, Rule(4, ("/*",))], OWNER, first_free_for)
    ]


@pytest.mark.parametrize(
    ("admissions", "admitted"),
    [
        ([], False),
        ([Admission(80, 80, ("sg-alb",))], True),
        ([Admission(81, 90, ("sg-alb",))], False),
        ([Admission(0, 65535, ("sg-other",))], False),
        ([Admission(0, 65535, addresses=True)], True),
    ],
)
def test_load_balancer_is_admitted(admissions: list[Admission], admitted: bool) -> None:
    """A service that does not let the load balancer's security groups in, or addresses, is warned of."""
    found = list(preflight.admission_findings("a", 80, ["sg-alb"], admissions))

    expected = [] if admitted else [("load_balancer_not_admitted", "/services/a/route", "a")]
    assert expected == [told(each) for each in found]
    assert {"warning"} >= {each.severity for each in found}
