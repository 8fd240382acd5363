"""The account of a deployment before it begins: what is wrong, and what would happen to each service.

The state Plan goes by it, and the dry run shows it. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from chalicelib.aws.autoscaling import resource_label, scaled_as
from chalicelib.errors import AwsRefused
from chalicelib.forecast import MADE, Effect, Forecast, Found, effects, refuses, shared_effects
from chalicelib.plan import task_spec
from chalicelib.preflight import Finding, could_not_check
from chalicelib.steps import preflight

if TYPE_CHECKING:
    from chalicelib.aws.autoscaling import Scaled
    from chalicelib.aws.load_balancer_document import Listener, Routed
    from chalicelib.aws.logs import LogGroup
    from chalicelib.belongings import ServiceBelongings
    from chalicelib.manifest import Manifest
    from chalicelib.steps.looks import Looks

T = TypeVar("T")


@dataclass(frozen=True)
class Account:
    """What would happen, what was found of each service of ours, and which change, or may: AWS did not let us look."""

    forecast: Forecast
    found: Mapping[str, Found]
    changing: frozenset[str]


@dataclass
class _Asking:
    """What is looked at: what AWS refuses to show is `unknown`, with a warning as Preflight's own."""

    unknown: set[str] = field(default_factory=set)
    warnings: list[Finding] = field(default_factory=list)

    def at(self, part: str, what: str, read: Callable[[], T]) -> T | None:
        """Return what is read, None when AWS refuses."""
        try:
            return read()
        except AwsRefused as refusal:
            self.unknown.add(part)
            self.warnings.append(could_not_check(what, refusal))
            return None


def account_of(looks: Looks, *, force: bool) -> Account:
    """Return what a deployment of a manifest would do, and all that is wrong with it.

    What nothing happens to is not asked whether it could: it serves. Raises Throttled and TransientAws.
    """
    manifest, asking = looks.manifest, _Asking()
    wrong = preflight.findings(looks, preflight.GROUND)
    own = asking.at("services", "the ECS services", lambda: looks.own) or {}
    found = {name: _found(looks, name, asking, force=force) for name in own if not refuses(wrong, name)}
    told = {name: effects(manifest, name, each) for name, each in found.items()}
    shared = _shared(looks, asking)
    changing = frozenset(name for name in manifest.services if told.get(name) != () or found[name].unknown)
    findings = tuple(dict.fromkeys((*wrong, *preflight.findings_of_changes(looks, changing), *asking.warnings)))
    services: dict[str, tuple[Effect, ...] | None] = {name: told.get(name) for name in manifest.services}
    refused = {name: None for name in services if refuses(findings, name)}
    forecast = Forecast(
        shared=shared,
        services={**services, **refused},
        new=frozenset(name for name in own if looks.active(name) is None),
        findings=findings,
        force=force,
    )
    return Account(forecast, found, changing)


def _shared(looks: Looks, asking: _Asking) -> tuple[Effect, ...]:
    namespace = asking.at("discovery", "the names in Cloud Map", lambda: looks.namespace)
    known = "services" not in asking.unknown
    cluster = asking.at("cluster", "the cluster", lambda: looks.has_cluster) if known else None
    return shared_effects(
        looks.manifest,
        namespace=namespace is not None or "discovery" in asking.unknown,
        cluster=cluster is not False,
    )


def _found(looks: Looks, name: str, asking: _Asking, *, force: bool) -> Found:
    service, log_group = looks.manifest.services[name], task_spec(looks.manifest, name).log_group
    wanted = looks.tags(name)
    listener = asking.at("route", "the listener", lambda: looks.listener)
    routed = asking.at("route", "the target groups", lambda: looks.routed.get(name))
    return Found(
        tags=wanted,
        dropped_tags=given_before(looks, name) - wanted.keys(),
        serving=looks.active(name),
        revision=asking.at("task_definition", "the task definitions", lambda: looks.revision(name)),
        log_group=asking.at("log_group", "the log groups", lambda: _log_group(looks, log_group)),
        network=asking.at("network", "the networks", lambda: looks.placement(name)),
        registered=asking.at("discovery", "the names in Cloud Map", lambda: looks.registered_name(name)),
        routed=routed,
        scaled=asking.at("scaling", "the scaling", lambda: looks.scaled.get(name)),
        scaling=scaling_asked(looks.manifest, name, listener if service.route else None, routed),
        unknown=frozenset(asking.unknown),
        force=force,
        kept_registry=_kept_registry(looks, name),
    )


def _kept_registry(looks: Looks, name: str) -> str | None:
    """Return the ARN of the Cloud Map service that a service has, and that no manifest ever gave it."""
    serving, known = looks.active(name), _known(looks, name)
    registry = serving.spec.discovery if serving else None
    given = looks.manifest.services[name].discovery or (known and known.names)
    return registry.arn if registry and not given else None


def given_before(looks: Looks, name: str) -> frozenset[str]:
    """Return the keys of the tags that manifests of the application ever gave a service."""
    known = _known(looks, name)
    return frozenset(known.tag_keys if known else ())


def _known(looks: Looks, name: str) -> ServiceBelongings | None:
    cluster = looks.manifest.cluster_name
    return looks.belongings.services.get(f"{cluster}/{name}") if looks.belongings else None


def _log_group(looks: Looks, name: str | None) -> LogGroup | None:
    return looks.log_groups.get(name) if name else None


def scaling_asked(manifest: Manifest, name: str, listener: Listener | None, routed: Routed | None) -> Scaled | None:
    """Return how a manifest asks a service to be scaled, None where it does not."""
    wanted = manifest.services[name].scaling
    if wanted is None:
        return None
    label = resource_label(listener.arn, routed.target_group if routed else MADE) if listener else None
    return scaled_as(wanted, label)
