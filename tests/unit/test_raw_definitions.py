"""A raw task definition: every fault at once, at its place, in the words of the manifest's own fields or in ECS's."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.errors import InvalidManifest
from chalicelib.manifest import parse
from chalicelib.manifest.definition_values import _kinds
from chalicelib.manifest.fargate_rules import OF_A_CONTAINER, OF_A_TASK, OF_A_VOLUME, OF_LINUX
from chalicelib.manifest.task_definition import REQUEST, read_definition, shapes
from tests.unit.test_manifest_forms import RAW, raw, raw_container
from tests.unit.test_manifest_rules import assert_quotes_what_is_written, faults_of, manifest

Place = tuple[tuple[str, ...], Any]
CONTAINER = f"{RAW}/containerDefinitions/0"
ROLE = "arn:aws:iam::123456789012:role/run"


NAMED: dict[str, Any] = {"name": "web", "image": "web:1"}
SIZED = {"name": "side", "image": "side:1", "memory": 128}
PORT = NAMED | {"portMappings": [{"containerPort": "80"}]}
LOGS = NAMED | {"logConfiguration": {"logDriver": "awslogs"}}
NEEDS = [{"containerName": "side", "condition": "HEALTHY"}]


def places(structure: str = REQUEST, way: tuple[str, ...] = ()) -> Iterator[Place]:
    """Yield the way to each member of a raw definition with its shape; an entry of a list is the step 0."""
    for name, shape in shapes()[structure].items():
        path, inner = (*way, name.rstrip("!")), shape
        while isinstance(inner, dict) and "list" in inner:
            path, inner = (*path, "0"), inner["list"]
        yield path, inner
        if isinstance(inner, str) and inner in shapes():
            yield from places(inner, path)


def definition_with(way: tuple[str, ...], value: Any) -> Any:
    """Return a value at the end of a way, in nothing but what leads there."""
    for step in reversed(way):
        value = [value] if step == "0" else {step: value}
    return value


ENUMS = [(way, shape["enum"]) for way, shape in places() if isinstance(shape, dict) and "enum" in shape]


def faults_at(way: tuple[str, ...], value: Any) -> list[str]:
    """Return what is told of a value at the end of a way."""
    path = tuple(int(step) if step == "0" else step for step in way)
    return [each.detail for each in read_definition(definition_with(way, value), ()).faults if each.path == path]


@pytest.mark.parametrize(("way", "allowed"), ENUMS, ids=["/".join(way) for way, _ in ENUMS])
def test_every_enumeration(way: tuple[str, ...], allowed: list[str]) -> None:
    """Wherever ECS's model says what there is, anything else is a fault, and each of these is none."""
    (told,) = faults_at(way, "~")
    (nearly,) = faults_at(way, f"{allowed[0].swapcase()}x")

    assert told == f'"~" is not allowed here: write {" or ".join(allowed)}'
    assert f'did you mean "{allowed[0]}"?' in nearly
    assert [] == [fault for each in allowed for fault in faults_at(way, each)]


@pytest.mark.parametrize(("written", "meant"), [("AMD64", "X86_64"), ("x64", "X86_64"), ("aarch64", "ARM64")])
def test_architecture_by_another_name(written: str, meant: str) -> None:
    """What others call an architecture is told with ECS's name of it."""
    (fault,) = faults_of(raw(runtimePlatform={"cpuArchitecture": written}))
    assert fault.detail.endswith(f'did you mean "{meant}"?')


def test_there_are_enumerations() -> None:
    """The model has those that people misspell most."""
    ends = {way[-1] if way[-1] != "0" else way[-2] for way, _ in ENUMS}
    assert {"logDriver", "cpuArchitecture", "networkMode", "condition", "permissions", "versionConsistency"} < ends
    assert len(ENUMS) > 20


