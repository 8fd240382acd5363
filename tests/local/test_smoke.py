"""`make smoke` against the local cloud: it can be run, what it looks for is there, and nothing of it is left."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cli.smoke import main
from cli.smoke_steps import STEPS
from tests.local.inventory import inventory
from tests.local.local_cloud import ROOT, LocalCloud, local_cloud, wait_for


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """Run a local cloud in which ten minutes of AWS are a few seconds."""
    with local_cloud(SLIPWAY_SPEED="100") as running:
        yield running


@pytest.fixture
def environment(cloud: LocalCloud) -> dict[str, str]:
    """Return what `make smoke` reads."""
    return {
        "SLIPWAY_URL": cloud.url,
        "SLIPWAY_TOKEN": "local-admin",
        "SLIPWAY_SMOKE_IMAGE": "actors-hello:1",
        "SLIPWAY_SMOKE_PORT": "8080",
        "SLIPWAY_SMOKE_LOAD_BALANCER": "slipway:80",
        "SLIPWAY_SMOKE_POLL_SECONDS": "0.1",
    }


@pytest.mark.full
def test_every_step_goes_as_expected(cloud: LocalCloud, environment: dict[str, str]) -> None:
    """Each step is told in a line that says `ok`, it ends with 0, and the account has what it had."""
    before, said = inventory(cloud), list[str]()

    assert 0 == main(environment, said.append), said

    assert [f"{number}  {step.name}" for number, step in enumerate(STEPS, 1)] == [
        each[:19].rstrip() for each in said if "  ok  " in each
    ]
    assert before == inventory(cloud)


def test_what_is_interrupted_is_torn_down(cloud: LocalCloud, environment: dict[str, str]) -> None:
    """Ctrl-C during a deployment calls it off and removes what it made; it ends with 1."""
    before = inventory(cloud)
    smoke = subprocess.Popen(
        [sys.executable, "-m", "cli.smoke"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: cloud.ask("GET", "/deployments?status=running").document["deployments"] or None)
    smoke.send_signal(signal.SIGINT)
    said = smoke.communicate(timeout=60)[0].splitlines()

    assert 1 == smoke.returncode, said
    assert ["Interrupted: what was made is removed.", "Not as expected."] == [said[-3], said[-1]]
    assert before == inventory(cloud)


@pytest.mark.full
def test_a_step_that_goes_otherwise_ends_it(cloud: LocalCloud, environment: dict[str, str]) -> None:
    """An image that does not start is WRONG at the first step, with its timeline; then comes the teardown, and 1."""
    before, said = inventory(cloud), list[str]()

    assert 1 == main({**environment, "SLIPWAY_SMOKE_IMAGE": "no-such:1"}, said.append)

    steps = [each for each in said if each[:1].isdigit()]
    assert ["1  deploy", "6  tear down"] == [each[:19].rstrip() for each in steps]
    assert "  WRONG  " in steps[0]
    assert any("CannotPullContainerError" in each for each in said)
    assert before == inventory(cloud)
