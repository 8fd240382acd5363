"""Makes every object once, from the environment. What it makes is handed to steps and api.

What it is made of is imported then, too: a cold start waits for what it asks for, and for nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TypeVar, cast

from chalicelib.aws.calls import ATTEMPTS, config, counted
from chalicelib.deployment import instant

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


@dataclass(frozen=True)
class Settings:
    """What this installation is told by its environment variables.

    `defaults` is the stage's part of a manifest; `load_balancer_urls` maps a load balancer's name to the URL under
    which people reach it; `nameservers` ("ip:port") replaces the system's resolver in the `resolve` function, which
    is in the VPC `resolve_vpc` (its id; "": in none);
    `github_secrets` are the secrets or parameters that hold a secret of GitHub's webhook, all of them valid.
    `notify_function` tells GitHub how its deployments go, at `github_api`; None: nobody does. It has the token that the
    secret or parameter `github_token` holds, or is the GitHub App `github_app`, whose private key is the KMS key
    `github_app_key`. `public_url` is the API's own, with its stage, for links from GitHub.
    """

    table: str
    state_machine_arn: str
    resolve_function: str
    region: str
    teardown_state_machine_arn: str
    observe_function: str
    installation: str = "slipway"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    load_balancer_urls: Mapping[str, str] = field(default_factory=dict)
    nameservers: str | None = None
    resolve_vpc: str = ""
    github_secrets: tuple[str, ...] = ()
    notify_function: str | None = None
    github_api: str = "https://api.github.com"
    github_token: str | None = None
    github_app: str | None = None
    github_app_key: str | None = None
    public_url: str | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Return the settings; raises KeyError naming the variable that is missing."""
        return cls(
            table=environment["SLIPWAY_TABLE"],
            state_machine_arn=environment["SLIPWAY_STATE_MACHINE_ARN"],
            teardown_state_machine_arn=environment["SLIPWAY_TEARDOWN_STATE_MACHINE_ARN"],
            resolve_function=environment["SLIPWAY_RESOLVE_FUNCTION"],
            observe_function=environment["SLIPWAY_OBSERVE_FUNCTION"],
            region=environment["AWS_REGION"],
            installation=environment.get("SLIPWAY_INSTALLATION", cls.installation),
            defaults=json.loads(environment.get("SLIPWAY_DEFAULTS", "{}")),
            load_balancer_urls=json.loads(environment.get("SLIPWAY_LOAD_BALANCER_URLS", "{}")),
            nameservers=environment.get("SLIPWAY_NAMESERVERS"),
            resolve_vpc=environment.get("SLIPWAY_RESOLVE_VPC", cls.resolve_vpc),
            github_secrets=_listed(environment.get("SLIPWAY_GITHUB_SECRETS", "")),
            notify_function=environment.get("SLIPWAY_NOTIFY_FUNCTION"),
            github_api=environment.get("SLIPWAY_GITHUB_API", cls.github_api),
            github_token=environment.get("SLIPWAY_GITHUB_TOKEN"),
            github_app=environment.get("SLIPWAY_GITHUB_APP"),
            github_app_key=environment.get("SLIPWAY_GITHUB_APP_KEY"),
            public_url=environment.get("SLIPWAY_PUBLIC_URL"),
        )

    @property
    def account(self) -> str:
        """Return the id of the account that this installation is in, which the ARN of its state machine says."""
        return self.state_machine_arn.split(":")[4]

    @property
    def state_machines(self) -> dict[str, str]:
        """Return the ARNs of the state machines by the kind of deployment that each carries out."""
        return {"deploy": self.state_machine_arn, "teardown": self.teardown_state_machine_arn}


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


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

    def _client(self, service: str, attempts: int = ATTEMPTS) -> Any:
        import boto3

        region = self.settings.region
        return counted(boto3.client(service, region_name=region, config=config(attempts)))  # type: ignore[call-overload]

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
        """AWS as it is, for who may not look."""
        from chalicelib.aws.observer import Observer

        return Observer(self._client("lambda"), self.settings.observe_function)

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
