"""A TaskSpec survives the way into a task definition and back; what is sent is valid for ECS."""

from typing import Any, cast

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.task_definitions import read_spec, register_request
from chalicelib.manifest import HealthCheck
from chalicelib.plan import TaskSpec

ECS = botocore.session.get_session().get_service_model("ecs")
REGISTER: Any = ECS.operation_model("RegisterTaskDefinition").input_shape

texts = st.text(min_size=1, max_size=20)
words = st.lists(texts, min_size=1, max_size=3).map(tuple)
checks = st.builds(
    HealthCheck,
    command=st.just(("CMD-SHELL", "true")),
    interval=st.integers(5, 300),
    timeout=st.integers(2, 60),
    retries=st.integers(1, 10),
    start_period=st.integers(0, 300),
)
specs = st.builds(
    TaskSpec,
    family=texts,
    image=texts,
    cpu=st.sampled_from([256, 512, 1024]),
    memory=st.sampled_from([512, 1024, 2048]),
    architecture=st.sampled_from(["x86_64", "arm64"]),
    port=st.none() | st.integers(1, 65535),
    container=texts,
    log_group=texts,
    command=st.none() | words,
    entry_point=st.none() | words,
    environment=st.dictionaries(texts, st.text(max_size=20), max_size=4),
    health_check=st.none() | checks,
    stop_timeout=st.none() | st.integers(2, 120),
    task_role=st.none() | texts,
    execution_role=st.none() | texts,
)


@given(specs)
def test_round_trip(spec: TaskSpec) -> None:
    """What ECS registered is read as the spec that it was made from, and has the same content."""
    request = register_request(spec, "us-east-1")
    read = read_spec(cast("Any", request))
    assert spec == read
    assert read is not None
    assert spec.content_hash == read.content_hash


@given(specs)
def test_request_is_valid(spec: TaskSpec) -> None:
    """The request keeps to ECS's own model."""
    report = ParamValidator().validate(dict(register_request(spec, "us-east-1")), REGISTER)
    assert "" == report.generate_report()


@pytest.mark.parametrize("containers", [[], [{"name": "a"}, {"name": "b"}]])
def test_other_form_is_not_read(containers: list[dict[str, Any]]) -> None:
    """A task definition with more or less than one container is none of ours."""
    assert read_spec(cast("Any", {"family": "x", "containerDefinitions": containers})) is None