Example = tuple[dict[str, Any], str, str]
CHECKS: list[tuple[str, dict[str, Any], str]] = [
    ("command", {"command": ["true"]}, "is not a health check: write CMD or CMD-SHELL first"),
    ("interval", {"interval": 4}, "4 is too small: write 5 or more"),
    ("timeout", {"timeout": 61}, "61 is too large: write 60 or less"),
    ("retries", {"retries": 11}, "11 is too large: write 10 or less"),
    ("startPeriod", {"startPeriod": 301}, "301 is too large: write 300 or less"),
]
VALUES: list[Example] = [
    (raw_container(image="<IMAGE1_NAME>"), f"{CONTAINER}/image", '"<IMAGE1_NAME>" is not an image'),
    (raw_container(image="web:1 "), f"{CONTAINER}/image", "is not an image"),
    (raw_container(memory=5), f"{CONTAINER}/memory", "5 is too small: write 6 or more"),
    (raw_container(memoryReservation=5), f"{CONTAINER}/memoryReservation", "write 6 or more"),
    (raw_container(cpu=-1), f"{CONTAINER}/cpu", "-1 is too small: write 0 or more"),
    (raw_container(stopTimeout=1), f"{CONTAINER}/stopTimeout", "write 2 or more"),
    (raw_container(startTimeout=1), f"{CONTAINER}/startTimeout", "write 2 or more"),
    (
        raw_container(portMappings=[{"containerPort": 70000}]),
        f"{CONTAINER}/portMappings/0/containerPort",
        "write 65535 or less",
    ),
    (
        raw_container(environment=[{"name": "A=B", "value": "1"}]),
        f"{CONTAINER}/environment/0/name",
        "cannot name an environment variable",
    ),
    (
        raw_container(mountPoints=[{"sourceVolume": "v", "containerPath": "v"}]) | {},
        f"{CONTAINER}/mountPoints/0/containerPath",
        "is not a path: write / first",
    ),
    *(
        (raw_container(healthCheck={"command": ["CMD", "true"]} | wrong), f"{CONTAINER}/healthCheck/{key}", words)
        for key, wrong, words in CHECKS
    ),
    (raw(ephemeralStorage={"sizeInGiB": 20}), f"{RAW}/ephemeralStorage/sizeInGiB", "write 21 or more"),
    (raw(taskRoleArn="a role"), f"{RAW}/taskRoleArn", "is not a role: write its ARN or its name"),
    (raw(executionRoleArn="a role"), f"{RAW}/executionRoleArn", "is not a role"),
    (raw(volumes=[{"name": "a b"}]), f"{RAW}/volumes/0/name", "is not a name: write 1 to 255 letters"),
    (raw(volumes=[{"host": {}}]), f"{RAW}/volumes/0", "a volume needs a name"),
    (raw(volumes=[{"name": "v"}, {"name": "v"}]), f"{RAW}/volumes/1/name", 'another volume is named "v" too'),
    (
        raw(volumes=[{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "x"}}]),
        f"{RAW}/volumes/0/efsVolumeConfiguration/fileSystemId",
        "is not an EFS file system",
    ),
    (
        raw(
            volumes=[
                {
                    "name": "v",
                    "efsVolumeConfiguration": {
                        "fileSystemId": "fs-0123abcd",
                        "authorizationConfig": {"accessPointId": "x"},
                    },
                }
            ]
        ),
        f"{RAW}/volumes/0/efsVolumeConfiguration/authorizationConfig/accessPointId",
        "is not an EFS access point",
    ),
    (
        raw(
            executionRoleArn=ROLE,
            containerDefinitions=[{"name": "web", "image": "a", "secrets": [{"name": "A", "valueFrom": "arn:x"}]}],
        ),
        f"{CONTAINER}/secrets/0/valueFrom",
        "is not a secret",
    ),
    (
        raw(
            executionRoleArn=ROLE,
            containerDefinitions=[{"name": "web", "image": "a", "secrets": [{"name": "A=", "valueFrom": "x"}]}],
        ),
        f"{CONTAINER}/secrets/0/name",
        "cannot name an environment variable",
    ),
    (raw_container(command=["a\0"]), f"{CONTAINER}/command/0", "holds a NUL character"),
    (raw_container(dockerLabels={"a": "\0"}), f"{CONTAINER}/dockerLabels/a", "holds a NUL character"),
]
JOINED: list[Example] = [
    (raw_container(memory=1024), f"{RAW}/memory", "the containers ask for 1024 together, the task has 512"),
    (raw_container(cpu=257), f"{RAW}/cpu", "the containers ask for 257 together, the task has 256"),
    (
        raw_container(memory=1024, memoryReservation=128),
        f"{CONTAINER}/memory",
        "1024 is more than the task's 512: write less here, or more there",
    ),
    (
        raw_container(memory=128, memoryReservation=256),
        f"{CONTAINER}/memoryReservation",
        "256 is more than the container's memory of 128",
    ),
    (
        raw(containerDefinitions=[{"name": f"c{n}", "image": "a", "memory": 300} for n in range(2)]),
        f"{RAW}/memory",
        "the containers ask for 600 together",
    ),
    (
        raw(
            containerDefinitions=[
                {"name": "a", "image": "a", "dependsOn": [{"containerName": "b", "condition": "START"}]},
                {"name": "b", "image": "a", "dependsOn": [{"containerName": "a", "condition": "START"}]},
            ]
        ),
        f"{CONTAINER}/dependsOn",
        "a → b → a",
    ),
    (
        raw(
            containerDefinitions=[
                {"name": "a", "image": "a", "dependsOn": [{"containerName": "b", "condition": "HEALTHY"}]},
                {"name": "b", "image": "a"},
            ]
        ),
        f"{CONTAINER}/dependsOn",
        "no health check",
    ),
    (
        raw_container(repositoryCredentials={"credentialsParameter": "registry"}),
        RAW,
        '"executionRoleArn" is missing: reading secrets needs a role',
    ),
    (
        raw_container(logConfiguration={"logDriver": "splunk", "secretOptions": [{"name": "t", "valueFrom": "x"}]}),
        RAW,
        '"executionRoleArn" is missing: reading secrets needs a role',
    ),
    (
        raw({"launch_type": "EC2"}, requiresCompatibilities=["EC2", "FARGATE"], cpu=None),
        RAW,
        '"cpu" is missing: Fargate needs it',
    ),
    (
        raw({"launch_type": "EC2"}, requiresCompatibilities=["MANAGED_INSTANCES"]),
        f"{RAW}/requiresCompatibilities",
        "the service runs on EC2: write it here",
    ),
]


