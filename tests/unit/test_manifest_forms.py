"""The rules on containers, raw task definitions, launch types, volumes and scaling: where, and what is said."""

from typing import Any

import pytest

from tests.unit.test_manifest_rules import assert_quotes_what_is_written, faults_of, manifest, service

DATA = {"volume": "data", "path": "/data"}
CHECK = {"command": ["CMD", "true"]}
DEFINITION: dict[str, Any] = {
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
    "containerDefinitions": [{"name": "web", "image": "web:1", "portMappings": [{"containerPort": 80}]}],
}
RAW = "/services/api/task_definition"


def task(service: dict[str, Any] | None = None, **containers: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest whose only service has these containers, and some other keys."""
    own = {name: {"image": f"{name}:1"} | fields for name, fields in containers.items()}
    return manifest(execution_role="runner", services={"api": {"containers": own} | (service or {})})


def raw(service: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a manifest whose only service is a raw task definition with some keys changed."""
    changed = {key: value for key, value in (DEFINITION | changes).items() if value is not None}
    return manifest(services={"api": {"task_definition": changed} | (service or {})})


def raw_container(**changes: Any) -> dict[str, Any]:
    """Return a manifest whose only service is a raw task definition of one container with some keys changed."""
    container = DEFINITION["containerDefinitions"][0] | changes
    return raw(containerDefinitions=[{key: value for key, value in container.items() if value is not None}])


def scaled(service: dict[str, Any] | None = None, **scaling: Any) -> dict[str, Any]:
    """Return a manifest whose only service scales from 2 to 4 tasks."""
    return manifest(services={"api": {"image": "a:1", "scaling": {"min": 2, "max": 4} | scaling} | (service or {})})


FORMS = [
    (manifest(services={"api": {"cpu": 256}}), "/services/api/image", "or containers, or task_definition"),
    (service(containers={"a": {"image": "a:1"}}, port=None), "/services/api/containers", "beside image: write one"),
    (service(task_definition=DEFINITION, port=None), "/services/api/task_definition", "beside image: write one"),
    (task({"port": 80}, a={}), "/services/api/port", "each of them has its own port"),
    (task({"environment": {"A": "1"}}, a={}), "/services/api/environment", "its own environment"),
    (service(containers={}, port=None), "/services/api/containers", "beside image: write one"),
    (service(task_definition={"famly": 1}, port=None), "/services/api/task_definition", "beside image: write one"),
    (service(image=None, task_definition=["x"], port=None), "/services/api/task_definition", "an object"),
    (raw({"cpu": 300}), "/services/api/cpu", "write it there, in cpu"),
    (raw({"cpu": 256}), "/services/api/cpu", "write it there, in cpu"),
    (raw({"mounts": []}), "/services/api/mounts", "in containerDefinitions"),
    (raw({"architecture": "arm64"}), "/services/api/architecture", "in runtimePlatform"),
    (raw({"log_retention_days": 3}), "/services/api/log_retention_days", "logConfiguration"),
]
CONTAINERS = [
    (task(), "/services/api/containers", "there are 0 containers: write 1 to 10"),
    (task(None, **{f"c{n}": {} for n in range(11)}), "/services/api/containers", "there are 11 containers"),
    (task(None, **{"a b": {"image": "a:1"}}), "/services/api/containers/a b", "255 letters, digits"),
    (task(a={"imag": "x"}), "/services/api/containers/a/imag", 'did you mean "image"?'),
    (task(a={"image": None}), "/services/api/containers/a/image", "nothing (null)"),
    (task(a={"essential": False}), "/services/api/containers/a/essential", "no container is essential"),
    (task(a={"port": 80}, b={"port": 80}), "/services/api/containers/b/port", '"a" has the port 80'),
    (task(a={"depends_on": {"bb": "START"}}, bbb={}), "/services/api/containers/a/depends_on/bb", 'mean "bbb"?'),
    (task(a={"depends_on": {"a": "START"}}), "/services/api/containers/a/depends_on/a", "waits for itself"),
    (task(a={"depends_on": {"b": "HEALTHY"}}, b={}), "/services/api/containers/a/depends_on/b", "no health check"),
    (task(a={"depends_on": {"b": "SUCCESS"}}, b={}), "/services/api/containers/a/depends_on/b", "essential: false"),
    (task(a={"depends_on": {"b": "COMPLETE"}}, b={}), "/services/api/containers/a/depends_on/b", "essential: false"),
    (task(a={"depends_on": {"b": "DONE"}}, b={}), "/services/api/containers/a/depends_on/b", "'START', 'COMPLETE'"),
    (
        task(a={"depends_on": {"b": "START"}}, b={"depends_on": {"a": "START"}}),
        "/services/api/containers/a/depends_on",
        "a → b → a",
    ),
    (task(a={"memory": 5}), "/services/api/containers/a/memory", "6 or more"),
    (task(a={"cpu": 200}, b={"cpu": 100}), "/services/api/cpu", "ask for 300 together, the task has 256"),
    (task(a={"memory": 513}), "/services/api/memory", "ask for 513 together, the task has 512"),
    (
        task(a={"secrets": {"A": "x"}, "environment": {"A": "1"}}),
        "/services/api/containers/a/secrets/A",
        "environment too",
    ),
    (service(secrets={"A": "x"}), "/services/api/secrets", "write execution_role at the top"),
    (service(secrets={"A": "arn:aws:s3:::b"}) | {"execution_role": "r"}, "/services/api/secrets/A", "not a secret"),
    (
        task({"route": {}}, a={"port": 1}, b={"port": 2}),
        "/services/api/route",
        "a and b have ports: write as container the one for requests",
    ),
    (task({"route": {"container": "w"}}, a={"port": 1}), "/services/api/route/container", ": write a"),
    (task({"route": {"container": "b"}}, a={"port": 1}, b={}), "/services/api/route/container", '"b" has no port'),
    (
        task({"route": {"container": "x"}}, **{f"name-{n}": {"port": n} for n in range(1, 7)}),
        "/services/api/route/container",
        '"x" is not a container of this service: write name-1 or name-2 or name-3 or name-4',
    ),
    (
        task({"discovery": {"records": ["SRV"], "container": "b"}, "route": {"container": "a"}}, a={"port": 1}, b={}),
        "/services/api/discovery/container",
        'the container "b" has no port for SRV records: write it there',
    ),
    (task({"route": {}}, a={}), "/services/api/route", "no port to send requests to"),
    (service(route={"container": "web"}), "/services/api/route/container", "not a container of this service"),
    (task({"discovery": {"container": "b"}}, a={}), "/services/api/discovery/container", "not a container"),
    (task({"discovery": {"records": ["SRV"]}}, a={}), "/services/api/discovery/records", "SRV records need a port"),
    (
        task({"discovery": {"records": ["SRV"]}}, a={"port": 1}, b={"port": 2}),
        "/services/api/discovery",
        "write as container the one for SRV records",
    ),
]
DEFINITIONS = [
    (raw(famly="x"), f"{RAW}/famly", 'did you mean "family"?'),
    (raw(family="other"), f"{RAW}/family", '"shop-api": write that, or leave it out'),
    (raw(cpu=256), f"{RAW}/cpu", "256 stands where text belongs"),
    (raw(cpu="300"), f"{RAW}/cpu", "one of 256, 512"),
    (raw(cpu="lots"), f"{RAW}/cpu", "is no size"),
    (raw(cpu="1 vCPU", memory="1 GB"), f"{RAW}/memory", "does not go with cpu 1024"),
    (raw(cpu=None), RAW, '"cpu" is missing'),
    (raw(memory=None), RAW, '"memory" is missing'),
    (raw(networkMode=None), RAW, "Fargate has the network mode awsvpc only"),
    (raw(networkMode="bridge"), f"{RAW}/networkMode", "awsvpc only"),
    (raw(requiresCompatibilities=["EC2"]), f"{RAW}/requiresCompatibilities", "runs on FARGATE"),
    (raw(containerDefinitions=[]), f"{RAW}/containerDefinitions", "there are 0 containers"),
    (raw(containerDefinitions=None), RAW, '"containerDefinitions" is missing'),
    (raw(containerDefinitions={}), f"{RAW}/containerDefinitions", "where a list belongs"),
    (raw(cpu="1024"), f"{RAW}/memory", "512 MiB does not go with cpu 1024"),
    (raw(cpu="0" * 18 + "256"), f"{RAW}/cpu", "is no size"),
    (raw(volumes=[{"name": "v", "dockerVolumeConfiguration": {}}]), f"{RAW}/volumes/0", "Fargate has no host"),
    (raw(volumes=[{"name": "v", "host": {"sourcePath": "/x"}}]), f"{RAW}/volumes/0", "Fargate has no host"),
    (raw_container(secrets=[{"name": "A", "valueFrom": "x"}]), RAW, "reading secrets needs a role"),
    (raw_container(logConfiguration={"logDriver": "awslogs"}), RAW, "the log driver awslogs needs a role"),
    (raw_container(name=None), f"{RAW}/containerDefinitions/0", "a container needs a name"),
    (raw_container(name="a b"), f"{RAW}/containerDefinitions/0/name", "letters, digits"),
    (raw_container(image=None), f"{RAW}/containerDefinitions/0", '"image" is missing'),
    (raw_container(imagge="x"), f"{RAW}/containerDefinitions/0/imagge", 'did you mean "image"?'),
    (raw_container(essential="yes"), f"{RAW}/containerDefinitions/0/essential", "true or false"),
    (raw_container(essential=False), f"{RAW}/containerDefinitions/0/essential", "no container is essential"),
    (raw_container(stopTimeout=1.5), f"{RAW}/containerDefinitions/0/stopTimeout", "a whole number"),
    (raw_container(stopTimeout=121), f"{RAW}/containerDefinitions/0/stopTimeout", "too long for Fargate"),
    (raw_container(dockerLabels={"a": 1}), f"{RAW}/containerDefinitions/0/dockerLabels/a", "where text belongs"),
    (raw_container(healthCheck={}), f"{RAW}/containerDefinitions/0/healthCheck", '"command" is missing'),
    (
        raw_container(portMappings=[{"containerPort": 80, "hostPort": 81}]),
        f"{RAW}/containerDefinitions/0/portMappings/0/hostPort",
        "leave hostPort out",
    ),
    (
        raw_container(dependsOn=[{"containerName": "x", "condition": "START"}]),
        f"{RAW}/containerDefinitions/0/dependsOn",
        '"x" is not a container',
    ),
    (
        raw_container(mountPoints=[{"sourceVolume": "v", "containerPath": "/v"}]),
        f"{RAW}/containerDefinitions/0/mountPoints",
        '"v" is not a volume',
    ),
    (
        raw(
            volumes=[{"name": "data"}],
            containerDefinitions=[
                {"name": "a", "image": "a", "mountPoints": [{"sourceVolume": "dta", "containerPath": "/d"}]}
            ],
        ),
        f"{RAW}/containerDefinitions/0/mountPoints",
        '"dta" is not a volume of this service; did you mean "data"?',
    ),
    (
        raw(containerDefinitions=[{"name": f"c{n}", "image": "a"} for n in range(11)]),
        f"{RAW}/containerDefinitions",
        "there are 11 containers: write 1 to 10",
    ),
    (
        raw(containerDefinitions=[DEFINITION["containerDefinitions"][0] | {"portMappings": []}] * 2),
        f"{RAW}/containerDefinitions/1/name",
        'named "web" too',
    ),
    (raw({"route": {"container": "app"}}), "/services/api/route/container", "not a container"),
    (
        raw({"launch_type": "EC2"}, networkMode="host", memory=None),
        f"{RAW}/containerDefinitions/0",
        "no memory is written",
    ),
    (
        raw({"launch_type": "EC2", "discovery": {}}, networkMode="bridge"),
        f"{RAW}/networkMode",
        'discovery and route need the network mode awsvpc only: write "networkMode": "awsvpc"',
    ),
    (raw({"launch_type": "EC2", "route": {}}, networkMode="bridge"), f"{RAW}/networkMode", "route need"),
]
COMPUTE = [
    (service(launch_type="LAMBDA"), "/services/api/launch_type", "'FARGATE' or 'EC2'"),
    (service(launch_type="EC2", cpu=100), "/services/api/cpu", "128 to 196608"),
    (service(launch_type="EC2", memory=5), "/services/api/memory", "write 6 or more"),
    (service(launch_type="EC2", ephemeral_storage_gib=30), "/services/api/ephemeral_storage_gib", "only Fargate"),
    (
        service(launch_type="EC2", network={"assign_public_ip": True}),
        "/services/api/network/assign_public_ip",
        "no public IP",
    ),
    (service(ephemeral_storage_gib=20), "/services/api/ephemeral_storage_gib", "21 or more"),
    (service(ephemeral_storage_gib=201), "/services/api/ephemeral_storage_gib", "200 or less"),
    (service(stop_timeout=121), "/services/api/stop_timeout", "write 120 or less"),
    (
        service(launch_type="FARGATE", capacity_providers=[{"name": "FARGATE"}]),
        "/services/api/capacity_providers",
        "launch_type is written too",
    ),
    (service(capacity_providers=[{"weight": 1}]), "/services/api/capacity_providers/0/name", '"name" is missing'),
    (
        service(capacity_providers=[{"name": "FARGATE", "wight": 1}]),
        "/services/api/capacity_providers/0/wight",
        "weight",
    ),
    (
        service(capacity_providers=[{"name": "FARGATE"}, {"name": "mine"}]),
        "/services/api/capacity_providers/1/name",
        "cannot be joined",
    ),
    (service(capacity_providers=[{"name": "a"}] * 2), "/services/api/capacity_providers/1/name", "named twice"),
    (
        service(capacity_providers=[{"name": "a", "base": 1}, {"name": "b", "base": 1}]),
        "/services/api/capacity_providers/1/base",
        "only one",
    ),
    (service(capacity_providers=[{"name": "a", "weight": 0}]), "/services/api/capacity_providers", "every weight is 0"),
    (
        service(capacity_providers=[{"name": f"p{n}"} for n in range(21)]),
        "/services/api/capacity_providers",
        "at most 20",
    ),
    (service(capacity_providers=[{"name": "mine"}], cpu=100), "/services/api/cpu", "EC2 has no tasks of 100"),
]
VOLUMES = [
    (service(volumes={"v": {"host_path": "/x"}}), "/services/api/volumes/v/host_path", "Fargate has no host"),
    (
        service(launch_type="EC2", volumes={"v": {"host_path": "x"}}),
        "/services/api/volumes/v/host_path",
        "write / first",
    ),
    (service(volumes={"v": {"efs": "x"}}), "/services/api/volumes/v/efs", "fs-"),
    (
        service(volumes={"v": {"efs": "fs-0123abcd", "host_path": "/x"}}, launch_type="EC2"),
        "/services/api/volumes/v/efs",
        "host_path is written too",
    ),
    *(
        (service(volumes={"a": {}, "v": {key: value}}), f"/services/api/volumes/v/{key}", f"file system has {key}:")
        for key, value in {
            "root_directory": "/x",
            "access_point": "fsap-0123abcd",
            "transit_encryption": True,
            "iam": True,
        }.items()
    ),
    (
        service(volumes={"v": {"efs": "fs-0123abcd", "access_point": "fsap-0123abcd", "transit_encryption": False}}),
        "/services/api/volumes/v/transit_encryption",
        "need encryption",
    ),
    (
        service(volumes={"v": {"efs": "fs-0123abcd", "access_point": "fsap-0123abcd", "root_directory": "/x"}}),
        "/services/api/volumes/v/root_directory",
        "of its own",
    ),
    (
        service(volumes={"v": {"efs": "fs-0123abcd", "iam": True, "transit_encryption": False}}),
        "/services/api/volumes/v/transit_encryption",
        "need encryption",
    ),
    (service(mounts=[DATA]), "/services/api/mounts/0/volume", "write it in volumes"),
    (
        service(mounts=[{**DATA, "volume": "dta"}], volumes={"data": {}}),
        "/services/api/mounts/0/volume",
        'mean "data"?',
    ),
    (service(mounts=[{"volume": "data"}], volumes={"data": {}}), "/services/api/mounts/0/path", '"path" is missing'),
    (service(mounts=[DATA, DATA], volumes={"data": {}}), "/services/api/mounts/1/path", "mounted twice"),
]
TAGS = [
    *(
        (raw(tags=[{"key": key, "value": "1"}]), "/services/api/task_definition/tags/0/key", told)
        for key, told in {"aws:x": "for AWS", "SLIPWAY:installation": "itself", "slipway:x": "itself"}.items()
    ),
    (
        raw(tags=[{"key": "Team", "value": "1"}, {"key": "team", "value": "2"}]),
        "/services/api/task_definition/tags/1/key",
        '"Team" in other capitals',
    ),
    (
        raw(tags=[{"key": "team", "value": "1"}]) | {"tags": {"Team": "2"}},
        "/services/api/task_definition/tags/0/key",
        '"Team" in other capitals',
    ),
]
SCALING = [
    (scaled(cpu=60, max=1), "/services/api/scaling/max", "less than the min of 2"),
    (scaled(), "/services/api/scaling", "nothing to scale by"),
    (scaled(cpu=0), "/services/api/scaling/cpu", "1 or more"),
    (scaled(cpu=101), "/services/api/scaling/cpu", "100 or less"),
    (scaled(requests_per_target=10), "/services/api/scaling/requests_per_target", "without a route"),
    (scaled({"desired_count": 5}, cpu=60), "/services/api/desired_count", "not within scaling's 2 to 4"),
    (scaled({"discovery": {}}, cpu=60, max=1001), "/services/api/scaling/max", "1000 or less"),
    (service(scaling={"max": 2, "cpu": 60}), "/services/api/scaling/min", '"min" is missing'),
    (service(before_deploy={"command": []}), "/services/api/before_deploy/command", "holds no word"),
    (
        service(before_deploy={"command": ["x"], "timeout_seconds": 0}),
        "/services/api/before_deploy/timeout_seconds",
        "1 or",
    ),
    (service(adopt="yes"), "/services/api/adopt", "true or false"),
]


@pytest.mark.parametrize(
    ("document", "pointer", "phrase"), FORMS + CONTAINERS + DEFINITIONS + COMPUTE + VOLUMES + SCALING + TAGS
)
def test_each_rule(document: dict[str, Any], pointer: str, phrase: str) -> None:
    """A manifest that breaks one rule has one fault: there, in these words."""
    faults = faults_of(document)

    assert [pointer] == [fault.pointer for fault in faults]
    assert phrase in faults[0].detail
    assert_quotes_what_is_written(document, faults[0])


def test_public_ip_of_the_application_on_ec2() -> None:
    """The application's public IP is told at the service that cannot have it."""
    network = {"vpc": "v", "subnets": ["a"], "assign_public_ip": True}
    faults = faults_of(service(launch_type="EC2") | {"network": network})

    assert ["/services/api"] == [fault.pointer for fault in faults]


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        (
            service(capacity_providers=[{"name": 1}, {"name": "FARGATE"}, {"name": "FARGATE"}]),
            ["capacity_providers/0/name", "capacity_providers/2/name"],
        ),
        (
            service(mounts=[{"volume": "data"}, {"volume": "data"}, DATA, DATA], volumes={"data": {}}),
            ["mounts/0/path", "mounts/1/path", "mounts/3/path"],
        ),
        (raw(family="x") | {"application": "a b"}, []),
    ],
)
def test_what_is_wrong_by_itself_hides_nothing(document: dict[str, Any], pointers: list[str]) -> None:
    """One entry of a list that is wrong by itself is told, and so is what is wrong between the others."""
    found = [fault.pointer for fault in faults_of(document) if fault.pointer != "/application"]
    assert [f"/services/api/{each}" for each in pointers] == found


