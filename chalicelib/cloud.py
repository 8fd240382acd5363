"""Makes every object once, by the settings. What it makes is handed to steps and api.

What it is made of is imported then, too: a cold start waits for what it asks for, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from datetime import datetime, timedelta
from functools import cached_property
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TypeVar, cast

from chalicelib.aws.calls import ATTEMPTS, READ_SECONDS, config, counted
from chalicelib.deployment import instant
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.aws.autoscaling import AutoScaling
    from chalicelib.aws.cloud_map import CloudMap
    from chalicelib.aws.clusters import Clusters
    from chalicelib.aws.ec2 import Ec2
    from chalicelib.aws.ecr import Ecr
    from chalicelib.aws.ecs import Ecs
    from chalicelib.aws.hosted_zones import HostedZones
    from chalicelib.aws.iam import Iam
    from chalicelib.aws.kms import Kms
    from chalicelib.aws.load_balancers import LoadBalancers
    from chalicelib.aws.logs import Logs
    from chalicelib.aws.notifier import Notifier
    from chalicelib.aws.observer import Observer
    from chalicelib.aws.resolver import Resolver
    from chalicelib.aws.secrets import Parameters, Secrets
    from chalicelib.aws.step_functions import Workflow
    from chalicelib.aws.task_definitions import TaskDefinitions
    from chalicelib.aws.tasks import Tasks
    from chalicelib.github.client import GitHub
    from chalicelib.store import Store

T = TypeVar("T")
OBSERVER_SECONDS = 27  # API Gateway waits 29 for the function `api`


class Cloud:
    """Everything that steps and api ask: the record, AWS, the clock. Each part is made when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._remembered: dict[str, tuple[datetime, Any]] = {}

    def now(self) -> datetime:
        """Return the present instant."""
        return instant()

    def remembered(self, name: str, seconds: float, read: Callable[[], T]) -> T:
        """Return what was read under a name in this process, at most so many seconds ago; else read it."""
        now = self.now()
        read_at, value = self._remembered.get(name, (None, None))
        if read_at is None or not timedelta() <= now - read_at < timedelta(seconds=seconds):
            value = read()
            self._remembered[name] = now, value
        return cast("T", value)

    @contextmanager
    def repeating(self, seconds: float, action: Callable[[], None]) -> Iterator[None]:
        """Take an action every so many seconds while the block goes on, beside it; never in one that is shorter."""
        over = Event()

        def repeat() -> None:
            while not over.wait(seconds):
                action()

        Thread(target=copy_context().run, args=(repeat,), daemon=True).start()
        try:
            yield
        finally:
            over.set()

    def _client(self, service: str, attempts: int = ATTEMPTS, read_seconds: int = READ_SECONDS) -> Any:
        import boto3

        asking = config(attempts, read_seconds)
        return counted(boto3.client(service, region_name=self.settings.region, config=asking))  # type: ignore[call-overload]

    @cached_property
    def store(self) -> Store:
        """The record."""
        from chalicelib.aws.dynamodb import Table
        from chalicelib.store import Store

        return Store(Table(self._client("dynamodb"), self.settings.table))

    @cached_property
    def workflow(self) -> Workflow:
        """The state machines."""
        from chalicelib.aws.step_functions import Workflow

        return Workflow(self._client("stepfunctions"), self.settings.state_machines)

    @cached_property
    def ecs(self) -> Ecs:
        """Clusters and services."""
        from chalicelib.aws.ecs import Ecs

        return Ecs(self._client("ecs"), self._client("ecs", attempts=1))

    @cached_property
    def task_definitions(self) -> TaskDefinitions:
        """Task definitions."""
        from chalicelib.aws.task_definitions import TaskDefinitions

        return TaskDefinitions(self._client("ecs"), self._client("ecs", attempts=1), self.settings.region)

    @cached_property
    def clusters(self) -> Clusters:
        """Clusters and services when they come to their end."""
        from chalicelib.aws.clusters import Clusters

        return Clusters(self._client("ecs"))

    @cached_property
    def tasks(self) -> Tasks:
        """Tasks that run once."""
        from chalicelib.aws.tasks import Tasks

        return Tasks(self._client("ecs"))

    @cached_property
    def autoscaling(self) -> AutoScaling:
        """What scales services."""
        from chalicelib.aws.autoscaling import AutoScaling

        return AutoScaling(self._client("application-autoscaling"))

    @cached_property
    def cloud_map(self) -> CloudMap:
        """Namespaces and what they discover."""
        from chalicelib.aws.cloud_map import CloudMap

        return CloudMap(self._client("servicediscovery"))

    @cached_property
    def hosted_zones(self) -> HostedZones:
        """The zones behind namespaces."""
        from chalicelib.aws.hosted_zones import HostedZones

        return HostedZones(self._client("route53"))

    @cached_property
    def load_balancers(self) -> LoadBalancers:
        """Listeners, rules and target groups."""
        from chalicelib.aws.load_balancers import LoadBalancers

        return LoadBalancers(self._client("elbv2"), self._client("elbv2", attempts=1))

    @cached_property
    def ec2(self) -> Ec2:
        """Networks."""
        from chalicelib.aws.ec2 import Ec2

        return Ec2(self._client("ec2"))

    @cached_property
    def ecr(self) -> Ecr:
        """Images."""
        from chalicelib.aws.ecr import Ecr

        return Ecr(self._client("ecr"))

    @cached_property
    def secrets(self) -> Secrets:
        """Secrets."""
        from chalicelib.aws.secrets import Secrets

        return Secrets(self._client("secretsmanager"), self.settings.installation)

    @cached_property
    def parameters(self) -> Parameters:
        """Parameters."""
        from chalicelib.aws.secrets import Parameters

        return Parameters(self._client("ssm"))

    @cached_property
    def iam(self) -> Iam:
        """Roles."""
        from chalicelib.aws.iam import Iam

        return Iam(self._client("iam"))

    @cached_property
    def logs(self) -> Logs:
        """Log groups."""
        from chalicelib.aws.logs import Logs

        return Logs(self._client("logs"))

    @cached_property
    def resolver(self) -> Resolver:
        """DNS as the tasks see it."""
        from chalicelib.aws.resolver import Resolver

        return Resolver(self._client("lambda"), self.settings.resolve_function)

    @cached_property
    def observer(self) -> Observer:
        """AWS as it is, for who may not look: asked once, for as long as API Gateway waits for who asks."""
        from chalicelib.aws.observer import Observer

        asking = self._client("lambda", attempts=1, read_seconds=OBSERVER_SECONDS)
        return Observer(asking, self.settings.observe_function)

    @cached_property
    def notifier(self) -> Notifier:
        """Who tells GitHub."""
        from chalicelib.aws.notifier import Notifier

        return Notifier(self._client("lambda"), self.settings.notify_function or "")

    @cached_property
    def github(self) -> GitHub:
        """GitHub's API."""
        from chalicelib.github.client import GitHub

        return GitHub(self.settings.github_api)

    @cached_property
    def kms(self) -> Kms:
        """Keys that never leave AWS."""
        from chalicelib.aws.kms import Kms

        return Kms(self._client("kms"))