@pytest.mark.parametrize(("document", "pointer", "phrase"), [*VALUES, *JOINED])
def test_each_rule(document: dict[str, Any], pointer: str, phrase: str) -> None:
    """A definition that breaks one rule of the manifest's own has one fault: there, in these words."""
    (fault,) = [each for each in faults_of(document) if "is not a volume" not in each.detail]

    assert pointer == fault.pointer
    assert phrase in fault.detail
    assert_quotes_what_is_written(document, fault)


def test_every_value_has_an_example() -> None:
    """Each member whose values a field of the manifest rules is among the examples, at its place."""
    told = {tuple(part for part in pointer.split("/")[4:] if not part.isdecimal()) for _, pointer, _ in VALUES}
    ruled = {member for _, member in _kinds()}
    assert ruled <= {way[-1] for way in told}


def something(shape: Any) -> Any:
    """Return a value of a shape, the least that says something."""
    if isinstance(shape, dict):
        kind, inner = next(iter(shape.items()))
        return inner[0] if kind == "enum" else [something(inner)] if kind == "list" else {"a": something(inner)}
    if shape in shapes():
        return {name[:-1]: something(inner) for name, inner in shapes()[shape].items() if name.endswith("!")}
    return {"string": "x", "integer": 1, "boolean": True}[shape]


def nothing(shape: Any) -> Any:
    """Return how describing prints a value of a shape that nobody has set."""
    if isinstance(shape, dict):
        return [] if "list" in shape else {} if "map" in shape else None
    return {"integer": 0, "boolean": False}.get(shape)


def on_fargate(structure: str, key: str, *, said: bool) -> tuple[dict[str, Any], str]:
    """Return a manifest whose definition says something for a key of a structure, or nothing, and where."""
    value = (something if said else nothing)(shapes()[structure][key])
    match structure:
        case "ContainerDefinition":
            return raw_container(**{key: value}), f"{CONTAINER}/{key}"
        case "LinuxParameters":
            return raw_container(linuxParameters={key: value}), f"{CONTAINER}/linuxParameters/{key}"
        case "Volume":
            return raw(volumes=[{"name": "v", key: value}]), f"{RAW}/volumes/0/{key}"
        case _:
            return raw(**{key: value}), f"{RAW}/{key}"


