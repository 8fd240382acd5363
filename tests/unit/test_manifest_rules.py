"""Every rule of the manifest: a wrong value, where it is reported, and what is said."""

import json
from typing import Any

import pytest

from chalicelib.errors import Fault, InvalidManifest
from chalicelib.manifest import parse

LONG = "x" * 300
SLIPWAYS = ("slipway:x", "SLIPWAY:installation", "Slipway:Application", "\u017flipway:installation")


def manifest(**changes: Any) -> dict[str, Any]:
    """Return a small manifest that is right, with some keys changed."""
    return {
        "application": "shop",
        "namespace": "api.local",
        "network": {"vpc": "vpc-1", "subnets": ["private"]},
        "load_balancer": {"name": "front"},
        "services": {"api": {"image": "api:1"}},
    } | changes


def service(**changes: Any) -> dict[str, Any]:
    """Return a manifest whose only service has some keys changed."""
    return manifest(services={"api": {"image": "api:1", "port": 3000} | changes})


def services(**changes: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest of several services."""
    return manifest(services={name: {"image": "api:1", "port": 3000} | fields for name, fields in changes.items()})


def faults_of(document: dict[str, Any]) -> tuple[Fault, ...]:
    """Return the faults that parsing a document answers; none when it is right."""
    try:
        parse(json.dumps(document).encode(), "application/json")
    except InvalidManifest as error:
        return error.faults
    return ()


def assert_quotes_what_is_written(document: dict[str, Any], fault: Fault) -> None:
    """Demand that a fault quotes nothing that nobody wrote."""
    assert "null" not in fault.detail or "null" in json.dumps(document)
    assert "None" not in fault.detail


TOP = [
    (manifest(application="a b"), "/application", "255 letters, digits"),
    (manifest(application=""), "/application", "255 letters, digits"),
    (manifest(application=LONG), "/application", "255 letters, digits"),
    (manifest(application=5), "/application", 'put it in quotes as you mean it, "5"'),
    (manifest(application=None), "/application", "nothing (null)"),
    (manifest(application="x" * 200, environment="y" * 52, cluster="c"), "/services/api", "257 characters"),
    (manifest(application="x" * 200, environment="y" * 54), "/services/api", "name would have 259 characters"),
    (manifest(application="x" * 200, environment="y" * 60, cluster="c"), "/services/api", "265 characters"),
    (manifest(environment="ü"), "/environment", '"ü" is not a name: write 1 to 255 letters, digits'),
    (manifest(cluster="c/d"), "/cluster", "letters, digits"),
    (manifest(namespace="api..local"), "/namespace", "labels"),
    (manifest(namespace="-api.local"), "/namespace", "labels"),
    (manifest(namespace="api.local."), "/namespace", "labels"),
    (manifest(namespace="x" * 64), "/namespace", "labels of 1 to 63"),
    (manifest(namespace=".".join(["x" * 60] * 5)), "/namespace", "253"),
    (manifest(network={"subnets": ["a"]}), "/network/vpc", '"vpc" is missing'),
    (manifest(network={"vpc": "v"}), "/network/subnets", '"subnets" is missing'),
    (manifest(network={"vpc": "", "subnets": ["a"]}), "/network/vpc", "at least 1 character"),
    (manifest(network={"vpc": LONG, "subnets": ["a"]}), "/network/vpc", "300 characters: write at most 256"),
    (manifest(network={"vpc": "v", "subnets": []}), "/network/subnets", "write at least 1"),
    (manifest(network={"vpc": "v", "subnets": ["a"] * 17}), "/network/subnets", "17 subnets: write at most 16"),
    (manifest(network={"vpc": "v", "subnets": "a"}), "/network/subnets", 'write ["a"]'),
    (manifest(network={"vpc": "v", "subnets": {"a": 1}}), "/network/subnets", "write a list"),
    (manifest(network={"vpc": "v", "subnets": [1]}), "/network/subnets/0", "put it in quotes"),
    (
        manifest(network={"vpc": "v", "subnets": ["a"], "security_groups": ["g"] * 6}),
        "/network/security_groups",
        "there are 6 security groups: write at most 5",
    ),
    (
        manifest(network={"vpc": "v", "subnets": ["a"], "assign_public_ip": "true"}),
        "/network/assign_public_ip",
        "without quotes",
    ),
    (manifest(network="default"), "/network", "an object"),
    (manifest(load_balancer={"name": "-front"}), "/load_balancer/name", "inner hyphens"),
    (manifest(load_balancer={"name": "internal-front"}), "/load_balancer/name", "internal-"),
    (manifest(load_balancer={"name": "x" * 33}), "/load_balancer/name", "32"),
    (manifest(load_balancer={"port": 80}), "/load_balancer/name", "missing"),
    (manifest(load_balancer={"name": "front", "port": 0}), "/load_balancer/port", "write 1 or more"),
    (manifest(execution_role="a role"), "/execution_role", "ARN or its name"),
    (manifest(execution_role="arn:aws:iam::1:role/x"), "/execution_role", "ARN or its name"),
    (manifest(tags={"aws:x": "1"}), "/tags/aws:x", "reserved for AWS"),
    (manifest(tags={"x": "AWS:1"}), "/tags/x", "reserved for AWS"),
    (manifest(tags={"AWS:x": "1"}), "/tags/AWS:x", "reserved for AWS"),
    *((manifest(tags={key: "1"}), f"/tags/{key}", "Slipway writes itself") for key in SLIPWAYS),
    (manifest(tags={"Team": "1", "TEAM": "2"}), "/tags/TEAM", '"Team" in other capitals, and IAM takes both for one'),
    (manifest(tags={"": "1"}), "/tags/", "at least 1 character"),
    (manifest(tags={"x" * 129: "1"}), "/tags/" + "x" * 129, "at most 128"),
    (manifest(tags={"x": "y" * 257}), "/tags/x", "at most 256"),
    (manifest(tags={"x": "a,b"}), "/tags/x", "tags cannot have"),
    (manifest(tags={f"k{n}": "v" for n in range(46)}), "/tags", "46 tags: write at most 45"),
    (manifest(tags=["x"]), "/tags", "an object"),
    (manifest(timeout_seconds=0), "/timeout_seconds", "1 or more"),
    (manifest(timeout_seconds=86401), "/timeout_seconds", "86400 or less"),
    (manifest(timeout_seconds=10**30), "/timeout_seconds", "86400 or less"),
    (manifest(timeout_seconds=float("nan")), "/timeout_seconds", "whole number"),
    (manifest(timeout_seconds=float("inf")), "/timeout_seconds", "whole number"),
    (manifest(poll_seconds=301), "/poll_seconds", "300 or less"),
    (manifest(poll_seconds=15.0), "/poll_seconds", "write 15"),
    (manifest(poll_seconds=15.5), "/poll_seconds", "write a number of seconds, without quotes"),
    (manifest(poll_seconds=999_999_999.0), "/poll_seconds", "write 999999999"),
    (manifest(poll_seconds=-999_999_999.0), "/poll_seconds", "write -999999999"),
    (manifest(poll_seconds=1e9), "/poll_seconds", "write a number of seconds, without quotes"),
    (manifest(poll_seconds=-1e9), "/poll_seconds", "write a number of seconds, without quotes"),
    (manifest(poll_seconds="9" * 59), "/poll_seconds", f"write {'9' * 59} without quotes"),
    (manifest(poll_seconds="9" * 60), "/poll_seconds", "write a number of seconds, without quotes"),
    (manifest(on_failure="roll_back"), "/on_failure", "'rollback' or 'keep'"),
    (manifest(on_failure=None), "/on_failure", "null is not allowed here"),
    (manifest(prune="true"), "/prune", "without quotes"),
    (manifest(prune=1), "/prune", "true or false"),
    (manifest(services={}), "/services", "write at least 1"),
    (manifest(services=[]), "/services", "an object"),
    (manifest(services={f"s{n}": {"image": "a"} for n in range(41)}), "/services", "41 services: write at most 40"),
    (manifest(services={LONG: {"image": "a"}}), f"/services/{LONG}", "255 letters"),
    (manifest(services={"a/b~": {"image": "a"}}), "/services/a~1b~0", "letters, digits"),
    (manifest(services={"[key]": {"image": "a"}}), "/services/[key]", "letters, digits"),
    (manifest(services={"api": None}), "/services/api", "nothing (null)"),
    (manifest(services={"api": "nginx"}), "/services/api", "an object"),
    (manifest(tag={}), "/tag", 'did you mean "tags"?'),
    (manifest(zzz={}), "/zzz", "the keys here are application"),
]

SERVICE = [
    (manifest(services={"api": {}}), "/services/api/image", '"image" is missing'),
    (service(image=""), "/services/api/image", "not an image"),
    (service(image="Nginx"), "/services/api/image", "lower case"),
    (service(image="nginx:"), "/services/api/image", "not an image"),
    (service(image="nginx@sha256:12"), "/services/api/image", "not an image"),
    (service(image="a" * 256), "/services/api/image", "255 characters"),
    (service(cpu=300), "/services/api/cpu", "one of 256, 512, 1024, 2048, 4096, 8192, 16384"),
    (service(memory=777), "/services/api/memory", "512, 1024 or 2048"),
    (service(cpu=1024), "/services/api/memory", "512 MiB, the default, does not go with cpu 1024"),
    (service(cpu=1024, memory=1024), "/services/api/memory", "2048 to 8192 in steps of 1024"),
    (service(cpu=8192, memory=17408), "/services/api/memory", "steps of 4096"),
    (service(cpu="256"), "/services/api/cpu", "write 256 without quotes"),
    (service(cpu=4, launch_type="EC2"), "/services/api/cpu", "EC2 has no tasks of 4 CPU units: write 128 to 196608"),
    (service(architecture="arm"), "/services/api/architecture", "'x86_64' or 'arm64'"),
    (service(port="3000"), "/services/api/port", "write 3000 without quotes"),
    (service(port=True), "/services/api/port", "true is a boolean where a whole number belongs"),
    (service(port=0), "/services/api/port", "1 or more"),
    (service(port=65536), "/services/api/port", "65535 or less"),
    (service(desired_count=-1), "/services/api/desired_count", "0 or more"),
    (service(desired_count=5001), "/services/api/desired_count", "5000 or less"),
    (service(desired_count=1001, discovery={}), "/services/api/desired_count", "1000 or less"),
    (service(command="python server.py"), "/services/api/command", 'write ["python", "server.py"]'),
    (service(entry_point="sh -c 'a b'"), "/services/api/entry_point", 'write ["sh", "-c", "a b"]'),
    (service(command="don't"), "/services/api/command", "write a list, such as [a, b]"),
    (service(command=5), "/services/api/command", "write [5]"),
    (service(depends_on="a b"), "/services/api/depends_on", 'write ["a b"]'),
    (
        service(health_check={"command": "exit 0"}),
        "/services/api/health_check/command",
        'write ["CMD-SHELL", "exit 0"]',
    ),
    (service(cpu=".25 vCPU"), "/services/api/cpu", "write a number of CPU units (a vCPU has 1024), without quotes"),
    (service(memory="1 GB"), "/services/api/memory", "write a number of MiB, without quotes"),
    (service(stop_timeout="half a minute"), "/services/api/stop_timeout", "write a number of seconds, without"),
    (service(log_retention_days="1 month"), "/services/api/log_retention_days", "write a number of days, without"),
    (service(ephemeral_storage_gib="30G"), "/services/api/ephemeral_storage_gib", "belongs: write 30"),
    (service(ephemeral_storage_gib="30M"), "/services/api/ephemeral_storage_gib", "write a number of GiB, without"),
    (service(memory="512 MiB"), "/services/api/memory", "belongs: write 512"),
    (service(log_retention_days="7d"), "/services/api/log_retention_days", "belongs: write 7"),
    (service(scaling={"min": 1, "max": 2, "cpu": "60%"}), "/services/api/scaling/cpu", "belongs: write 60"),
    (
        service(scaling={"min": 1, "max": 2, "cpu": "most"}),
        "/services/api/scaling/cpu",
        "write a number of percent, without quotes",
    ),
    (
        service(scaling={"min": "few", "max": 2, "cpu": 60}),
        "/services/api/scaling/min",
        "write a number such as 1, without",
    ),
    (
        service(rollout={"minimum_healthy_percent": "50%"}),
        "/services/api/rollout/minimum_healthy_percent",
        "belongs: write 50",
    ),
    (service(rollout={"maximum_percent": "x"}), "/services/api/rollout/maximum_percent", "a number of percent"),
    (services(scaling={"cpu": "x"}), "/services/scaling/cpu", "write a number of CPU units (a vCPU has 1024)"),
    (services(health_check={"command": "a b"}), "/services/health_check/command", 'write ["a", "b"]'),
    (service(desired_count="two"), "/services/api/desired_count", "write a number such as 1, without quotes"),
    (service(deploy={"replicas": 2}), "/services/api/deploy", "Compose's deploy is desired_count, cpu and memory here"),
    (service(replicas=2), "/services/api/replicas", "Compose's replicas is desired_count here"),
    (service(scale=2), "/services/api/scale", "Compose's scale is desired_count here"),
    (service(ports=["80"]), "/services/api/ports", "Compose's ports is port here"),
    (service(container_name="x"), "/services/api/container_name", "the key of the service or container is its name"),
    (service(user="1000"), "/services/api/user", "Compose's user is user of a raw task_definition here"),
    (service(environment=["A=b"]), "/services/api/environment", 'write keys with values, {A: "b"}'),
    (service(environment=["A"]), "/services/api/environment", "such as {key: value}"),
    (manifest(version="3.8"), "/version", "Compose's version has no counterpart here: leave it out"),
    (manifest(deploy={}), "/deploy", "the keys here are application, "),
    (service(command=["a\0b"]), "/services/api/command/0", "NUL"),
    (service(entry_point=[None]), "/services/api/entry_point/0", "nothing (null)"),
    (service(environment={"A": 0.5}), "/services/api/environment/A", 'in quotes as you mean it, "0.5"'),
    (service(environment={"A": False}), "/services/api/environment/A", 'in quotes, such as "no"'),
    (service(environment={"A": "\0"}), "/services/api/environment/A", "NUL"),
    (service(environment={"": "a"}), "/services/api/environment/", "not empty"),
    (service(environment={"A=B": "a"}), "/services/api/environment/A=B", "no ="),
    (service(environment={"[key]": 1}), "/services/api/environment/[key]", "in quotes"),
    (service(health_check={}), "/services/api/health_check/command", '"command" is missing'),
    (service(health_check={"command": []}), "/services/api/health_check/command", "CMD or CMD-SHELL first"),
    (service(health_check={"command": ["CMD"]}), "/services/api/health_check/command", "then what to run"),
    (service(health_check={"command": ["curl", "x"]}), "/services/api/health_check/command", "CMD or CMD-SHELL"),
    (service(health_check={"command": ["CMD", "x"], "interval": 4}), "/services/api/health_check/interval", "5 or"),
    (service(health_check={"command": ["CMD", "x"], "interval": 301}), "/services/api/health_check/interval", "300 or"),
    (service(health_check={"command": ["CMD", "x"], "timeout": 1}), "/services/api/health_check/timeout", "2 or"),
    (service(health_check={"command": ["CMD", "x"], "timeout": 61}), "/services/api/health_check/timeout", "60 or"),
    (service(health_check={"command": ["CMD", "x"], "retries": 0}), "/services/api/health_check/retries", "1 or"),
    (service(health_check={"command": ["CMD", "x"], "retries": 11}), "/services/api/health_check/retries", "10 or"),
    (
        service(health_check={"command": ["CMD", "x"], "start_period": 301}),
        "/services/api/health_check/start_period",
        "300 or",
    ),
    (service(rollout={"minimum_healthy_percent": 101}), "/services/api/rollout/minimum_healthy_percent", "100 or"),
    (service(rollout={"maximum_percent": 99}), "/services/api/rollout/maximum_percent", "100 or"),
    (service(rollout={"maximum_percent": 100}), "/services/api/rollout", "none can be replaced"),
    (service(rollout={"maximum_percent": 149}, desired_count=2), "/services/api/rollout", "149 % allows 2 tasks"),
    (
        service(rollout={"maximum_percent": 100, "minimum_healthy_percent": 51}, desired_count=2),
        "/services/api/rollout",
        "51 % keeps 2",
    ),
    (service(rollout={"maximum_percent": 100}, desired_count=101), "/services/api/rollout", "100 % keeps 101"),
    (service(rollout={"circuit_breaker": 1}), "/services/api/rollout/circuit_breaker", "true or false"),
    (service(task_role=""), "/services/api/task_role", "role"),
    (service(stop_timeout=1), "/services/api/stop_timeout", "2 or more"),
    (service(stop_timeout=121), "/services/api/stop_timeout", "120 or less"),
    (
        service(health_check_grace_period_seconds=-1),
        "/services/api/health_check_grace_period_seconds",
        "0 or more",
    ),
    (service(log_retention_days=2), "/services/api/log_retention_days", "1, 3, 5, 7"),
    (service(log_retention_days=True), "/services/api/log_retention_days", "whole number"),
    (service(network={"subnets": []}), "/services/api/network/subnets", "at least 1"),
    (service(network={"vpv": "x"}), "/services/api/network/vpv", 'did you mean "vpc"?'),
    (service(desiredCount=2), "/services/api/desiredCount", 'did you mean "desired_count"?'),
]

TOGETHER = [
    (service(discovery={"name": "-a"}), "/services/api/discovery/name", "Cloud Map"),
    (service(discovery={"name": "a" * 64}), "/services/api/discovery/name", "1 to 63"),
    (service(discovery={"name": ".".join(["a" * 50] * 3)}), "/services/api/discovery/name", "127"),
    (services(**{"a" * 64: {"discovery": {}}}), f"/services/{'a' * 64}/discovery", "discovery's name"),
    (
        service(discovery={"name": "a" * 60 + "." + "b" * 60}) | {"namespace": f"{'x' * 63}.{'y' * 63}.zzzz"},
        "/services/api/discovery/name",
        "DNS allows 253",
    ),
    (service(discovery={"records": []}), "/services/api/discovery/records", "[A], [SRV] or [A, SRV]"),
    (service(discovery={"records": ["A", "A"]}), "/services/api/discovery/records", "[A], [SRV] or [A, SRV]"),
    (service(discovery={"records": ["AAAA"]}), "/services/api/discovery/records/0", "'A' or 'SRV'"),
    (service(discovery={"records": ["SRV"]}, port=None), "/services/api/discovery/records", "SRV records need a port"),
    (service(discovery={"ttl": -1}), "/services/api/discovery/ttl", "0 or more"),
    (service(discovery={"ttl": 2**31}), "/services/api/discovery/ttl", "2147483647 or less"),
    (service(discovery={}) | {"namespace": None}, "/services/api/discovery", "no namespace"),
    (services(a={"discovery": {}}, b={"discovery": {"name": "A"}}), "/services/b/discovery/name", 'the service "a"'),
    (services(a={"discovery": {"name": "B"}}, b={"discovery": {}}), "/services/b/discovery", 'discovered as "b"'),
    (service(route={}) | {"load_balancer": None}, "/services/api/route", "no load balancer"),
    (service(route={}, port=None), "/services/api/route", "no port"),
    (service(route={"path": "home"}), "/services/api/route/path", "/ first"),
    (service(route={"path": "/a b"}), "/services/api/route/path", "path pattern"),
    (service(route={"path": "/" + "a" * 128}), "/services/api/route/path", "128"),
    (service(route={"host": "localhost"}), "/services/api/route/host", "after the last dot"),
    (service(route={"host": "a.b/c"}), "/services/api/route/host", "host pattern"),
    (service(route={"host": "a" * 128 + ".com"}), "/services/api/route/host", "128"),
    (service(route={"priority": 0}), "/services/api/route/priority", "1 or more"),
    (service(route={"priority": 50001}), "/services/api/route/priority", "50000 or less"),
    (service(route={"deregistration_delay": 3601}), "/services/api/route/deregistration_delay", "3600 or less"),
    (service(route={"health_check": {"path": "x"}}), "/services/api/route/health_check/path", "/ first"),
    (service(route={"health_check": {"path": "/a b"}}), "/services/api/route/health_check/path", "without spaces"),
    (service(route={"health_check": {"matcher": 200}}), "/services/api/route/health_check/matcher", '"200"'),
    (service(route={"health_check": {"matcher": "500"}}), "/services/api/route/health_check/matcher", "200 to 499"),
    (service(route={"health_check": {"matcher": "299-200"}}), "/services/api/route/health_check/matcher", "200 to 499"),
    (service(route={"health_check": {"matcher": "200,"}}), "/services/api/route/health_check/matcher", "200 to 499"),
    (service(route={"health_check": {"interval": 4}}), "/services/api/route/health_check/interval", "5 or more"),
    (service(route={"health_check": {"interval": 301}}), "/services/api/route/health_check/interval", "300 or less"),
    (service(route={"health_check": {"timeout": 1}}), "/services/api/route/health_check/timeout", "2 or more"),
    (service(route={"health_check": {"timeout": 121}}), "/services/api/route/health_check/timeout", "120 or less"),
    (service(route={"health_check": {"timeout": 10}}), "/services/api/route/health_check/timeout", "interval of 10 s"),
    (service(route={"health_check": {"healthy": 1}}), "/services/api/route/health_check/healthy", "2 or more"),
    (service(route={"health_check": {"unhealthy": 11}}), "/services/api/route/health_check/unhealthy", "10 or less"),
    (
        services(a={"route": {"priority": 7}}, b={"route": {"priority": 7, "path": "/b"}}),
        "/services/b/route/priority",
        'the service "a" has the priority 7',
    ),
    (
        services(a={"route": {"host": "x.com"}}, b={"route": {"host": "X.com", "path": "/*"}}),
        "/services/b/route",
        "same path and host",
    ),
    (services(api={"depends_on": ["api"]}), "/services/api/depends_on/0", "depends on itself"),
    (services(api={"depends_on": ["rediss"]}, redis={}), "/services/api/depends_on/0", 'did you mean "redis"?'),
    (
        services(z={}, a={"depends_on": ["z", "b"]}, b={"depends_on": ["c"]}, c={"depends_on": ["a"]}),
        "/services/a/depends_on",
        "a → b → c → a",
    ),
]


@pytest.mark.parametrize(("document", "pointer", "phrase"), TOP + SERVICE + TOGETHER)
def test_each_rule(document: dict[str, Any], pointer: str, phrase: str) -> None:
    """A manifest that breaks one rule has one fault: there, in these words."""
    faults = faults_of(document)

    assert [pointer] == [fault.pointer for fault in faults]
    assert phrase in faults[0].detail
    assert_quotes_what_is_written(document, faults[0])


@pytest.mark.parametrize(
    ("document", "pointer"),
    [row[:2] for row in TOP + SERVICE + TOGETHER if row[1].startswith("/services/") and row[1].count("/") > 2],
)
def test_each_rule_after_others(document: dict[str, Any], pointer: str) -> None:
    """What is wrong with a service is found whatever stands before it, and nothing is wrong with what does."""
    before = {"plain": {"image": "a:1"}, "wrong": {"image": "a:1", "discovery": {"name": 1}, "route": {"path": 2}}}
    wrong = ["/services/wrong/discovery/name", "/services/wrong/route/path"]
    pointers = [fault.pointer for fault in faults_of(document | {"services": before | document["services"]})]

    assert pointer in pointers
    assert set(wrong) <= set(pointers)
    assert not [each for each in pointers if each.startswith("/services/plain")]


FARGATE = {
    256: ("512, 1024 or 2048", [512, 1024, 2048]),
    512: ("1024 to 4096 in steps of 1024", range(1024, 4097, 1024)),
    1024: ("2048 to 8192 in steps of 1024", range(2048, 8193, 1024)),
    2048: ("4096 to 16384 in steps of 1024", range(4096, 16385, 1024)),
    4096: ("8192 to 30720 in steps of 1024", range(8192, 30721, 1024)),
    8192: ("16384 to 61440 in steps of 4096", range(16384, 61441, 4096)),
    16384: ("32768 to 122880 in steps of 8192", range(32768, 122881, 8192)),
}


@pytest.mark.parametrize("cpu", FARGATE)
def test_sizes_of_fargate(cpu: int) -> None:
    """Each size that Fargate has is allowed; any other is told which there are beside that CPU."""
    words, sizes = FARGATE[cpu]
    others = {wrong for size in sizes for wrong in (size - 1, size + 1, size + 512)} - {*sizes}
    details = {memory: [fault.detail for fault in faults_of(service(cpu=cpu, memory=memory))] for memory in others}

    assert {} == {memory: found for memory in sizes if (found := faults_of(service(cpu=cpu, memory=memory)))}
    assert details == {
        memory: [f"{memory} MiB does not go with cpu {cpu} on Fargate: write {words}"] for memory in others
    }


def test_a_joined_cluster_name_fits() -> None:
    """A cluster that is named after application and environment has at most 255 characters."""
    faults = faults_of(manifest(application="x" * 200, environment="y" * 55))

    assert ["/application", "/services/api"] == [fault.pointer for fault in faults]
    assert "the cluster's name would have 256 characters" in faults[0].detail


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        (
            services(a={"route": {"host": "x"}}, b={"route": {"host": "y"}}),
            ["/services/a/route/host", "/services/b/route/host"],
        ),
        (
            services(a={"route": {"path": "x"}}, b={"route": {"path": "x"}}),
            ["/services/a/route/path", "/services/b/route/path"],
        ),
        (
            services(a={"route": {"priority": 0}}, b={"route": {"priority": 0, "path": "/b"}}),
            ["/services/a/route/priority", "/services/b/route/priority"],
        ),
        (
            services(a={"discovery": {"name": 5}}, b={"discovery": {"name": 5}}),
            ["/services/a/discovery/name", "/services/b/discovery/name"],
        ),
        (
            manifest(services={f"s{n}": {"image": "a", "depends_on": ["x"]} for n in range(41)}),
            ["/services", *(f"/services/s{n}/depends_on/0" for n in range(40))],
        ),
        (
            service(launch_type="EC2", task_role="a role") | {"network": None},
            ["/network", "/services/api/task_role"],
        ),
    ],
)
def test_what_is_wrong_by_itself_is_not_compared(document: dict[str, Any], pointers: list[str]) -> None:
    """A value that is wrong by itself, or of a service too many, is held against no other."""
    assert pointers == [fault.pointer for fault in faults_of(document)]


@pytest.mark.parametrize(
    "document",
    [
        manifest(),
        manifest(namespace="local", application="x" * 251),
        service(discovery={"name": "a" * 60 + "." + "b" * 60}) | {"namespace": f"{'x' * 63}.{'y' * 63}.zzz"},
        manifest(tags={"Größe 1": "", **{f"k{n}": "a b_.:/=+-@" for n in range(44)}}),
        manifest(execution_role="arn:aws-cn:iam::123456789012:role/service-role/x"),
        service(image="localhost:5000/a/b__c:1.0@sha256:" + "aF" * 32),
        service(image="123.dkr.ecr.us-east-1.amazonaws.com/x:1"),
        service(image="a" * 255),
        service(cpu=16384, memory=122880),
        service(desired_count=0, discovery={"ttl": 0}),
        service(discovery={"name": "_sip._tcp", "records": ["SRV", "A"]}),
        service(rollout={"maximum_percent": 150}, desired_count=2),
        service(rollout={"maximum_percent": 100, "minimum_healthy_percent": 50}, desired_count=2),
        service(rollout={"maximum_percent": 100}, desired_count=0),
        service(rollout={"maximum_percent": 100, "minimum_healthy_percent": 50}),
        service(rollout={"maximum_percent": 149}),
        service(rollout={"maximum_percent": 101}, desired_count=100),
        service(desired_count=1000, discovery={}),
        services(a={"route": {"priority": 1}}, b={"route": {"priority": 2, "path": "/b"}}),
        services(a={"route": {"host": "a.com"}}, b={"route": {"host": "b.com"}}, c={"route": {"path": "/A"}}),
        manifest(network={"vpc": "v", "subnets": ["a"] * 16, "security_groups": ["g"] * 5}),
        manifest(tags={f"k{n}": "v" for n in range(45)}),
        manifest(services={f"s{n}": {"image": "a"} for n in range(40)}),
        service(route={"host": "*.example.com", "path": "/a?b*"}),
        service(route={"health_check": {"matcher": "200,302,400-499"}}),
        services(a={"depends_on": ["b", "c"]}, b={"depends_on": ["c"]}, c={}),
        services(a={"route": {}}, b={"route": {"path": "/b"}}, c={"route": {"host": "c.com"}}),
    ],
)
def test_what_is_allowed(document: dict[str, Any]) -> None:
    """The edges of what AWS allows are allowed."""
    assert [] == [fault.detail for fault in faults_of(document)]
