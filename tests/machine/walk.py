"""A random walk: somebody deploys, changes, breaks, cancels, changes AWS by hand, scales and tears down, by a seed."""

import itertools
import json
import random
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chalicelib import events
from chalicelib.api import ways_back
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import InvalidManifest, NotCancellable, StoreConflict, Throttled, TransientAws
from chalicelib.manifest import Manifest, parse
from chalicelib.recovery import START_AGAIN_AFTER, sweep
from chalicelib.store import Store
from tests.faults import After, Break
from tests.machine.by_hand import HANDS
from tests.machine.kinds import LONG
from tests.machine.reads import ALL
from tests.machine.slipway import Slipway, two_services
from tests.machine.test_events import executions_end
from tests.machine.test_faults import ALWAYS, CALLS, CONFLICT, OF_A_TEARDOWN, OF_THE_WAY_BACK, WRITES
from tests.manifest_changes import CHANGES, SERVICES, changed
from tests.stale import Behind, Once
from tests.world import World

Killed: type[Exception] = type(
    "Lambda.Unknown", (Exception,), {"__doc__": "A function that dies, by Step Functions' name for it."}
)
BROKEN, HANGING, NOBODY = "broken:1", "hanging:1", "/nobody"
ONCE: Mapping[str, Break] = {
    "is throttled": Throttled("call", "ThrottlingException", "Rate exceeded"),
    "is throttled after its effect": After(Throttled("call", "ThrottlingException", "Rate exceeded")),
    "fails for a moment": TransientAws("call", "ServiceUnavailable", "try again"),
    "kills the function": Killed("Runtime exited"),
    "kills the function after its effect": After(Killed("Runtime exited")),
}
AWS = sorted({*CALLS, *OF_A_TEARDOWN, *OF_THE_WAY_BACK})
REFUSALS = (NotCancellable, StoreConflict, Throttled, TransientAws, Killed)

READ = sorted(ALL)
STALE: Mapping[str, Once | Behind | None] = {"true": None, "once": Once(), "5 s old": Behind(5), "90 s old": Behind(90)}


@dataclass
class Step:
    """One deployment of a walk, or a teardown; `excused` is what may keep it from succeeding, "" where nothing may."""

    asked: dict[str, Any] | None
    excused: str = ""
    force: bool = False
    breaks: dict[str, Break | list[Break]] = field(default_factory=dict)
    cancelled_after: float | None = None
    stopped_after: float | None = None


