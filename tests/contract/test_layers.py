"""Imports point down only: whoever reads from the bottom never meets a word before it is defined."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEVELS = {
    "errors": 0,
    "limits": 0,
    "log": 0,
    "settings": 0,
    "versions": 1,
    "manifest": 1,
    "deployment": 1,
    "specs": 2,
    "diagnosis": 2,
    "plan": 3,
    "preflight": 3,
    "belongings": 3,
    "decide": 3,
    "rollout": 3,
    "verdict": 3,
    "metrics": 3,
    "names": 3,
    "github": 3,
    "registration": 4,
    "polls": 4,
    "aws": 4,
    "forecast": 5,
    "items": 5,
    "before": 5,
    "ground": 6,
    "left": 6,
    "plan_document": 6,
    "claims": 6,
    "registered": 6,
    "ledger": 6,
    "reading": 6,
    "waits": 6,
    "store": 7,
    "cloud": 8,
    "own_secrets": 9,
    "notices": 9,
    "recovery": 10,
    "github_token": 10,
    "steps": 11,
    "events": 11,
    "notify": 11,
    "task_logs": 11,
    "dry_run": 12,
    "live": 12,
    "api": 12,
    "questions": 13,
    "app": 14,
}
FILES = sorted([*(ROOT / "chalicelib").rglob("*.py"), ROOT / "app.py"])
ROOMS = [path for path in FILES if path != ROOT / "chalicelib" / "__init__.py"]
ELSEWHERE = [*FILES, *sorted((ROOT / "cli").rglob("*.py"))]


def room(path: Path) -> str:
    """Return the room of a file: the package or module directly in chalicelib, or app."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if len(parts) > 1 else parts[0]


@cache
def nodes(path: Path) -> list[ast.AST]:
    """Return all that a file says, parsed."""
    return list(ast.walk(ast.parse(path.read_text())))


def imports(path: Path) -> Iterator[str]:
    """Yield the full names of what a file imports."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{each.name}" for each in node.names)


def identify(path: Path) -> str:
    """Return a file's name for a test's id."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", ROOMS, ids=identify)
def test_imports_point_down(path: Path) -> None:
    """A room imports from itself and from rooms below."""
    own = room(path)
    rooms = {name.split(".")[1] for name in imports(path) if name.startswith("chalicelib.")}
    assert [] == [each for each in rooms if each != own and LEVELS[each] >= LEVELS[own]]


def test_every_room_has_its_level() -> None:
    """There is no room that this page does not know, and none on it that is not there."""
    assert set(LEVELS) == {room(path) for path in ROOMS}


@pytest.mark.parametrize("path", ROOMS, ids=identify)
def test_boto_stays_in_its_room(path: Path) -> None:
    """Only aws/ knows boto, and cloud.py, which makes its clients."""
    found = {name.split(".")[0] for name in imports(path)} & {"boto3", "botocore"}
    assert not found or room(path) == "aws" or (room(path) == "cloud" and found == {"boto3"})


@pytest.mark.parametrize("path", ELSEWHERE, ids=identify)
def test_nothing_knows_the_local_cloud(path: Path) -> None:
    """What is packaged imports nothing of the laptop's."""
    assert [] == [name for name in imports(path) if name.split(".")[0] in ("localcloud", "moto", "tests")]


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_nothing_sleeps(path: Path) -> None:
    """Waiting belongs to the state machine; between two attempts of a call there is a breath, as in botocore."""
    names = [node.attr for node in nodes(path) if isinstance(node, ast.Attribute)]
    assert names.count("sleep") == (path == ROOT / "chalicelib" / "aws" / "calls.py")
    assert "time.sleep" not in list(imports(path))
