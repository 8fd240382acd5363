"""The libraries of `requirements.txt`, for both of Lambda's processors."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

# Lambda runs Python 3.11 where glibc is 2.26: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
PLATFORMS = ("x86_64-manylinux2014", "aarch64-manylinux2014")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def installed(requirements: Path) -> dict[str, bytes]:
    """Return the content of each installed file, by its path.

    Machine code has the processor in its name (`….cpython-311-x86_64-linux-gnu.so`), so that one zip runs on both.
    A wheel must have one of the hashes that the file says. Raises CalledProcessError; uv itself says why on stderr,
    such as that there is no wheel for a processor.
    """
    files: dict[str, bytes] = {}
    for platform in PLATFORMS:
        with TemporaryDirectory(prefix="slipway-libraries-") as folder:
            _install(requirements, platform, folder)
            paths = [path for path in Path(folder).rglob("*") if path.is_file()]
            files.update({str(path.relative_to(folder)): path.read_bytes() for path in paths})
    return files


def _install(requirements: Path, platform: str, folder: str) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    what = ["--requirement", str(requirements), "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    where = ["--target", folder, "--python-platform", platform, "--python-version", PYTHON, "--python", sys.executable]
    subprocess.run([uv, "pip", "install", "--quiet", *what, *where], check=True)
