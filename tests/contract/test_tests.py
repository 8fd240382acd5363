"""What tests may not do: patch, mock our own code, sleep for luck."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests").rglob("*.py"))


@cache
def nodes(path: Path) -> list[ast.AST]:
    """Return all that a file says, parsed."""
    return list(ast.walk(ast.parse(path.read_text())))


@cache
def calls(path: Path) -> list[tuple[str, ast.Call]]:
    """Return the calls in a file, by the names as they are written."""
    return [(ast.unparse(node.func), node) for node in nodes(path) if isinstance(node, ast.Call)]


def identify(path: Path) -> str:
    """Return a file's name for a test's id."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_nothing_is_patched(path: Path) -> None:
    """There is no mock.patch, no MagicMock, and no Mock without a spec."""
    names = [name for name, _ in calls(path)]
    assert [] == [name for name in names if re.search(r"\bpatch(\.\w+)?$|\bMagicMock$|\bAsyncMock$", name)]
    mocks = [node for name, node in calls(path) if re.search(r"\bMock$", name)]
    assert [] == [node.lineno for node in mocks if not {"spec", "spec_set"} & {each.arg for each in node.keywords}]


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_our_own_code_is_not_replaced(path: Path) -> None:
    """Monkeypatch changes the environment and other people's modules, never ours."""
    replaced = [node for name, node in calls(path) if name.endswith(".setattr") and "monkeypatch" in name]
    ours = re.compile(r"^['\"]?(app|chalicelib|localcloud|cli)\b")
    assert [] == [node.lineno for node in replaced if ours.match(ast.unparse(node.args[0]))]


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_nobody_sleeps_for_luck(path: Path) -> None:
    """A test waits for a condition with a bounded helper; one that must see nothing happen says so beside its sleep."""
    text = path.read_text()
    functions = [node for node in nodes(path) if isinstance(node, ast.FunctionDef)]
    inside = [node for each in functions if each.name.startswith("test_") for node in ast.walk(each)]
    assert [] == [node.lineno for node in inside if _sleeps(node) and "  # " not in text.splitlines()[node.lineno - 1]]


def _sleeps(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep")


@pytest.mark.parametrize("path", FILES, ids=identify)
def test_every_test_states_its_rule(path: Path) -> None:
    """Every test has a docstring."""
    functions = [node for node in nodes(path) if isinstance(node, ast.FunctionDef)]
    tests = [each for each in functions if each.name.startswith("test_")]
    assert [] == [each.name for each in tests if not ast.get_docstring(each)]


def test_warnings_and_passing_xfails_are_errors() -> None:
    """Pytest treats a warning as an error, and an expected failure that passes as a failure."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert ("error", True) == (options["filterwarnings"][0], options["xfail_strict"])
    assert all(each.startswith("ignore:") for each in options["filterwarnings"][1:])
