"""The calls of Slipway's functions, written down where the local cloud is told to, and judged.

All that Slipway does is judged in test_permissions, which takes minutes; here is the part that each deployment does.
"""

import json
from typing import Any

import pytest

from tests.iam.calls import asked_by_function
from tests.iam.evaluation import allowing
from tests.iam.policies import policy
from tests.local.local_cloud import local_cloud
from tests.local.replay import TAGGED, whole
from tests.local.samples import teardown_accepted
from tests.local.stuck import deployed
from tests.strict_model import faults


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return the calls of a deployment and its teardown."""
    file = tmp_path_factory.mktemp("calls") / "calls.jsonl"
    with local_cloud(SLIPWAY_REQUESTS=str(file)) as cloud:
        deployed(cloud, whole("written"))
        assert "succeeded" == cloud.ended(teardown_accepted(cloud, "written"))["status"]
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_calls_are_written_down(calls: list[dict[str, Any]]) -> None:
    """Each call stands in the file under the function that made it, with what it asked and was answered."""
    assert {"act", "api", "authorize", "observe", "on_event"} <= {each["function"] for each in calls}
    [made] = [each for each in calls if each["operation"] == "CreateService" and each["service"] == "ecs"]
    assert ("act", "hello", "written") == (made["function"], made["request"]["serviceName"], made["request"]["cluster"])
    assert "ACTIVE" == made["answer"]["service"]["status"]


def test_what_is_called_is_allowed(calls: list[dict[str, Any]]) -> None:
    """Each call of a function is allowed by its policy."""
    asks = asked_by_function(calls, TAGGED)
    assert [] == [(name, each) for name in asks for each in asks[name] if allowing(policy(name), each) is None]


def test_every_request_is_as_aws_models_it(calls: list[dict[str, Any]]) -> None:
    """Each request is what botocore's model of the service says."""
    assert [] == [fault for each in calls for fault in faults(each["service"], each["operation"], each["request"])]