class Walk:
    """What happens to an application, step by step; `told` is all of it, in words."""

    def __init__(self, store: Store, seed: int) -> None:
        self.random = random.Random(seed)
        self.slipway = Slipway(
            store,
            rollout_seconds=5,
            namespace_seconds=5,
            dns_seconds=2,
            rolls_back_anew=self.random.random() < 0.5,
            broken={BROKEN},
            hanging={HANGING},
            failed_paths={NOBODY},
        )
        reads = self.random.choice(list(STALE))
        self.told = [f"seed {seed}: what is read is {reads}"]
        fault = STALE[reads]
        self.stale: dict[str, Break] = dict.fromkeys(READ, fault) if fault else {}
        names = sorted(self.random.sample(["home", "web", "raw", "db"], self.random.choice([2, 3])))
        services = {name: deepcopy(SERVICES[name]) for name in names}
        for before, after in itertools.pairwise(names):
            if self.random.random() < 0.7:
                services[after]["depends_on"] = [before]
        self.base = two_services(application=f"walk{seed}", execution_role="execution", services=services)
        self.asked = self.base
        self.last: Deployment | None = None

    @property
    def world(self) -> World:
        """Return what is in AWS."""
        return self.slipway.world

    def tell(self, what: str) -> None:
        """Note what happens."""
        self.told.append(f"{self.slipway.clock.seconds:8.1f} s  {what}")

    # ── what is asked ───────────────────────────────────────────────────────────────────────────────

    def next_step(self) -> Step:
        """Return what is done next, after what somebody may have changed by hand."""
        if self.random.random() < 0.4:
            self._change_by_hand()
        step = self._what()
        if self.random.random() < 0.4:
            self._break_calls(step)
        if step.asked and self.random.random() < 0.15:
            step.cancelled_after, step.excused = self.random.uniform(0, 60), "cancelled"
            self.tell(f"cancels after {step.cancelled_after:.1f} s")
        elif step.asked and self.random.random() < 0.08:
            step.stopped_after, step.excused = self.random.uniform(0, 40), "stopped"
            self.tell(f"stops the execution after {step.stopped_after:.1f} s")
        return step

    def _what(self) -> Step:
        kinds = {
            self._change: 6,
            self._again: 1,
            self._broken: 2,
            self._hanging: 1,
            self._unhealthy: 1,
            self._dropped: 1,
            self._renamed: 1,
            **({self._torn_down: 1} if self.last else {}),
        }
        return self.random.choices(list(kinds), list(kinds.values()))[0]()

    def _change(self) -> Step:
        asked = self.asked
        paths: list[str] = []
        for _ in range(self.random.choice([1, 1, 2, 3])):
            path = self.random.choice([path for path, (service, _) in CHANGES.items() if self._has(asked, service)])
            candidate = changed(asked, path, *CHANGES[path])
            if possible(candidate):
                asked, paths = candidate, [*paths, path]
        if not paths or self.random.random() < 0.2:
            asked, paths = self.base, ["everything as at first"]
        return self._deploys(f"deploys another {', '.join(paths)}", asked)

    def _again(self) -> Step:
        force = self.random.random() < 0.5
        return self._deploys("deploys the same" + (" with force" if force else ""), self.asked, force=force)

    def _broken(self) -> Step:
        return self._with_image(BROKEN, "broken")

    def _hanging(self) -> Step:
        return self._with_image(HANGING, "hanging", timeout_seconds=120)

    def _with_image(self, image: str, excused: str, **changes: Any) -> Step:
        name = self.random.choice(sorted(self.asked["services"]))
        asked = {**deepcopy(self.asked), **changes, "on_failure": self.random.choice(["rollback", "rollback", "keep"])}
        service = asked["services"][name]
        raw = service.get("task_definition", {}).get("containerDefinitions", [])
        first = next(iter([*raw, *service.get("containers", {}).values(), service]))
        first["image"] = image
        return self._deploys(f"deploys {name} with {image}, on_failure {asked['on_failure']}", asked, excused)

    def _unhealthy(self) -> Step:
        routed = sorted(name for name, service in self.asked["services"].items() if service.get("route"))
        if not routed:
            return self._change()
        asked, name = deepcopy(self.asked), self.random.choice(routed)
        asked["services"][name]["route"].setdefault("health_check", {})["path"] = NOBODY
        return self._deploys(f"deploys a health check of {name} that nobody passes", asked, "unhealthy")

    def _dropped(self) -> Step:
        name, prune = self.random.choice(sorted(self.asked["services"])), self.random.random() < 0.7
        asked = {**deepcopy(self.asked), "prune": prune}
        del asked["services"][name]
        for service in asked["services"].values():
            service["depends_on"] = [each for each in service.get("depends_on", []) if each != name]
        if not asked["services"]:
            return self._again()
        return self._deploys(f"deploys without {name}, prune {prune}", asked)

    def _renamed(self) -> Step:
        name = self.random.choice(sorted(self.asked["services"]))
        asked, new = {**deepcopy(self.asked), "prune": True}, f"{name}x"
        asked["services"] = {new if each == name else each: it for each, it in asked["services"].items()}
        for service in asked["services"].values():
            service["depends_on"] = [new if each == name else each for each in service.get("depends_on", [])]
        return self._deploys(f"renames {name} to {new}", asked) if possible(asked) else self._again()

    def _torn_down(self) -> Step:
        self.tell("tears down")
        return Step(None)

    def _deploys(self, what: str, asked: dict[str, Any], excused: str = "", *, force: bool = False) -> Step:
        self.tell(what)
        return Step(asked, excused, force)

    @staticmethod
    def _has(asked: dict[str, Any], service: str) -> bool:
        return not service or service in asked["services"]

    # ── what goes wrong ─────────────────────────────────────────────────────────────────────────────

    def _break_calls(self, step: Step) -> None:
        for _ in range(self.random.choice([1, 1, 2, 3])):
            call, kind = self.random.choice([*AWS, *WRITES]), self.random.choice(list(ONCE))
            nth = self.random.choice([0, 0, 1, 2])
            fault = CONFLICT if call.startswith("store.") and self.random.random() < 0.5 else ONCE[kind]
            step.breaks[call] = [*[None] * nth, fault]
            self.tell(f"call {nth + 1} of {call} {kind if fault is not CONFLICT else 'meets another writer'}")
        if self.random.random() < 0.2:
            call = self.random.choice(AWS)
            step.breaks[call], step.excused = ALWAYS, f"{call} is refused"
            self.tell(f"{call} is refused for good")

    def _change_by_hand(self) -> None:
        active = [key for key, service in sorted(self.world.services.items()) if service.status == "ACTIVE"]
        if not active:
            return
        cluster, name = self.random.choice(active)
        hand = self.random.choice(HANDS)
        self.tell(f"by hand, of {name}: {hand.__doc__}")
        self.slipway.faults.history.noted(hand, self.world, self.world.services[cluster, name])
        self.slipway.clock.advance(LONG)

    # ── how it goes ─────────────────────────────────────────────────────────────────────────────────

    def take(self, step: Step) -> Deployment:
        """Do what a step is, and return how it ended."""
        if step.asked is None:
            assert self.last is not None
            posted = self.slipway.delete(self.last)
        else:
            posted = self.slipway.post(step.asked, force=step.force)
        self._meanwhile(step, posted)
        self.last = self._ended(step, posted)
        if step.asked and self.last.status is Status.SUCCEEDED:
            self.asked = step.asked
        return self.last

    def _ended(self, step: Step, posted: Deployment) -> Deployment:
        self.slipway.faults.break_from_now_on({**self.stale, **step.breaks})
        machine = self.slipway.teardowns if posted.kind == "teardown" else self.slipway.machine
        machine.run(posted.id)
        self.slipway.faults.break_from_now_on({})
        if not self.slipway.record(posted).status.ended:
            self.slipway.clock.advance(START_AGAIN_AFTER.total_seconds())
            sweep(self.slipway.cloud)
        ended = self.slipway.record(posted)
        self.tell(f"→ {ended.status}: {ended.verdict}")
        return ended

    def _meanwhile(self, step: Step, posted: Deployment) -> None:
        if step.cancelled_after is not None:
            self.slipway.clock.call_later(step.cancelled_after, partial(self._cancel, posted))
        if step.stopped_after is not None:
            self.slipway.clock.call_later(step.stopped_after, partial(self._stop, posted))

    def _cancel(self, posted: Deployment) -> None:
        try:
            ways_back.cancel(self.slipway.cloud, posted.id, "canceller")
        except REFUSALS as refusal:
            self.tell(f"the cancel is refused: {refusal!r}")

    def _stop(self, posted: Deployment) -> None:
        if self.slipway.execution(posted).status == "RUNNING":
            self.slipway.machine.stop(posted.id)
            self.slipway.faults.break_from_now_on({})
            events.on_event(self.slipway.cloud, executions_end(posted, "ABORTED"))


def parsed(asked: dict[str, Any]) -> Manifest:
    """Return a manifest as a value."""
    return parse(json.dumps(asked).encode(), "application/json")


def possible(asked: dict[str, Any]) -> bool:
    """Tell whether a manifest is one."""
    try:
        parsed(asked)
    except InvalidManifest:
        return False
    return True
