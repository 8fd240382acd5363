"""web_redis: a counter and its Redis, as two containers of one task, and as two services."""

from collections import Counter
from typing import Any

import pytest

from tests.local.local_cloud import LocalCloud, visitors
from tests.local.samples import addresses, deployed, reaches, tasks, url, visit

TWO_SERVICES = "web_redis/two_services.yaml"


@pytest.fixture(scope="module")
def one_task(vpc: LocalCloud) -> str:
    """Deploy web with its Redis beside it, and return its URL."""
    deployed(vpc, "web_redis/slipway.yaml")
    return url(vpc, "slipway-2", "/home")


@pytest.fixture(scope="module")
def two_services(cloud: LocalCloud) -> str:
    """Deploy web with Redis as a service of its own, and return its URL."""
    deployed(cloud, TWO_SERVICES)
    return url(cloud, "slipway-6", "/home")


def visits_by_address(home: str) -> dict[str, list[int]]:
    """Return the numbers that each task answers, in their order."""
    found: dict[str, list[int]] = {}
    for _ in range(20):
        answer = visit(home)
        found.setdefault(answer["ip"], []).append(answer["visits"])
    return found


def rises(numbers: list[int]) -> bool:
    """Tell whether each number is greater than the one before it."""
    return sorted(set(numbers)) == numbers


def test_containers_of_a_task_share_localhost(vpc: LocalCloud, one_task: str) -> None:
    """Web reaches the Redis of its task at localhost; each of the two tasks shows its address and its own count."""
    found = visits_by_address(one_task)

    assert addresses(vpc, "web-redis", "web") == sorted(found)
    assert [True, True] == [rises(numbers) for numbers in found.values()]


def test_both_containers_run_in_each_task(vpc: LocalCloud, one_task: str) -> None:
    """ECS shows two tasks of two containers each, all running."""
    shown = Counter(
        (container["name"], container["lastStatus"])
        for task in tasks(vpc, "web-redis", "web")
        for container in task["containers"]
    )

    assert {("web", "RUNNING"): 2, ("redis", "RUNNING"): 2} == shown


@pytest.mark.full
def test_nothing_but_the_load_balancer_reaches_the_task(vpc: LocalCloud, one_task: str) -> None:
    """The load balancers' group reaches web at 8000 and not Redis at 6379; other groups, its own too, reach neither."""
    [ip, _] = addresses(vpc, "web-redis", "web")
    tried = {(group, port): reaches(vpc, group, ip, port) for group in ("alb", "web") for port in (8000, 6379)}

    assert {("alb", 8000)} == {each for each, reached in tried.items() if reached}


def test_two_services_count_together(cloud: LocalCloud, two_services: str) -> None:
    """Both tasks of web find one Redis by redis.web-redis.local, and no visit has the number of another."""
    answers: list[dict[str, Any]] = [visit(two_services) for _ in range(20)]

    assert addresses(cloud, "web-redis-two", "web") == sorted({answer["ip"] for answer in answers})
    assert rises([answer["visits"] for answer in answers])


@pytest.mark.full
def test_the_count_survives_a_rolling_update(cloud: LocalCloud, two_services: str) -> None:
    """A rolling update of web goes on counting where the tasks before it were, without a failed request."""
    before = visit(two_services)["visits"]
    with visitors(two_services) as seen:
        changed = deployed(cloud, TWO_SERVICES, ("web-redis-web:1.0.0", "web-redis-web:1.1.0"))

    assert {"web"} == {name for name, service in changed["services"].items() if service["changed"]}
    assert {"200"} == set(seen)
    assert before < visit(two_services)["visits"]


def test_redis_is_reached_by_web_alone(vpc: LocalCloud, two_services: str) -> None:
    """Redis as a service of its own is reachable from web, and not from the load balancers' group."""
    [redis] = addresses(vpc, "web-redis-two", "redis")

    assert {"web": True, "alb": False} == {group: reaches(vpc, group, redis, 6379) for group in ("web", "alb")}
