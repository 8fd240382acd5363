"""One account of change, for real: plan and deployment name the same fields, AWS has them, and again is no change."""

import json
import urllib.error
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.local.local_cloud import LocalCloud
from tests.local.stuck import deployed, resolvable
from tests.local.truth import paths

FIELDS: Mapping[str, Mapping[str, Any]] = {
    "beside": {
        "tags": {"Team": "other", "New": "tag"},
        "discovery": {"name": "hello", "ttl": 25},
        "log_retention_days": 7,
        "scaling": {"min": 1, "max": 3, "memory": 70},
        "route.path": "/moved-{}*",
        "route.priority": 901,
        "route.deregistration_delay": 5,
    },
    "service": {
        "desired_count": 2,
        "health_check_grace_period_seconds": 7,
        "rollout": {"minimum_healthy_percent": 50, "maximum_percent": 150, "circuit_breaker": False},
    },
    "tasks": {
        "image": "actors-hello:2",
        "environment": {"GREETING": "changed"},
        "cpu": 512,
        "memory": 1024,
        "stop_timeout": 20,
        "health_check": {"command": ["CMD", "true"], "interval": 5, "start_period": 0},
        "route.health_check": {"path": "/", "interval": 6, "timeout": 2},
    },
}
"""By whether a change needs no rollout, changes the service, or starts other tasks: what each field becomes."""


def before(application: str) -> dict[str, Any]:
    """Return the manifest that is changed."""
    manifest = resolvable(application, scaling={"min": 1, "max": 2, "cpu": 60})
    return manifest | {"tags": {"Team": "one", "Dropped": "later"}}


def changed(application: str, group: str, *fields: str) -> dict[str, Any]:
    """Return a manifest with fields of a group changed, all of them unless some are named."""
    manifest = before(application)
    service = manifest["services"]["hello"]
    if group == "service":  # a count is nobody's while scaling decides it
        del service["scaling"]
    for field in fields or FIELDS[group]:
        value, (place, _, inner) = FIELDS[group][field], field.partition(".")
        node, key = (service[place], inner) if inner else (manifest if field == "tags" else service, place)
        node[key] = value.format(application) if field == "route.path" else value
    return manifest


def planned(cloud: LocalCloud, manifest: dict[str, Any], service: str = "hello") -> dict[str, Any]:
    """Return what a dry run tells of a service."""
    body = json.dumps(manifest).encode()
    answer = cloud.ask("POST", "/deployments?dry_run=true", body, Content_Type="application/json")
    assert 200 == answer.status, answer.document
    found: dict[str, Any] = answer.document["services"][service]
    return found


def told_alike(plan: dict[str, Any], service: dict[str, Any]) -> bool:
    """Tell whether plan and deployment name the same fields; a plan shows what changes inside of an object."""
    shown, recorded = [each["field"] for each in plan["changes"]], service["changed_fields"]
    return all(any(f"{each}.".startswith(f"{field}.") for field in recorded) for each in shown) and all(
        any(f"{each}.".startswith(f"{field}.") for each in shown) for field in recorded
    )


def change(cloud: LocalCloud, application: str, group: str, *fields: str) -> dict[str, Any]:
    """Change fields of what serves; return the deployment, after which nothing is left to change."""
    manifest = changed(application, group, *fields)
    plan = planned(cloud, manifest)
    [deployment] = deployed(cloud, manifest)
    service = deployment["services"]["hello"]

    assert ("update", True) == (plan["action"], service["changed"])
    assert told_alike(plan, service), (plan["changes"], service["changed_fields"])
    assert {"action": "unchanged", "changes": [], "creates": []} == planned(cloud, manifest)
    return deployment


@pytest.mark.parametrize("group", FIELDS)
def test_group_of_fields(cloud: LocalCloud, group: str) -> None:
    """All fields of a group change in one deployment, which names them as its plan did; again is no change."""
    application = f"group-{group}"
    deployed(cloud, before(application))
    change(cloud, application, group)
    [again] = deployed(cloud, changed(application, group))

    assert "Nothing to change: hello already serve as asked, proven." == again["verdict"]
    if group == "beside":
        assert_beside(cloud, application)
        assert ["one"] * 3 == list(teams_beside_the_service(cloud, application))


