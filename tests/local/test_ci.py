"""The recipes of docs/ci.md and docs/examples run as they are written, against a local cloud."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.local.local_cloud import ROOT, LocalCloud, hello

DOCS = ROOT / "docs"
MISSING = [tool for tool in ("bash", "curl", "jq") if not shutil.which(tool)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not on this machine: {', '.join(MISSING)}")
PLANNER = "local-planner"
SECRETS = {"${{ secrets.SLIPWAY_PLAN_TOKEN }}": PLANNER, "${{ secrets.SLIPWAY_DEPLOY_TOKEN }}": "local-admin"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a directory as CI checks it out: deploy.sh beside the manifest."""
    shutil.copy(DOCS / "examples" / "deploy.sh", tmp_path)
    return tmp_path


def run(cloud: LocalCloud, checkout: Path, lines: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run lines of shell as CI does, with nothing in the environment but what they are told."""
    told = {"SLIPWAY_URL": cloud.url, "SLIPWAY_TOKEN": "local-admin", "PATH": "/usr/bin:/bin", **variables}
    shell = ["bash", "-eo", "pipefail", "-c", lines]
    return subprocess.run(shell, cwd=checkout, env=told, capture_output=True, text=True, timeout=120, check=False)


def write(checkout: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest into the checkout."""
    (checkout / "slipway.yaml").write_text(json.dumps(manifest))


def github(attempt: int) -> dict[str, str]:
    """Return the variables of one attempt at a workflow's run."""
    return {"GITHUB_RUN_ID": "4711", "GITHUB_RUN_ATTEMPT": str(attempt), "GITHUB_JOB": "deploy"}


def test_success_is_0_and_sent_again_it_is_the_same(cloud: LocalCloud, checkout: Path) -> None:
    """A deployment that succeeds exits 0 with its timeline and verdict; the same run again makes no second one."""
    write(checkout, hello("ci"))
    first, again, later = (run(cloud, checkout, "./deploy.sh slipway.yaml", **github(each)) for each in (1, 1, 2))

    assert (0, 0, 0) == (first.returncode, again.returncode, later.returncode), first.stderr + again.stderr
    assert first.stderr == again.stderr != later.stderr
    assert re.search(r"^\S+Z  hello  proven  ", first.stdout, re.MULTILINE)
    made = cloud.ask("GET", "/deployments?application=ci").document["deployments"]
    assert (2, f"verdict: {made[1]['verdict']}") == (len(made), first.stdout.splitlines()[-1])


def test_failure_is_1(cloud: LocalCloud, checkout: Path) -> None:
    """A deployment that fails exits 1 and says the cause, the fix and the evidence."""
    write(checkout, hello("ci-fails", image="nowhere/nothing:1"))
    ran = run(cloud, checkout, "./deploy.sh slipway.yaml")

    assert 1 == ran.returncode, ran.stderr
    told = [line.split()[0] for line in ran.stdout.splitlines() if re.match(r"[a-z]+: ", line)]
    assert (["verdict:", "cause:", "fix:"], {"evidence:"}) == (told[:3], set(told[3:]))


@pytest.mark.full
def test_rolled_back_is_1(cloud: LocalCloud, checkout: Path) -> None:
    """A deployment that fails and goes back exits 1, and its verdict says so."""
    cloud.deploy(hello("ci-back"))
    write(checkout, hello("ci-back", image="actors-crash-loop:1"))
    ran = run(cloud, checkout, "./deploy.sh slipway.yaml")

    made = cloud.ask("GET", "/deployments?application=ci-back&limit=1").document["deployments"]
    assert (1, "rolled_back") == (ran.returncode, made[0]["status"]), ran.stderr
    assert made[0]["verdict"] in ran.stdout


@pytest.mark.parametrize(
    ("manifest", "variables", "told"),
    [
        ({"aplication": "x"}, {}, "Refused with 422: The manifest has faults"),
        (hello("ci-refused"), {"SLIPWAY_TOKEN": "local-read"}, "Refused with 403: This token may not do that"),
        (hello("ci-refused"), {"SLIPWAY_TOKEN": ""}, "SLIPWAY_URL and SLIPWAY_TOKEN"),
    ],
)
def test_anything_else_is_2(
    cloud: LocalCloud, checkout: Path, manifest: dict[str, Any], variables: dict[str, str], told: str
) -> None:
    """What was refused exits 2 and says why."""
    write(checkout, manifest)
    ran = run(cloud, checkout, "./deploy.sh slipway.yaml", **variables)
    assert (2, True) == (ran.returncode, told in ran.stderr), ran.stderr


@pytest.mark.full
def test_a_cancelled_deployment_is_2(cloud: LocalCloud, checkout: Path) -> None:
    """A deployment that somebody cancels meanwhile exits 2 with its verdict."""
    waits = {"command": ["python", "-c", "import time; time.sleep(60)"]}
    write(checkout, hello("ci-cancelled", before_deploy=waits))
    lines = """
        ./deploy.sh slipway.yaml 2>told &
        until [ -s told ]; do sleep 0.1; done
        id=$(cut -d: -f1 told)
        curl -sSf -X POST -H "Authorization: Bearer $SLIPWAY_TOKEN" "$SLIPWAY_URL/deployments/$id/cancel" >/dev/null
        wait %1
    """
    ran = run(cloud, checkout, lines)
    assert (2, True) == (ran.returncode, "ancelled" in ran.stdout.splitlines()[-3]), ran.stdout + ran.stderr


@pytest.mark.parametrize("job", ["plan", "deploy"])
def test_the_workflow_runs(cloud: LocalCloud, checkout: Path, job: str) -> None:
    """Each job of the workflow for GitHub Actions succeeds, and only one of them deploys."""
    workflow = yaml.safe_load((DOCS / "examples" / "github-actions.yml").read_text())
    write(checkout, hello(f"ci-{job}"))
    step = workflow["jobs"][job]["steps"][-1]
    ran = run(cloud, checkout, step["run"], **github(3), SLIPWAY_TOKEN=SECRETS[step["env"]["SLIPWAY_TOKEN"]])

    assert 0 == ran.returncode, ran.stdout + ran.stderr
    made = cloud.ask("GET", f"/deployments?application=ci-{job}").document["deployments"]
    assert ({"plan": 0, "deploy": 1}[job]) == len(made)


def test_a_release_deploys_its_version(cloud: LocalCloud, checkout: Path) -> None:
    """The workflow of a release deploys the registered application with the version that its tag says."""
    workflow = yaml.safe_load((DOCS / "examples" / "github-actions-release.yml").read_text())
    manifest = hello("shop", image="actors-hello:{version}")
    body = json.dumps({"manifest": {**manifest, "environment": "production"}}).encode()
    registered = cloud.ask("PUT", "/applications/shop", body, Content_Type="application/json")
    lines = workflow["jobs"]["deploy"]["steps"][-1]["run"]
    ran = run(cloud, checkout, lines, **github(1), GITHUB_REF_NAME="v1.5.0")

    assert (201, 0) == (registered.status, ran.returncode), ran.stdout + ran.stderr
    live = cloud.ask("GET", "/applications/shop?environment=production").document
    assert "actors-hello:1.5.0" == live["services"]["hello"]["images"]["hello"]["image"]


@pytest.mark.full
def test_the_page_runs(cloud: LocalCloud, checkout: Path) -> None:
    """The lines of docs/ci.md, one after the other, end well, and show a verdict and a plan."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", (DOCS / "ci.md").read_text(), re.MULTILINE | re.DOTALL)
    write(checkout, hello("ci-page"))
    lines = "\n".join(blocks).replace("http://127.0.0.1:8000", cloud.url)
    ran = run(cloud, checkout, lines)

    assert 0 == ran.returncode, ran.stdout + ran.stderr
    assert '"action": "unchanged"' in ran.stdout
