"""The workflows that the docs show can be copied as they are: they hand a token to nobody who should not have it."""

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from artifact.template import ROOT

DEPLOYS = "SLIPWAY_DEPLOY_TOKEN"
PLANS = "SLIPWAY_PLAN_TOKEN"
DOCS = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.y*ml"))
BLOCK = re.compile(r"^( *)```ya?ml\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
FOR_PULL_REQUESTS = {"pull_request", "pull_request_target"}


def texts() -> Iterator[tuple[str, str]]:
    """Yield each workflow of the docs with its name: the files, and the code blocks of the pages that are one."""
    for file in EXAMPLES:
        yield file.name, file.read_text()
    for page in DOCS:
        blocks = [found[2] for found in BLOCK.finditer(page.read_text())]
        yield from ((f"{page.name}-{number}", block) for number, block in enumerate(blocks) if "runs-on:" in block)


TEXTS = dict(texts())
workflows = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


def jobs(text: str) -> list[dict[str, Any]]:
    """Return the jobs of a workflow."""
    return list(yaml.safe_load(text)["jobs"].values())


def steps(text: str) -> list[dict[str, Any]]:
    """Return the steps of all jobs of a workflow."""
    return [step for job in jobs(text) for step in job["steps"]]


def triggers(text: str) -> set[str]:
    """Return the events that start a workflow. YAML 1.1 reads the key `on` as true."""
    started_by = yaml.safe_load(text)[True]
    return {started_by} if isinstance(started_by, str) else set(started_by)


def secrets(part: Any) -> set[str]:
    """Return the names of the secrets that a part of a workflow is handed."""
    return set(re.findall(r"secrets\W+(\w+)", str(part)))


def test_there_are_workflows() -> None:
    """The files of docs/examples are among those that are read here."""
    assert {"github-actions.yml", "github-actions-release.yml"} <= set(TEXTS)


@workflows
def test_no_expression_is_run(text: str) -> None:
    """No expression stands in a script: GitHub would paste a branch's name or a title into it as code."""
    assert [] == [step["run"] for step in steps(text) if "${{" in step.get("run", "")]


@workflows
def test_actions_are_pinned(text: str) -> None:
    """Every action is the one of a commit, for a tag moves, and a comment says which version that is."""
    used = re.findall(r"uses: *(.*)", text)
    assert [] == [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)]


@workflows
def test_a_checkout_leaves_no_credentials(text: str) -> None:
    """What is checked out has no token of GitHub's in it."""
    kept = [step.get("with", {}).get("persist-credentials") for step in steps(text) if "checkout@" in str(step)]
    assert [] == [each for each in kept if each is not False]


@workflows
def test_permissions_are_least(text: str) -> None:
    """GitHub's own token may read what is checked out, and nothing else."""
    document = yaml.safe_load(text)
    told = [document["permissions"], *(job["permissions"] for job in jobs(text) if "permissions" in job)]
    assert [] == [each for each in told if each not in ({}, {"contents": "read"})]


@workflows
def test_who_deploys_is_in_an_environment(text: str) -> None:
    """The deploying token is a secret of an environment, and no other secret than the two of Slipway is asked for."""
    assert [] == [job for job in jobs(text) if DEPLOYS in secrets(job) and not job.get("environment")]
    assert set() == secrets(text) - {DEPLOYS, PLANS}
    assert set() == secrets({key: value for key, value in yaml.safe_load(text).items() if key != "jobs"})


@workflows
def test_a_pull_request_only_plans(text: str) -> None:
    """A job that a pull request can start has the token that plans, and runs in no environment."""
    for_pull_requests = triggers(text) & FOR_PULL_REQUESTS
    started = [job for job in jobs(text) if for_pull_requests and job.get("if") != "github.event_name == 'push'"]

    assert set() == for_pull_requests - {"pull_request"}, "pull_request_target hands secrets to forks"
    assert [] == [job for job in started if secrets(job) - {PLANS} or "environment" in job]


def test_without_a_secret_there_is_no_plan() -> None:
    """A pull request of a fork, which gets no secrets, succeeds and says that there is no plan."""
    job = yaml.safe_load(TEXTS["github-actions.yml"])["jobs"]["plan"]
    command = ["bash", "-eo", "pipefail", "-c", job["steps"][-1]["run"]]
    ran = subprocess.run(command, env={"SLIPWAY_TOKEN": ""}, capture_output=True, text=True, check=False)
    assert (0, True) == (ran.returncode, ran.stdout.startswith("::notice::No plan: ")), ran.stderr
