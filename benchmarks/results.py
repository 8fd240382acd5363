"""Results on disk: one JSON file for each benchmark, and a page of the latest of all of them."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.figure import Figure

RESULTS = Path(__file__).parent / "results"
HEADER = """# The latest figures

Written by `make bench`, and `mutants` by `make mutants`; `python -m benchmarks NAME` measures one again. Each part says
when, on which machine and at which `SLIPWAY_SPEED` (1: AWS's own delays; 10: a tenth of them) it was measured. A figure
is met when its median is.
"""
TABLE = "| figure | goal | median | worst | met |\n|---|---|---|---|---|\n"


@dataclass(frozen=True)
class Result:
    """What one benchmark measured, and in which versions the `peers` would be, where it has any.

    `load` is the machine's average load, in processes, over the minute before.
    """

    name: str
    about: str
    speed: float
    measured_at: str
    machine: str
    load: float
    peers: str
    figures: tuple[Figure, ...]


def result(name: str, about: str, speed: float, load: float, figures: Sequence[Figure]) -> Result:
    """Return the result of a benchmark that ends now, on this machine."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Result(name, about, speed, now, machine(), round(load, 2), peers.versions(), tuple(figures))


def machine() -> str:
    """Return what this machine is: processor, cores, system, Python."""
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    return f"{_processor()}, {os.cpu_count()} cores, {system}, Python {platform.python_version()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def keep(found: Result, directory: Path = RESULTS) -> None:
    """Write a result, and the page anew."""
    directory.mkdir(parents=True, exist_ok=True)
    document = json.dumps(asdict(found), indent=2, ensure_ascii=False)
    (directory / f"{found.name}.json").write_text(document + "\n")
    (directory / "README.md").write_text(page(kept(directory), [path.name for path in sorted(directory.glob("*.svg"))]))


def kept(directory: Path) -> list[Result]:
    """Return the results that are there, by name."""
    return [_read(json.loads(path.read_text())) for path in sorted(directory.glob("*.json"))]


def _read(document: dict[str, Any]) -> Result:
    figures = tuple(Figure(**{**each, "measured": tuple(each["measured"])}) for each in document["figures"])
    return Result(**{**document, "figures": figures})


def page(results: Sequence[Result], drawings: Sequence[str]) -> str:
    """Return the page: a part for each result, with its drawing when there is one of its name."""
    versions = sorted({each.peers for each in results})
    return "\n".join(
        [HEADER, *(f"Peers: {each}.\n" for each in versions), *(_part(each, drawings) for each in results)]
    )


def _part(found: Result, drawings: Sequence[str]) -> str:
    rows = "".join(f"| {' | '.join(figure.cells())} |\n" for figure in found.figures)
    where = f"{found.measured_at} · SLIPWAY_SPEED={found.speed:g} · {found.machine} · load before {found.load:g}"
    drawing = f"\n![{found.name}]({found.name}.svg)\n" if f"{found.name}.svg" in drawings else ""
    return f"## {found.name}\n\n{found.about}\n\n{TABLE}{rows}\n{where}\n{drawing}"
