"""Requests made of /openapi.json, valid and not: every answer is one that the document has, and none is a 5xx."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.local_cloud import LocalCloud

COMMAND = (
    sys.executable,  # not the command of its name: the first line of that one is where the .venv was made
    *("-m", "schemathesis.cli"),
    "--config-file",
    Path(__file__).with_name("schemathesis.toml"),
)


def run(cloud: LocalCloud, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run schemathesis with all its checks but two.

    The API's 404 for a method that it does not have is documented; and DELETE only begins a teardown, until whose end
    the application is there.
    """
    command = [*map(str, COMMAND), "run", f"{cloud.url}/openapi.json", "-H", "Authorization: Bearer local-admin"]
    checks = ["--checks", "all", "--exclude-checks", "unsupported_method,use_after_free", "--continue-on-failure"]
    return subprocess.run([*command, *checks, *options], cwd=directory, capture_output=True, text=True, check=False)


def test_answers_are_documented(cloud: LocalCloud, tmp_path: Path) -> None:
    """The document's examples and the edges of each schema are answered as it says."""
    # With one worker: where two threads parse Python, CPython 3.11 may raise SystemError (python/cpython#106905).
    ran = run(cloud, tmp_path, "--phases", "examples,coverage", "--workers", "1")
    assert 0 == ran.returncode, ran.stdout + ran.stderr


@pytest.mark.full
def test_random_answers_are_documented(cloud: LocalCloud, tmp_path: Path) -> None:
    """Whatever requests come, and whatever way along the links they take, they are answered as the document says."""
    ran = run(cloud, tmp_path, "--phases", "fuzzing,stateful", "--max-examples", "300")
    assert 0 == ran.returncode, ran.stdout + ran.stderr
