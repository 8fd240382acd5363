"""Webhook: how long GitHub waits for the answer to a delivery, which it would for ten seconds.

From the request to its answer, one delivery after the other, with warm functions; a cold start comes on top.
https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
"""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from benchmarks.figure import Figure, Options, figure
from tests.deliveries import push_of_a_tag
from tests.local.local_cloud import LocalCloud, local_cloud
from tests.local.test_github import deliver, register

SPEED = 1
GOAL_MILLISECONDS = 1000
ON_TAGS = {"event": "push", "tag": "v*"}


def measure(options: Options) -> Iterator[Figure]:
    """Deliver to one local cloud what deploys, what no trigger wants, and what is signed wrongly."""
    names = [f"delivered-{number}" for number in range(options.runs_or(10))]
    with local_cloud(SLIPWAY_SPEED=str(SPEED)) as cloud:
        for name in names:
            register(cloud, name, ON_TAGS)
        cases: dict[str, tuple[int, str, dict[str, str | None]]] = {
            "a push that deploys": (202, "v1", {}),
            "a push that no trigger wants": (200, "nightly", {}),
            "a push with a wrong signature": (401, "v1", {"X_Hub_Signature_256": "sha256=" + "0" * 64}),
        }
        for case, (status, tag, headers) in cases.items():
            payloads = [push_of_a_tag(tag, repository=f"acme/{name}") for name in names]
            measured = [milliseconds(cloud, status, payload, **headers) for payload in payloads]
            yield figure(f"answer to {case}", measured, "ms", GOAL_MILLISECONDS)


def milliseconds(cloud: LocalCloud, status: int, payload: dict[str, Any], **headers: str | None) -> float:
    """Deliver a push, and return how long its answer took, which must have this status."""
    begun = time.monotonic()
    answer = deliver(cloud, "push", payload, str(uuid4()), **headers)
    taken = (time.monotonic() - begun) * 1000
    if answer.status != status:
        raise RuntimeError(f"a delivery that is measured was answered {answer.status}: {answer.document}")
    return taken
