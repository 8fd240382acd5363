"""From an image and a container definition to a command line and an environment: pure functions on values."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from localcloud.images import Image

PYTHON_WORDS = ("python", "python3")


def command_line(image: Image, container: dict[str, Any], python: Path, ip: str) -> list[str]:
    """Return the words to run: `entryPoint` and `command` instead of the image's command, "python" as a path."""
    asked = [*container.get("entryPoint", []), *container.get("command", [])]
    return located(asked or list(image.command), python, ip)


def located(words: Sequence[str], python: Path, ip: str) -> list[str]:
    """Return words with the task's address for "{ip}", and the image's interpreter for a leading "python"."""
    placed = [word.replace("{ip}", ip) for word in words]
    return [str(python), *placed[1:]] if placed[0] in PYTHON_WORDS else placed


def health_check_line(check: dict[str, Any], python: Path, ip: str) -> list[str]:
    """Return the words that a container's health check runs."""
    kind, *words = check["command"]
    return ["/bin/sh", "-c", words[0]] if kind == "CMD-SHELL" else located(words, python, ip)


def environment(
    image: Image,
    container: dict[str, Any],
    python: Path,
    *,
    network: Mapping[str, str],
    secrets: Mapping[str, str],
) -> dict[str, str]:
    """Return a process's environment: a clean one, then the image's, the container's, the secrets and the network's."""
    base = {
        "PATH": os.pathsep.join([str(python.parent), os.environ.get("PATH", os.defpath)]),
        "LANG": "C.UTF-8",
        "HOME": tempfile.gettempdir(),
    }
    own = {variable["name"]: variable["value"] for variable in container.get("environment", [])}
    asked = {**base, **image.environment, **own, **secrets}
    paths = [value for value in (network.get("PYTHONPATH"), asked.get("PYTHONPATH")) if value]
    return {**asked, **network, **({"PYTHONPATH": os.pathsep.join(paths)} if paths else {})}
