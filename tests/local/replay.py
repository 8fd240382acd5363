"""All that Slipway does, once each, in one local cloud: what its permissions are measured by."""

import json
from typing import Any
from uuid import uuid4

from chalicelib.github.signature import signature
from chalicelib.items import GROUND
from localcloud.account import GITHUB_SECRET_VALUE, TABLE
from tests.deliveries import push
from tests.github_server import GitHubServer
from tests.local.faults import ask, execution_arn, going_wrong
from tests.local.local_cloud import LocalCloud, hello, wait_for
from tests.local.registry import REGISTRY, pushed
from tests.local.samples import teardown_accepted
from tests.local.second_vpc import named, second_vpc
from tests.local.stuck import BROKEN, STUCK, accepted, cancel, deployed, timeline, under_way
from tests.local.truth import locks

JSON = {"Content_Type": "application/json"}
REFUSED = {"kind": "fail", "code": "AccessDeniedException", "message": "not authorized", "status": 400}
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:dks/db"  # noqa: S105  its name
TAGGED = {SECRET: {"slipway:installation": "slipway"}}
"""What carries tags before Slipway does anything."""
MIGRATION = {"command": ["python", "-c", "print('migrated')"]}


def whole(application: str, **changes: Any) -> dict[str, Any]:
    """Return the manifest of a service with everything that Slipway makes."""
    service: dict[str, Any] = {
        "discovery": {"name": "hello", "ttl": 10},
        "scaling": {"min": 1, "max": 2, "cpu": 60},
        "before_deploy": MIGRATION,
        "secrets": {"PASSWORD": f"{SECRET}:POSTGRES_PASSWORD::"},
    }
    return hello(application, **service, **changes) | {"namespace": f"{application}.internal"}


def changed(application: str) -> dict[str, Any]:
    """Return that manifest with another value wherever a change is a call of its own."""
    manifest = whole(application, environment={"GREETING": "changed"}) | {"tags": {"Team": "one"}}
    service = manifest["services"]["hello"]
    service["discovery"] = {"name": "hello", "ttl": 20}
    service["scaling"] = {"min": 1, "max": 3, "memory": 60}
    service["log_retention_days"] = 3
    service["route"] |= {"path": f"/{application}/*", "priority": 777}
    service["route"]["health_check"] |= {"path": f"/{application}/"}
    return manifest


def replay(cloud: LocalCloud, github: GitHubServer) -> None:
    """Deploy, update, fail, roll back, cancel, supersede, recover, look, prune and tear down."""
    died = stopped_unheard(cloud)
    pending = left_pending(cloud)
    there_and_back(cloud)
    slowly(cloud)
    called_off(cloud)
    taken_over(cloud)
    told_later(cloud, github)
    looked_at(cloud)
    pruned(cloud)
    adopted(cloud)
    planned_by_an_older_release(cloud)
    deployed(cloud, named("elsewhere") | {"network": second_vpc(cloud).network})  # by records is its name proven
    for application in ("replay", "called-off", "taken-over"):
        assert "succeeded" == cloud.ended(teardown_accepted(cloud, application))["status"]
    # A sweep a minute, which leaves a minute to others. Nobody may ask for a pending one: whoever does starts it.
    wait_for(lambda: not {died, pending} & set(locks(cloud).values()) or None, seconds=240)


def stopped_unheard(cloud: LocalCloud) -> str:
    """Return a deployment whose execution was stopped when it was cancelled, and no event told: the sweep closes it."""
    died = delivered(cloud, "died", **STUCK)
    under_way(cloud, died)
    blind, unheard = {"kind": "crash", "function": "observe", "times": None}, {"kind": "drop_events"}
    with going_wrong(cloud, blind, unheard | {"source": "aws.states"}):
        assert 202 == cancel(cloud, died).status
        cloud.client("stepfunctions").stop_execution(executionArn=execution_arn(died))
        wait_for(lambda: len(ask(cloud, "GET", "faults")["faults"]) == 1 or None)
    return died


def left_pending(cloud: LocalCloud) -> str:
    """Return a deployment that the API could not start: the sweep will."""
    with going_wrong(cloud, {**REFUSED, "service": "states", "operation": "StartExecution"}):
        return accepted(cloud, hello("pending"))


