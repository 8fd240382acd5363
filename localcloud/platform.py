"""The local cloud, whole: what is started, in which order, and how all of it ends."""

import importlib
import json
import os
from contextlib import ExitStack
from threading import Thread
from types import TracebackType
from typing import Any, Protocol, TypeVar

from localcloud import account, account_memory, dynamodb, pull_through
from localcloud.account import Account
from localcloud.account_network import VPC_NAME
from localcloud.async_invocations import RETRY_SECONDS
from localcloud.autoscaling import Autoscaling
from localcloud.balancer import Balancer, MotoMemory
from localcloud.clock import Clock
from localcloud.discovery import CloudMap
from localcloud.dns import DnsServer
from localcloud.ecs import Ecs
from localcloud.eventbridge import EventBus, rules_of, schedules_of
from localcloud.execution_watch import ExecutionWatch
from localcloud.fault_injection import FaultInjection
from localcloud.front_door import FrontDoor, Observer
from localcloud.gateway import Gateway
from localcloud.hosted_zones import MotoZones
from localcloud.images import Images
from localcloud.interfaces import MotoInterfaces
from localcloud.lambdas import Lambdas, functions_of
from localcloud.layers import Layers
from localcloud.log_sink import LogSink
from localcloud.network.loopback import Loopback
from localcloud.network.moto_memory import MotoMemory as NetworkMemory
from localcloud.network.vpc import RESOLVER, Vpc
from localcloud.ports import Ports, port_of
from localcloud.registry import Registry
from localcloud.request_log import RequestLog
from localcloud.secret_store import SecretStore
from localcloud.settings import ACCOUNT, HOST, LOAD_BALANCERS, REGION, Settings
from localcloud.staleness import Staleness
from localcloud.throttles import Throttles

TOKENS = {"local-admin": ("read", "write"), "local-planner": ("read", "plan"), "local-read": ("read",)}


DNS_PORT = 53


class Part(Protocol):
    """Something that runs between start and stop."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End; nothing of it is left."""


P = TypeVar("P", bound=Part)


