"""Public addresses: this machine's way to a task, as from the internet.

A task with a public address is reached on this machine at 127.N.x.y, where its own address is 10.0.x.y.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing, suppress
from functools import partial
from typing import Any, TypeVar

from localcloud.faults import AwsFault
from localcloud.network.loopback import claim

T = TypeVar("T")
CHUNK_BYTES = 65_536
CONNECT_SECONDS = 10.0


class Relay:
    """Passes connections on, in an event loop of its own.

    `in_vpc` runs a function where tasks can be reached; `source` is the address that connections come from there.
    """

    def __init__(self, in_vpc: Callable[[Callable[[], None]], None], source: str) -> None:
        self._source = source
        self._claim, self._prefix = claim()
        self._servers: dict[str, list[asyncio.Server]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="vpc-relay", daemon=True)
        # A thread belongs where it is started, and so do the sockets that it makes.
        in_vpc(self._thread.start)

    def listen(self, ip: str, ports: Sequence[int]) -> str:
        """Return the address of this machine at which a task's ports are from now on. Raises AwsFault."""
        public = ".".join([self._prefix, *ip.split(".")[2:]])
        for port in ports:
            self._do(self._serve(ip, port, _listening(public, port)))
        return public

    def stop(self, ip: str) -> None:
        """End a task's public address, if it has one."""
        self._do(self._end(ip))

    def close(self) -> None:
        """End all of them."""
        for ip in list(self._servers):
            self.stop(ip)
        self._do(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._claim.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _serve(self, ip: str, port: int, listening: socket.socket) -> None:
        server = await asyncio.start_server(partial(self._pass_on, ip, port), sock=listening)
        self._servers.setdefault(ip, []).append(server)

    async def _end(self, ip: str) -> None:
        for server in self._servers.pop(ip, []):
            server.close()

    async def _pass_on(self, ip: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(OSError, TimeoutError):  # the client sees its connection closed
            async with asyncio.timeout(CONNECT_SECONDS):
                answers, there = await asyncio.open_connection(ip, port, local_addr=(self._source, 0))
            with closing(there):
                await asyncio.gather(_copy(reader, there), _copy(answers, writer))


def _listening(public: str, port: int) -> socket.socket:
    try:
        return socket.create_server((public, port))
    except OSError as error:
        message = f"{public}:{port} stands for the task's public address and cannot be had: {error.strerror}"
        raise AwsFault("AddressLimitExceeded", message) from error


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):  # either side may hang up
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