def there_and_back(cloud: LocalCloud) -> None:
    """Make a service with everything, change all of it, fail, and go back; deploy once more what was before.

    What somebody changed by hand comes back, too.
    """
    first, second = [deployed(cloud, each)[0] for each in (whole("replay"), changed("replay"))]
    cloud.client("logs").delete_retention_policy(logGroupName="/ecs/replay-hello")  # by hand
    assert "rolled_back" == cloud.deploy(whole("replay", **BROKEN))["status"]
    assert 202 == (answer := cloud.ask("POST", f"/deployments/{second['id']}/rollback")).status
    assert first["id"] == cloud.ended(answer.document["id"])["source"]["to"]
    waits = {"command": ["python", "-c", "import time; time.sleep(600)"], "timeout_seconds": 2}
    assert "rolled_back" == cloud.deploy(hello("replay", before_deploy=waits))["status"]


def slowly(cloud: LocalCloud) -> None:
    """Deploy and tear down while looks take longer than a third of a poll, so that waits are kept alive."""
    slow = {"kind": "delay", "seconds": 1.0, "times": None}
    looks = slow | {"service": "ecs", "operation": "DescribeServices"}
    removals = slow | {"service": "elasticloadbalancing", "operation": "DescribeRules"}
    with going_wrong(cloud, looks, removals):
        deployed(cloud, hello("slowly") | {"poll_seconds": 1})
        assert "succeeded" == cloud.ended(teardown_accepted(cloud, "slowly"))["status"]


def called_off(cloud: LocalCloud) -> None:
    """Cancel a first deployment, which removes all that it made; meanwhile another meets its lock."""
    deployed(cloud, hello("called-off"))
    stuck = accepted(cloud, whole("called-off", **STUCK))
    under_way(cloud, stuck)
    assert 409 == cloud.post(hello("called-off")).status
    assert 202 == cancel(cloud, stuck).status
    assert "cancelled" == cloud.ended(stuck)["status"]


def taken_over(cloud: LocalCloud) -> None:
    """Supersede a deployment that gives way by itself, and one whose execution is stopped before it can."""
    gives_way = accepted(cloud, hello("taken-over", **STUCK))
    under_way(cloud, gives_way)
    stopped = accepted(cloud, hello("taken-over", **STUCK), "?on_busy=supersede")
    assert "superseded" == cloud.ended(gives_way)["status"]
    under_way(cloud, stopped)
    with going_wrong(cloud, {"kind": "crash", "function": "observe", "times": None}):
        last = accepted(cloud, hello("taken-over"), "?on_busy=supersede")
        cloud.client("stepfunctions").stop_execution(executionArn=execution_arn(stopped))
        cloud.ended(stopped)
    assert "succeeded" == cloud.ended(last)["status"]


def looked_at(cloud: LocalCloud) -> None:
    """Ask for what is live, for logs, and for plans of all that preflight looks at."""
    registered = json.dumps({"manifest": whole("replay")}).encode()
    assert 201 == cloud.ask("PUT", "/applications/replay", registered, **JSON).status
    newest = cloud.ask("GET", "/deployments?application=replay").document["deployments"][0]["id"]
    for path in ("/applications", "/applications/replay", "/deployments", f"/deployments/{newest}/logs"):
        assert 200 == cloud.ask("GET", path).status
    planned(cloud, whole("replay", environment={"GREETING": "planned"}))
    on_ec2 = hello("looked", launch_type="EC2", cpu=256, memory=512)
    for cluster in ("default", "replay"):  # where a service named hello is another application's
        planned(cloud, {**on_ec2, "cluster": cluster, "services": {"looked": on_ec2["services"]["hello"]}})
    discovery = cloud.client("servicediscovery")
    [namespace] = [each for each in discovery.list_namespaces()["Namespaces"] if each["Name"] == "replay.internal"]
    records = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    discovery.create_service(Name="somebodys", NamespaceId=namespace["Id"], DnsConfig=records)
    planned(cloud, hello("looked", image=f"{REGISTRY}/absent:1"))
    secrets = {"WHOLE": SECRET, "PARAMETER": "/shop/token"}
    planned(
        cloud,
        hello("looked", image=pushed(cloud, "looked", "amd64"), discovery={"name": "somebodys"}, secrets=secrets)
        | {"namespace": "replay.internal"},
    )


