"""The cloud of fakes."""

from datetime import datetime
from typing import Any, cast

from chalicelib.cloud import Cloud, Settings
from chalicelib.store import Store
from tests.fakes import (
    FakeCloudMap,
    FakeEc2,
    FakeEcs,
    FakeLoadBalancers,
    FakeLogs,
    FakeResolver,
    FakeTaskDefinitions,
)
from tests.faults import Faults, Watched
from tests.world import World


class FakeCloud(Cloud):
    """A cloud of fakes over one world, with the real record. Every call passes through `faults`."""

    def __init__(self, world: World, store: Store, workflow: Any, faults: Faults, clock: Any) -> None:
        super().__init__(Settings("slipway-test", "arn:aws:states:::stateMachine:slipway-test", "resolve", "us-east-1"))
        self.world = world
        self.faults = faults
        self._clock = clock
        task_definitions = FakeTaskDefinitions(world)
        self.parts = {
            "store": store,
            "workflow": workflow,
            "ecs": FakeEcs(world, cast("Any", Watched("task_definitions", task_definitions, faults))),
            "task_definitions": task_definitions,
            "cloud_map": FakeCloudMap(world),
            "load_balancers": FakeLoadBalancers(world),
            "ec2": FakeEc2(world),
            "logs": FakeLogs(world),
            "resolver": FakeResolver(world),
        }
        for name, part in self.parts.items():
            # A cached_property keeps its value in the instance's own dictionary: here it is there before it is asked.
            self.__dict__[name] = Watched(name, part, faults)

    def now(self) -> datetime:
        """Return the present of the test's clock."""
        return cast("datetime", self._clock.now())
