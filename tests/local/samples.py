"""The systems of the seed documents in a local cloud: deploy one, visit it, and look at what runs."""

import json
import urllib.request
from pathlib import Path
from typing import Any

from localcloud.settings import LOAD_BALANCERS
from tests.local.local_cloud import ROOT, LocalCloud, wait_for

SAMPLES = ROOT / "sample_services"
PROBE = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)"


def accepted(cloud: LocalCloud, manifest: str, *changes: tuple[str, str]) -> str:
    """POST a sample's manifest, with parts of it replaced, and return the deployment's id."""
    text = Path(SAMPLES, manifest).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    answer = cloud.ask("POST", "/deployments", text.encode(), Content_Type="application/yaml")
    assert 202 == answer.status, answer.document
    return str(answer.document["id"])


def deployed(cloud: LocalCloud, manifest: str, *changes: tuple[str, str]) -> dict[str, Any]:
    """POST a sample's manifest, with parts of it replaced, and return the deployment, which must have succeeded."""
    ended = cloud.ended(accepted(cloud, manifest, *changes))
    assert "succeeded" == ended["status"], ended
    return ended


def teardown_accepted(cloud: LocalCloud, application: str) -> str:
    """DELETE an application, and return the teardown's id."""
    answer = cloud.ask("DELETE", f"/applications/{application}")
    assert 202 == answer.status, answer.document
    return str(answer.document["id"])


def url(cloud: LocalCloud, balancer: str, path: str) -> str:
    """Return where the host reaches a path of a load balancer."""
    base, first = cloud.balancer.rsplit(":", 1)
    return f"{base}:{int(first) + LOAD_BALANCERS.index(balancer)}{path}"


def visit(address: str, sent: dict[str, str] | None = None) -> Any:
    """GET a URL, or POST JSON to it, and return the JSON that it answers."""
    body = json.dumps(sent).encode() if sent else None
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def page(address: str) -> str:
    """GET a URL and return its text."""
    with urllib.request.urlopen(address, timeout=60) as answer:
        return str(answer.read().decode())


def tasks(cloud: LocalCloud, cluster: str, service: str) -> list[dict[str, Any]]:
    """Return a service's tasks as ECS describes them."""
    ecs = cloud.client("ecs")
    arns = ecs.list_tasks(cluster=cluster, serviceName=service)["taskArns"]
    return list(ecs.describe_tasks(cluster=cluster, tasks=arns, include=["TAGS"])["tasks"])


def detail(task: dict[str, Any], name: str) -> str:
    """Return one detail of a task's network interface, such as privateIPv4Address."""
    details = [each for attachment in task["attachments"] for each in attachment["details"]]
    return str(next(each["value"] for each in details if each["name"] == name))


def addresses(cloud: LocalCloud, cluster: str, service: str) -> list[str]:
    """Return the addresses of a service's tasks."""
    return sorted(detail(task, "privateIPv4Address") for task in tasks(cloud, cluster, service))


def ecs_deployments(cloud: LocalCloud, cluster: str, *services: str) -> dict[str, tuple[str, str]]:
    """Return which ECS deployment of which task definition is each service's."""
    described = cloud.client("ecs").describe_services(cluster=cluster, services=services)["services"]
    return {each["serviceName"]: (each["deployments"][0]["id"], each["taskDefinition"]) for each in described}


def reaches(cloud: LocalCloud, group: str, host: str, port: int) -> bool:
    """Tell whether a task in a security group can connect to a port: it is run to try."""
    ecs, ec2 = cloud.client("ecs"), cloud.client("ec2")
    named = [{"Name": "tag:Name", "Values": [group]}]
    [security_group] = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "tag:Name", "Values": ["private"]}])["Subnets"]
    container = {"name": "probe", "image": "actors-hello:1", "command": ["python", "-c", PROBE, host, str(port)]}
    revision = ecs.register_task_definition(
        family=f"probe-{group}",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[container],
    )
    ecs.create_cluster(clusterName="probes")
    awsvpc = {"subnets": [subnets[0]["SubnetId"]], "securityGroups": [security_group["GroupId"]]}
    run = ecs.run_task(
        cluster="probes",
        launchType="FARGATE",
        taskDefinition=revision["taskDefinition"]["taskDefinitionArn"],
        networkConfiguration={"awsvpcConfiguration": awsvpc},
    )
    arn = run["tasks"][0]["taskArn"]
    return wait_for(lambda: _exit_code(ecs, arn)) == 0


def _exit_code(ecs: Any, arn: str) -> int | None:
    task = ecs.describe_tasks(cluster="probes", tasks=[arn])["tasks"][0]
    return int(task["containers"][0].get("exitCode", -1)) if task["lastStatus"] == "STOPPED" else None