def planned(cloud: LocalCloud, manifest: dict[str, Any]) -> None:
    """Ask for the plan of a manifest."""
    answer = cloud.ask("POST", "/deployments?dry_run=true", json.dumps(manifest).encode(), **JSON)
    assert 200 == answer.status, answer.document


def delivered(cloud: LocalCloud, application: str, **service: Any) -> str:
    """Deploy by a delivery of GitHub, which is told how it goes, and return the deployment's id."""
    trigger = {"event": "push", "repository": f"acme/{application}"}
    registration = json.dumps({"manifest": hello(application, **service), "triggers": [trigger]}).encode()
    assert 201 == cloud.ask("PUT", f"/applications/{application}", registration, **JSON).status
    body = json.dumps(push(repository=f"acme/{application}")).encode()
    told = {"X_GitHub_Event": "push", "X_GitHub_Delivery": str(uuid4()), **JSON}
    signed = {"X_Hub_Signature_256": signature(body, GITHUB_SECRET_VALUE.encode())}
    answer = cloud.ask("POST", "/webhooks/github", body, token=None, **told, **signed)
    assert 202 == answer.status, answer.document
    return str(answer.document["id"])


def told_later(cloud: LocalCloud, github: GitHubServer) -> None:
    """Have GitHub out while a deployment is stopped that came from there: its timeline says so in the end."""
    stopped = delivered(cloud, "told", **STUCK)
    under_way(cloud, stopped)
    github.broken = 503, {}
    cloud.client("stepfunctions").stop_execution(executionArn=execution_arn(stopped))
    cloud.ended(stopped)
    wait_for(lambda: "github" in [phase for _, phase in timeline(cloud, stopped)] or None)
    github.broken = None


def pruned(cloud: LocalCloud) -> None:
    """Deploy two services, then one of them with `prune` and a priority: it removes the other."""
    one, two = hello("pruned"), hello("pruned")
    two["services"]["other"] = {"image": "actors-hello:1"}
    deployed(cloud, two)
    one["services"]["hello"]["route"]["priority"] = 778
    deployed(cloud, one | {"prune": True})
    ecs = cloud.client("ecs")
    wait_for(lambda: ecs.list_services(cluster="pruned")["serviceArns"] == [_arn(cloud, "pruned", "hello")] or None)


def adopted(cloud: LocalCloud) -> None:
    """Take over a service that carries no tag of ours."""
    deployed(cloud, hello("adopted"))
    tags = ["slipway:installation", "slipway:application"]
    cloud.client("ecs").untag_resource(resourceArn=_arn(cloud, "adopted", "hello"), tagKeys=tags)
    assert "service_not_owned" == cloud.deploy(hello("adopted"))["failure"]["code"]
    deployed(cloud, hello("adopted", adopt=True, environment={"GREETING": "ours"}))


def planned_by_an_older_release(cloud: LocalCloud) -> None:
    """Go on where the record has nothing of what Plan found: `act` looks at network and scaling by itself then."""
    deployed(cloud, hello("older", scaling={"min": 1, "max": 2, "cpu": 60}))
    migration = {"command": ["python", "-c", "import time; time.sleep(3)"]}
    older = accepted(cloud, hello("older", before_deploy=migration, scaling={"min": 1, "max": 3, "cpu": 60}))
    wait_for(lambda: ("hello", "before_deploy") in timeline(cloud, older) or None)
    record = cloud.client("dynamodb")
    record.delete_item(TableName=TABLE, Key={"pk": {"S": f"manifest#{older}"}, "sk": {"S": GROUND}})
    progress = {"pk": {"S": f"deployment#{older}"}, "sk": {"S": "service#hello"}}
    record.update_item(TableName=TABLE, Key=progress, UpdateExpression="REMOVE as_asked")
    assert "succeeded" == cloud.ended(older)["status"]


def _arn(cloud: LocalCloud, cluster: str, service: str) -> str:
    [found] = cloud.client("ecs").describe_services(cluster=cluster, services=[service])["services"]
    return str(found["serviceArn"])
