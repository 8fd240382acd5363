"""The steps of `make smoke`: each asks something of Slipway, and knows what AWS must have done for the answer."""

import json
import re
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.client import ApiError, Client
from cli.follow import ENDED, follow

SERVICE = "web"
# Docker Hub tells nobody whether a repository is missing, or closed to him.
NO_IMAGE = ("image_not_found", "image_pull_denied")
Document = dict[str, Any]


class Unexpected(Exception):
    """What a step saw is not what was to come."""


@dataclass(frozen=True)
class Subject:
    """What is deployed: a small task with a name in a namespace of its own, behind a load balancer if one is named."""

    application: str
    image: str
    port: int
    load_balancer: tuple[str, int] | None = None
    cpu: int = 256
    memory: int = 512

    @classmethod
    def new(cls, image: str, port: int, load_balancer: tuple[str, int] | None) -> "Subject":
        """Return a subject whose name nobody has yet."""
        return cls(f"slipway-smoke-{uuid.uuid4().hex[:8]}", image, port, load_balancer)

    @property
    def namespace(self) -> str:
        """The namespace that is made for it."""
        return f"{self.application}.internal"

    @property
    def image_missing(self) -> str:
        """An image that nobody has, in a repository beside the image's."""
        return re.sub(r"(:[^:/@]+)?(@.+)?$", "", self.image) + "-missing:1"

    def manifest(self, tag: str = "first", **changes: Any) -> Document:
        """Return its manifest; `changes` are of the service."""
        service = {
            "image": self.image,
            "cpu": self.cpu,
            "memory": self.memory,
            "port": self.port,
            "environment": {"PORT": str(self.port)},
            "discovery": {"name": SERVICE},
            "log_retention_days": 1,
        }
        manifest = {
            "application": self.application,
            "namespace": self.namespace,
            "tags": {"smoke": tag},
            "timeout_seconds": 600,
            "services": {SERVICE: service},
        }
        if self.load_balancer:
            name, port = self.load_balancer
            manifest["load_balancer"] = {"name": name, "port": port}
            check = {"interval": 5, "timeout": 2}
            service["route"] = {"path": f"/{self.application}*", "health_check": check, "deregistration_delay": 5}
        service.update(changes)
        return manifest


@dataclass
class Smoke:
    """One run. `serving` is the task definition that serves; `timeline` what Slipway told of the step under way."""

    client: Client
    subject: Subject
    poll_seconds: float
    serving: str = ""
    timeline: list[str] = field(default_factory=list)

    def deploy(self) -> str:
        """Do the main job: a service that was not there is stable, and its name leads to its task."""
        web = self._succeeds(self.subject.manifest())
        self.serving = web["task_definition"]
        name = web["dns"]
        _expect("proven", "proven" if name["proven_at"] else "not proven", f"the name {name['name']}")
        return f"{name['name']} answers {', '.join(name['addresses'])}, proven by {name['by']}"

    def deploy_again(self) -> str:
        """Deploy the same manifest, which changes nothing."""
        web = self._succeeds(self.subject.manifest())
        _expect([], web["changed_fields"], "what changed")
        _expect(self.serving, web["task_definition"], "the task definition")
        return "unchanged"

    def change_in_place(self) -> str:
        """Change what needs no new tasks, without them."""
        web = self._succeeds(self.subject.manifest(tag="second", log_retention_days=3))
        _expect(["log_retention_days", "tags.smoke"], sorted(web["changed_fields"]), "what changed")
        _expect(self.serving, web["task_definition"], "the task definition")
        return "tags and log retention, by the same tasks"

    def image_missing(self) -> str:
        """Deploy a task that cannot start, which goes back and tells why."""
        ended = self._follow(self.client.deploy(*_json(self._served(image=self.subject.image_missing))))
        _expect("rolled_back", ended["status"], _why(ended))
        code = ended["failure"]["code"]
        if code not in NO_IMAGE:
            raise Unexpected(f"the cause: {code}, where {' or '.join(NO_IMAGE)} was expected: {_why(ended)}")
        self._still_serves(ended)
        return f"rolled_back: {ended['failure']['cause'][:60]}…"

    def cancel(self) -> str:
        """Call a rollout off half-way, which goes back. Its task never gets healthy, so it does not come further."""
        never = {"command": ["CMD-SHELL", "exit 1"], "start_period": 300, "interval": 60}
        begun = self.client.deploy(*_json(self._served(health_check=never)))
        while (now := self.client.deployment(begun["id"]))["status"] not in ENDED:
            if now["services"][SERVICE]["phase"] == "awaiting_stable":
                self.client.cancel(begun["id"])
                break
            time.sleep(self.poll_seconds)
        ended = self._follow(begun)
        _expect("cancelled", ended["status"], _why(ended))
        self._still_serves(ended)
        return "cancelled while its task started: what served before serves"

    def tear_down(self) -> str:
        """Remove all that was made, also what a step that failed left under way."""
        for each in self.client.deployments(self.subject.application):
            if each["status"] not in ENDED:
                self._call_off(each)
        try:
            ended = self._follow(self.client.tear_down(self.subject.application))
        except ApiError as error:
            if error.status == 404:
                return "nothing was made"
            raise
        _expect("succeeded", ended["status"], _why(ended))
        return "removed"

    def _served(self, **changes: Any) -> Document:
        return self.subject.manifest(tag="second", log_retention_days=3, **changes)

    def _succeeds(self, manifest: Document) -> Document:
        ended = self._follow(self.client.deploy(*_json(manifest)))
        _expect("succeeded", ended["status"], _why(ended))
        web: Document = ended["services"][SERVICE]
        return web

    def _still_serves(self, ended: Document) -> None:
        """Expect what served before the deployment, as Slipway left it and as ECS shows it now."""
        _expect(self.serving, ended["services"][SERVICE]["what_serves"], "what serves after it")
        live = self.client.application(self.subject.application)["services"][SERVICE]
        _expect((self.serving, 1, []), (live["task_definition"], live["running"], live["drift"]), "what is live")

    def _call_off(self, deployment: Document) -> None:
        try:
            self.client.cancel(deployment["id"])
        except ApiError as error:
            if error.status != 409:  # it goes back already, or is a teardown: both end
                raise
        self._follow(deployment)

    def _follow(self, deployment: Document) -> Document:
        self.timeline.append(deployment["id"])
        return follow(self.client, deployment, self.timeline.append, self.poll_seconds)


