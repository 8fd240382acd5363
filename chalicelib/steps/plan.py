"""Plan: what is there, and the manifest, make the account of what will happen; or something is wrong."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from chalicelib.before import BeforePart
from chalicelib.cloud import Cloud
from chalicelib.decide import called_off
from chalicelib.deployment import Deployment
from chalicelib.errors import AwsRefused
from chalicelib.forecast import Forecast, as_asked
from chalicelib.ground import Ground
from chalicelib.manifest import Manifest
from chalicelib.notices import notify
from chalicelib.plan import chained, waves
from chalicelib.polls import poll_seconds_of
from chalicelib.preflight import images_asked, pinned
from chalicelib.specs import Serving
from chalicelib.steps import preflight
from chalicelib.steps.account import Account, account_of
from chalicelib.steps.balancer import url_before, url_of
from chalicelib.steps.earlier import (
    Earlier,
    earlier_of,
    left_of,
    refuse_unseen_parts,
    refuse_unseen_services,
    serving_elsewhere,
)
from chalicelib.steps.looks import Looks
from chalicelib.steps.step import StepEvent
from chalicelib.steps.unnamed import tell_unnamed


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record what will happen to each service and what served before; hand on the first wave, which holds the next.

    Raises PreflightFailed when something is wrong: nothing was changed. Raises TransientAws while AWS may not show yet
    what earlier deployments have changed.
    """
    deployment = cloud.store.get(event.deployment_id)
    _go_on(deployment)
    manifest = _resolved(cloud, event.deployment_id)
    looks = Looks(cloud, manifest)
    earlier = earlier_of(cloud, deployment)
    account = _account(cloud, deployment, looks, earlier)
    forecast = account.forecast
    _record(cloud, deployment, manifest, forecast, waited=bool(earlier or deployment.after))
    tell_unnamed(cloud, deployment, manifest, looks.belongings)
    notify(cloud, deployment)
    preflight.tell(cloud, deployment.id, forecast.findings)
    _keep(cloud, deployment, manifest, account, looks.ground, earlier)
    poll_seconds = poll_seconds_of(manifest)
    order = waves({name: service.depends_on for name, service in manifest.services.items()})
    items = [[_item(deployment.id, manifest, name, poll_seconds, account) for name in wave] for wave in order]
    return {
        "deployment_id": deployment.id,
        "changes": bool(account.changing),
        "wave": chained(items),
        "poll_seconds": poll_seconds,
        "prune": any(name not in manifest.services for name in deployment.services),
    }


def _account(cloud: Cloud, deployment: Deployment, looks: Looks, earlier: list[Earlier]) -> Account:
    """Return what will happen, by looks that show what earlier deployments have changed. Raises TransientAws."""
    cluster = looks.manifest.cluster_name
    elsewhere = serving_elsewhere(cloud, earlier, cluster, list(looks.manifest.services))
    refuse_unseen_services(cloud, earlier, {(cluster, name): now for name, now in looks.serving.items()} | elsewhere)
    account = account_of(looks, force=deployment.force)
    refuse_unseen_parts(cloud, earlier, looks, account.found)
    return account


def _go_on(deployment: Deployment) -> None:
    if failure := called_off(deployment, None):
        raise failure


def _resolved(cloud: Cloud, deployment_id: str) -> Manifest:
    """Return the manifest with its images by digest: a tag that moves meanwhile moves nothing of this deployment."""
    asked = cloud.store.manifest(deployment_id)
    images = resolved_images(cloud, asked)
    if not images:
        return asked
    kept = cloud.store.keep_images(deployment_id, images)
    for image, digest in images.items() if kept else ():
        cloud.store.record(deployment_id, None, "planned", f"{image} is {digest.partition('@')[2]}.", cloud.now())
    return cloud.store.manifest(deployment_id)


def resolved_images(cloud: Cloud, manifest: Manifest) -> dict[str, str]:
    """Return the digests of images that ECR names by a tag: {"…/home:1": "…/home@sha256:…"}.

    Left out is what ECR does not have, and what it does not let us look at: Preflight tells of both.
    """
    asked = images_asked(manifest, cloud.settings.account, cloud.settings.region)
    tagged = {each.reference for each in asked if "@" not in each.reference}
    digests = {image: _digest(cloud, image) for image in sorted(tagged)}
    return {image: pinned(image, digest) for image, digest in digests.items() if digest}


