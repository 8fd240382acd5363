"""What the functions print for CloudWatch: in a local cloud nothing, unless it is asked for."""

import json
from typing import Any

import pytest

from tests.local.local_cloud import LocalCloud, hello, local_cloud, wait_for


def measured(cloud: LocalCloud) -> list[dict[str, Any]]:
    """Return the lines for CloudWatch that were printed so far."""
    return [json.loads(line) for line in list(cloud.log) if "CloudWatchMetrics" in line]


def verdicts(cloud: LocalCloud) -> list[dict[str, Any]]:
    """Return the lines that tell a verdict."""
    return [line for line in measured(cloud) if "Deployments" in line]


def test_lines_of_deployments() -> None:
    """Each deployment tells one verdict, with a lag by the clock of ECS; each service of AWS is asked and counted."""
    with local_cloud(POWERTOOLS_METRICS_DISABLED="false") as cloud:
        ended = [cloud.deploy(hello("measured", **changes)) for changes in ({}, {"image": "no-such-image:1"})]
        told = wait_for(lambda: found if len(found := verdicts(cloud)) >= len(ended) else None)
        services = {line["aws_service"] for line in measured(cloud) if "AwsCalls" in line}
    assert [(each["id"], each["status"]) for each in ended] == [
        (each["deployment_id"], each["status"]) for each in told
    ]
    assert ["succeeded", "rolled_back"] == [each["status"] for each in ended]
    assert all(0 <= line["LagSeconds"][0] < line["DurationSeconds"][0] for line in told)
    assert {"dynamodb", "ecs", "elbv2", "stepfunctions"} <= services
    assert 2 == len(verdicts(cloud))


@pytest.mark.full
def test_nothing_unless_asked_for() -> None:
    """What `make up` prints has no lines for CloudWatch between those for a person."""
    with local_cloud() as cloud:
        assert 200 == cloud.ask("GET", "/deployments").status
        assert "succeeded" == cloud.deploy(hello("unmeasured"))["status"]
    assert [] == cloud.log
