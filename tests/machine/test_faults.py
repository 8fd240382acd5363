"""Whatever breaks: every call of a run, each failing once, always, or after it had its effect.

Each time the execution ends in Done, the verdict is true of what serves, no lock is left, nothing is made twice.
"""

import inspect
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.deployment import Deployment, Status
from chalicelib.errors import AwsRefused, StoreConflict, Throttled, TransientAws
from chalicelib.store import Store
from tests.faults import After, Break
from tests.machine.slipway import Slipway, two_services, with_service

ONCE: dict[str, list[Break]] = {
    "throttled once": [Throttled("call", "ThrottlingException", "Rate exceeded")],
    "transient once": [TransientAws("call", "ServiceUnavailable", "try again")],
    "throttled after its effect": [After(Throttled("call", "ThrottlingException", "Rate exceeded"))],
}
AS_ANOTHER = {"throttled once", "transient once"}  # what is asked for again after its effect is asked for again at all
ALWAYS = AwsRefused("call", "AccessDeniedException", "not authorized")
CONFLICT = StoreConflict("another write to the same items was under way")

# These are asked before an execution, or after it died: test_events tells of their faults.
OUTSIDE = {"workflow.start", "workflow.status"}
# These only a teardown asks: test_teardown_faults tells of their faults.
OF_A_TEARDOWN = {
    "cloud_map.delete_namespace",
    "cloud_map.delete_service",
    "clusters.delete",
    "clusters.delete_service",
    "clusters.service_is_gone",
    "load_balancers.delete_target_group",
    "load_balancers.target_groups",
    "task_definitions.active",
    "task_definitions.deregister",
    "task_definitions.tags",
}
# These only a dry run asks, which changes nothing: test_dry_run tells of their faults.
OF_A_DRY_RUN = {"observer.dry_run"}
# These only the way back asks: test_way_back_faults tells of their faults, and test_way_back.
OF_THE_WAY_BACK = {
    "ec2.vpc_of",
    "load_balancers.change_target_group",
    "load_balancers.target_group",
    "logs.set_retention",
    "task_definitions.register_again",
}
# This only a name asks whose task nobody finds: test_name_proof tells of it.
OF_A_LOST_NAME = {"cloud_map.registered_addresses"}
# These only a question of the API asks, which changes nothing.
OF_THE_API = {"ec2.vpc", "ecs.image_digests", "observer.live", "parameters.value", "secrets.value"}
# This only what an older release planned asks: test_releases.
OF_AN_OLDER_RELEASE = {"load_balancers.routed"}
OF_A_DROPPED_ROUTE = {"load_balancers.delete_rules", "load_balancers.routed_by"}
IN_AN_UPDATE = OF_A_DROPPED_ROUTE | {
    "cloud_map.registered",
    "hosted_zones.vpcs",
    "ecs.update_service",
    "ecs.tag",
    "ecs.untag",
    "load_balancers.leads",
    "load_balancers.target_health",
    "autoscaling.scaled",
    "task_definitions.read",
    "autoscaling.remove",
    "store.keep_before",
}
OF_A_NAME_TAKEN_UP = {"cloud_map.registrants", "cloud_map.tags"}
IN_A_FAILURE = {
    "ecs.events",
    "ecs.running_task_definition",
    "ecs.stopped_tasks",
    "ecs.triggered_alarms",
    "store.fail",
}
IN_A_RESTART = {"ecs.restart_rollout"}
IN_A_LONG_TASK = {"tasks.stop"}
FAILS = IN_A_FAILURE | IN_A_LONG_TASK
# What cannot be read of a log decides nothing, and what Preflight cannot look at is a warning.
ONLY_CHECKED = {
    "cloud_map.registrants",
    "cloud_map.tags",
    "clusters.capacity",
    "ec2.dns_attributes_off",
    "ec2.ways",
    "ecr.architectures",
    "ecr.digest",
    "ecr.upstreams",
    "hosted_zones.vpcs",
    "iam.trusted_services",
    "load_balancers.rules",
    "load_balancers.routes",
    "logs.groups",
    "autoscaling.scaled",
    "parameters.find",
    "secrets.find",
}
TOLD_AT_MOST = {"tasks.log_stream", "logs.tail"} | ONLY_CHECKED
# Refused for good, these leave an update failed: one before anything was changed, the others on the way back, too.
NO_WAY_BACK = {"task_definitions.read", "cloud_map.registered", "load_balancers.target_health"}
STEPS_WRITE = [
    "begin_namespace",
    "fail",
    "finish",
    "keep_before",
    "keep_ground",
    "keep_images",
    "keep_namespace",
    "keep_revision",
    "keep_token",
    "progress",
    "record",
    "run",
    "tell",
    "update",
]
STEPS_READ = ["belongings", "branch", "changes", "get", "manifest", "part", "revisions"]

# Only who tried to register before looks whether that made a revision.
ASKED_AGAIN = {"task_definitions.content_hash"}

# These tell GitHub, beside the execution: test_notify tells of their faults.
TELL_GITHUB = ("github", "kms", "notifier")
# These only a question for logs asks, which changes nothing: test_logs tells of their faults.
OF_LOGS = {"ecs.rollout_tasks", "observer.logs"}

