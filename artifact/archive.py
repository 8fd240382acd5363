"""The zip: what the functions need and nothing else, compiled, the same bytes whenever it is made of the same."""

import ast
import importlib.util
import marshal
import re
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

CLOUD = "chalicelib/cloud.py"
# What only Chalice's command needs; types for editors; what installers note down; what nothing of ours imports.
UNUSED = re.compile(
    r"^(_distutils_hack|bin|ansicon|blessed|click|editor|inquirer|jinxed|packaging|pip|pkg_resources|readchar|runs)[/.]"
    r"|^(setuptools|wcwidth|wheel|xmod)[/.]"
    r"|^chalice/(?!__init__|app\.py)"
    r"|\.pyi$|/py\.typed$"
    r"|\.(dist-info|egg-info|data)/|^distutils-precedence\.pth$|^\.lock$|/__pycache__/|/tests?/"
    r"|^boto3/examples/|^botocore/data/.*/examples-1\.json"
    r"|^pydantic/(v1/|mypy\.py|_hypothesis_plugin\.py)"
    r"|^aws_lambda_powertools/(event_handler|utilities/(?!__init__|jmespath_utils|typing))"
)
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first that a zip can say
UNCHECKED = 0b01  # https://peps.python.org/pep-0552/: by hash, and nobody compares it with the source


def trimmed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return those of some files that the functions need, each module with its bytecode."""
    services = services_of(files[CLOUD].decode())
    kept = {path: content for path, content in files.items() if is_needed(path, services)}
    return {**kept, **bytecode(kept)}


def services_of(source: str) -> frozenset[str]:
    """Return the services of which `cloud.py` makes clients: `self._client("ecs")`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    made = [each for each in calls if ast.unparse(each.func) == "self._client"]
    return frozenset(ast.literal_eval(each.args[0]) for each in made)


def is_needed(path: str, services: Iterable[str]) -> bool:
    """Tell whether a file belongs in the zip; of botocore's folders of services those of `services` do."""
    parts = PurePosixPath(path).parts
    is_service = parts[:2] == ("botocore", "data") and len(parts) > 3
    return not UNUSED.search(path) and (not is_service or parts[2] in services)


def bytecode(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the bytecode of every module, by its path.

    Lambda's folder cannot be written, so that Python would compile all of it at each cold start. It is not checked
    against its source, whose file has no say then.
    """
    return {_cached(path): _compiled(path, content) for path, content in files.items() if path.endswith(".py")}


def _cached(path: str) -> str:
    file = PurePosixPath(path)
    return str(file.parent / "__pycache__" / f"{file.stem}.{sys.implementation.cache_tag}.pyc")


def _compiled(path: str, source: bytes) -> bytes:
    code = compile(source, f"/var/task/{path}", "exec", dont_inherit=True)
    header = importlib.util.MAGIC_NUMBER + UNCHECKED.to_bytes(4, "little") + importlib.util.source_hash(source)
    return header + marshal.dumps(code)


def write(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a zip in which only the files' names and contents count."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=9)
