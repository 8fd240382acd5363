"""A TaskSpec survives the way into a task definition and back; what is sent is valid for ECS."""

import json
from typing import Any, cast

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.task_definition_document import read_spec, register_request
from chalicelib.manifest import HealthCheck, Mount, Volume
from chalicelib.manifest.described import READ_ONLY, WRAPPER
from chalicelib.manifest.task_definition import SHAPES, read_definition
from chalicelib.specs import ContainerSpec, TaskSpec, task_changes
from tests.contract.task_definition_shape import structures

ECS = botocore.session.get_session().get_service_model("ecs")
REGISTER: Any = ECS.operation_model("RegisterTaskDefinition").input_shape

letters = st.characters(codec="utf-8", exclude_characters="\0")
texts = st.text(letters, min_size=1, max_size=20)
names = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)
images = st.sampled_from(["web", "registry.local:5000/shop/web:1.4", f"web@sha256:{'0' * 64}"])
words = st.lists(texts, min_size=1, max_size=3).map(tuple)
checks = st.builds(
    HealthCheck,
    command=st.just(("CMD-SHELL", "true")),
    interval=st.integers(5, 300),
    timeout=st.integers(2, 60),
    retries=st.integers(1, 10),
    start_period=st.integers(0, 300),
)
paths = st.sampled_from(["/", "/data", "/var/lib"])
volumes = st.one_of(
    st.just(Volume()),
    st.builds(Volume, host_path=paths),
    st.builds(
        Volume,
        efs=st.just("fs-0123abcd"),
        root_directory=paths,
        access_point=st.none() | st.just("fsap-0123abcd"),
        transit_encryption=st.booleans(),
        iam=st.booleans(),
    ),
)
containers = st.builds(
    ContainerSpec,
    name=names,
    image=images,
    port=st.none() | st.integers(1, 65535),
    essential=st.booleans(),
    command=st.none() | words,
    entry_point=st.none() | words,
    environment=st.dictionaries(names, st.text(letters, max_size=20), max_size=3),
    secrets=st.dictionaries(names, names, max_size=2),
    health_check=st.none() | checks,
    depends_on=st.dictionaries(texts, st.sampled_from(["START", "HEALTHY"]), max_size=2),
    stop_timeout=st.none() | st.integers(2, 120),
    mounts=st.lists(st.builds(Mount, volume=texts, path=paths, read_only=st.booleans()), max_size=2).map(tuple),
    cpu=st.none() | st.integers(1, 256),
    memory=st.none() | st.integers(6, 512),
)
specs = st.builds(
    TaskSpec,
    family=texts,
    containers=st.lists(containers, min_size=1, max_size=3).map(tuple),
    cpu=st.sampled_from([256, 512, 1024]),
    memory=st.sampled_from([512, 1024, 2048]),
    architecture=st.sampled_from(["x86_64", "arm64"]),
    compatibility=st.sampled_from(["FARGATE", "EC2"]),
    volumes=st.dictionaries(names, volumes, max_size=2),
    ephemeral_storage_gib=st.none() | st.integers(21, 200),
    log_group=texts,
    task_role=st.none() | names,
    execution_role=st.none() | names,
)


@given(specs)
def test_round_trip(spec: TaskSpec) -> None:
    """What ECS registered is read as the spec that it was made from, and has the same content."""
    read = read_spec(cast("Any", register_request(spec, "us-east-1")))

    assert spec == read
    assert spec.content_hash == read.content_hash


@given(specs)
def test_request_is_valid(spec: TaskSpec) -> None:
    """The request keeps to ECS's own model, and to the shape that raw definitions are checked with."""
    request = dict(register_request(spec, "us-east-1"))

    assert "" == ParamValidator().validate(request, REGISTER).generate_report()
    assert () == read_definition(request, ()).faults


def test_raw_definition_goes_as_it_is() -> None:
    """A raw definition is registered as it was written, under our family."""
    raw = {"cpu": "256", "containerDefinitions": [{"name": "a", "image": "a:1"}]}

    assert {**raw, "family": "shop-a"} == register_request(TaskSpec("shop-a", raw=raw), "us-east-1")


@pytest.mark.parametrize(
    "document",
    [
        {"family": "x", "containerDefinitions": []},
        {"family": "x", "containerDefinitions": [{"name": "a"}, {"name": "b"}]},
        {
            "family": "x",
            "networkMode": "host",
            "containerDefinitions": [{"name": "a", "logConfiguration": {"options": {"awslogs-stream-prefix": "a"}}}],
        },
    ],
)
def test_other_form_is_read_as_raw(document: dict[str, Any]) -> None:
    """A task definition that is not of our making is read in ECS's own words."""
    assert TaskSpec("x", compatibility="EC2", raw=document) == read_spec(cast("Any", document))


def test_stored_raw_definition_does_not_differ() -> None:
    """A raw definition does not differ from what ECS describes of it, with defaults and facts added."""
    raw = {
        "cpu": "256",
        "containerDefinitions": [{"name": "a", "image": "a:1", "portMappings": [{"containerPort": 80}]}],
    }
    stored = {"name": "a", "image": "a:1", "cpu": 0, "portMappings": [{"containerPort": 80, "hostPort": 80}]}
    described = {"family": "x", "cpu": "256", "containerDefinitions": [stored], "revision": 3, "status": "ACTIVE"}

    assert () == task_changes(TaskSpec("x", raw=raw), read_spec(cast("Any", described)))


def test_the_shape_is_botocores() -> None:
    """Raw definitions are checked with ECS's own model; `python -m tests.contract.task_definition_shape` writes it."""
    assert structures() == json.loads(SHAPES.read_text(encoding="utf-8"))


def test_what_only_ecs_writes_is_botocores() -> None:
    """What describing a task definition tells beside what registering takes is what a raw definition may be without."""
    described: Any = ECS.shape_for("TaskDefinition")
    answer: Any = ECS.operation_model("DescribeTaskDefinition").output_shape

    assert set(described.members) - set(REGISTER.members) == set(READ_ONLY)
    assert {WRAPPER, "tags"} == set(answer.members)
