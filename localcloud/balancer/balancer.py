"""The data plane of Application Load Balancers: real listeners, real forwarding, real health."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from aiohttp import web

from localcloud.balancer import api
from localcloud.balancer.health import NOT_IN_USE, NOT_REGISTERED
from localcloud.balancer.memory import Memory
from localcloud.balancer.prober import Prober
from localcloud.balancer.proxy import Proxy
from localcloud.balancer.sessions import Sessions
from localcloud.balancer.targets import Address, TargetHealth, Targets
from localcloud.clock import Clock

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html (HTTP headers)
MAX_LINE_BYTES = 16 * 1024
GRACE_SECONDS = 1.0


def _nothing() -> None:
    pass


class Balancer:
    """Every load balancer's listeners and targets, served by one event loop in a thread of its own.

    That thread lives where `start` is called, in the network of the targets; listeners live where `serve` is called.
    `sources` are the load balancers' addresses among the targets, by name; it may grow.
    `on_health_change` is called, in that thread, whenever the state of some target changed.
    """

    def __init__(self, *, clock: Clock, memory: Memory, sources: Mapping[str, str] = MappingProxyType({})) -> None:
        self.on_health_change: Callable[[], None] = _nothing
        self._clock = clock
        self._memory = memory
        self._targets = Targets()
        self._sessions = Sessions(sources)
        self._proxy = Proxy(memory, self._targets, self._sessions)
        self._prober = Prober(clock, memory, self._targets, self._sessions, self._changed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="balancer")
        self._listening: list[tuple[str, socket.socket]] = []
        self._runners: list[web.ServerRunner] = []

    def serve(self, load_balancer_name: str, listening: socket.socket) -> None:
        """Serve that load balancer's listener on port 80 on a socket that listens."""
        self._listening.append((load_balancer_name, listening))
        if self._thread.is_alive():
            self._in_loop(self._accept(load_balancer_name, listening))

    def start(self) -> None:
        """Serve and probe from now on."""
        self._thread.start()
        self._in_loop(self._start())

    def stop(self) -> None:
        """Finish what is in flight (a second at most), and close everything."""
        if self._thread.is_alive():
            self._in_loop(self._stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        for _, listening in self._listening:
            listening.close()
        self._loop.close()

    def _in_loop(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _start(self) -> None:
        self._prober.start()
        for load_balancer_name, listening in self._listening:
            await self._accept(load_balancer_name, listening)

    async def _accept(self, load_balancer_name: str, listening: socket.socket) -> None:
        answer = partial(self._proxy.answer, load_balancer_name, listening.getsockname()[1])
        server = web.Server(
            answer,
            access_log=None,
            auto_decompress=False,
            handler_cancellation=True,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_LINE_BYTES,
        )
        runner = web.ServerRunner(server, shutdown_timeout=GRACE_SECONDS)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        self._runners.append(runner)

    async def _stop(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
        await self._prober.stop()
        await self._sessions.close()

    def has_listener(self, target_group_arn: str) -> bool | None:
        """Say whether some listener forwards to the group; None when there is no such group."""
        if self._memory.target_group(target_group_arn) is None:
            return None
        return target_group_arn in self._memory.groups_in_use()

    def register(self, target_group_arn: str, ip: str, port: int) -> None:
        """Register a target; its first probe goes out at once."""
        address = Address(target_group_arn, ip, port)
        self._targets.register(address)
        self._look_at(address)

    def deregister(self, target_group_arn: str, ip: str, port: int) -> None:
        """Send nothing new to a target; it drains for the group's deregistration delay. Unknown: nothing happens."""
        address = Address(target_group_arn, ip, port)
        group = self._memory.target_group(target_group_arn)
        if group is None or not self.has_listener(target_group_arn):
            self._targets.remove(address)
        else:
            delay_seconds = self._clock.scaled(group.deregistration_delay_seconds)
            self._targets.drain(address, self._clock.now() + timedelta(seconds=delay_seconds))
        self._look_at(address)
        if self._thread.is_alive():
            # Not from here: the caller may hold the lock that the listener to changes wants.
            self._loop.call_soon_threadsafe(self._changed)

    def _changed(self) -> None:
        self.on_health_change()

    def _look_at(self, address: Address) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._prober.follow, address)

    def is_drained(self, target_group_arn: str, ip: str, port: int) -> bool:
        """Say whether the deregistration delay is over, or the target was never there.

        A target drains for the whole delay even without requests, as `draining` is shown on AWS:
        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
        """
        target = self._targets.get(Address(target_group_arn, ip, port))
        return target is None or (target.drained_at is not None and target.drained_at <= self._clock.now())

    def health(self, target_group_arn: str, ip: str, port: int) -> tuple[str, str, str]:
        """Return state, reason code and description of a target as DescribeTargetHealth says them."""
        known = [one for one in self.targets(target_group_arn) if (one.ip, one.port) == (ip, port)]
        return (known[0].state, known[0].reason, known[0].description) if known else NOT_REGISTERED.words()

    def targets(self, target_group_arn: str) -> list[TargetHealth]:
        """Return the health of every target of a group, draining ones too."""
        in_use = target_group_arn in self._memory.groups_in_use()
        return [
            TargetHealth(one.address.ip, one.address.port, *(one.health if in_use else NOT_IN_USE).words())
            for one in self._targets.of(target_group_arn)
        ]

    def handle(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out what `api` has of ELB; raises AwsFault as AWS refuses."""
        return api.handle(self, self._memory, operation, request)
