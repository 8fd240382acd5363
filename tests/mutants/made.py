"""The mutants of a file: mutmut makes them, and here each of them is put into the place of its function."""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any, cast

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider
from mutmut.configuration import config
from mutmut.mutation.file_mutation import create_mutations

ROOT = Path(__file__).parents[2]
AROUND = 30  # characters of a line beside what differs in it


@dataclass(frozen=True, eq=False)
class Mutant:
    """One change in one function of a file, on some of its `lines`; the function is of the class `owner`, if of any."""

    path: str
    owner: str | None
    function: cst.FunctionDef
    was: cst.CSTNode
    now: cst.CSTNode
    lines: range
    function_lines: range

    @property
    def words(self) -> bool:
        """Tell whether this changes nothing but what a person reads."""
        return isinstance(self.was, cst.SimpleString) and " " in self.was.value

    @property
    def name(self) -> tuple[str, str, str]:
        """Return what stays when lines move: file, function and change."""
        return self.path, self.function.name.value, "  →  ".join(_differing(_line(self.was), _line(self.now)))

    @property
    def source(self) -> str:
        """Return the function with the change in it, in a class if it is of one: `super()` needs that."""
        changed = cst.ensure_type(self.function.deep_replace(self.was, self.now), cst.FunctionDef)
        bare = changed.with_changes(leading_lines=[])
        owner = cst.ClassDef(cst.Name(self.owner), cst.IndentedBlock([bare])) if self.owner else bare
        code: str = cst.Module([owner]).code
        return code

    def __str__(self) -> str:
        path, function, change = self.name
        return f"{path}:{self.lines[0]} {function}  {change}"


def pure() -> list[str]:
    """Return the files that [tool.mutmut] of pyproject.toml names."""
    paths = (str(path.relative_to(ROOT)) for path in sorted((ROOT / "chalicelib").rglob("*.py")))
    return [path for path in paths if config().should_mutate(path)]


def mutants_of(path: str) -> list[Mutant]:
    """Return the mutants of a file.

    mutmut passes over tables, which are in no function, and over functions with a decorator. A text in other letters is
    left out here: it tells what the text with other letters around it tells.
    """
    module, mutations, _, _ = create_mutations(path, (ROOT / path).read_text(encoding="utf-8"))
    places = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    owners = dict(_functions(module))
    found = []
    for each in mutations:
        function, was, now = each.contained_by_top_level_function, each.original_node, each.mutated_node
        if function in owners and not _same_but_for_case(was, now):
            around = _lines(places[function])
            lines = _lines(places[was]) if was in places else around
            found.append(Mutant(path, owners[function], function, was, now, lines, around))
    return found


def _functions(module: cst.Module) -> Iterator[tuple[cst.CSTNode | None, str | None]]:
    for node in module.body:
        if isinstance(node, cst.FunctionDef):
            yield node, None
        elif isinstance(node, cst.ClassDef):
            yield from ((each, node.name.value) for each in node.body.body if isinstance(each, cst.FunctionDef))


def _lines(place: CodeRange) -> range:
    return range(place.start.line, place.end.line + 1)


def _same_but_for_case(was: cst.CSTNode, now: cst.CSTNode) -> bool:
    return isinstance(was, cst.SimpleString) and isinstance(now, cst.SimpleString) and len(was.value) == len(now.value)


def _line(node: cst.CSTNode) -> str:
    return " ".join(cst.Module([]).code_for_node(node).split())


def _differing(was: str, now: str) -> tuple[str, str]:
    """Return what differs between two lines, with a little of what is around it."""
    begin = max(0, _shared(was, now) - AROUND)
    end = max(0, _shared(was[::-1], now[::-1]) - AROUND)
    return was[begin : len(was) - end], now[begin : len(now) - end]


def _shared(one: str, other: str) -> int:
    """Return with how many characters two texts both begin."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def put_in(mutant: Mutant) -> None:
    """Let a mutant take its function's place in this process, for whoever has the function already, too.

    What the function did while its module was imported stays: such a mutant survives.
    """
    function, changed = _function(mutant), _compiled(mutant)
    function.__code__ = changed.__code__
    function.__defaults__, function.__kwdefaults__ = changed.__defaults__, changed.__kwdefaults__


def _function(mutant: Mutant) -> FunctionType:
    module = importlib.import_module(mutant.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__"))
    return _named(mutant, vars(module))


def _compiled(mutant: Mutant) -> FunctionType:
    names = dict(_function(mutant).__globals__)
    exec(compile(mutant.source, mutant.path, "exec"), names)  # noqa: S102  a function of ours, changed
    return _named(mutant, names)


def _named(mutant: Mutant, names: Mapping[str, Any]) -> FunctionType:
    """Return a mutant's function from a module's names, without classmethod or staticmethod around it."""
    found = vars(names[mutant.owner]) if mutant.owner else names
    function = found[mutant.function.name.value]
    return cast("FunctionType", getattr(function, "__func__", function))
