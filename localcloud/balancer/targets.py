"""The targets of every target group, and which of them may serve. Thread-safe."""

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from localcloud.balancer.health import DRAINING, REGISTERING, Health


@dataclass(frozen=True, order=True)
class Address:
    """Where a target is: in which group, at which IP and port."""

    target_group_arn: str
    ip: str
    port: int


@dataclass(frozen=True)
class TargetHealth:
    """A target's health as DescribeTargetHealth says it."""

    ip: str
    port: int
    state: str
    reason: str
    description: str


@dataclass(frozen=True)
class Target:
    """A registered target; `drained_at` is set while it drains."""

    address: Address
    health: Health
    drained_at: datetime | None = None


class Targets:
    """All targets by address."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._targets: dict[Address, Target] = {}
        self._turns: defaultdict[str, itertools.count[int]] = defaultdict(itertools.count)

    def get(self, address: Address) -> Target | None:
        """Return one target, or None."""
        with self._lock:
            return self._targets.get(address)

    def all(self) -> list[Target]:
        """Return every target."""
        with self._lock:
            return list(self._targets.values())

    def of(self, target_group_arn: str) -> list[Target]:
        """Return the targets of one group, in the order of registration."""
        return [target for target in self.all() if target.address.target_group_arn == target_group_arn]

    def register(self, address: Address) -> None:
        """Add a target, or one again that drains; one that is registered keeps its health."""
        with self._lock:
            known = self._targets.get(address)
            if known is None or known.drained_at:
                self._targets[address] = Target(address, REGISTERING)

    def drain(self, address: Address, drained_at: datetime) -> None:
        """Let a target drain until `drained_at`. One that drains keeps its time."""
        with self._lock:
            known = self._targets.get(address)
            if known and not known.drained_at:
                self._targets[address] = Target(address, DRAINING, drained_at)

    def remove(self, address: Address) -> None:
        """Forget a target."""
        with self._lock:
            self._targets.pop(address, None)

    def change(self, address: Address, to: Callable[[Health], Health]) -> bool:
        """Change the health of a target that does not drain; say whether its state or reason is another now."""
        with self._lock:
            known = self._targets.get(address)
            if known is None or known.drained_at:
                return False
            changed = replace(known, health=to(known.health))
            self._targets[address] = changed
            return changed.health.words() != known.health.words()

    def next_of(self, target_group_arn: str) -> Target | None:
        """Return the target whose turn it is, or None when none is registered.

        Healthy ones take turns; all do when none is healthy, for an Application Load Balancer fails open.
        """
        registered = [target for target in self.of(target_group_arn) if not target.drained_at]
        serving = [target for target in registered if target.health.state == "healthy"] or registered
        with self._lock:
            turn = next(self._turns[target_group_arn])
        return serving[turn % len(serving)] if serving else None