class Platform:
    """AWS on this machine, with Slipway deployed into it: a context manager. One at a time in a process.

    It closes `ports` at its end.
    """

    def __init__(self, settings: Settings, ports: Ports, observer: Observer | None = None) -> None:
        self._settings = settings
        self._ports = ports
        self.account = Account(f"http://{HOST}:{port_of(ports.aws)}")
        self._clock = Clock(settings.speed)
        self._stack = ExitStack()
        self._observer = observer

    def __enter__(self) -> "Platform":
        """Start everything; what has started is stopped when something fails."""
        with ExitStack() as started:
            self._stack = started
            self._start()
            self._stack = started.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything, last started first."""
        self._stack.close()

    def _start(self) -> None:
        for listening in self._ports:
            self._stack.callback(listening.close)
        account_memory.fill()
        # Lines for CloudWatch alone, several for each request; those of alarms are printed all the same.
        metrics = {"POWERTOOLS_METRICS_DISABLED": os.environ.get("POWERTOOLS_METRICS_DISABLED", "true")}
        self._variables({"AWS_ENDPOINT_URL": self.account.endpoint} | AWS_VARIABLES | metrics)
        self._names_and_network()
        self._living_services()
        self._front_door()
        self.network.place_balancers(LOAD_BALANCERS)
        self._slipway()
        # Whoever deploys at once waits for it, anybody else does not.
        Thread(target=account_memory.parse_definitions, name="parse", daemon=True).start()

    @property
    def balancer_ports(self) -> tuple[int, ...]:
        """Return the ports of the load balancers, in their order."""
        return tuple(port_of(each) for each in self._ports.balancers)

    def _names_and_network(self) -> None:
        self.cloud_map = CloudMap(clock=self._clock, zones=MotoZones())
        self.dns_address = self._run(DnsServer(self.cloud_map)).address
        self.network = self._network()

    def _living_services(self) -> None:
        """Make what lives behind the front door; it asks the door itself for what moto remembers."""
        self.images = Images(self._settings.images, self._settings.cache)
        self._stack.callback(self.images.close)
        self.registry = Registry()
        self.faults = FaultInjection()
        self.dynamodb = dynamodb.DynamoDb()
        self.lambdas = Lambdas()
        self.events = EventBus(lambdas=self.lambdas)
        self.balancer = Balancer(clock=self._clock, memory=MotoMemory(), sources=self.network.balancers)
        self.ecs = Ecs(
            clock=self._clock,
            images=self.images,
            network=self.network,
            discovery=self.cloud_map,
            balancer=self.balancer,
            logs=LogSink(),
            emit=self.faults.on_events(self.events.put),
            secrets=SecretStore(self.account.client("secretsmanager"), self.account.client("ssm")),
            interfaces=MotoInterfaces(),
            registry=self.registry,
        )

    def _front_door(self) -> None:
        """Open the one endpoint, with moto behind it, then let load balancers and tasks live."""
        layers, stale_seconds = Layers(self.account), self._settings.stale_seconds
        caches = pull_through.PullThroughCache(ACCOUNT)
        autoscaling = Autoscaling(self.ecs.handle)
        door = FrontDoor(
            lambdas=self.lambdas,
            services={"ecs": self.ecs.handle, "servicediscovery": self.cloud_map.handle},
            elb_data_plane=self.balancer.handle,
            observer=self._observer,
            operations={
                ("ecr", "GetDownloadUrlForLayer"): layers.handle,
                **{("ecr", operation): caches.handle for operation in pull_through.OPERATIONS},
                **{("dynamodb", operation): self.dynamodb.handle for operation in dynamodb.OPERATIONS},
            },
            listeners={
                ("application-autoscaling", "RegisterScalableTarget"): autoscaling.registered,
                ("application-autoscaling", "DeregisterScalableTarget"): autoscaling.deregistered,
                ("ecr", "PutImage"): self.registry.pushed,
                ("ecr", "UploadLayerPart"): layers.uploaded,
                ("ecr", "CompleteLayerUpload"): layers.completed,
            },
            faults=self.faults,
            throttles=Throttles() if self._settings.throttles else None,
            staleness=Staleness(self._clock.scaled(stale_seconds)) if stale_seconds else None,
            retry_seconds=[self._clock.scaled(seconds) for seconds in RETRY_SECONDS],
            listening=self._ports.aws,
        )
        self._run(door)
        self.network.call(lambda: self._run(self.balancer))
        for name, listening in zip(LOAD_BALANCERS, self._ports.balancers, strict=True):
            self.balancer.serve(name, listening)
        self._run(self.ecs)
        account.register_container_instances(self.ecs.handle)

    def _network(self) -> Loopback | Vpc:
        """Make the network; in a VPC names are asked of its own resolver, which answers as the other one does."""
        network = Vpc(NetworkMemory()) if self._settings.network == "vpc" else Loopback(dns_address=self.dns_address)
        self._stack.callback(network.close)
        if isinstance(network, Vpc):
            self._run(network.call(lambda: DnsServer(self.cloud_map, RESOLVER, DNS_PORT)))
        return network

    def _slipway(self) -> None:
        """Deploy Slipway as it is deployed on AWS: its functions, its event rules, its API."""
        self._variables(self._slipway_variables())
        if self._settings.requests:
            self._run(RequestLog(self._settings.requests))
        app_module = importlib.reload(importlib.import_module("app"))
        for name, function in functions_of(app_module.app).items():
            self.lambdas.add(name, self.faults.on_function(name, function))
        for pattern, name in rules_of(app_module.app):
            self.events.rule(pattern, name)
        for seconds, name in schedules_of(app_module.app):
            self.events.every(seconds, name)
        self._run(self.events)  # its functions call the front door: it ends before that does
        self._admit_tokens(app_module.cloud())
        self._run(ExecutionWatch(self.faults.on_events(self.events.put)))
        gateway = self._run(Gateway(app_module.app, self._ports.api))
        self.url = gateway.url

    def _admit_tokens(self, cloud: Any) -> None:
        from chalicelib.api.tokens import token_hash  # noqa: PLC0415  it reads the variables set above
        from chalicelib.ledger import Principal  # noqa: PLC0415

        for token, scopes in TOKENS.items():
            cloud.store.keep_principal(token_hash(token), Principal(token, scopes))

    def _slipway_variables(self) -> dict[str, str]:
        settings = self._settings
        defaults = {
            "network": {"vpc": VPC_NAME, "subnets": ["private"], "security_groups": ["default"]},
            "execution_role": account.EXECUTION_ROLE,
            "poll_seconds": settings.poll_seconds,
        }
        ports = zip(LOAD_BALANCERS, self.balancer_ports, strict=True)
        urls = {name: f"http://{HOST}:{port}" for name, port in ports}
        return {
            "SLIPWAY_TABLE": account.TABLE,
            "SLIPWAY_STATE_MACHINE_ARN": account.STATE_MACHINE_ARN,
            "SLIPWAY_TEARDOWN_STATE_MACHINE_ARN": account.TEARDOWN_STATE_MACHINE_ARN,
            "SLIPWAY_RESOLVE_FUNCTION": "resolve",
            "SLIPWAY_OBSERVE_FUNCTION": "observe",
            "SLIPWAY_GITHUB_SECRETS": account.GITHUB_SECRET,
            "SLIPWAY_RESOLVE_VPC": self.account.vpc(),
            "SLIPWAY_NAMESERVERS": "{}:{}".format(*self.dns_address),
            "SLIPWAY_DEFAULTS": json.dumps(defaults),
            "SLIPWAY_SPEED": str(settings.speed),
            "SLIPWAY_LOAD_BALANCER_URLS": json.dumps(urls),
            **self._github_variables(),
        }

    def _github_variables(self) -> dict[str, str]:
        """Return what has GitHub told how its deployments go: nothing, unless the environment says where it is."""
        if self._settings.github_api is None:
            return {}
        return {
            "SLIPWAY_NOTIFY_FUNCTION": "notify",
            "SLIPWAY_GITHUB_API": self._settings.github_api,
            "SLIPWAY_GITHUB_TOKEN": account.GITHUB_TOKEN,
            "SLIPWAY_PUBLIC_URL": f"http://{HOST}:{port_of(self._ports.api)}",
        }

    def _variables(self, variables: dict[str, str]) -> None:
        """Set variables of this process's environment until the end."""
        before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)
        self._stack.callback(_restore, before)

    def _run(self, part: P) -> P:
        part.start()
        self._stack.callback(part.stop)
        return part


AWS_VARIABLES = {
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    # DiscoverInstances goes to a host of its own on AWS, "data-servicediscovery…", which 127.0.0.1 is not.
    "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    "POWERTOOLS_LOG_LEVEL": "WARNING",
}


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