UNSUPPORTED = [
    *((REQUEST, key) for key in OF_A_TASK),
    *(("ContainerDefinition", key) for key in OF_A_CONTAINER),
    *(("LinuxParameters", key) for key in OF_LINUX),
    *(("Volume", key) for key in OF_A_VOLUME),
]


@pytest.mark.parametrize(("structure", "key"), UNSUPPORTED)
def test_what_fargate_lacks(structure: str, key: str) -> None:
    """What Fargate does not support is a fault in ECS's words; on EC2, and where it says nothing, it is none."""
    document, pointer = on_fargate(structure, key, said=True)
    unsupported = [each for each in faults_of(document) if "do not support" in each.detail]
    empty, _ = on_fargate(structure, key, said=False)
    elsewhere = {**document["services"]["api"], "launch_type": "EC2"}

    assert [pointer] == [each.pointer for each in unsupported]
    assert unsupported[0].detail.startswith(f"Fargate compatible task definitions do not support {key}:")
    assert () == faults_of(empty)
    assert [] == [each for each in faults_of(manifest(services={"api": elsewhere})) if "argate" in each.detail]


FARGATE = [
    (raw(pidMode="host"), f"{RAW}/pidMode", "Fargate has no host whose processes are seen"),
    (
        raw_container(resourceRequirements=[{"type": "GPU", "value": "1"}]),
        f"{CONTAINER}/resourceRequirements/0",
        "do not support GPU",
    ),
    (
        raw_container(linuxParameters={"capabilities": {"add": ["SYS_PTRACE", "NET_ADMIN"]}}),
        f"{CONTAINER}/linuxParameters/capabilities/add/1",
        'adds no capability but SYS_PTRACE: leave "NET_ADMIN" out',
    ),
    (
        raw_container(logConfiguration={"logDriver": "syslog"}),
        f"{CONTAINER}/logConfiguration/logDriver",
        'Fargate has no log driver "syslog": write awslogs or splunk or awsfirelens',
    ),
    (raw_container(startTimeout=121), f"{CONTAINER}/startTimeout", "121 s is too long for Fargate: write 120 or less"),
    (
        raw({"launch_type": "EC2"}, requiresCompatibilities=["EC2", "FARGATE"], pidMode="host"),
        f"{RAW}/pidMode",
        "Fargate has no host",
    ),
]


@pytest.mark.parametrize(("document", "pointer", "phrase"), FARGATE)
def test_what_fargate_limits(document: dict[str, Any], pointer: str, phrase: str) -> None:
    """What Fargate takes in part is a fault beyond that, also where the definition is for Fargate and EC2."""
    (fault,) = faults_of(document)
    assert (pointer, True) == (fault.pointer, phrase in fault.detail)


RIGHT = [
    raw(pidMode="task"),
    raw_container(image=f"123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:{'0' * 64}"),
    raw_container(memory=512, memoryReservation=512, cpu=256, startTimeout=120),
    raw(containerDefinitions=[NAMED, SIZED | {"memory": 512}]),
    raw(
        volumes=[{"name": "v"}],
        containerDefinitions=[
            {"name": "w", "image": "w", "mountPoints": [{"sourceVolume": "v", "containerPath": "C:\\data"}]}
        ],
    ),
    raw_container(linuxParameters={"capabilities": {"add": ["SYS_PTRACE"], "drop": ["ALL"]}}),
    raw(
        {"launch_type": "EC2"},
        networkMode="bridge",
        containerDefinitions=[{"name": n, "image": n, "portMappings": [{"containerPort": 80}]} for n in "ab"],
    ),
    raw({"capacity_providers": [{"name": "mine"}]}, requiresCompatibilities=["MANAGED_INSTANCES"]),
    raw({"capacity_providers": [{"name": "mine"}]}, requiresCompatibilities=["EC2"]),
    raw({"capacity_providers": [{"name": "FARGATE_SPOT"}]}, requiresCompatibilities=["FARGATE", "EC2"]),
]


