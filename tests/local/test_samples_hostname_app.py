"""hostname_app: two tasks that take turns behind the load balancer, and a private service."""

import pytest

from tests.local.local_cloud import LocalCloud, visitors
from tests.local.samples import addresses, deployed, reaches, url, visit

MANIFEST = "hostname_app/slipway.yaml"


@pytest.fixture(scope="module")
def home(cloud: LocalCloud) -> str:
    """Deploy, and return the URL of the page."""
    deployed(cloud, MANIFEST)
    return url(cloud, "slipway-3", "/")


def host_names(home: str) -> set[str]:
    """Return the names of the hosts that answer."""
    return {visit(home)["hostname"] for _ in range(20)}


def test_two_hosts_take_turns(cloud: LocalCloud, home: str) -> None:
    """The page names the task that answers, and the load balancer asks one after the other."""
    tasks = addresses(cloud, "hostname-app", "hostname-app")

    assert 2 == len(tasks)
    assert {f"ip-{ip.replace('.', '-')}.ec2.internal" for ip in tasks} == host_names(home)


def test_a_quote_comes_from_the_private_service(home: str) -> None:
    """/random-quote/ is answered by way of http://random-quote.local:8080/."""
    assert {"author", "quote"} == set(visit(f"{home}random-quote/"))


def test_the_name_is_as_the_document_has_it(cloud: LocalCloud, home: str) -> None:
    """The discovery service is `random-quote`: A records, 300 s, failure threshold 1."""
    services = cloud.client("servicediscovery").list_services()["Services"]
    made = next(service for service in services if service["Name"] == "random-quote")

    assert [{"Type": "A", "TTL": 300}] == made["DnsConfig"]["DnsRecords"]
    assert {"FailureThreshold": 1} == made["HealthCheckCustomConfig"]


def test_the_private_service_is_private(vpc: LocalCloud, home: str) -> None:
    """random-quote is reachable from hostname-app, and neither from the load balancers' group nor from another."""
    [private] = addresses(vpc, "hostname-app", "random-quote-app")
    tried = {group: reaches(vpc, group, private, 8080) for group in ("hostname-app", "alb", "web")}

    assert {"hostname-app": True, "alb": False, "web": False} == tried


def test_two_become_one_without_a_failed_request(cloud: LocalCloud, home: str) -> None:
    """`desired_count` 2 → 1 drains: no visitor notices it, and one host is left."""
    with visitors(home) as seen:
        deployed(cloud, MANIFEST, ("desired_count: 2", "desired_count: 1"))

    assert {"200"} == set(seen)
    assert 1 == len(host_names(home))
