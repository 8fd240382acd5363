"""What is installed is what was locked: each version with its hashes, and from no place that a file names."""

import re
import subprocess
from pathlib import Path

import pytest

from artifact import libraries
from artifact.template import ROOT

LOCKED = [*ROOT.glob("requirements*.txt"), *ROOT.glob("sample_services/*/*/requirements.txt")]
# name==version, what it is for, and one hash or several: as pip reads it once a line is joined with those that go on.
REQUIREMENT = re.compile(r"[a-z0-9.-]+==[\w.]+( ; [^\\]+?)?( +--hash=sha256:[0-9a-f]{64})+")


def requirements(file: Path) -> list[str]:
    """Return the requirements of a file, each as one line."""
    lines = file.read_text().replace("\\\n", "").splitlines()
    return [line.strip() for line in lines if not line.lstrip().startswith("#")]


def versions(file: Path) -> set[str]:
    """Return what a file locks, without the hashes."""
    return {line.split(" --hash")[0].strip() for line in requirements(file)}


@pytest.mark.parametrize("file", LOCKED, ids=lambda file: str(file.relative_to(ROOT)))
def test_everything_has_its_hashes(file: Path) -> None:
    """Every requirement is one version with its hashes, and nothing says whence it comes."""
    assert requirements(file)
    assert [] == [line for line in requirements(file) if not REQUIREMENT.fullmatch(line)]


def test_a_laptop_has_what_lambda_gets() -> None:
    """What Lambda gets is locked for laptops and CI in the same versions."""
    assert set() == versions(ROOT / "requirements.txt") - versions(ROOT / "requirements-dev.txt")


def test_setup_wants_hashes() -> None:
    """Whatever make installs must have its hash."""
    commands = [line for line in (ROOT / "Makefile").read_text().splitlines() if "pip install" in line and "\t" in line]
    assert commands
    assert [] == [line for line in commands if "--require-hashes" not in line]


def test_the_zip_wants_hashes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A library without a hash does not come into the zip."""
    (tmp_path / "requirements.txt").write_text("pydantic==2.14.3\n")
    with pytest.raises(subprocess.CalledProcessError):
        libraries.installed(tmp_path / "requirements.txt")
    assert "--require-hashes" in capfd.readouterr().err
