"""What a deployment would do. It is no state: the API asks the function `observe` for it, and nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.aws.autoscaling import Scaled, resource_label, scaled_as
from chalicelib.aws.cloud_map import Namespace, Registered
from chalicelib.aws.load_balancers import Listener, Routed
from chalicelib.aws.logs import LogGroup
from chalicelib.cloud import Cloud
from chalicelib.errors import DeploymentError, DiscoveryConflict
from chalicelib.forecast import MADE, Effect, Finding, Forecast, Found, effects, shared_effects
from chalicelib.log import logger
from chalicelib.manifest import Manifest
from chalicelib.plan import task_spec
from chalicelib.plan_document import plan_document
from chalicelib.specs import Serving
from chalicelib.steps.found import known_revision, placement, refuse
from chalicelib.steps.step import tags

STATE = "DryRun"  # what `observe` is told in the place of a state


@dataclass(frozen=True)
class _Asked:
    """One service that is looked at, in the namespace if that is there."""

    manifest: Manifest
    name: str
    namespace: Namespace | None
    tags: dict[str, str]


def run(cloud: Cloud, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plan of the manifest, in JSON, that `Observer.dry_run` sends."""
    manifest = Manifest.model_validate_json(document["manifest"])
    # A function's process keeps the keys of its last step.
    logger.append_keys(deployment_id=None, service_name=None, state=STATE, application=manifest.application)
    try:
        logger.info("dry run")
        return plan_document(manifest, _forecast(cloud, manifest))
    finally:
        logger.remove_keys(["application"])


def _forecast(cloud: Cloud, manifest: Manifest) -> Forecast:
    serving = cloud.ecs.serving(manifest.cluster_name, list(manifest.services))
    namespace = cloud.cloud_map.namespace(manifest.namespace) if manifest.namespace else None
    cluster = cloud.clusters.find(manifest.cluster_name)
    told = {
        name: _effects(cloud, _Asked(manifest, name, namespace, _tags(cloud, manifest, name)), now)
        for name, now in serving.items()
    }
    return Forecast(
        shared=shared_effects(manifest, namespace=namespace is not None, cluster=cluster is not None),
        services={name: None if isinstance(each, Finding) else each for name, each in told.items()},
        new=frozenset(name for name, now in serving.items() if _active(now) is None),
        findings=tuple(each for each in told.values() if isinstance(each, Finding)),
    )


def _tags(cloud: Cloud, manifest: Manifest, name: str) -> dict[str, str]:
    """Return the tags that a service keeps; which deployment came last is none of them."""
    own = tags(cloud, manifest, "", name)
    return {key: text for key, text in own.items() if key != "slipway:deployment"}


def _active(now: Serving | None) -> Serving | None:
    return now if now and now.status == "ACTIVE" else None


def _effects(cloud: Cloud, asked: _Asked, now: Serving | None) -> tuple[Effect, ...] | Finding:
    """Return what would happen to a service, or why it would be refused."""
    try:
        refuse(cloud, asked.manifest, asked.name, now)
        return effects(asked.manifest, asked.name, _found(cloud, asked, _active(now)))
    except DeploymentError as error:
        return Finding(error.code(), asked.name, error.cause, error.fix)


def _found(cloud: Cloud, asked: _Asked, serving: Serving | None) -> Found:
    manifest, name, listener = asked.manifest, asked.name, _listener(cloud, asked)
    routed = cloud.load_balancers.routed(listener, asked.tags) if listener else None
    return Found(
        tags=asked.tags,
        serving=serving,
        revision=known_revision(cloud, task_spec(manifest, name)),
        log_group=_log_group(cloud, asked),
        network=placement(cloud, manifest, name),
        registered=_registered(cloud, asked),
        routed=routed,
        scaled=cloud.autoscaling.find(manifest.cluster_name, name),
        scaling=_scaling(asked, listener, routed),
    )


def _listener(cloud: Cloud, asked: _Asked) -> Listener | None:
    balancer = asked.manifest.load_balancer
    if asked.manifest.services[asked.name].route is None or balancer is None:
        return None
    return cloud.load_balancers.listener(balancer.name, balancer.port)


def _log_group(cloud: Cloud, asked: _Asked) -> LogGroup | None:
    group = task_spec(asked.manifest, asked.name).log_group
    return cloud.logs.group(group) if group else None


def _registered(cloud: Cloud, asked: _Asked) -> Registered | None:
    """Return the Cloud Map service that is there; raises DiscoveryConflict when it has other record types."""
    wanted = asked.manifest.services[asked.name].discovery
    if wanted is None or asked.namespace is None:
        return None
    found = cloud.cloud_map.registered(asked.namespace).get(wanted.name or asked.name)
    if found and set(found.records) != set(wanted.records):
        raise DiscoveryConflict(
            f"the Cloud Map service {wanted.name or asked.name} has records {sorted(found.records)}, "
            f"the manifest asks for {sorted(wanted.records)}"
        )
    return found


def _scaling(asked: _Asked, listener: Listener | None, routed: Routed | None) -> Scaled | None:
    wanted = asked.manifest.services[asked.name].scaling
    if wanted is None:
        return None
    label = resource_label(listener.arn, routed.target_group if routed else MADE) if listener else None
    return scaled_as(wanted, label)
