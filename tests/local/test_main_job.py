"""The main job: two services from one POST to a proven, running pair, and what happens to it afterwards."""

from collections.abc import Iterator

import dns.resolver
import pytest

from localcloud.network.choice import choose
from tests.full import full_but
from tests.local.local_cloud import ECS_PRACTICE, LocalCloud, local_cloud, visitors


@pytest.fixture(scope="module", params=full_but([choose("auto").network], ["vpc", "loopback"]))
def cloud(request: pytest.FixtureRequest) -> Iterator[LocalCloud]:
    """Run a local cloud in each network; `vpc` where this machine can have it."""
    if request.param == "vpc" and choose("auto").network != "vpc":
        pytest.skip(choose("auto").why)
    with local_cloud(SLIPWAY_NETWORK=request.param) as running:
        assert request.param == running.network
        yield running


@pytest.fixture(scope="module")
def first(cloud: LocalCloud) -> dict[str, object]:
    """Deploy ecs-practice for the first time, and return the deployment as it ended."""
    accepted = cloud.ask("POST", "/deployments", ECS_PRACTICE.read_bytes(), Content_Type="application/yaml")
    assert 202 == accepted.status
    assert f"/deployments/{accepted.document['id']}" == accepted.headers["Location"]

    return cloud.ended(accepted.document["id"])


def ecs_practice(cloud: LocalCloud, *changes: tuple[str, str]) -> dict[str, object]:
    """Deploy ecs-practice with parts of its manifest replaced."""
    manifest = ECS_PRACTICE.read_text()
    for old, new in changes:
        assert old in manifest
        manifest = manifest.replace(old, new)
    accepted = cloud.ask("POST", "/deployments", manifest.encode(), Content_Type="application/yaml")
    return cloud.ended(accepted.document["id"])


def task_addresses(cloud: LocalCloud, service: str) -> list[str]:
    """Return the addresses of a service's tasks, as ECS tells them."""
    ecs = cloud.client("ecs")
    arns = ecs.list_tasks(cluster="ecs-practice", serviceName=service)["taskArns"]
    tasks = ecs.describe_tasks(cluster="ecs-practice", tasks=arns)["tasks"]
    details = [detail for task in tasks for each in task["attachments"] for detail in each["details"]]
    return sorted(each["value"] for each in details if each["name"] == "privateIPv4Address")


def discovered(cloud: LocalCloud) -> list[str]:
    """Return the addresses that Cloud Map discovers for user.api.local."""
    found = cloud.client("servicediscovery").discover_instances(NamespaceName="api.local", ServiceName="user")
    return sorted(each["Attributes"]["AWS_INSTANCE_IPV4"] for each in found["Instances"])


def answered(cloud: LocalCloud) -> list[str]:
    """Return the addresses that DNS answers for user.api.local."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [cloud.dns[0]], cloud.dns[1]
    return sorted(record.to_text() for record in resolver.resolve("user.api.local.", "A"))


def test_the_pair_succeeds(first: dict[str, object]) -> None:
    """The manifest of ecs-practice ends `succeeded`, with both services proven and nothing to explain."""
    assert ("succeeded", None) == (first["status"], first["failure"])
    assert {"api": "succeeded", "user-api": "succeeded"} == {
        name: service["status"]
        for name, service in first["services"].items()  # type: ignore[attr-defined]
    }


def test_a_task_resolves_the_other_by_name(cloud: LocalCloud, first: dict[str, object]) -> None:
    """`api` finds `user-api` by user.api.local with plain getaddrinfo, and answers what it says."""
    found = cloud.visit("/users")

    assert "succeeded" == first["status"]
    assert 10 <= found["count"] == len(found["users"]) <= 100
    assert {"firstName", "lastName"} == set(found["users"][0])


def test_the_name_is_proven(cloud: LocalCloud, first: dict[str, object]) -> None:
    """The running tasks' addresses, Cloud Map's, DNS's and the deployment's own are one set."""
    shown = first["services"]["user-api"]["dns"]  # type: ignore[index]

    assert "user.api.local" == shown["name"]
    assert shown["proven_at"] is not None
    assert task_addresses(cloud, "user-api") == discovered(cloud) == answered(cloud) == shown["addresses"]


def test_the_same_manifest_changes_nothing(cloud: LocalCloud, first: dict[str, object]) -> None:
    """The same manifest again succeeds without a new revision and without a new ECS deployment."""
    ecs = cloud.client("ecs")

    def made() -> tuple[list[str], list[str]]:
        services = ecs.describe_services(cluster="ecs-practice", services=["api", "user-api"])["services"]
        return sorted(ecs.list_task_definitions()["taskDefinitionArns"]), [
            each["deployments"][0]["id"] for each in services
        ]

    before = made()
    again = ecs_practice(cloud)

    assert "succeeded" == again["status"]
    assert {False} == {service["changed"] for service in again["services"].values()}  # type: ignore[attr-defined]
    assert before == made()


def test_a_changed_value_rolls_one_service_without_a_failed_request(
    cloud: LocalCloud, first: dict[str, object]
) -> None:
    """A changed environment value is one rolling update of that service alone, and no visitor notices it."""
    with visitors(f"{cloud.balancer}/users") as seen:
        ended = ecs_practice(cloud, ('USER_API_PORT: "3000"', 'USER_API_PORT: "3000", GREETING: good morning'))

    services = ended["services"]
    assert "succeeded" == ended["status"]
    assert (True, ["environment"]) == (services["api"]["changed"], services["api"]["changed_fields"])  # type: ignore[index]
    assert services["user-api"]["changed"] is False  # type: ignore[index]
    assert {"200"} == set(seen)
    assert {"message": "good morning"} == cloud.visit("/")


@pytest.mark.full
def test_tasks_come_and_go_without_a_failed_request(cloud: LocalCloud, first: dict[str, object]) -> None:
    """`desired_count` 1 → 2 → 1 is judged on counts; names follow, and no visitor notices it."""
    with visitors(f"{cloud.balancer}/users") as seen:
        two = ecs_practice(cloud, ("discovery: {name: user", "desired_count: 2\n    discovery: {name: user"))
        addresses_of_two = answered(cloud)
        one = ecs_practice(cloud, ("discovery: {name: user", "desired_count: 1\n    discovery: {name: user"))

    assert ("succeeded", "succeeded") == (two["status"], one["status"])
    assert ["desired_count"] == two["services"]["user-api"]["changed_fields"]  # type: ignore[index]
    assert addresses_of_two == two["services"]["user-api"]["dns"]["addresses"]  # type: ignore[index]
    assert (2, 1) == (len(addresses_of_two), len(answered(cloud)))
    assert {"200"} == set(seen)


def test_events_tell_the_whole_story(cloud: LocalCloud, first: dict[str, object]) -> None:
    """The timeline is oldest first, can be read in pages, and ends with the verdict."""
    path = f"/deployments/{first['id']}/events"
    whole = cloud.ask("GET", path).document["events"]
    start = cloud.ask("GET", f"{path}?limit=3").document
    rest = cloud.ask("GET", f"{path}?after={start['next']}").document["events"]

    assert whole == start["events"] + rest
    assert sorted(whole, key=lambda event: event["at"]) == whole
    assert first["verdict"] == whole[-1]["message"]
