"""`make deploy` hands what `make package` wrote to the AWS CLI, in one account's words."""

import os
import subprocess
from pathlib import Path

import pytest

from artifact.template import ROOT

AWS = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
  *get-caller-identity*) echo 123456789012 ;;
  *head-bucket*) test -n "$BUCKET_EXISTS" ;;
esac
"""


@pytest.fixture
def aws(tmp_path: Path) -> Path:
    """Make an `aws` that only writes down its calls; return the file that has them."""
    command = tmp_path / "bin" / "aws"
    command.parent.mkdir()
    command.write_text(AWS)
    command.chmod(0o755)
    return tmp_path / "calls"


def deploy(aws: Path, *arguments: str, **variables: str) -> tuple[int, str, list[str]]:
    """Run the command; return its exit code, what it complained of, and the calls of `aws`."""
    path = f"{aws.parent / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "CALLS": str(aws), "AWS_REGION": "eu-west-1", **variables}
    done = subprocess.run(
        [ROOT / "artifact" / "deploy", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr, aws.read_text().splitlines() if aws.exists() else []


def test_deploys_into_the_accounts_own_bucket(aws: Path) -> None:
    """Zip and template go to a bucket of the account and region, which is made, and then the stack is."""
    code, _, calls = deploy(aws, "slipway-dev", "Vpc=main", "Subnets=a,b")
    bucket = "slipway-artifacts-123456789012-eu-west-1"
    package, stack = calls[-3:-1]

    assert (0, f"s3 mb s3://{bucket} --region eu-west-1") == (code, calls[-4])
    assert package.startswith(f"cloudformation package --template-file dist/template.yaml --s3-bucket {bucket} ")
    assert stack.startswith("cloudformation deploy --stack-name slipway-dev --template-file dist/packaged.yaml ")
    assert stack.endswith(
        "--capabilities CAPABILITY_IAM --no-fail-on-empty-changeset --parameter-overrides Vpc=main Subnets=a,b"
    )


def test_keeps_to_the_bucket_that_is_there(aws: Path) -> None:
    """A bucket that is named and there is used as it is; without parameters the stack keeps its own."""
    code, _, calls = deploy(aws, "slipway-prod", ARTIFACT_BUCKET="ours", BUCKET_EXISTS="yes")

    assert (0, "s3api head-bucket --bucket ours") == (code, calls[0])
    assert [] == [call for call in calls if call.startswith("s3 mb") or "--parameter-overrides" in call]