@pytest.mark.parametrize("document", RIGHT)
def test_what_is_right(document: dict[str, Any]) -> None:
    """What ECS takes is no fault."""
    assert () == faults_of(document)


EC2 = {"launch_type": "EC2"}
UNREADABLE = [
    (raw(containerDefinitions=5), f"{RAW}/containerDefinitions"),
    (raw(requiresCompatibilities=["FARGAT", "EC2"]), f"{RAW}/requiresCompatibilities/0"),
    (raw(executionRoleArn=5, containerDefinitions=[LOGS]), f"{RAW}/executionRoleArn"),
    (raw_container(name=5), f"{CONTAINER}/name"),
    (raw_container(image=5), f"{CONTAINER}/image"),
    (raw_container(command=[5]), f"{CONTAINER}/command/0"),
    (raw_container(essential="no"), f"{CONTAINER}/essential"),
    (raw_container(linuxParameters={"capabilities": {"add": [5]}}), f"{CONTAINER}/linuxParameters/capabilities/add/0"),
    (raw(volumes=[{"name": "v"}, {"name": 5}]), f"{RAW}/volumes/1/name"),
    (
        raw({"route": {}}, containerDefinitions=[PORT]),
        f"{CONTAINER}/portMappings/0/containerPort",
    ),
    *(
        (raw(EC2, memory=None, containerDefinitions=[SIZED, NAMED | {key: "x"}]), f"{RAW}/containerDefinitions/1/{key}")
        for key in ("memory", "memoryReservation")
    ),
    (
        raw(containerDefinitions=[NAMED | {"dependsOn": NEEDS}, SIZED | {"healthCheck": 5}]),
        f"{RAW}/containerDefinitions/1/healthCheck",
    ),
]


@pytest.mark.parametrize(("document", "pointer"), UNREADABLE)
def test_what_cannot_be_read_is_told_once(document: dict[str, Any], pointer: str) -> None:
    """A value of another kind is one fault: it is not told to be missing, nor what would follow from that."""
    assert [pointer] == [each.pointer for each in faults_of(document)]


def test_two_names_that_cannot_be_read_are_not_the_same() -> None:
    """Of names that cannot be read nobody says that they are the same."""
    document = raw(volumes=[{"name": 5}] * 2, containerDefinitions=[NAMED | {"name": 5}] * 2)
    places = (f"{RAW}/containerDefinitions", f"{RAW}/volumes")
    assert [f"{place}/{at}/name" for place in places for at in (0, 1)] == [each.pointer for each in faults_of(document)]


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        (raw(cpu=5, containerDefinitions=[NAMED | {"memory": 600}]), ["cpu", "memory"]),
        (raw(containerDefinitions=[NAMED | {"memory": 600, "cpu": 300}]), ["cpu", "memory"]),
        (
            raw(containerDefinitions=[NAMED | {"dependsOn": [{"containerName": "x"}]}]),
            ["containerDefinitions/0/dependsOn", "containerDefinitions/0/dependsOn/0"],
        ),
        (
            raw(
                executionRoleArn=ROLE,
                containerDefinitions=[
                    NAMED | {"environment": [{"name": "A"}], "secrets": [{"name": "A", "valueFrom": "x"}]}
                ],
            ),
            ["containerDefinitions/0/secrets"],
        ),
    ],
)
def test_one_hides_no_other(document: dict[str, Any], pointers: list[str]) -> None:
    """What is wrong in one way hides nothing that is wrong in another."""
    assert [f"{RAW}/{each}" for each in pointers] == [each.pointer for each in faults_of(document)]


def test_the_content_is_without_what_cannot_be_read() -> None:
    """Entries of lists and keys that cannot be read are not there; an object keeps its place in a list."""
    wrong = {"command": ["a", 5], "dockerLabels": {"a": 1, "b": "2"}, "portMappings": [5, {"containerPort": 80}]}
    reading = read_definition({"containerDefinitions": [wrong]}, ("here",))

    right = {"command": ["a"], "dockerLabels": {"b": "2"}, "portMappings": [{}, {"containerPort": 80}]}
    assert {"containerDefinitions": [right]} == reading.content
    told = {each.path[3:]: each.detail for each in reading.faults}
    assert told["command", 1] == '5 stands where text belongs: put it in quotes as you mean it, "5"'
    assert told["portMappings", 0] == "5 stands where an object belongs: write an object, as ECS takes it"


