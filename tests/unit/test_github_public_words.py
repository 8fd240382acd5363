"""What is told on GitHub has neither ARN nor account id, whoever said it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import errors
from chalicelib.deployment import Deployment, ServiceProgress, Status
from chalicelib.diagnosis import diagnose
from chalicelib.errors import DeploymentError, DeploymentInProgress, Fault, RequestError
from chalicelib.github.public_words import public, public_url
from chalicelib.github.statuses import Refusal, refusal_report, report_of, words_of
from chalicelib.verdict import verdict
from tests.unit.aws_words import EXAMPLES
from tests.unit.test_github_statuses import ON_GITHUB, PUSHED, deployment

ACCOUNT = "210987654321"
ECS = f"arn:aws:ecs:us-east-1:{ACCOUNT}"
NAMES = {
    f"{ECS}:task-definition/shop-home:7": "shop-home:7",
    f"{ECS}:service/shop/home": "home",
    f"{ECS}:task/shop/0123456789abcdef0123456789abcdef": "0123456789abcdef0123456789abcdef",
    f"{ECS}:cluster/shop": "shop",
    f"arn:aws:iam::{ACCOUNT}:role/teams/runner": "runner",
    f"arn:aws-us-gov:sts::{ACCOUNT}:assumed-role/slipway-dev-act/slipway-act": "slipway-act",
    f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:shop/db-AbCdEf": "shop/db-AbCdEf",
    f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/shop/token": "shop/token",
    f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/ecs/shop:*": "/ecs/shop:*",
    f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:targetgroup/shop-home/0f1e2d": "shop-home",
    f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:loadbalancer/app/front/0f1e2d": "front",
    f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms": "alarms",
    "arn:aws:s3:::bucket/key": "bucket/key",
    "arn:task/1": "(a resource)",
    f"arn:aws:iam::{ACCOUNT}:": "(a resource):",
    f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/shop/home:1": "shop/home:1",
    f"{ACCOUNT}.dkr-ecr.us-east-1.on.aws/home@sha256:0": "home@sha256:0",
    ACCOUNT: "(account)",
    f"the account {ACCOUNT}'s": "the account (account)'s",
}
# Words around what is not to be told, as AWS and Slipway put them.
AROUND = [
    "{}",
    "{} is gone.",
    "see {}.",
    "on resource: {} because",
    "({})",
    '"{}"',
    "a,{},b",
    "{}: not found",
    "x {}\ny",
]
LEAK = re.compile(r"(?<![A-Za-z])arn:|(?<!\d)\d{12}(?!\d)", re.IGNORECASE)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("private", NAMES)
def test_a_name_stands_in_its_place(private: str, around: str) -> None:
    """An ARN becomes the name of its resource, an image is told without its registry, and the words around stay."""
    assert around.format(NAMES[private]) == public(around.format(private))


@given(st.lists(st.sampled_from([*NAMES, "home", " ", ". ", ", ", "/"])).map("".join))
def test_nothing_is_left(text: str) -> None:
    """However they are strung together, no ARN and no account id is left; the same again changes nothing."""
    assert not LEAK.search(public(text))
    assert public(text) == public(public(text))


@pytest.mark.parametrize(
    "text", ["home is deployed.", "13 digits: 1234567890123", "sha256:" + "0a" * 32, "learn: x", ""]
)
def test_other_words_stay(text: str) -> None:
    """What has neither stays as it is."""
    assert text == public(text)


def told(ended: Deployment) -> str:
    """Return all that GitHub is told of a deployment, at a commit and as a deployment of its own."""
    return repr([report_of(ended.model_copy(update={"source": source}), None).body for source in (ON_GITHUB, PUSHED)])


def causes() -> Iterator[DeploymentError]:
    """Yield every error that a deployment may end with, in words that name all there is."""
    for each in vars(errors).values():
        if isinstance(each, type) and issubclass(each, DeploymentError):
            yield from (each(private) for private in NAMES)


@pytest.mark.parametrize(("code", "hopeless", "facts"), EXAMPLES, ids=[each[0] for each in EXAMPLES])
def test_every_cause(code: str, hopeless: bool, facts: Any) -> None:
    """The verdict on each cause that AWS words have is told without an id."""
    found = diagnose(facts)
    assert found is not None
    failed = deployment(ON_GITHUB, Status.RUNNING, code)
    assert failed.failure is not None
    failed = failed.model_copy(update={"failure": failed.failure.model_copy(update={"cause": found.cause})})
    status, sentence = verdict(failed)
    assert not LEAK.search(told(failed.model_copy(update={"status": status, "verdict": sentence})))


def test_every_verdict() -> None:
    """So is the verdict on whatever else ends a deployment, there and on the way back."""
    services = {"home": ServiceProgress(name="home", status="rolled_back", what_serves=f"{ECS}:task-definition/home:7")}
    for error in causes():
        failure = {"code": error.code(), "cause": error.cause, "fix": error.fix}
        failed = deployment(ON_GITHUB, Status.RUNNING, "x", services=services, phase="rolling_back")
        whole = Deployment.model_validate({**failed.model_dump(), "failure": failure, "rollback_failure": failure})
        status, sentence = verdict(whole)
        assert not LEAK.search(told(whole.model_copy(update={"status": status, "verdict": sentence}))), error


@pytest.mark.parametrize("private", NAMES)
def test_every_refusal(private: str) -> None:
    """So is what a delivery is refused with, in its detail and in each fault, and what is cut is cut after that."""
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, RequestError)]
    assert len(kinds) > 10
    for kind in kinds:
        more: dict[str, Any] = {"holder": private} if kind is DeploymentInProgress else {}
        for words, faults in ((private, 0), (f"{'x' * 130}:{private}", 0), ("x", 3)):
            error = kind(words, **more)
            error.faults = (Fault("/a", private),) * faults
            refusal = Refusal("shop", "staging", "github:acme/shop", "body 1", words_of(error), PUSHED)
            said = words_of(error) + repr(refusal_report(refusal).body)
            assert (None, False) == (LEAK.search(said), ACCOUNT[:6] in said), kind


def test_links() -> None:
    """A link that would tell an id is left out: the load balancer's name may have one in it."""
    services = {"home": ServiceProgress(name="home", url=f"http://front-{ACCOUNT}.us-east-1.elb.amazonaws.com/home")}
    ended = deployment(ON_GITHUB, Status.SUCCEEDED, verdict="home deployed.", services=services)
    body = report_of(ended, f"https://{ACCOUNT}.example").body
    assert {"state": "success", "description": "home deployed."} == body
    assert "http://x/home" == public_url("http://x/home")
