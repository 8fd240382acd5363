"""Follows every target, from its registration to the end of its draining, and probes it over HTTP."""

import asyncio
from collections.abc import Callable

import aiohttp
from yarl import URL

from localcloud.balancer.health import CHECKING, FAILED, NOT_IN_USE, REGISTERING, TIMED_OUT, Health, after_probe, judged
from localcloud.balancer.memory import HealthCheck, Memory, TargetGroup
from localcloud.balancer.sessions import Sessions
from localcloud.balancer.targets import Address, Target, Targets
from localcloud.clock import Clock

# Nobody tells us when a listener starts to use a group.
UNUSED_LOOK_SECONDS = 0.05


class Prober:
    """One task per target; `follow` starts it, or wakes it when something about its target changed."""

    def __init__(
        self, clock: Clock, memory: Memory, targets: Targets, sessions: Sessions, on_change: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._memory = memory
        self._targets = targets
        self._sessions = sessions
        self._on_change = on_change
        self._tasks: dict[Address, asyncio.Task[None]] = {}
        self._wakes: dict[Address, asyncio.Event] = {}

    def start(self) -> None:
        """Follow every target there is; call it in the event loop."""
        for target in self._targets.all():
            self.follow(target.address)

    async def stop(self) -> None:
        """Stop following."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def follow(self, address: Address) -> None:
        """Follow a target from now on, or look again at once; call it in the event loop."""
        if address in self._tasks:
            self._wakes[address].set()
            return
        self._wakes[address] = asyncio.Event()
        self._tasks[address] = asyncio.create_task(self._follow(address))

    async def _follow(self, address: Address) -> None:
        followed_since = asyncio.get_running_loop().time()
        try:
            while target := self._targets.get(address):
                pause_seconds = await self._look(target, followed_since)
                await self._pause(address, pause_seconds)
        finally:
            del self._tasks[address], self._wakes[address]

    async def _look(self, target: Target, followed_since: float) -> float:
        """Do what is to do for a target now; return after how many seconds to look again."""
        address = target.address
        if target.drained_at:
            return self._end_of_draining(target)
        group = self._memory.target_group(address.target_group_arn)
        if group is None:
            self._targets.remove(address)
            return 0
        if address.target_group_arn not in self._memory.groups_in_use():
            self._change(address, lambda _: NOT_IN_USE)
            return UNUSED_LOOK_SECONDS
        started_at = asyncio.get_running_loop().time()
        await self._check(address, group, started_at - followed_since)
        interval_seconds = self._clock.scaled(group.health_check.interval_seconds)
        return started_at + interval_seconds - asyncio.get_running_loop().time()

    def _end_of_draining(self, target: Target) -> float:
        left_seconds = (target.drained_at - self._clock.now()).total_seconds() if target.drained_at else 0
        if left_seconds <= 0:
            self._targets.remove(target.address)
            self._on_change()
        return left_seconds

    async def _check(self, address: Address, group: TargetGroup, age_seconds: float) -> None:
        self._change(address, lambda health: CHECKING if health in {NOT_IN_USE, REGISTERING} else health)
        said = await self._probe(address, group.health_check)
        check = group.health_check
        may_boot = age_seconds < self._clock.allowed(check.interval_seconds * (check.unhealthy_threshold - 1))
        self._change(address, lambda health: after_probe(health, said, check, may_boot=may_boot))

    async def _probe(self, address: Address, check: HealthCheck) -> Health:
        port = address.port if check.port == "traffic-port" else int(check.port)
        url = URL(f"http://{address.ip}:{port}{check.path}", encoded=True)
        timeout_seconds = self._clock.allowed(check.timeout_seconds)
        session = self._sessions.of(self._memory.load_balancer_of(address.target_group_arn))
        try:
            async with session.get(
                url,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_seconds),
                headers={"User-Agent": "ELB-HealthChecker/2.0"},
            ) as response:
                return judged(response.status, check.matcher)
        except TimeoutError:
            return TIMED_OUT
        except aiohttp.ClientError:
            return FAILED

    def _change(self, address: Address, to: Callable[[Health], Health]) -> None:
        if self._targets.change(address, to):
            self._on_change()

    async def _pause(self, address: Address, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._wakes[address].wait()
        except TimeoutError:
            return
        self._wakes[address].clear()
