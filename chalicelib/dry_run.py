"""What a deployment would do. It is no state: the API asks the function `observe` for it, and nothing is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from chalicelib.aws.autoscaling import Scaled, resource_label, scaled_as
from chalicelib.aws.cloud_map import Namespace, Registered
from chalicelib.aws.load_balancers import Listener, Routed
from chalicelib.aws.logs import LogGroup
from chalicelib.cloud import Cloud
from chalicelib.errors import AwsRefused
from chalicelib.forecast import MADE, Effect, Forecast, Found, effects, refuses, shared_effects
from chalicelib.log import logger
from chalicelib.manifest import Manifest, with_images
from chalicelib.plan import task_spec
from chalicelib.plan_document import plan_document
from chalicelib.preflight import Finding, claimed_by_others, could_not_check
from chalicelib.specs import Serving
from chalicelib.steps import preflight
from chalicelib.steps.found import known_revision, namespace_of, ours, placement
from chalicelib.steps.plan import resolved_images
from chalicelib.steps.step import owner_tags, tags

STATE = "DryRun"  # what `observe` is told in the place of a state
T = TypeVar("T")


@dataclass
class _Looks:
    """What is looked at beside Preflight: what AWS refuses to show is `unknown`, with a warning as Preflight's own."""

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


@dataclass(frozen=True)
class _Asked:
    """One service that is looked at, in the namespace if that is there."""

    manifest: Manifest
    name: str
    namespace: Namespace | None
    tags: dict[str, str]


def run(cloud: Cloud, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plan of the manifest, in JSON, that `Observer.dry_run` sends with `force`."""
    asked = Manifest.model_validate_json(document["manifest"])
    # A function's process keeps the keys of its last step.
    logger.append_keys(deployment_id=None, service_name=None, state=STATE, application=asked.application)
    try:
        logger.info("dry run")
        manifest = with_images(asked, resolved_images(cloud, asked))
        return plan_document(manifest, _forecast(cloud, manifest, force=document["force"]))
    finally:
        logger.remove_keys(["application"])


def _forecast(cloud: Cloud, manifest: Manifest, *, force: bool) -> Forecast:
    findings, looks = preflight.findings(cloud, manifest), _Looks()
    serving = looks.at("services", "the ECS services", lambda: cloud.ecs.serving(*_services(manifest)))
    namespace = looks.at("discovery", "the names in Cloud Map", lambda: namespace_of(cloud, manifest))
    cluster = looks.at("cluster", "the cluster", lambda: cloud.clusters.find(manifest.cluster_name))
    told: dict[str, tuple[Effect, ...] | None] = dict.fromkeys(manifest.services)
    for name, now in ours(cloud, manifest, serving or {}).items():
        if not refuses(findings, name):
            asked = _Asked(manifest, name, namespace, _tags(cloud, manifest, name))
            found = replace(_found(cloud, asked, _active(now), looks), force=force)
            told[name] = effects(manifest, name, found)
    return Forecast(
        shared=shared_effects(
            manifest,
            namespace=namespace is not None or "discovery" in looks.unknown,
            cluster=cluster is not None or "cluster" in looks.unknown,
        ),
        services=told,
        new=frozenset(name for name, now in (serving or {}).items() if _active(now) is None),
        findings=tuple(dict.fromkeys((*findings, *looks.warnings))),
        force=force,
    )


def _services(manifest: Manifest) -> tuple[str, list[str]]:
    return manifest.cluster_name, list(manifest.services)


def _tags(cloud: Cloud, manifest: Manifest, name: str) -> dict[str, str]:
    """Return the tags that a service keeps; which deployment came last is none of them."""
    own = tags(cloud, manifest, "", name)
    return {key: text for key, text in own.items() if key != "slipway:deployment"}


def _active(now: Serving | None) -> Serving | None:
    return now if now and now.status == "ACTIVE" else None


def _found(cloud: Cloud, asked: _Asked, serving: Serving | None, looks: _Looks) -> Found:
    manifest, name = asked.manifest, asked.name
    own = _Looks({"discovery"} & looks.unknown, looks.warnings)
    spec = task_spec(manifest, name)
    listener = own.at("route", "the listener", lambda: _listener(cloud, asked))
    routed = own.at("route", "the target groups", lambda: _routed(cloud, asked, serving, listener))
    return Found(
        tags=asked.tags,
        serving=serving,
        revision=own.at("task_definition", "the task definitions", lambda: known_revision(cloud, manifest, spec)),
        log_group=own.at("log_group", "the log groups", lambda: _log_group(cloud, spec.log_group)),
        network=own.at("network", "the networks", lambda: placement(cloud, manifest, name)),
        registered=own.at("discovery", "the names in Cloud Map", lambda: _registered(cloud, asked)),
        routed=routed,
        scaled=own.at("scaling", "the scaling", lambda: cloud.autoscaling.find(manifest.cluster_name, name)),
        scaling=_scaling(asked, listener, routed),
        unknown=frozenset(own.unknown),
    )


def _listener(cloud: Cloud, asked: _Asked) -> Listener | None:
    balancer = asked.manifest.load_balancer
    if asked.manifest.services[asked.name].route is None or balancer is None:
        return None
    return cloud.load_balancers.listener(balancer.name, balancer.port)


def _routed(cloud: Cloud, asked: _Asked, serving: Serving | None, listener: Listener | None) -> Routed | None:
    """Return how the service is routed to; without a route, by the target group that its tasks are in."""
    if listener:
        return cloud.load_balancers.routed(listener, asked.tags)
    if serving is None or serving.spec.route is None or asked.manifest.services[asked.name].route:
        return None
    own_tags = owner_tags(cloud, asked.manifest) | {"slipway:service": asked.name}
    return cloud.load_balancers.routed_by(serving.spec.route.group_arn, own_tags)


def _log_group(cloud: Cloud, name: str | None) -> LogGroup | None:
    return cloud.logs.group(name) if name else None


def _registered(cloud: Cloud, asked: _Asked) -> Registered | None:
    """Return the Cloud Map service that is there, unless it is another application's.

    Preflight looks at its record types, and tells whose it is.
    """
    wanted = asked.manifest.services[asked.name].discovery
    if wanted is None or asked.namespace is None:
        return None
    found = cloud.cloud_map.registered(asked.namespace).get(wanted.name or asked.name)
    if found and claimed_by_others(cloud.cloud_map.tags(found.arn), owner_tags(cloud, asked.manifest)):
        return None
    return found


def _scaling(asked: _Asked, listener: Listener | None, routed: Routed | None) -> Scaled | None:
    wanted = asked.manifest.services[asked.name].scaling
    if wanted is None:
        return None
    label = resource_label(listener.arn, routed.target_group if routed else MADE) if listener else None
    return scaled_as(wanted, label)
