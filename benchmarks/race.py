"""One rollout and who tells of it first: Slipway, `aws ecs wait services-stable` and `ecs deploy`, side by side.

Slipway rolls out one service, and the AWS CLI waits for that too; ecs-deploy rolls out its twin at the same moment.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from benchmarks import peers
from benchmarks.door import ecs_reads
from benchmarks.following import succeeded, when
from benchmarks.truth import SERVICE, Observer
from tests.local.local_cloud import LocalCloud

SLIPWAY, AWS_WAIT, ECS_DEPLOY = "slipway", "aws ecs wait", "ecs deploy"
KEYS = {SLIPWAY: "local", AWS_WAIT: "aws-ecs-wait", ECS_DEPLOY: "ecs-deploy"}
"""The access key by which each tool's calls are told apart; Slipway's is that of the local cloud's functions."""
OURS, TWIN = "race", "race-twin"
GET_SECONDS = 0.02
PATIENCE_SECONDS = 100.0
"""How long a tool is waited for beyond the time that a task needs to be healthy."""
GOOD, MISSING = "actors-hello:1", "no-such-image:1"


@dataclass(frozen=True)
class Rollout:
    """What is rolled out: a revision of its `number`, whose tasks are healthy after the first check.

    `image` is GOOD, or MISSING for one that no task can pull.
    """

    number: int
    check_seconds: int
    poll_seconds: int
    image: str = GOOD

    @property
    def patience_seconds(self) -> float:
        """Return how long a tool is waited for."""
        return self.check_seconds + PATIENCE_SECONDS


@dataclass(frozen=True)
class Told:
    """What one tool told of a rollout.

    `lag_seconds` is counted from the truth, None when it told nothing as long as we waited; `right` says that it told
    the truth; `reads` are its reads of ECS, `reads_waiting` those after the rollout had begun.
    """

    lag_seconds: float | None
    right: bool
    reads: int
    reads_waiting: int


@dataclass(frozen=True)
class Saying:
    """What a tool said, and when; `well` is None when it said nothing as long as we waited."""

    at: datetime
    well: bool | None


def prepare(cloud: LocalCloud) -> None:
    """Make the service and its twin, and have the peers installed."""
    peers.programs()
    for cluster in (OURS, TWIN):
        accepted = cloud.post(manifest(cluster, Rollout(0, check_seconds=5, poll_seconds=5)))
        succeeded(cloud, accepted.document["id"])


def race(cloud: LocalCloud, rollout: Rollout) -> dict[str, Told]:
    """Roll out, and return what each tool told."""
    ours, twin = Observer.of(cloud, OURS), Observer.of(cloud, TWIN)
    tools: dict[str, tuple[Observer, Callable[[], Saying]]] = {
        SLIPWAY: (ours, lambda: slipway(cloud, rollout)),
        AWS_WAIT: (ours, lambda: aws_wait(ours, rollout)),
        ECS_DEPLOY: (twin, lambda: ecs_deploy(cloud.aws, rollout)),
    }
    with ThreadPoolExecutor() as pool:
        before = {tool: ecs_reads(cloud, KEYS[tool]) for tool in tools}
        begun = {tool: pool.submit(reads_once_begun, tool, observer) for tool, (observer, _) in tools.items()}
        truths = {observer.cluster: pool.submit(truth, observer, rollout) for observer in (ours, twin)}
        sayings = {tool: pool.submit(ask) for tool, (_, ask) in tools.items()}
        for saying in sayings.values():
            saying.result()
        after = {tool: ecs_reads(cloud, KEYS[tool]) for tool in tools}
    return {
        tool: told(
            sayings[tool].result(),
            truths[observer.cluster].result(),
            rollout,
            reads=after[tool] - before[tool],
            reads_waiting=after[tool] - begun[tool].result(),
        )
        for tool, (observer, _) in tools.items()
    }


def reads_once_begun(tool: str, observer: Observer) -> int:
    """Return how often a tool had read from ECS when the rollout began."""
    observer.began()
    return ecs_reads(observer.cloud, KEYS[tool])


def truth(observer: Observer, rollout: Rollout) -> datetime:
    """Return since when a rollout is complete, or hopeless."""
    return observer.completed_at() if rollout.image == GOOD else observer.hopeless_at()


def told(saying: Saying, true_since: datetime, rollout: Rollout, *, reads: int, reads_waiting: int) -> Told:
    """Compare what a tool said with the truth."""
    lag = None if saying.well is None else (saying.at - true_since).total_seconds()
    return Told(lag, saying.well == (rollout.image == GOOD), reads, reads_waiting)


def slipway(cloud: LocalCloud, rollout: Rollout) -> Saying:
    """POST, then GET until it says how it ended, or why it failed."""
    path = f"/deployments/{cloud.post(manifest(OURS, rollout)).document['id']}"
    document: dict[str, Any] = {}

    def says() -> bool:
        document.update(cloud.ask("GET", path).document)
        return bool(document["finished_at"] or document["failure"])

    when(says, GET_SECONDS)
    said = Saying(datetime.now(UTC), document["failure"] is None)
    when(lambda: says() and bool(document["finished_at"]), GET_SECONDS)
    return said


def aws_wait(observer: Observer, rollout: Rollout) -> Saying:
    """Wait with the AWS CLI once the rollout is under way: before, it would call the old one stable."""
    observer.began()
    command = ["aws", "ecs", "wait", "services-stable", "--cluster", OURS, "--services", SERVICE]
    return saying_of(peers.run(KEYS[AWS_WAIT], command, observer.cloud.aws, rollout.patience_seconds))


def ecs_deploy(endpoint: str, rollout: Rollout) -> Saying:
    """Deploy the twin with ecs-deploy; its revision stays, so that it ends as soon as it knows."""
    command = ["ecs", "deploy", TWIN, SERVICE, "--no-deregister", "--image", SERVICE, rollout.image]
    command += ["--env", SERVICE, "NUMBER", str(rollout.number)]
    command += ["--health-check", SERVICE, "true", str(rollout.check_seconds), "2", "3", "0"]
    return saying_of(peers.run(KEYS[ECS_DEPLOY], command, endpoint, rollout.patience_seconds))


def saying_of(said: peers.Said) -> Saying:
    """Return what a peer's exit code says."""
    return Saying(said.at, None if said.exit_code is None else said.exit_code == 0)


def manifest(cluster: str, rollout: Rollout) -> dict[str, Any]:
    """Return the manifest of a discovered service whose task is healthy at its first container check."""
    service = {
        "image": rollout.image,
        "port": 8080,
        "environment": {"NUMBER": str(rollout.number)},
        "discovery": {"name": SERVICE},
        "health_check": {
            "command": ["CMD-SHELL", "true"],
            "interval": rollout.check_seconds,
            "timeout": 2,
            "retries": 3,
        },
    }
    return {
        "application": cluster,
        "namespace": f"{cluster}.local",
        "poll_seconds": rollout.poll_seconds,
        "services": {SERVICE: service},
    }