def test_words_of_another_kind() -> None:
    """What cannot be meant as it stands is told by the kind that ECS takes; an unknown key by those that there are."""
    told = [each.detail for each in faults_of(raw_container(user=["a"], cpu="1", zzzz=1))]
    assert '["a"] stands where text belongs: write text, as ECS takes it' == told[0]
    assert '"1" stands where a whole number belongs: write a whole number, as ECS takes it' == told[1]
    assert told[2].startswith('"zzzz" is not a key that ECS knows here; the keys here are name, image, repository')


def test_all_faults_come_at_once() -> None:
    """What cannot be read hides nothing that is wrong elsewhere, and makes no fault of its own elsewhere."""
    document = raw(
        {"route": {"container": "web"}, "depends_on": ["db"]},
        famly="x",
        networkMode="awsvp",
        cpu=256,
        executionRoleArn=5,
        volumes=[{"name": "data", "hst": {}}, 5],
        containerDefinitions=[
            {
                "name": "web",
                "image": "<IMAGE>",
                "portMappings": [{"containerPort": "80"}],
                "memory": "lots",
                "privileged": True,
                "secrets": [{"name": "A", "valueFrom": "x"}],
                "mountPoints": [{"sourceVolume": "dta", "containerPath": "/d"}],
                "dependsOn": [
                    {"containerName": "side", "condition": "DONE"},
                    {"containerName": "nobody", "condition": "START"},
                    {"containerName": "side"},
                ],
            },
            "side",
            {
                "name": "side",
                "image": "side:1",
                "healthCheck": {"interval": 1},
                "logConfiguration": {"logDriver": "aws"},
            },
            {"name": "side", "image": "side:1"},
        ],
    )
    containers = f"{RAW}/containerDefinitions"
    assert {
        f"{RAW}/networkMode",
        f"{RAW}/cpu",
        f"{containers}/0/image",
        f"{containers}/0/portMappings/0/containerPort",
        f"{containers}/0/dependsOn",
        f"{containers}/0/dependsOn/0/condition",
        f"{containers}/0/dependsOn/2",
        f"{containers}/0/memory",
        f"{containers}/0/privileged",
        f"{containers}/1",
        f"{containers}/2/healthCheck",
        f"{containers}/2/healthCheck/interval",
        f"{containers}/2/logConfiguration/logDriver",
        f"{containers}/3/name",
        f"{RAW}/famly",
        f"{RAW}/executionRoleArn",
        f"{RAW}/volumes/0/hst",
        f"{RAW}/volumes/1",
        "/services/api/depends_on/0",
    } == {each.pointer for each in faults_of(document)}


def test_faults_quote_what_was_written() -> None:
    """What YAML reads as a number is quoted as it was spelled, with the quotes that it needs; or told once, by YAML."""
    body = """
        application: shop
        network: {vpc: main, subnets: [private]}
        services:
          api:
            task_definition:
              networkMode: awsvpc
              cpu: 0443
              memory: 1.10
              containerDefinitions:
                - name: web
                  image: web:1
                  environment: [{name: A, value: 1.10}, {name: B, value: no}]
                  healthCheck: {command: [CMD, x], interval: 1_0}
    """
    with pytest.raises(InvalidManifest) as refused:
        parse(body.encode(), "application/yaml")
    told = {each.pointer.removeprefix(f"{CONTAINER}/"): each.detail for each in refused.value.faults}

    assert told[f"{RAW}/memory"] == '1.10 stands where text belongs: put it in quotes as you mean it, "1.10"'
    assert told["environment/0/value"].startswith("1.10 stands where text belongs")
    assert told["environment/1/value"].endswith('put it in quotes as you mean it, "no"')
    assert told[f"{RAW}/cpu"].startswith("YAML reads 0443 as 291")
    assert len(told) == len(refused.value.faults)