def test_two_wrong_parts_are_both_told() -> None:
    """What is wrong in one container hides nothing in another, nor in the service around them."""
    document = task({"route": {}, "scaling": {"min": 3, "max": 2}}, a={"port": "80"}, b={"depends_on": {"c": "START"}})

    assert [
        "/services/api/containers/a/port",
        "/services/api/containers/b/depends_on/c",
        "/services/api/scaling/max",
    ] == [fault.pointer for fault in faults_of(document)]


@pytest.mark.parametrize(
    "document",
    [
        task({"route": {"container": "a"}}, a={"port": 80, "depends_on": {"b": "HEALTHY"}}, b={"health_check": CHECK}),
        task({"route": {}}, a={"port": 80, "depends_on": {"b": "SUCCESS"}}, b={"essential": False}),
        task({"discovery": {"records": ["SRV"]}, "route": {"container": "a"}}, a={"port": 1}, b={"port": 2}),
        task(
            {"launch_type": "EC2", "cpu": 1024, "memory": 1024, "volumes": {"d": {"host_path": "/d"}}}, a={"cpu": 1024}
        ),
        task({"volumes": {"data": {}}}, a={"mounts": [DATA]}, b={"mounts": [DATA | {"read_only": True}]}),
        raw(family="shop-api", requiresCompatibilities=["EC2", "FARGATE"], cpu="0.25 vCPU", memory="0.5GB"),
        raw({"route": {}, "discovery": {"records": ["SRV"]}}),
        raw({"launch_type": "EC2"}, networkMode=None, cpu=None),
        raw(tags=[{"key": "Team", "value": "web"}, {"key": "Part"}]) | {"tags": {"Team": "shop"}},
        service(launch_type="EC2", stop_timeout=600, cpu=1024, memory=1024),
        service(capacity_providers=[{"name": "FARGATE_SPOT", "weight": 3}, {"name": "FARGATE", "base": 1}]),
        service(
            volumes={"v": {"efs": "fs-0123abcd", "access_point": "fsap-0123abcd"}}, mounts=[{**DATA, "volume": "v"}]
        ),
        service(secrets={"A": "/shop/a", "B": "arn:aws:secretsmanager:us-east-1:123456789012:secret:x:KEY::"})
        | {"execution_role": "runner"},
        service(secrets={}),
        service(capacity_providers=[{"name": f"p{n}"} for n in range(20)]),
        service(launch_type="EC2", memory=6),
        service(stop_timeout=120),
        task(None, **{f"c{n}": {} for n in range(10)}),
        raw(containerDefinitions=[{"name": f"c{n}", "image": "a"} for n in range(10)]),
        raw(volumes=[{"name": "v"}, {"name": "w", "host": {}}]),
        raw(cpu="0" * 17 + "256"),
        raw_container(portMappings=[{"containerPort": 80, "hostPort": 80}]),
        raw(
            {"launch_type": "EC2"},
            memory=None,
            containerDefinitions=[{"name": "a", "image": "a", "memoryReservation": 64}],
        ),
        raw(
            volumes=[{"name": "data"}],
            containerDefinitions=[
                {"name": "a", "image": "a", "mountPoints": [{"sourceVolume": "data", "containerPath": "/d"}]}
            ],
        ),
        scaled({"discovery": {}}, cpu=60, max=1000),
        scaled({"desired_count": 2}, cpu=60),
        scaled(cpu=60, min=4),
        scaled({"desired_count": 4, "route": {}, "port": 80}, cpu=60, memory=70, requests_per_target=100),
        scaled({"rollout": {"maximum_percent": 100, "minimum_healthy_percent": 50}}, cpu=60),
        service(before_deploy={"command": ["python", "migrate.py"]}, adopt=True, ephemeral_storage_gib=21),
    ],
)
def test_what_is_allowed(document: dict[str, Any]) -> None:
    """The edges of what AWS allows are allowed, in each form."""
    assert [] == [fault.detail for fault in faults_of(document)]
