"""A ServiceSpec survives the way into CreateService and back; what is sent is valid for ECS."""

from dataclasses import replace
from typing import Any, cast

import boto3
import botocore.session
import pytest
from botocore.stub import Stubber
from botocore.validate import ParamValidator

from chalicelib.aws.ecs import Ecs
from chalicelib.aws.service_document import classic_load_balancer_of, compute, service_spec_of, settings
from chalicelib.before import before_item, before_of
from chalicelib.manifest import CapacityProvider
from chalicelib.specs import Placement, Registry, ServiceSpec, Target, service_changes

ECS = botocore.session.get_session().get_service_model("ecs")

SPEC = ServiceSpec(
    task_definition="arn:1",
    desired_count=2,
    minimum_healthy_percent=100,
    maximum_percent=200,
    circuit_breaker=True,
    health_check_grace_period_seconds=30,
    network=Placement(("subnet-1", "subnet-2"), ("sg-1",), assign_public_ip=True),
    discovery=Registry("arn:registry", "web", 80),
    route=(Target("arn:group", "web", 80),),
)
SPOT = (CapacityProvider(name="FARGATE", weight=1, base=1), CapacityProvider(name="FARGATE_SPOT", weight=3))
STRUCTURED = ["maximum_percent", "circuit_breaker", "route", "discovery", "network"]
ON_SPOT = replace(SPEC, launch_type=None, capacity_providers=SPOT)


def faults_of(operation: str, request: dict[str, Any]) -> str:
    """Return what botocore finds wrong with a request."""
    return str(
        ParamValidator().validate(request, cast("Any", ECS.operation_model(operation).input_shape)).generate_report()
    )


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        ON_SPOT,
        replace(SPEC, launch_type="EC2", discovery=Registry("arn:registry")),
        replace(SPEC, route=(), discovery=None),
        replace(SPEC, route=(), health_check_grace_period_seconds=0),
    ],
)
def test_round_trip(spec: ServiceSpec) -> None:
    """What ECS was asked to create is read as the spec that it was made from."""
    created = {**settings(spec), **compute(spec)}

    assert "" == faults_of("CreateService", {"serviceName": "web", **created})
    assert spec == service_spec_of(cast("Any", created))


def test_launch_type_and_strategy_are_never_together() -> None:
    """CreateService takes one of them."""
    assert ["launchType"] == list(compute(SPEC))
    assert ["capacityProviderStrategy"] == list(compute(ON_SPOT))


@pytest.mark.parametrize(
    ("wanted", "serving", "names"), [(ON_SPOT, SPEC, ["FARGATE", "FARGATE_SPOT"]), (SPEC, ON_SPOT, [])]
)
def test_capacity_is_updated_by_strategy(wanted: ServiceSpec, serving: ServiceSpec, names: list[str]) -> None:
    """UpdateService takes a strategy only; an empty one is back to the launch type."""
    changed = [change.field for change in service_changes(wanted, serving)]
    update = settings(wanted, changed)

    assert "" == faults_of("UpdateService", {"service": "web", **update})
    assert {"capacityProviderStrategy": names} == {
        key: [each["capacityProvider"] for each in value] for key, value in update.items()
    }


@pytest.mark.parametrize(
    ("wanted", "forced"),
    [(replace(SPEC, desired_count=3), False), (ON_SPOT, True), (replace(ON_SPOT, capacity_providers=SPOT[:1]), True)],
)
def test_capacity_is_changed_by_force(wanted: ServiceSpec, forced: bool) -> None:
    """A change of capacity providers, there and back, forces a deployment: ECS takes it in no other way."""
    answer: Any = {"service": {"status": "ACTIVE", "desiredCount": 1, "deployments": []}}
    for old, new in ((SPEC, wanted), (wanted, SPEC)):
        client = boto3.client("ecs", region_name="us-east-1")
        changed = [change.field for change in service_changes(new, old)]
        sent = {"cluster": "shop", "service": "web", **settings(new, changed)}
        with Stubber(client) as stub:
            stub.add_response("update_service", answer, sent | ({"forceNewDeployment": True} if forced else {}))
            Ecs(client, client).update_service("shop", "web", new, changed)


def test_classic_load_balancer_is_no_route() -> None:
    """A Classic Load Balancer is told by its name, and is no target group; beside one, that is the route."""
    classic = {"loadBalancerName": "old", "containerName": "web", "containerPort": 80}
    created = {**settings(SPEC), **compute(SPEC)}
    behind = {**created, "loadBalancers": [classic]}
    both = {**created, "loadBalancers": [classic, *created["loadBalancers"]]}

    assert ((), "old") == (service_spec_of(cast("Any", behind)).route, classic_load_balancer_of(cast("Any", behind)))
    assert (SPEC.route, None) == (
        service_spec_of(cast("Any", both)).route,
        classic_load_balancer_of(cast("Any", created)),
    )


