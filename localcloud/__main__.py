"""`python -m localcloud prepare | up | demo`: what `make setup`, `make up` and `make demo` run.

moto takes a second to import: what is wrong with a setting, a port or the network is said before.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

from localcloud.images import Images, ImagesError
from localcloud.network.choice import NetworkError, choose
from localcloud.network.namespaces import CommandError
from localcloud.ports import bind
from localcloud.settings import HOST, Settings, SettingsError

LOOK_SECONDS = 0.5


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    commands = {"prepare": prepare, "up": in_network(up), "demo": in_network(demo)}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(f"usage: python -m localcloud {' | '.join(commands)}", file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # Set, not left as it is: a shell starts background jobs with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        return commands[arguments[0]](Settings.read(os.environ))
    except (SettingsError, NetworkError, CommandError, ImagesError, OSError) as error:
        print(f"localcloud: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _interrupt(_signal_number: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does: everything is stopped on the way out, and a second signal does not cut that short."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def in_network(command: Callable[[Settings], int]) -> Callable[[Settings], int]:
    """Return the command, run in the network that can be had.

    Where that takes a user namespace the program begins again, as root of one, in the same process.
    """

    def run(settings: Settings) -> int:
        choice = choose(settings.network)
        if choice.through:
            os.environ["SLIPWAY_NETWORK"] = "vpc"
            os.execvp(choice.through[0], [*choice.through, sys.executable, "-m", "localcloud", *sys.argv[1:]])  # noqa: S606
        if choice.why:
            print(f"localcloud: the network is loopback, for vpc is not possible here: {choice.why}", file=sys.stderr)
        return command(replace(settings, network=choice.network))

    return run


def prepare(settings: Settings) -> int:
    """Make the virtual environments of the sample images, so that no deployment waits for a download."""
    images = Images(settings.images, settings.cache)
    try:
        for image in images.all():
            images.prepare(image)
    finally:
        images.close()
    return 0


def demo(settings: Settings) -> int:
    """Deploy a sample, prove it, and stop."""
    ports = bind(settings)
    from localcloud.demo import demo

    return demo(settings, ports)


def up(settings: Settings) -> int:
    """Serve until Ctrl-C, or until make is killed that started it; one line says `ready` and where."""
    made, parent = "MAKELEVEL" in os.environ, os.getppid()
    ports = bind(settings)
    from localcloud.platform import Platform

    with Platform(settings, ports) as platform:
        dns_host, dns_port = platform.dns_address
        first, *_, last = platform.balancer_ports
        print(
            f"ready API {platform.url} AWS {platform.account.endpoint} "
            f"load balancers http://{HOST}:{first}-{last} DNS {dns_host}:{dns_port} "
            f"network {settings.network} speed {settings.speed:g}",
            flush=True,
        )
        # Not signal.pause(): a signal may interrupt another thread, and the handler runs when this one wakes.
        while not (made and os.getppid() != parent):
            time.sleep(LOOK_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