@dataclass(frozen=True)
class Step:
    """A step, what it is called, and which rows of docs/aws-assumptions.md it would show wrong."""

    name: str
    take: Callable[[Smoke], str]
    assumptions: str


STEPS = (
    Step("deploy", Smoke.deploy, "R1 R2 R3 R4 R8 R9 R10 N1 N2 B1 F6 F8"),
    Step("the same again", Smoke.deploy_again, "T8 T12 F8"),
    Step("change in place", Smoke.change_in_place, "R12 F8"),
    Step("image missing", Smoke.image_missing, "R1 R2 R3 R7 T9 F8"),
    Step("cancel", Smoke.cancel, "R1 R2 R3 R5 R7 F8"),
    Step("tear down", Smoke.tear_down, "R8 R9 R15 N3 F8"),
)
"""In this order; the last is taken in any case."""


def run(smoke: Smoke, say: Callable[[str], None], steps: Sequence[Step] = STEPS) -> tuple[bool, bool]:
    """Take the steps until one goes otherwise, then the last; return whether all went as expected, and that one."""
    *others, last = steps
    expected = removed = False
    try:
        expected = all(taken(smoke, number, step, say) for number, step in enumerate(others, 1))
    except KeyboardInterrupt:
        say("Interrupted: what was made is removed.")
    finally:
        removed = taken(smoke, len(steps), last, say)
    return expected, removed


def taken(smoke: Smoke, number: int, step: Step, say: Callable[[str], None]) -> bool:
    """Take a step and say how it went, with the timeline if it is not as expected; tell whether it is."""
    smoke.timeline.clear()
    begun = time.monotonic()
    try:
        seen, well = step.take(smoke), True
    except (ApiError, OSError, Unexpected) as error:
        seen, well = str(error), False
    say(line(number, step, time.monotonic() - begun, seen, well=well))
    for each in () if well else smoke.timeline:
        say(f"      {each}")
    return well


def line(number: int, step: Step, seconds: float, seen: str, *, well: bool) -> str:
    """Return the line of a step: its number and name, how long it took, its verdict, what was seen, what it checks."""
    return f"{number}  {step.name:<16} {seconds:6.1f} s  {'ok   ' if well else 'WRONG'}  {seen}  [{step.assumptions}]"


def _expect(expected: object, actual: object, what: str) -> None:
    if expected != actual:
        raise Unexpected(f"{what}: {actual}, where {expected} was expected")


def _why(ended: Document) -> str:
    return f"{ended['id']}, “{ended['verdict']}”"


def _json(manifest: Document) -> tuple[bytes, str]:
    return json.dumps(manifest).encode(), "application/json"
