"""The ports of a local cloud, bound before anything else starts: a taken one is told at once, and none is lost."""

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from localcloud.settings import HOST, LOAD_BALANCERS, Settings

BACKLOG = 1024
ANY = 0
ROWS = range(20_000, 30_000)
"""Where a row of free ports is looked for: the kernel hands out single ones elsewhere."""


@dataclass(frozen=True)
class Ports:
    """The sockets that are bound; each of `balancers`, in a row, belongs to the load balancer of its number."""

    api: socket.socket
    aws: socket.socket
    balancers: tuple[socket.socket, ...]

    def __iter__(self) -> Iterator[socket.socket]:
        """Go through all."""
        return iter((self.api, self.aws, *self.balancers))


def bind(settings: Settings) -> Ports:
    """Bind what the settings say; raises OSError naming the port that is taken."""
    with ExitStack() as bound:
        api, aws = (bound.enter_context(listen(port)) for port in (settings.api_port, settings.aws_port))
        balancers = _row(settings.alb_port) if settings.alb_port != ANY else _any_row()
        bound.pop_all()
    return Ports(api, aws, balancers)


def listen(port: int, host: str = HOST) -> socket.socket:
    """Return a socket that listens; raises OSError naming the address when it cannot be had."""
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        where = f"cannot listen on {host}:{port}: {error.strerror}"
        raise OSError(error.errno, f"{where}. Stop what listens there or choose another port.") from error


def port_of(listening: socket.socket) -> int:
    """Return the port on which a socket listens."""
    return int(listening.getsockname()[1])


def _row(first: int) -> tuple[socket.socket, ...]:
    with ExitStack() as bound:
        row = tuple(bound.enter_context(listen(first + number)) for number in range(len(LOAD_BALANCERS)))
        bound.pop_all()
    return row


def _any_row() -> tuple[socket.socket, ...]:
    """Bind a row anywhere: another local cloud may look for one at the same moment."""
    while True:
        try:
            return _row(random.choice(ROWS))  # noqa: S311  no secret
        except OSError:
            continue
