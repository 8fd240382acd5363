"""The cloud of fakes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from chalicelib.cloud import Cloud
from chalicelib.settings import Settings
from chalicelib.store import Store
from tests.fake_artifacts import FakeEcr, FakeIam, FakeParameters, FakeSecrets
from tests.fake_cloud_map import FakeCloudMap
from tests.fake_clusters import FakeClusters
from tests.fake_github import FakeGitHub, FakeKms, FakeNotifier
from tests.fake_load_balancers import FakeLoadBalancers
from tests.fake_observer import FakeObserver
from tests.fake_tasks import FakeAutoScaling, FakeTasks
from tests.fakes import (
    FakeEc2,
    FakeEcs,
    FakeHostedZones,
    FakeLogs,
    FakeResolver,
    FakeTaskDefinitions,
)
from tests.faults import Faults, Watched
from tests.stale import History
from tests.world import World


class FakeCloud(Cloud):
    """A cloud of fakes over one world, with the real record. Every call passes through `faults`."""

    def __init__(
        self, world: World, store: Store, workflow: Any, faults: Faults, clock: Any, installation: str = "slipway"
    ) -> None:
        machine = f"arn:aws:states:us-east-1:000000000000:stateMachine:{installation}-test"
        settings = Settings("slipway-test", machine, "resolve", "us-east-1", f"{machine}-teardown", "observe")
        settings = replace(settings, installation=installation)
        super().__init__(replace(settings, notify_function="notify", github_token="slipway/github-token"))
        self.settings = replace(self.settings, resolve_vpc=world.resolve_vpc)
        self.world = world
        self.faults = faults
        faults.history, faults.clock = History(world), clock
        self._clock = clock
        task_definitions = FakeTaskDefinitions(world)
        self.parts = {
            "store": store,
            "workflow": workflow,
            "ecs": FakeEcs(world),
            "task_definitions": task_definitions,
            "clusters": FakeClusters(world),
            "tasks": FakeTasks(world),
            "autoscaling": FakeAutoScaling(world),
            "cloud_map": FakeCloudMap(world),
            "hosted_zones": FakeHostedZones(world),
            "load_balancers": FakeLoadBalancers(world),
            "ec2": FakeEc2(world),
            "ecr": FakeEcr(world),
            "iam": FakeIam(world),
            "secrets": FakeSecrets(world),
            "parameters": FakeParameters(world),
            "logs": FakeLogs(world),
            "notifier": FakeNotifier(),
            "github": FakeGitHub(),
            "kms": FakeKms(),
            "observer": FakeObserver(),
            "resolver": FakeResolver(world),
        }
        for name, part in self.parts.items():
            # A cached_property keeps its value in the instance's own dictionary: here it is there before it is asked.
            self.__dict__[name] = Watched(name, part, faults)
        faults.demand_calls()

    @contextmanager
    def repeating(self, seconds: float, action: Callable[[], None]) -> Iterator[None]:
        """Take an action every so many seconds of the test's clock, for as long as the block takes."""
        due: list[Any] = []

        def repeat() -> None:
            action()
            due.append(self._clock.call_later(seconds, repeat))

        due.append(self._clock.call_later(seconds, repeat))
        try:
            yield
        finally:
            self._clock.forget(due[-1])

    def now(self) -> datetime:
        """Return the present of the test's clock."""
        return cast("datetime", self._clock.now())
