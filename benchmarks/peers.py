"""The peers, as their users run them: processes of their own, from a virtual environment of their own."""

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from localcloud.images import Image, Images
from tests.local.local_cloud import ROOT

REQUIREMENTS = Path(__file__).parent / "peers.txt"
CACHE = ROOT / ".slipway" / "peers"
SECRET = "local"  # noqa: S105  the local account has no secrets


@dataclass(frozen=True)
class Said:
    """How a peer's process ended, and when; `exit_code` is None when it said nothing as long as we waited."""

    at: datetime
    exit_code: int | None


def run(name: str, command: list[str], endpoint: str, patience_seconds: float) -> Said:
    """Run a peer until it ends; it calls AWS at `endpoint` with an access key that is its `name`."""
    variables = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": name,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PATH": f"{programs()}:{os.environ['PATH']}",
    }
    program = str(programs() / command[0])
    # Its words are for a person; how it ended is what a pipeline goes by.
    with subprocess.Popen(
        [program, *command[1:]], env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as peer:
        try:
            exit_code: int | None = peer.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            exit_code = None
            peer.kill()
    return Said(datetime.now(UTC), exit_code)


@cache
def programs() -> Path:
    """Return the folder of the peers' programs; they are installed the first time."""
    peers = Image("peers", ROOT, (), REQUIREMENTS, {})
    Images([], CACHE).prepare(peers)
    return peers.virtual_environment(CACHE) / "bin"


def versions() -> str:
    """Return which peers, in which versions."""
    return ", ".join(REQUIREMENTS.read_text().split())