def teams_beside_the_service(cloud: LocalCloud, application: str) -> Iterator[str]:
    """Yield the tag Team of what was made with the service's tags, beside the service."""
    balancers, names = cloud.client("elbv2"), cloud.client("servicediscovery")
    groups = balancers.describe_target_groups()["TargetGroups"]
    [group] = [each["TargetGroupArn"] for each in groups if application in each["TargetGroupName"]]
    for described in balancers.describe_tags(ResourceArns=[group])["TagDescriptions"]:
        yield from (each["Value"] for each in described["Tags"] if each["Key"] == "Team")
    [namespace] = [each for each in names.list_namespaces()["Namespaces"] if each["Name"] == f"{application}.internal"]
    of_namespace: Any = [{"Name": "NAMESPACE_ID", "Values": [namespace["Id"]]}]
    [name] = names.list_services(Filters=of_namespace)["Services"]
    for arn in (namespace["Arn"], name["Arn"]):
        listed = names.list_tags_for_resource(ResourceARN=arn)["Tags"]
        yield from (each["Value"] for each in listed if each["Key"] == "Team")


def assert_beside(cloud: LocalCloud, application: str) -> None:
    """Check in AWS what no rollout carries out: tags, retention, scaling, and the route."""
    service = cloud.client("ecs").describe_services(cluster=application, services=["hello"], include=["TAGS"])
    tags = {each["key"]: each["value"] for each in service["services"][0]["tags"]}
    assert {"Team": "other", "New": "tag"} == {key: text for key, text in tags.items() if ":" not in key}
    group = cloud.client("logs").describe_log_groups(logGroupNamePrefix=f"/ecs/{application}-hello")["logGroups"][0]
    assert 7 == group["retentionInDays"]
    assert f"/moved-{application}*" in paths(cloud)
    assert "hello" == cloud.visit(f"/moved-{application}/")["greeting"]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        cloud.visit(f"/{application}/")


@pytest.mark.full  # the load balancer's time to judge is real
def test_a_health_check_that_nobody_passes(cloud: LocalCloud) -> None:
    """A health check that the running tasks cannot pass fails the deployment with what they answered, and goes back."""
    manifest = before("unhealthy")
    deployed(cloud, manifest)
    manifest["services"]["hello"]["route"]["health_check"] |= {"path": "/no-such-page", "matcher": "299"}
    failed = cloud.deploy(manifest)

    assert ("rolled_back", "hello") == (failed["status"], failed["failure"]["service"]), failed
    assert any("299" in each["message"] or "codes" in each["message"] for each in failed["failure"]["evidence"])
    assert "unchanged" == planned(cloud, before("unhealthy"))["action"]
    assert "hello" == cloud.visit("/unhealthy/")["greeting"]


@pytest.mark.full
def test_another_load_balancer(cloud: LocalCloud) -> None:
    """A route moves to another load balancer by way of none; straight on it is refused, and nothing changes."""
    application = "moving"
    here = before(application)
    there, nowhere = here | {"load_balancer": {"name": "slipway-2"}}, before(application)
    del nowhere["services"]["hello"]["route"], nowhere["load_balancer"]
    [made] = deployed(cloud, here)
    refused = cloud.deploy(there)
    assert ("failed", "routed_elsewhere") == (refused["status"], refused["failure"]["code"])
    assert "hello" == cloud.visit(f"/{application}/")["greeting"]

    urls = [each["services"]["hello"]["url"] for manifest in (nowhere, there) for each in deployed(cloud, manifest)]
    assert [None, True] == [urls[0], urls[1] != made["services"]["hello"]["url"]]
    with urllib.request.urlopen(urls[1], timeout=60) as answer:
        assert "hello" == json.load(answer)["greeting"]