UPDATES = ("update ", "scale ", "rule ", "tag ", "untag ", "log group ", "change target group ")
WITHOUT_RESOLVER = {"hosted_zones.records"}
OF_ECR = {"ecr.architectures", "ecr.digest", "ecr.upstreams", "store.keep_images"}
IN_ECR = "000000000000.dkr.ecr.us-east-1.amazonaws.com/home:1"


def methods(part: Any) -> list[str]:
    """Return the public methods of a collaborator."""
    return [name for name, _ in inspect.getmembers(type(part), inspect.isfunction) if not name.startswith("_")]


def calls_of_fakes() -> list[str]:
    """Return every public method of every fake, such as "ecs.create_service"."""
    parts = Slipway(None).cloud.parts  # type: ignore[arg-type]  # nothing is recorded here
    steps_ask = {name: part for name, part in parts.items() if name not in ("store", *TELL_GITHUB)}
    calls = [f"{name}.{method}" for name, part in steps_ask.items() for method in methods(part)]
    return [call for call in calls if call not in OF_LOGS]


# Only a slow look makes it: test_slow_looks tells of its faults.
OF_A_SLOW_LOOK = {"workflow.heartbeat"}
ELSEWHERE = (
    OF_A_SLOW_LOOK
    | OUTSIDE
    | OF_A_TEARDOWN
    | OF_A_DRY_RUN
    | OF_THE_API
    | OF_THE_WAY_BACK
    | OF_A_LOST_NAME
    | OF_AN_OLDER_RELEASE
)
CALLS = sorted(set(calls_of_fakes()) - ELSEWHERE)
WRITES = [f"store.{method}" for method in STEPS_WRITE]


def manifest() -> dict[str, Any]:
    """Return one service with everything: name, route, migration, scaling."""
    both = two_services()
    scaling = {"min": 2, "max": 4, "cpu": 60, "requests_per_target": 1000}
    more = {"depends_on": [], "before_deploy": {"command": ["migrate"], "timeout_seconds": 20}, "scaling": scaling}
    secrets = {"TOKEN": "/shop/token", "PASSWORD": "arn:aws:secretsmanager:us-east-1:000000000000:secret:shop"}
    home = {**both["services"]["home"], **more, "secrets": secrets, "task_role": "home"}
    tags = {"Team": "shop", "Dropped": "later"}
    return {**both, "execution_role": "execution", "tags": tags, "services": {"home": home}}


def run(store: Store, call: str, fault: Break | list[Break], **changes: Any) -> tuple[Slipway, Deployment]:
    """Deploy in the circumstances in which a call is made, with its fault."""
    asked = {**manifest(), **changes}
    slipway = Slipway(store, rollout_seconds=5, namespace_seconds=5, dns_seconds=2)
    slipway.cloud.settings = replace(slipway.cloud.settings, resolve_vpc="" if call in WITHOUT_RESOLVER else "vpc-1")
    if call in OF_ECR:
        asked = with_service(asked, "home", image=IN_ECR)
        slipway.world.upstreams = {IN_ECR: "registry-1.docker.io/library/home:1"}
        slipway.world.absent = {IN_ECR} if call == "ecr.upstreams" else set()
    if call == "clusters.capacity":
        asked = with_service(asked, "home", launch_type="EC2")
    if call in IN_AN_UPDATE:
        slipway.deploy(asked)
        changes = {"image": "home:2", "scaling": None, "route": {"path": "/other*"}}
        asked = {**with_service(asked, "home", **changes), "tags": {"Team": "other"}}
    if call in OF_A_NAME_TAKEN_UP:
        take_its_name(slipway, asked)
    if call in OF_A_DROPPED_ROUTE:
        asked = with_service(asked, "home", route=None)
    if call == "cloud_map.registrants":
        slipway.world.tags = {arn: tags for arn, tags in slipway.world.tags.items() if ":servicediscovery:" not in arn}
    if call in IN_A_FAILURE | IN_A_RESTART:
        slipway.world.broken.add("home:1")
    if call in IN_A_LONG_TASK:
        slipway.world.exit_codes["migrate"] = None
    if call in IN_A_RESTART:
        slipway.deploy({**asked, "on_failure": "keep"})
        slipway.world.broken.clear()
    slipway.world.changes.clear()
    unheard = {"task_definitions.register": ONCE["throttled after its effect"]} if call in ASKED_AGAIN else {}
    slipway.faults.break_from_now_on({**unheard, call: fault})
    return slipway, slipway.deploy(asked)


def take_its_name(slipway: Slipway, asked: dict[str, Any]) -> None:
    """Deploy a service, then without its name, which stays in Cloud Map."""
    slipway.deploy(asked)
    slipway.deploy(with_service(asked, "home", discovery=None))


def made_twice(slipway: Slipway, deployment: Deployment) -> list[str]:
    """Return what changed more than once; what was updated is so once more when it goes back."""
    back = UPDATES if deployment.goes_back else ()
    changes = Counter(slipway.world.changes).items()
    return [what for what, times in changes if times > (2 if what.startswith(back) else 1)]


