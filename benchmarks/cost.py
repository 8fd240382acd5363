"""Cost: a deployment of one service whose rollout takes three minutes on AWS, with events and polls of 60 s.

Measured at a tenth: the container's first check comes after 17 s and polls are 6 s apart, so that there are as many
polls and wakes as in three minutes. Milliseconds of Lambda are those of this machine, at any speed, priced as if each
function had 512 MB. The requests to the API itself (API Gateway, DynamoDB) are not counted.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.door import lambda_usage
from benchmarks.figure import Figure, Options, figure
from benchmarks.following import succeeded
from localcloud.account import STATE_MACHINE_ARN
from tests.local.local_cloud import LocalCloud, local_cloud

SPEED = 10
ON_AWS_SECONDS = 180
CHECK_SECONDS = 170
POLL_SECONDS = 60 // SPEED

TRANSITION_DOLLARS = 0.025 / 1000  # https://aws.amazon.com/step-functions/pricing/, Standard, us-east-1
INVOCATION_DOLLARS = 0.20 / 1_000_000  # https://aws.amazon.com/lambda/pricing/
GIGABYTE_SECOND_DOLLARS = 0.0000133334  # the same page, arm64
GIGABYTES = 0.5
# https://docs.github.com/en/billing/reference/actions-runner-pricing: Linux 2-core, since 2026-01-01
RUNNER_MINUTE_DOLLARS = 0.006


def measure(options: Options) -> Iterator[Figure]:
    """Deploy the same service again and again, each time with another environment."""
    with local_cloud(SLIPWAY_SPEED=str(SPEED)) as cloud:
        deploy(cloud, 0)
        deployed = [deploy(cloud, number) for number in range(1, options.runs_or(3) + 1)]
    transitions, milliseconds, dollars = (list(each) for each in zip(*deployed, strict=True))
    yield figure("state transitions, a deployment of 3 minutes", transitions, "", 28)
    yield figure("Lambda, a deployment of 3 minutes", milliseconds, "ms")
    yield figure("Step Functions and Lambda, a deployment of 3 minutes", dollars, "$")
    runner = RUNNER_MINUTE_DOLLARS * ON_AWS_SECONDS / 60
    yield figure("a CI runner that waits 3 minutes (GitHub, Linux 2-core)", runner, "$")
    yield figure("slipway, against the runner", [each / runner for each in dollars], "x")


def deploy(cloud: LocalCloud, number: int) -> tuple[float, float, float]:
    """Deploy revision `number`; return its state transitions, Lambda's milliseconds, and what both cost."""
    before = lambda_usage(cloud)
    deployment_id = succeeded(cloud, cloud.post(manifest(number)).document["id"])["id"]
    invocations, milliseconds = used(before, lambda_usage(cloud))
    arn = STATE_MACHINE_ARN.replace(":stateMachine:", ":execution:") + f":{deployment_id}"
    history = cloud.client("stepfunctions").get_execution_history(executionArn=arn)["events"]
    transitions = transitions_in(history)
    return transitions, milliseconds, dollars_of(transitions, invocations, milliseconds)


def used(before: Mapping[str, Mapping[str, float]], after: Mapping[str, Mapping[str, float]]) -> tuple[float, float]:
    """Return the invocations and milliseconds of all functions between two answers of the endpoint."""
    invocations, milliseconds = (
        sum(function[what] for function in after.values()) - sum(function[what] for function in before.values())
        for what in ("invocations", "milliseconds")
    )
    return invocations, milliseconds


def transitions_in(history: list[dict[str, Any]]) -> int:
    """Return the transitions that AWS bills: every state that is entered, and every further try of a task.

    https://aws.amazon.com/step-functions/pricing/
    """
    kinds = Counter(str(event["type"]) for event in history)
    entered = sum(count for kind, count in kinds.items() if kind.endswith("StateEntered"))
    tries = kinds["TaskScheduled"] + kinds["LambdaFunctionScheduled"]
    return entered + max(0, tries - kinds["TaskStateEntered"])


def dollars_of(transitions: float, invocations: float, milliseconds: float) -> float:
    """Return what Step Functions and Lambda cost at published prices."""
    computing = milliseconds / 1000 * GIGABYTES * GIGABYTE_SECOND_DOLLARS
    return transitions * TRANSITION_DOLLARS + invocations * INVOCATION_DOLLARS + computing


def manifest(number: int) -> dict[str, Any]:
    """Return the manifest of one discovered service that is healthy at its first check."""
    check = {"command": ["CMD-SHELL", "true"], "interval": CHECK_SECONDS, "timeout": 2, "retries": 3}
    service = {
        "image": "actors-hello:1",
        "port": 8080,
        "environment": {"NUMBER": str(number)},
        "discovery": {"name": "hello"},
        "health_check": check,
    }
    return {
        "application": "cost",
        "namespace": "cost.local",
        "poll_seconds": POLL_SECONDS,
        "services": {"hello": service},
    }
