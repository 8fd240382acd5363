"""The file of calls written down: whose it is. What is written there is asked of a whole local cloud."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.request_log import RequestLog, private


@pytest.fixture
def umask() -> Iterator[None]:
    """Let files be made with any rights."""
    before = os.umask(0)
    yield
    os.umask(before)


def rights(path: Path) -> int:
    """Return who may do what."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_a_new_file_is_its_owners_alone(tmp_path: Path, mask: int) -> None:
    """Whatever the umask, a file that is made is for its owner to read and write, and for nobody else."""
    file = tmp_path / "calls.jsonl"
    os.umask(mask)
    private(file).close()

    assert 0o600 == rights(file)


@pytest.mark.parametrize("before", [0o644, 0o666, 0o660, 0o640, 0o755])
def test_a_file_that_is_there_is_narrowed(tmp_path: Path, before: int) -> None:
    """A file with wider rights becomes its owner's alone before anything is written, and keeps what it has."""
    file = tmp_path / "calls.jsonl"
    file.write_text("one\n")
    file.chmod(before)
    with private(file) as opened:
        opened.write("two\n")

    assert (0o600, "one\ntwo\n") == (rights(file), file.read_text())


def test_what_is_no_file_keeps_its_rights(tmp_path: Path) -> None:
    """A pipe, as a terminal or /dev/stderr, is everybody's who could use it before."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o622)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    private(pipe).close()
    os.close(reader)

    assert 0o622 == rights(pipe)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (Path("/proc/self/comm"), "Operation not permitted"),  # its owner writes it, and nobody changes its rights
        (Path("/proc/self/missing/calls.jsonl"), "No such file or directory"),
    ],
)
def test_what_cannot_be_its_owners_alone_is_refused_at_the_start(path: Path, why: str) -> None:
    """The local cloud does not start when calls cannot be written down for their owner alone, and says what to do."""
    told = f"SLIPWAY_REQUESTS={path} cannot be a file that its owner alone reads and writes: {why}. Name another file."
    with pytest.raises(OSError, match=re.escape(told)):
        RequestLog(path).start()
