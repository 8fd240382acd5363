"""Cold start: the API's function in a fresh Python with a folder that cannot be written, as Lambda has it.

From the first line of the handler's import, so without Python's own start and without Lambda's. DynamoDB and Step
Functions answer from this machine. Before: the folder as Chalice packages it, with every library whole and nothing
compiled; after: the zip of `make package`.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from artifact import archive, chalice_package, libraries
from artifact.template import ROOT
from benchmarks.figure import Figure, Options, figure
from tests.packaged import aws, called, manifest, read_only, request

SPEED = 1
GOALS = {"before": (None, None, None), "after": (150, 200, 350)}


def measure(options: Options) -> Iterator[Figure]:
    """Package once, and start each folder again and again."""
    files = {**libraries.installed(ROOT / "requirements.txt"), **chalice_package.made(ROOT, "prod").files}
    trees = {"before": files, "after": archive.trimmed(files)}
    with TemporaryDirectory() as folder, aws() as variables:
        for name, tree in trees.items():
            path = Path(folder, f"{name}.zip")
            archive.write(path, tree)
            yield figure(f"{name}: the zip", path.stat().st_size / 1e6, "MB", 15 if name == "after" else None)
            with read_only(path, Path(folder, name)) as task:
                yield from starts(name, task, variables, options.runs_or(15))


def starts(name: str, task: Path, variables: dict[str, str], runs: int) -> Iterator[Figure]:
    """Yield how long it takes to import the handler, to answer the first GET, and to accept the first POST."""
    health = [called(task, "app.app", request("GET", "/health"), variables) for _ in range(runs)]
    posted = [
        called(task, "app.app", request("POST", "/deployments", manifest(f"{name}-{number}")), variables)
        for number in range(runs)
    ]
    refused = [each["answer"]["body"] for each in posted if each["answer"]["statusCode"] != 202]
    if refused:
        raise RuntimeError(f"a POST that is measured was not accepted: {refused[0]}")
    imported, got, accepted = GOALS[name]
    yield figure(f"{name}: import of the API's handler", milliseconds(health, "imported"), "ms", imported)
    yield figure(f"{name}: first GET /health", milliseconds(health, "answered"), "ms", got)
    yield figure(f"{name}: first POST /deployments, two services", milliseconds(posted, "answered"), "ms", accepted)


def milliseconds(calls: list[dict[str, float]], until: str) -> list[float]:
    """Return the milliseconds from a handler's import until it was `imported`, or had `answered`."""
    return [each[until] * 1000 for each in calls]
