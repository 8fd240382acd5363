"""`make deploy` hands what `make package` wrote to the AWS CLI, in one account's words."""

import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import botocore.session
import pytest

from artifact.template import ROOT

AWS = """#!/bin/bash
printf '%q ' "$@" >> "$CALLS"
echo >> "$CALLS"
refuse() { echo "An error occurred ($1) when calling the $2 operation: $3" >&2; exit 254; }
case "$*" in
  *get-caller-identity*) printf '%s\\t%s\\n' 123456789012 "arn:${PARTITION:-aws}:iam::123456789012:user/ci" ;;
  "configure get region"*) test -n "$CONFIGURED" && echo "$CONFIGURED" ;;
  *head-bucket*) test "$HEAD" = 200 || refuse "$HEAD" HeadBucket "as its status says" ;;
  *get-bucket-policy*) test -n "$POLICY" || refuse NoSuchBucketPolicy GetBucketPolicy "There is none" ;;
  *EndpointURL*) echo https://slipway.example/api ;;
  *create-bucket*) test -z "$TAKEN" || refuse BucketAlreadyExists CreateBucket "It is somebody else's" ;;
esac
"""
OURS = "slipway-artifacts-123456789012-eu-west-1"


@dataclass
class Deployed:
    """How the command ended: its exit code, what it complained of, and each call of `aws` as its words."""

    code: int
    said: str
    calls: list[list[str]]

    @property
    def commands(self) -> list[str]:
        """Return what was called, without the arguments: "s3api head-bucket"."""
        return [" ".join(call[:2]) for call in self.calls]

    def arguments(self, command: str) -> str:
        """Return the arguments of the one call of a command."""
        (call,) = [call for call, called in zip(self.calls, self.commands, strict=True) if called == command]
        return " ".join(call[2:])


@pytest.fixture
def aws(tmp_path: Path) -> Path:
    """Make an `aws` that only writes down its calls, and is told what to answer; return the file that has them."""
    command = tmp_path / "bin" / "aws"
    command.parent.mkdir()
    command.write_text(AWS)
    command.chmod(0o755)
    return tmp_path / "calls"


def deploy(aws: Path, *arguments: str, **variables: str) -> Deployed:
    """Run the command, as if no bucket were there unless the variables say otherwise."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    path = f"{aws.parent / 'bin'}:{os.environ['PATH']}"
    environment = {**kept, "PATH": path, "CALLS": str(aws), "AWS_REGION": "eu-west-1", "HEAD": "404", **variables}
    done = subprocess.run(
        [ROOT / "artifact" / "deploy", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    calls = [shlex.split(line) for line in aws.read_text().splitlines()] if aws.exists() else []
    return Deployed(done.returncode, done.stderr, calls)


def test_deploys_into_the_accounts_own_bucket(aws: Path) -> None:
    """Zip and template go to a bucket of the account and region, which is made, and then the stack is."""
    done = deploy(aws, "slipway-dev", "Vpc=main", "Subnets=a,b")
    made = f"--bucket {OURS} --object-ownership BucketOwnerEnforced"

    assert (0, "") == (done.code, done.said)
    assert f"{made} --create-bucket-configuration LocationConstraint=eu-west-1" == done.arguments("s3api create-bucket")
    assert f"--template-file dist/template.yaml --s3-bucket {OURS} " in done.arguments("cloudformation package")
    stack = done.arguments("cloudformation deploy")
    assert stack.startswith("--stack-name slipway-dev --template-file dist/packaged.yaml ")
    assert stack.endswith(
        "--capabilities CAPABILITY_IAM --no-fail-on-empty-changeset --parameter-overrides Vpc=main Subnets=a,b"
    )


def test_where_a_bucket_is_unless_told(aws: Path) -> None:
    """us-east-1 is the region that may not be said as a LocationConstraint."""
    done = deploy(aws, "slipway-dev", AWS_REGION="us-east-1")
    bucket = OURS.replace("eu-west-1", "us-east-1")
    assert f"--bucket {bucket} --object-ownership BucketOwnerEnforced" == done.arguments("s3api create-bucket")


@pytest.mark.parametrize(
    ("head", "variables"), [("404", {}), ("200", {}), ("404", {"ARTIFACT_BUCKET": "ours"})], ids=str
)
def test_closes_the_bucket(aws: Path, head: str, variables: dict[str, str]) -> None:
    """A bucket that is made, and Slipway's own each time, is private and versioned, and asked by TLS alone."""
    done = deploy(aws, "slipway-dev", HEAD=head, **variables)

    closed = "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
    assert 0 == done.code, done.said
    assert done.arguments("s3api put-public-access-block").endswith(closed)
    assert done.arguments("s3api put-bucket-ownership-controls").endswith(
        "Rules=[{ObjectOwnership=BucketOwnerEnforced}]"
    )
    assert done.arguments("s3api put-bucket-versioning").endswith("Status=Enabled")
    assert "s3api put-bucket-policy" in done.commands


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_denies_what_is_not_tls(aws: Path, partition: str) -> None:
    """The policy denies whatever comes without TLS, on the bucket and what is in it, in the caller's partition."""
    policy = json.loads(
        deploy(aws, "slipway-dev", PARTITION=partition).arguments("s3api put-bucket-policy").split(" ", 5)[5]
    )

    arn = f"arn:{partition}:s3:::{OURS}"
    denied = {"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
    assert [{**denied, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}] == policy["Statement"]


def test_a_policy_that_is_there_stays(aws: Path) -> None:
    """Slipway's own bucket keeps the policy that somebody gave it."""
    done = deploy(aws, "slipway-dev", HEAD="200", POLICY="yes")
    assert (0, False) == (done.code, "s3api put-bucket-policy" in done.commands)


def test_keeps_to_the_bucket_that_is_there(aws: Path) -> None:
    """A bucket that is named and there is used as it is; without parameters the stack keeps its own."""
    done = deploy(aws, "slipway-prod", ARTIFACT_BUCKET="ours", HEAD="200")

    assert (0, ["s3api head-bucket"]) == (done.code, [each for each in done.commands if each.startswith("s3")])
    assert "--bucket ours --expected-bucket-owner 123456789012" == done.arguments("s3api head-bucket")
    assert "--parameter-overrides" not in done.arguments("cloudformation deploy")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"HEAD": "403"}, f"the bucket {OURS} is another account's"),
        ({"HEAD": "403", "ARTIFACT_BUCKET": "theirs"}, "the bucket theirs is another account's"),
        ({"HEAD": "400"}, "(400)"),
        ({"TAKEN": "yes"}, "(BucketAlreadyExists)"),
    ],
    ids=str,
)
def test_hands_nothing_to_somebody_else(aws: Path, variables: dict[str, str], said: str) -> None:
    """A bucket that is another account's, or cannot be looked at or made, gets nothing, and it says why."""
    done = deploy(aws, "slipway-dev", **variables)

    assert (True, True) == (done.code != 0, said in done.said), done.said
    assert [] == [each for each in done.commands if each.startswith("cloudformation") or "put-" in each]


