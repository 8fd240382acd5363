"""The calls of Slipway's functions, written down where the local cloud is told to."""

import json
from pathlib import Path
from typing import Any

from tests.local.local_cloud import hello, local_cloud


def test_calls_are_written_down(tmp_path: Path) -> None:
    """Each call stands in the file under the function that made it, with what it asked and was answered."""
    file = tmp_path / "calls.jsonl"
    with local_cloud(SLIPWAY_REQUESTS=str(file)) as cloud:
        ended = cloud.deploy(hello("written"))
    calls = [json.loads(line) for line in file.read_text().splitlines()]

    assert "succeeded" == ended["status"]
    assert {"act", "api", "authorize", "observe", "on_event"} <= {each["function"] for each in calls}
    [made] = [each for each in calls if each["operation"] == "CreateService" and each["service"] == "ecs"]
    assert ("act", "hello", "written") == (made["function"], *_named(made["request"]))
    assert "ACTIVE" == made["answer"]["service"]["status"]


def _named(request: dict[str, Any]) -> tuple[str, str]:
    return request["serviceName"], request["cluster"]
