"""What `chalice package` makes: a SAM template, and the files of the functions for both of Lambda's processors."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ARCHITECTURES = ("arm64", "x86_64")
PACKAGED = ("app.py", "requirements.txt", "chalicelib", ".chalice")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "deployments", "deployed")


@dataclass(frozen=True)
class Made:
    """A SAM template, and the content of each file by its path in the zip."""

    template: dict[str, Any]
    files: dict[str, bytes]


def made(root: Path, stage: str) -> Made:
    """Return what Chalice makes of a stage of the project at `root`.

    The files are those of arm64 and beside them the machine code of x86_64, which has names of its own
    (`….cpython-311-x86_64-linux-gnu.so`): one zip runs on both. Raises CalledProcessError, which Chalice explains on
    stderr.
    """
    with ThreadPoolExecutor() as pool:
        arm64, x86_64 = pool.map(lambda architecture: _packaged(root, stage, architecture), ARCHITECTURES)
    return Made(arm64.template, {**x86_64.files, **arm64.files})


def _packaged(root: Path, stage: str, architecture: str) -> Made:
    """Package a copy of what Chalice needs, so that its cache and this one's bytecode stay out of the zip."""
    with TemporaryDirectory(prefix="slipway-package-") as folder:
        project, out = Path(folder, "project"), Path(folder, "out")
        _copy(root, project, stage, architecture)
        command = [str(Path(sys.executable).with_name("chalice")), "package", "--stage", stage, str(out)]
        environment = {"AWS_DEFAULT_REGION": "us-east-1", **os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(command, cwd=project, env=environment, stdout=subprocess.DEVNULL, check=True)
        with zipfile.ZipFile(out / "deployment.zip") as archive:
            files = {each.filename: archive.read(each) for each in archive.infolist() if not each.is_dir()}
        return Made(json.loads((out / "sam.json").read_text()), files)


def _copy(root: Path, project: Path, stage: str, architecture: str) -> None:
    project.mkdir()
    for name in PACKAGED:
        if (root / name).is_dir():
            shutil.copytree(root / name, project / name, ignore=NOT_COPIED)
        else:
            shutil.copy(root / name, project / name)
    path = project / ".chalice" / "config.json"
    config = json.loads(path.read_text())
    config["stages"][stage]["lambda_architecture"] = architecture
    path.write_text(json.dumps(config))
