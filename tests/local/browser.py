"""A browser without a screen."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on PATH")
# Nothing but the page: at its start a browser would call home, many times.
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


def shown(address: str, profile: Path, **names: str) -> str:
    """Open an address as a person does, and return what the page has become once it asks nothing more."""
    command = [*_browser(profile, names), "--virtual-time-budget=5000", "--dump-dom", address]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@contextlib.contextmanager
def opened(address: str, profile: Path, **names: str) -> Iterator[None]:
    """Have an address open meanwhile."""
    with subprocess.Popen([*_browser(profile, names), address], stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def _browser(profile: Path, names: Mapping[str, str]) -> list[str]:
    """Return its command; `names` has addresses for names that are not in DNS, or are otherwise there, _ for a dot."""
    rules = ", ".join(f"MAP {name.replace('_', '.')} {there}" for name, there in names.items())
    return [str(CHROMIUM), *QUIET, f"--user-data-dir={profile}", f"--host-resolver-rules={rules}"]
