"""What `chalice package` makes of a stage: a SAM template, and the files that are ours."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PACKAGED = ("app.py", "chalicelib", ".chalice")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "deployments", "deployed")


@dataclass(frozen=True)
class Made:
    """A SAM template, and the content of each file by its path in the zip."""

    template: dict[str, Any]
    files: dict[str, bytes]


def made(root: Path, stage: str) -> Made:
    """Return what Chalice makes of a stage of the project at `root`: app, chalicelib and Chalice's own two modules.

    It works on a copy without requirements: it would fetch the libraries of one processor, and those of its command
    line with them. Raises CalledProcessError; Chalice itself says why on stderr.
    """
    with TemporaryDirectory(prefix="slipway-package-") as folder:
        project, out = Path(folder, "project"), Path(folder, "out")
        _copy(root, project)
        command = [str(Path(sys.executable).with_name("chalice")), "package", "--stage", stage, str(out)]
        environment = {"AWS_DEFAULT_REGION": "us-east-1", **os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(command, cwd=project, env=environment, stdout=subprocess.DEVNULL, check=True)
        with zipfile.ZipFile(out / "deployment.zip") as archive:
            files = {each.filename: archive.read(each) for each in archive.infolist() if not each.is_dir()}
        return Made(json.loads((out / "sam.json").read_text()), files)


def _copy(root: Path, project: Path) -> None:
    project.mkdir()
    (project / "requirements.txt").touch()
    for name in PACKAGED:
        if (root / name).is_dir():
            shutil.copytree(root / name, project / name, ignore=NOT_COPIED)
        else:
            shutil.copy(root / name, project / name)