def test_grace_period_is_said_where_there_is_one() -> None:
    """A new service without a grace period says none; one that loses it says 0."""
    without = replace(SPEC, health_check_grace_period_seconds=0)
    assert "healthCheckGracePeriodSeconds" not in settings(without)
    assert {"healthCheckGracePeriodSeconds": 0} == settings(without, ["health_check_grace_period_seconds"])


def test_unsaid_count_is_not_sent() -> None:
    """A desired count that scaling decides is in no request."""
    assert "desiredCount" not in settings(replace(SPEC, desired_count=None))


CONFIGURED: dict[str, Any] = {
    "maximumPercent": 150,
    "minimumHealthyPercent": 50,
    "deploymentCircuitBreaker": {
        "enable": True,
        "rollback": False,
        "resetOnHealthyTask": True,
        "thresholdConfiguration": {"type": "COUNT", "value": 3},
    },
    "alarms": {"alarmNames": ["slow"], "rollback": True, "enable": True},
    "strategy": "BLUE_GREEN",
    "bakeTimeInMinutes": 5,
    "lifecycleHooks": [{"hookTargetArn": "arn:hook", "roleArn": "arn:role", "lifecycleStages": ["PRE_SCALE_UP"]}],
    "linearConfiguration": {"stepPercent": 10.0, "stepBakeTimeInMinutes": 1},
    "canaryConfiguration": {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 1},
    "earlySuccessCriteria": {"enable": True},
}
MANY = [
    {
        "targetGroupArn": "arn:blue",
        "containerName": "web",
        "containerPort": 80,
        "advancedConfiguration": {
            "alternateTargetGroupArn": "arn:green",
            "productionListenerRule": "arn:rule",
            "testListenerRule": "arn:test",
            "roleArn": "arn:role",
        },
    },
    {"targetGroupArn": "arn:metrics", "containerName": "metrics", "containerPort": 9000},
]
BY_HAND = {
    **settings(SPEC),
    **compute(SPEC),
    "deploymentConfiguration": CONFIGURED,
    "loadBalancers": MANY,
    "serviceRegistries": [{"registryArn": "arn:registry", "port": 8080}],
}


def test_what_others_made_is_given_back() -> None:
    """Whatever a call of ours replaces as a whole is sent as DescribeServices gave it, and as the record keeps it."""
    before = service_spec_of(cast("Any", BY_HAND))
    kept = before_of({"web#ServiceSpec": before_item("d-1", "web", before)}, "web").spec
    assert kept is not None
    update = settings(kept, STRUCTURED)

    assert "" == faults_of("UpdateService", {"service": "web", **update})
    assert {key: BY_HAND[key] for key in update} == update
    assert {"deploymentConfiguration", "loadBalancers", "serviceRegistries", "networkConfiguration"} == set(update)


def test_all_that_is_replaced_is_known() -> None:
    """Of what ECS may say of a deployment configuration and a target group, the tests here have every member."""
    configuration, balancer, breaker = (
        set(cast("Any", ECS.shape_for(name)).members)
        for name in ("DeploymentConfiguration", "LoadBalancer", "DeploymentCircuitBreaker")
    )
    assert configuration == set(CONFIGURED)
    assert breaker == set(CONFIGURED["deploymentCircuitBreaker"])
    assert balancer == {*MANY[0], "loadBalancerName"}


def test_one_percentage_leaves_the_rest() -> None:
    """A change of one field sends all else of the deployment configuration as it is."""
    wanted = replace(service_spec_of(cast("Any", BY_HAND)), maximum_percent=200)

    assert {"deploymentConfiguration": {**CONFIGURED, "maximumPercent": 200}} == settings(wanted, ["maximum_percent"])


@pytest.mark.parametrize(
    ("there", "asked", "expected"),
    [
        ({"enable": True, "rollback": False}, True, {"enable": True, "rollback": False}),
        ({"enable": True, "rollback": False}, False, {"enable": False, "rollback": False}),
        ({"enable": False, "rollback": False}, True, {"enable": True, "rollback": True}),
        ({"enable": False, "rollback": True}, False, {"enable": False, "rollback": True}),
        (
            {"enable": False, "rollback": False, "resetOnHealthyTask": True},
            True,
            {"enable": True, "rollback": True, "resetOnHealthyTask": True},
        ),
        (None, True, {"enable": True, "rollback": True}),
        (None, False, None),
    ],
)
def test_circuit_breaker(there: Any, asked: bool, expected: Any) -> None:
    """Whether a circuit breaker goes back changes only as it is turned on or off; one that is not there is not made."""
    configuration = {"strategy": "ROLLING", **({"deploymentCircuitBreaker": there} if there else {})}
    wanted = replace(SPEC, circuit_breaker=asked, deployment_configuration=configuration)

    sent = settings(wanted, ["circuit_breaker"])["deploymentConfiguration"]
    assert expected == sent.get("deploymentCircuitBreaker")