def _digest(cloud: Cloud, image: str) -> str | None:
    try:
        return cloud.ecr.digest(image)
    except AwsRefused:
        return None


def _item(deployment_id: str, manifest: Manifest, service: str, poll_seconds: int, account: Account) -> dict[str, Any]:
    """Return what the branch of a service starts with: whether it changes, needs a task first, and scales otherwise."""
    changes = service in account.changing
    return {
        "deployment_id": deployment_id,
        "service": service,
        "poll_seconds": poll_seconds,
        "changes": changes,
        "task_needed": changes and manifest.services[service].before_deploy is not None,
        "scales": "scaling" not in as_asked(manifest, service, account.found[service]),
    }


def _record(cloud: Cloud, deployment: Deployment, manifest: Manifest, forecast: Forecast, *, waited: bool) -> None:
    """Record what will happen. A deployment that waited for another, or its traces, has its whole time from now on."""
    now = cloud.now()
    late = {"deadline_at": now + timedelta(seconds=manifest.timeout_seconds)} if waited else {}
    summary = ", ".join(f"{name}: {_told(forecast, name)}" for name in manifest.services)
    order = waves({name: service.depends_on for name, service in manifest.services.items()})
    said = " → ".join(" + ".join(wave) for wave in order)
    if not cloud.store.run(deployment.id, f"{summary}. Order: {said}.", now, **late):
        _go_on(cloud.store.get(deployment.id))


def _told(forecast: Forecast, name: str) -> str:
    fields = forecast.changed_fields(name)
    return f"{forecast.action(name)} ({', '.join(fields)})" if fields else forecast.action(name)


def _keep(
    cloud: Cloud, deployment: Deployment, manifest: Manifest, account: Account, ground: Ground, earlier: list[Earlier]
) -> None:
    """Keep what serves, and hand to the steps what they need not ask for again."""
    now = cloud.now()
    services = {name: _handed_on(cloud, deployment, manifest, account, ground, name) for name in account.found}
    for name in services.keys() - account.changing:
        if left_of(earlier, deployment.ecs_service(name)):
            services[name]["desired_asked"] = _count(account.found[name].serving)
    cloud.store.keep_ground(deployment.id, ground, services, now)
    for name in account.found:
        for before in _before(manifest, account, name):
            cloud.store.keep_before(deployment.id, name, before)


def _count(serving: Serving | None) -> int | None:
    """Return how many tasks a service is to run: what a look after this one shows may be older, so it is awaited."""
    return serving.spec.desired_count if serving else None


def _before(manifest: Manifest, account: Account, name: str) -> Iterator[BeforePart]:
    """Yield what is there of a service and may change: a way back brings it again."""
    found, changes = account.found[name], name in account.changing
    if found.serving and changes:
        yield found.serving.spec
    if found.serving and changes and found.scaled and found.scaled != found.scaling:
        yield found.scaled
    routed_as_asked = {"target_group", "rule"} <= set(as_asked(manifest, name, found))
    if found.routed and manifest.services[name].route and not routed_as_asked:
        yield found.routed


def _handed_on(
    cloud: Cloud, deployment: Deployment, manifest: Manifest, account: Account, ground: Ground, name: str
) -> dict[str, Any]:
    found, changed = account.found[name], name in account.changing
    serving = found.serving
    runs_on = None if changed else serving
    previous = serving.spec.task_definition if serving else None
    stays = as_asked(manifest, name, found)
    url = url_of(cloud, manifest, ground.listener, name) if "rule" in stays else url_before(cloud, deployment, name)
    return {
        "previous_task_definition": previous,
        "what_serves": previous,
        "changed": changed,
        "changed_fields": account.forecast.changed_fields(name),
        "as_asked": stays,
        "replaces": serving.ecs_deployment_id if serving else None,
        "ecs_deployment_id": runs_on.ecs_deployment_id if runs_on else None,
        "ecs_deployment_created_at": runs_on.ecs_deployment_created_at if runs_on else None,
        "called_at": cloud.now() if runs_on else None,
        "task_definition": found.revision,
        "registry_arn": found.registered.arn if found.registered else found.kept_registry,
        "target_group_arn": found.routed.target_group if found.routed and manifest.services[name].route else None,
        "url": url if serving else None,
    }
