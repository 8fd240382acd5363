"""`make up` and `make demo` as processes: what they say, and what is left of them at the end."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.network.choice import choose
from tests.full import full_but
from tests.local.local_cloud import FREE_PORTS, ROOT, LocalCloud, hello, local_cloud, wait_for

ADDRESSES = {"vpc": r"10\.0\.\d+\.\d+", "loopback": r"127\.\d+\.\d+\.\d+"}
PROCESSES = Path("/proc")


def tasks_of(cloud: LocalCloud) -> set[int]:
    """Return the process ids of the local cloud and of what it started, by walking the tree of processes."""
    family = {cloud.process.pid}
    for _ in range(4):
        family |= {child for parent in family for child in children(parent)}
    return family


def children(parent: int) -> set[int]:
    """Return the processes that any thread of a process started."""
    found: set[int] = set()
    for thread in (PROCESSES / str(parent) / "task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that has just ended
            found |= {int(child) for child in (thread / "children").read_text().split()}
    return found


def ports_in_use(pid: int) -> set[str]:
    """Return the local addresses on which a process listens."""
    sockets = {str(each.readlink()) for each in (PROCESSES / str(pid) / "fd").iterdir() if each.is_symlink()}
    inodes = {found[1] for name in sockets if (found := re.fullmatch(r"socket:\[(\d+)\]", name))}
    return {fields[1] for fields in listening() if fields[9] in inodes}


def listening() -> list[list[str]]:
    """Return the lines of /proc/net/tcp that listen."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [fields for fields in lines if fields[3] == "0A"]


@pytest.mark.parametrize("number", full_but([signal.SIGINT], [signal.SIGINT, signal.SIGTERM]))
def test_nothing_is_left_after_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    """After Ctrl-C or SIGTERM no process, no port and no temporary file of the local cloud is left."""
    with local_cloud(TMPDIR=str(tmp_path)) as cloud:
        assert "succeeded" == cloud.deploy(hello("left"))["status"]
        family, ports = tasks_of(cloud), ports_in_use(cloud.process.pid)
        assert len(family) >= 2
        assert len(ports) >= 8
        cloud.process.send_signal(number)
        assert 130 == cloud.process.wait(timeout=60)

    assert not {pid for pid in family if (PROCESSES / str(pid)).exists()}
    assert not ports & {fields[1] for fields in listening()}
    assert [] == list(tmp_path.iterdir())


def test_tasks_die_with_a_killed_cloud() -> None:
    """When the local cloud is killed outright, its tasks do not outlive it."""
    with local_cloud() as cloud:
        cloud.deploy(hello("killed"))
        family = tasks_of(cloud) - {cloud.process.pid}
        cloud.process.kill()
        cloud.process.wait()

        assert family
        wait_for(lambda: None if any((PROCESSES / str(pid)).exists() for pid in family) else True, seconds=10)


@pytest.mark.full
def test_it_ends_with_a_killed_make() -> None:
    """When `make up` is killed outright, the local cloud that it started ends by itself, with its tasks."""
    command = ["make", "--assume-old=setup", "up"]  # what is installed stays
    outside = {name: value for name, value in os.environ.items() if "MAKE" not in name}  # of make that runs the tests
    variables = {**outside, **FREE_PORTS, "SLIPWAY_NETWORK": "loopback"}
    with subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True) as make:
        assert make.stdout
        assert make.stdout.readline().startswith("ready ")
        [cloud] = children(make.pid)
        family = {cloud} | children(cloud)
        make.kill()

    assert len(family) > 1
    wait_for(lambda: None if any((PROCESSES / str(pid)).exists() for pid in family) else True, seconds=30)


def refused_start(**variables: str) -> subprocess.CompletedProcess[str]:
    """Run `up` with variables with which it cannot start, until it has ended."""
    return subprocess.run(
        [sys.executable, "-m", "localcloud", "up"],
        env={**os.environ, **FREE_PORTS, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_taken_port_is_named(cloud: LocalCloud) -> None:
    """A port that somebody else holds ends `up` with its number, and what had started is stopped again."""
    port = cloud.url.rpartition(":")[2]
    ended = refused_start(SLIPWAY_API_PORT=port)

    assert 1 == ended.returncode
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLIPWAY_API_PORT", "http"),
        ("SLIPWAY_SPEED", "0"),
        ("SLIPWAY_NETWORK", "bridge"),
        ("SLIPWAY_IMAGES", "/none.toml"),
    ],
)
def test_a_bad_setting_is_named(name: str, value: str) -> None:
    """A variable that cannot be used ends the program with its name, its value, and what it takes."""
    ended = refused_start(**{name: value})

    assert 1 == ended.returncode
    assert value in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("network", full_but([choose("auto").network], ADDRESSES))
def test_the_demo_proves_what_it_shows(network: str) -> None:
    """`make demo` deploys the pair, shows one address three times, deploys it again without a change, and exits 0."""
    if network == "vpc" and choose("auto").network != "vpc":
        pytest.skip(choose("auto").why)
    ended = subprocess.run(
        [sys.executable, "-m", "localcloud", "demo"],
        env={**os.environ, **FREE_PORTS, "SLIPWAY_SPEED": "20", "SLIPWAY_NETWORK": network},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    shown = re.findall(rf"(?:tasks|discover-instances|user\.api\.local) +({ADDRESSES[network]})\n", ended.stdout)

    assert (0, "") == (ended.returncode, ended.stderr)
    assert 3 == len(shown)
    assert 1 == len(set(shown))
    assert "Nothing to change" in ended.stdout


# A machine whose kernel refuses: in this user namespace no network can be made.
REFUSING = 'echo 0 > /proc/sys/user/max_net_namespaces; exec "$@"'
UP_WHERE_IT_IS_REFUSED = ["unshare", "--user", "--map-root-user", "sh", "-c", REFUSING, "sh", sys.executable]


@pytest.mark.skipif(choose("auto").network != "vpc", reason="a machine that cannot refuse what it cannot do")
def test_vpc_is_refused_where_it_is_impossible() -> None:
    """Asked for `vpc` where the kernel refuses namespaces, `up` ends saying so and what to do."""
    ended = subprocess.run(
        [*UP_WHERE_IT_IS_REFUSED, "-m", "localcloud", "up"],
        env={**os.environ, **FREE_PORTS, "SLIPWAY_NETWORK": "vpc"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert 1 == ended.returncode
    assert "the network vpc is not possible here" in ended.stderr
    assert "allow user namespaces" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.full
@pytest.mark.skipif(choose("auto").network != "vpc", reason="a machine that cannot refuse what it cannot do")
def test_auto_falls_back_and_says_so() -> None:
    """Where `vpc` is impossible `auto` is loopback: one line on stderr says why, and the ready line says which."""
    command = [*UP_WHERE_IT_IS_REFUSED, "-m", "localcloud", "up"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={**os.environ, **FREE_PORTS}, **pipes) as process:  # type: ignore[call-overload]
        ready = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().splitlines()

    assert "network loopback" in ready
    assert ["localcloud: the network is loopback, for vpc is not possible here"] == [line[:65] for line in said]
