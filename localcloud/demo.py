"""`make demo`: the main job, followed to its verdict and proven by the facts a person would look at."""

import json
import time
import urllib.request
from typing import Any

import dns.resolver

from cli.client import Client
from cli.follow import follow
from localcloud.account import Account
from localcloud.platform import Platform
from localcloud.ports import Ports
from localcloud.settings import HOST, ROOT, Settings

MANIFEST = ROOT / "sample_services" / "ecs_practice" / "slipway.yaml"
CLUSTER, NAMESPACE, NAME = "ecs-practice", "api.local", "user"


def demo(settings: Settings, ports: Ports) -> int:
    """Deploy ecs-practice, show that it runs and that its name is right, deploy it again; return the exit code."""
    started = time.monotonic()
    with Platform(settings, ports) as platform:
        print(f"The local cloud is up after {time.monotonic() - started:.1f} s, at speed {settings.speed:g}.\n")
        client = Client(platform.url, "local-admin")
        if not _deployed(client):
            return 1
        proven = _show_proof(platform, f"http://{HOST}:{platform.balancer_ports[0]}")
        print("\nThe same manifest again:")
        return 0 if _deployed(client) and proven else 1


def _deployed(client: Client) -> bool:
    print(f"POST /deployments  {MANIFEST.relative_to(ROOT)}")
    asked = time.monotonic()
    deployment = client.deploy(MANIFEST.read_bytes())
    print(f"     202 in {(time.monotonic() - asked) * 1000:.0f} ms: {deployment['id']}")
    ended = follow(client, deployment, print)
    print(f"     {ended['status']} after {time.monotonic() - asked:.1f} s: {ended['verdict']}")
    if ended["failure"]:
        print(json.dumps(ended["failure"], indent=2))
    return bool(ended["status"] == "succeeded")


def _show_proof(platform: Platform, balancer_url: str) -> bool:
    """Print the three sets of addresses and the answer through the load balancer; tell whether they agree."""
    tasks, instances = _task_addresses(platform.account), _discovered(platform.account)
    answers = _dns_answers(platform.dns_address)
    with urllib.request.urlopen(f"{balancer_url}/users", timeout=10) as answer:
        users = json.load(answer)
    print("\nThe proof:")
    print(f"  addresses of user-api's tasks       {', '.join(tasks)}")
    print(f"  Cloud Map, discover-instances       {', '.join(instances)}")
    print(f"  DNS, {NAME}.{NAMESPACE:<24}  {', '.join(answers)}")
    first = users["users"][0]
    print(f"  GET {balancer_url}/users    {users['count']} users, such as {first['firstName']} {first['lastName']}")
    return bool(tasks) and tasks == instances == answers and users["count"] == len(users["users"])


def _task_addresses(account: Account) -> list[str]:
    ecs = account.client("ecs")
    arns = ecs.list_tasks(cluster=CLUSTER, serviceName="user-api")["taskArns"]
    tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]
    details: list[dict[str, Any]] = [
        detail for task in tasks for each in task["attachments"] for detail in each["details"]
    ]
    return sorted(detail["value"] for detail in details if detail["name"] == "privateIPv4Address")


def _discovered(account: Account) -> list[str]:
    found = account.client("servicediscovery").discover_instances(NamespaceName=NAMESPACE, ServiceName=NAME)
    return sorted(instance["Attributes"]["AWS_INSTANCE_IPV4"] for instance in found["Instances"])


def _dns_answers(server: tuple[str, int]) -> list[str]:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [server[0]], server[1]
    return sorted(record.to_text() for record in resolver.resolve(f"{NAME}.{NAMESPACE}.", "A"))