def test_every_call_says_whose_the_bucket_is(aws: Path) -> None:
    """Whatever of S3 takes the account that a bucket must be of is told it."""
    s3 = botocore.session.get_session().get_service_model("s3")
    calls = [call for call in deploy(aws, "slipway-dev").calls if call[0] == "s3api"]
    operations = {call[1].title().replace("-", ""): " ".join(call) for call in calls}

    shapes = {name: s3.operation_model(name).input_shape for name in operations}
    takes = {name for name, shape in shapes.items() if shape and "ExpectedBucketOwner" in shape.members}
    told = {name for name, call in operations.items() if "--expected-bucket-owner 123456789012" in call}
    assert (takes, {"CreateBucket"}) == (told, set(operations) - takes)


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-north-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-2", "CONFIGURED": "eu-west-1"}, "eu-west-2"),
        ({"AWS_REGION": "", "CONFIGURED": "eu-west-3"}, "eu-west-3"),
    ],
    ids=str,
)
def test_which_region(aws: Path, variables: dict[str, str], region: str) -> None:
    """The region is the one that the AWS CLI would take."""
    assert f"-{region} " in deploy(aws, "slipway-dev", **variables).arguments("s3api create-bucket")


def test_without_a_region(aws: Path) -> None:
    """Where no region is told it says so in one sentence, and asks AWS for nothing."""
    done = deploy(aws, "slipway-dev", AWS_REGION="")
    assert (1, ["configure get"]) == (done.code, done.commands)
    assert (
        "deploy: there is no region. Set AWS_REGION, such as: AWS_REGION=eu-west-1 make deploy STAGE=dev\n" == done.said
    )


def test_smoke_asks_the_stack_where_its_api_is(aws: Path) -> None:
    """`make smoke` takes the URL of the stage's stack, or the one that is said, and begins nothing without a token."""
    path = f"{aws.parent / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "CALLS": str(aws), "SLIPWAY_TOKEN": ""}
    command = [
        "make",
        "--no-print-directory",
        "--old-file=setup",
        "smoke",
        "STAGE=dev",
    ]  # what it needs is there: a test installs nothing

    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False).stdout
    told = {**environment, "SLIPWAY_URL": "https://elsewhere.example/api"}
    subprocess.run(command, cwd=ROOT, env=told, capture_output=True, check=False)

    (call,) = [shlex.split(line) for line in aws.read_text().splitlines()]
    assert ["cloudformation", "describe-stacks", "--stack-name", "slipway-dev"] == call[:4]
    assert said.startswith("SLIPWAY_TOKEN is missing")
