"""bookingapp: services told apart by path, one private Redis, and a service that is added later."""

import urllib.error
from typing import Any

import pytest

from tests.local.local_cloud import LocalCloud, visitors
from tests.local.samples import addresses, deployed, ecs_deployments, reaches, url, visit

pytestmark = pytest.mark.full  # the other samples are deployed by `make test`, too

EARLIER = ("redis", "home", "bus")


@pytest.fixture(scope="module")
def home(cloud: LocalCloud) -> str:
    """Deploy without movie, and return the URL of home."""
    deployed(cloud, "bookingapp/without_movie.yaml")
    return url(cloud, "slipway-4", "/home")


@pytest.fixture(scope="module")
def with_movie(cloud: LocalCloud, home: str) -> dict[str, Any]:
    """Deploy movie too; return the deployment, the others before and after it, and how home answered meanwhile."""
    before = ecs_deployments(cloud, "bookingapp", *EARLIER)
    with visitors(home) as seen:
        deployment = deployed(cloud, "bookingapp/slipway.yaml")
    after = ecs_deployments(cloud, "bookingapp", *EARLIER)
    return {"before": before, "deployment": deployment, "after": after, "seen": set(seen)}


def test_hits_are_counted_across_tasks(home: str) -> None:
    """Two tasks of home answer, and no two answers have the same number: both count in one Redis."""
    answers = [visit(home) for _ in range(20)]

    assert 2 == len({answer["host"] for answer in answers})
    assert sorted({answer["hits"] for answer in answers}) == [answer["hits"] for answer in answers]


def test_paths_lead_to_services(cloud: LocalCloud, home: str) -> None:
    """/home* is answered by home and /bus* by bus."""
    assert ("home", "bus") == (visit(home)["service"], visit(url(cloud, "slipway-4", "/bus"))["service"])


def test_home_lives_without_movie(cloud: LocalCloud, home: str) -> None:
    """As long as there is no movie, home says so and the load balancer knows no /movie."""
    assert visit(f"{home}/movie")["movie"] is None
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        visit(url(cloud, "slipway-4", "/movie"))
    refused.value.close()


def test_home_is_scaled_on_cpu(cloud: LocalCloud, home: str) -> None:
    """home, and nothing else, is a scalable target: two to six tasks at 60 % CPU."""
    scaling = cloud.client("application-autoscaling")
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    ours = [target for target in targets if target["ResourceId"].startswith("service/bookingapp/")]
    [policy] = scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId="service/bookingapp/home")[
        "ScalingPolicies"
    ]
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]

    assert [("service/bookingapp/home", 2, 6)] == [(t["ResourceId"], t["MinCapacity"], t["MaxCapacity"]) for t in ours]
    assert 60 == tracking["TargetValue"]
    assert "ECSServiceAverageCPUUtilization" == tracking["PredefinedMetricSpecification"]["PredefinedMetricType"]


def test_movie_added_later_touches_nothing_else(with_movie: dict[str, Any]) -> None:
    """With movie in the manifest the others keep task definition and ECS deployment, and no visitor notices it."""
    services = with_movie["deployment"]["services"]

    assert {"movie"} == {name for name, service in services.items() if service["changed"]}
    assert with_movie["before"] == with_movie["after"]
    assert {"200"} == with_movie["seen"]


def test_home_finds_movie_by_name(cloud: LocalCloud, home: str, with_movie: dict[str, Any]) -> None:
    """Home asks http://movie.internal-bookingapp.com:5000/movie, and movie counts that too."""
    direct = visit(url(cloud, "slipway-4", "/movie"))
    asked = visit(f"{home}/movie")["movie"]

    assert ("movie", "movie") == (direct["service"], asked["service"])
    assert direct["hits"] < asked["hits"]


def test_hits_survive_a_rolling_update(cloud: LocalCloud, home: str, with_movie: dict[str, Any]) -> None:
    """A rolling update of home goes on counting where the tasks before it were, without a failed request."""
    before = visit(home)["hits"]
    with visitors(home) as seen:
        changed = deployed(cloud, "bookingapp/slipway.yaml", ("bookingapp-home:1.0.0", "bookingapp-home:1.1.0"))

    assert {"home"} == {name for name, service in changed["services"].items() if service["changed"]}
    assert {"200"} == set(seen)
    assert before < visit(home)["hits"]


def test_redis_is_private(vpc: LocalCloud, home: str) -> None:
    """Redis is reachable from home, movie and bus, and neither from the load balancers' group nor from another."""
    [private] = addresses(vpc, "bookingapp", "redis")
    groups = ("bookingapp-home", "bookingapp-movie", "bookingapp-bus", "alb", "web")

    assert dict(zip(groups, [True, True, True, False, False], strict=True)) == {
        group: reaches(vpc, group, private, 6379) for group in groups
    }
