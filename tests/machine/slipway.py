"""All of Slipway on fakes: POST a manifest, let virtual time pass, read the record and the path."""

import json
from copy import deepcopy
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from chalicelib import questions, steps
from chalicelib.api import applications, deployments, plans
from chalicelib.deployment import Deployment, Event
from chalicelib.store import Store
from tests.fake_cloud import FakeCloud
from tests.fakes import FakeWorkflow
from tests.faults import Breaks, Faults
from tests.machine.interpreter import Execution, Interpreter
from tests.machine.virtual_time import VirtualClock
from tests.world import World

MACHINES = Path(__file__).parents[2] / "statemachines"
NUMBERS = count(1)


def definition(name: str = "deployment", folder: Path = MACHINES) -> dict[str, Any]:
    """Return a state machine, with the functions by their names."""
    asl = (folder / f"{name}.asl.json").read_text()
    text = asl.replace("${ObserveFunction}", "observe").replace("${ActFunction}", "act")
    machine: dict[str, Any] = json.loads(text)
    return machine


def two_services(**changes: Any) -> dict[str, Any]:
    """Return a manifest of an application of its own: `home` waits for `redis`, has a route, and its name is proven."""
    return {
        "application": f"shop{next(NUMBERS)}",
        "namespace": "shop.local",
        "network": {"vpc": "main", "subnets": ["private"], "security_groups": ["default"]},
        "load_balancer": {"name": "slipway", "port": 80},
        "tags": {"Team": "shop"},
        "services": {
            "redis": {"image": "redis:7", "port": 6379, "discovery": {"records": ["A", "SRV"]}},
            "home": {
                "image": "home:1",
                "port": 5000,
                "desired_count": 2,
                "depends_on": ["redis"],
                "environment": {"GREETING": "hello"},
                "discovery": {"name": "www"},
                "route": {"path": "/home*"},
            },
        },
        **changes,
    }


def with_service(manifest: dict[str, Any], name: str, **changes: Any) -> dict[str, Any]:
    """Return a manifest in which one service says otherwise."""
    copy = deepcopy(manifest)
    copy["services"][name] = {**copy["services"].get(name, {}), **changes}
    return copy


def request(manifest: dict[str, Any], key: str | None = None, *, force: bool = False) -> deployments.Request:
    """Return the request that POSTs a manifest."""
    return deployments.Request(json.dumps(manifest).encode(), "application/json", "tester", key, force=force)


class Slipway:
    """An installation with a world of its own, or in the one of the installation that it is `beside`.

    `store` may be shared: each deployment has an application of its own. Its state machines are those in `machines`.
    """

    def __init__(
        self,
        store: Store,
        breaks: Breaks | None = None,
        *,
        machines: Path = MACHINES,
        beside: "Slipway | None" = None,
        **world: Any,
    ) -> None:
        self.clock: VirtualClock = beside.clock if beside else VirtualClock()
        self.world: World = beside.world if beside else World(self.clock, **world)
        self.faults = Faults(breaks)
        workflow = FakeWorkflow()
        name = "slipway-beside" if beside else "slipway"
        self.cloud = FakeCloud(self.world, store, workflow, self.faults, self.clock, name)
        self.functions = {
            "act": self.faults.within(partial(steps.run, steps.ACT, self.cloud)),
            "observe": self.faults.within(partial(steps.run, steps.OBSERVE, self.cloud)),
        }
        self.cloud.parts["observer"].function = lambda asked: questions.ASKED[asked["state"]](self.cloud, asked)
        self.machine = Interpreter(definition("deployment", machines), self.functions, self.clock)
        self.teardowns = Interpreter(definition("teardown", machines), self.functions, self.clock, "teardown")
        workflow.machines = {"deploy": self.machine, "teardown": self.teardowns}

    def post(self, manifest: dict[str, Any], key: str | None = None, *, force: bool = False) -> Deployment:
        """Accept a manifest."""
        return deployments.create(self.cloud, request(manifest, key, force=force))[0]

    def deploy(self, manifest: dict[str, Any], *, force: bool = False) -> Deployment:
        """Accept a manifest, and let time pass until its workflow has ended."""
        deployment = self.post(manifest, force=force)
        self.machine.run(deployment.id)
        return self.record(deployment)

    def dry_run(self, manifest: dict[str, Any], *, force: bool = False) -> dict[str, Any]:
        """Return the plan of a manifest."""
        return plans.dry_run(self.cloud, request(manifest, force=force))

    def delete(self, deployment: Deployment, key: str | None = None) -> Deployment:
        """Accept the teardown of a deployment's application."""
        query = {"environment": deployment.environment}
        return applications.teardown(self.cloud, deployment.application, query, "tester", key)[0]

    def tear_down(self, deployment: Deployment) -> Deployment:
        """Accept the teardown of a deployment's application, and let time pass until its workflow has ended."""
        accepted = self.delete(deployment)
        self.teardowns.run(accepted.id)
        return self.record(accepted)

    def record(self, deployment: Deployment) -> Deployment:
        """Return a deployment as the record has it."""
        return self.cloud.store.get(deployment.id)

    def execution(self, deployment: Deployment) -> Execution:
        """Return the execution of a deployment."""
        machine = self.teardowns if deployment.kind == "teardown" else self.machine
        return machine.executions[deployment.id]

    def timeline(self, deployment: Deployment) -> list[Event]:
        """Return the timeline of a deployment."""
        return self.cloud.store.events(deployment.id, None, 1000)

    def locks(self, deployment: Deployment) -> list[str]:
        """Return which of a deployment's services are locked."""
        return [name for name in deployment.locks if self.cloud.store.lock(name)]

    def calls_since(self, mark: int) -> list[str]:
        """Return the calls to fakes after the first `mark`."""
        return [call for call in self.faults.calls[mark:] if not call.startswith(("store.", "workflow."))]
