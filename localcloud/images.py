"""Images: a name in an `images.toml`, and how to run what it names on this machine."""

import hashlib
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any


class ImagesError(Exception):
    """An images.toml cannot be used, or an image's requirements cannot be installed."""


@dataclass(frozen=True)
class Image:
    """How to run one image: `command` in `directory`, with `environment`."""

    name: str
    directory: Path
    command: tuple[str, ...]
    requirements: Path | None
    environment: Mapping[str, str]

    def python(self, cache: Path) -> Path:
        """Return the interpreter that "python" in a command stands for; `prepare` makes it."""
        if self.requirements is None:
            return Path(sys.executable)
        return self.virtual_environment(cache) / "bin" / "python"

    def virtual_environment(self, cache: Path) -> Path:
        """Return where its virtual environment belongs: one for each content of the file and version of Python."""
        content = self.requirements.read_bytes() if self.requirements else b""
        digest = hashlib.sha256(content + sys.version.encode()).hexdigest()[:16]
        return cache / f"venv-{digest}"


class Images:
    """The images of several files; where two name the same, the later file counts.

    Raises ImagesError when a file cannot be read. `cache` is where virtual environments are kept between runs. A
    file's table `host` says what is on the disk of a container instance: its path = a path relative to the file.
    """

    def __init__(self, files: Sequence[Path], cache: Path) -> None:
        self.cache = cache
        self._images = {image.name: image for file in files for image in _read(file)}
        self._host = {path: there for file in files for path, there in _read_host(file).items()}
        self._lock = threading.Lock()
        self._locks: dict[Path, threading.Lock] = {}
        self._installing: set[subprocess.Popen[str]] = set()
        self._closed = False

    def all(self) -> list[Image]:
        """Return every image."""
        return list(self._images.values())

    def find(self, reference: str) -> Image | None:
        """Return the image of a reference such as "registry/path/name:tag@digest"; a pinned "name:tag" goes first."""
        untagged, tag = _parse(reference)
        for name in _names(untagged):
            image = (self._images.get(f"{name}:{tag}") if tag else None) or self._images.get(name)
            if image:
                return image
        return None

    def host_path(self, path: str) -> Path:
        """Return what a path of a container instance is here: as `host` says of it or of what it is in, or itself."""
        wanted = Path(path)
        for above in (wanted, *wanted.parents):
            if there := self._host.get(str(above)):
                return there / wanted.relative_to(above)
        return wanted

    def prepare(self, image: Image) -> None:
        """Make the image's virtual environment, once. Raises ImagesError with pip's words."""
        if image.requirements is None:
            return
        place = image.virtual_environment(self.cache)
        with self._lock:
            lock = self._locks.setdefault(place, threading.Lock())
        with lock:
            if not (place / "complete").exists():
                self._install(image.requirements, place)

    def close(self) -> None:
        """Stop what is being installed: nothing is left running."""
        with self._lock:
            self._closed = True
            for process in self._installing:
                process.kill()

    def _install(self, requirements: Path, place: Path) -> None:
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        self._run(requirements, [sys.executable, "-m", "venv", "--without-pip", str(place)])
        pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install", "--quiet"]
        self._run(requirements, [*pip, "--disable-pip-version-check", "-r", str(requirements)])
        (place / "complete").touch()

    def _run(self, requirements: Path, command: list[str]) -> None:
        with self._lock:
            if self._closed:
                raise ImagesError(f"{requirements}: not installed, the local cloud is stopping.")
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self._installing.add(process)
        output, _ = process.communicate()
        with self._lock:
            self._installing.discard(process)
        if process.returncode != 0:
            raise ImagesError(f"{requirements} cannot be installed: {output.strip()}")


def _read(file: Path) -> list[Image]:
    tables = _toml(file).get("image", {})
    try:
        return [_image(file.resolve().parent, name, table) for name, table in tables.items()]
    except KeyError as error:
        raise ImagesError(f"{file}: an image lacks {error}; it needs `directory` and `command`.") from error


def _read_host(file: Path) -> dict[str, Path]:
    paths = _toml(file).get("host", {})
    return {str(Path(path)): file.resolve().parent / there for path, there in paths.items()}


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ImagesError(f"{file} cannot be read: {error}") from error


def _image(root: Path, name: str, table: dict[str, object]) -> Image:
    directory = root / str(table["directory"])
    requirements = table.get("requirements")
    command, environment = table["command"], table.get("environment", {})
    if not isinstance(command, list) or not isinstance(environment, dict):
        raise ImagesError(f"{root}: image {name}: `command` is a list of words, `environment` a table.")
    return Image(
        name=name,
        directory=directory,
        command=tuple(str(word) for word in command),
        requirements=directory / str(requirements) if requirements else None,
        environment=MappingProxyType({key: str(value) for key, value in environment.items()}),
    )


def _parse(reference: str) -> tuple[str, str | None]:
    untagged, _, _digest = reference.partition("@")
    # A colon before a slash belongs to the registry's port.
    match = re.fullmatch(r"(.*?)(?::([^:/]+))?", untagged)
    return (match[1], match[2]) if match else (untagged, None)


def _names(path: str) -> list[str]:
    """Return the names that a path can go by: itself, then without one leading part after the other."""
    parts = path.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]