def lies(slipway: Slipway, deployment: Deployment) -> list[str]:
    """Return what is not as the record says, or not as it must always be."""
    execution = slipway.execution(deployment)
    wrong = [f"locked: {name}" for name in slipway.locks(deployment)]
    wrong += [f"twice: {what}" for what in made_twice(slipway, deployment)]
    if (execution.status, execution.entered[-1][0]) != ("SUCCEEDED", "Finish"):
        wrong.append(f"the execution is {execution.status} after {execution.path}: {execution.error}")
    if deployment.status is not Status.SUCCEEDED and deployment.failure is None:
        wrong.append("it failed, and nothing says why")
    told = [
        each.message
        for each in slipway.cloud.store.events(deployment.id, None, 1000)
        if each.phase == deployment.status
    ]
    if told.count(str(deployment.verdict)) != 1:
        wrong.append(f"the timeline does not have the verdict once, but {told}")
    for name, progress in deployment.services.items():
        serves = slipway.world.serves(deployment.cluster, name)
        if progress.status in ("succeeded", "failed") and progress.what_serves != serves:
            wrong.append(f"{name}: {progress.what_serves} is said to serve, {serves} does")
        if deployment.status is Status.SUCCEEDED and progress.task_definition != serves:
            wrong.append(f"{name}: succeeded, and {serves} serves")
    hashes = Counter(each.content_hash for family in slipway.world.revisions.values() for each in family)
    return wrong + [f"revision twice: {each}" for each, times in hashes.items() if times > 1]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults, id=kind, marks=pytest.mark.full if kind in AS_ANOTHER else ())
        for kind, faults in ONCE.items()
    ],
)
def test_call_fails_once(store: Store, call: str, fault: list[Break]) -> None:
    """A call that fails once changes nothing in how a deployment ends."""
    slipway, deployment = run(store, call, fault)

    assert slipway.faults.struck, f"{call} is never called: this run covers nothing"
    assert [] == lies(slipway, deployment)
    assert (Status.FAILED if call in FAILS else Status.SUCCEEDED) is deployment.status


def how_it_ends(call: str) -> Status:
    """Return how a deployment ends in which a call is refused for good."""
    if call in TOLD_AT_MOST:
        return Status.SUCCEEDED
    return Status.ROLLED_BACK if call in IN_AN_UPDATE - NO_WAY_BACK else Status.FAILED


@pytest.mark.parametrize("call", CALLS)
def test_call_is_refused(store: Store, call: str) -> None:
    """A call that AWS refuses for good fails the deployment, and the failure says what; but for reading a log."""
    slipway, deployment = run(store, call, ALWAYS)

    assert slipway.faults.struck, f"{call} is never called: this run covers nothing"
    assert [] == lies(slipway, deployment)
    assert how_it_ends(call) is deployment.status
    cause = deployment.failure.cause if deployment.failure else ""
    assert call in FAILS | TOLD_AT_MOST or "AccessDeniedException" in cause


@pytest.mark.parametrize("call", [*WRITES, *(f"store.{method}" for method in STEPS_READ)])
def test_record_is_busy_once(store: Store, call: str) -> None:
    """Two writers who meet in the record change nothing in how a deployment ends."""
    slipway, deployment = run(store, call, [None, CONFLICT] if call == "store.get" else [CONFLICT])

    assert slipway.faults.struck, f"{call} is never called: this run covers nothing"
    assert [] == lies(slipway, deployment)
    assert (Status.FAILED if call in FAILS else Status.SUCCEEDED) is deployment.status


@pytest.mark.parametrize("call", WRITES)
def test_record_was_written_and_nobody_heard(store: Store, call: str) -> None:
    """A write whose answer is lost is written again, and changes nothing in how a deployment ends."""
    slipway, deployment = run(store, call, ONCE["throttled after its effect"])

    assert slipway.faults.struck, f"{call} is never called: this run covers nothing"
    assert [] == lies(slipway, deployment)
    assert (Status.FAILED if call in FAILS else Status.SUCCEEDED) is deployment.status


def test_every_call_of_a_run_is_enumerated(store: Store) -> None:
    """What a clean run asks of AWS is among the calls that are made to fail."""
    slipway = Slipway(store)
    slipway.deploy(manifest())
    asked = {call for call in slipway.faults.calls if not call.startswith("store.")} - OUTSIDE

    assert asked
    assert set() == asked - set(CALLS)
    written = {call for call in slipway.faults.calls if call.startswith("store.")}
    read = {f"store.{method}" for method in STEPS_READ}
    asked_by_the_api = {"store.begin", "store.live", "store.lock", "store.registration"}
    assert set() == written - set(WRITES) - read - asked_by_the_api


def test_fault_that_could_not_strike(store: Store) -> None:
    """A fault of a call that nothing has is refused: a test with it would pass whatever happens."""
    with pytest.raises(LookupError, match=r"resolver\.lookup"):
        Slipway(store, breaks={"resolver.lookup": ALWAYS})
    with pytest.raises(LookupError, match=r"nobody\.ask"):
        Slipway(store).faults.break_from_now_on({"nobody.ask": ALWAYS})
