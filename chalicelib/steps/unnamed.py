"""Services of an application that its manifest does not name: they are left alone and told of, or pruned."""

from datetime import timedelta

from chalicelib.belongings import Belongings, ServiceBelongings
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, new_id, progress_of
from chalicelib.errors import DeploymentInProgress
from chalicelib.manifest import Manifest
from chalicelib.steps.step import owner_tags


def tell_unnamed(cloud: Cloud, deployment: Deployment, manifest: Manifest, known: Belongings | None) -> None:
    """Record which services serve on although the manifest does not name them, and what becomes of them."""
    if found := unnamed(cloud, deployment, manifest, known):
        what = ", ".join(found.labels)
        end = "it is removed when this has succeeded" if manifest.prune else "it is left alone; prune: true removes it"
        message = f"Not named in this manifest: {what}; {end}."
        cloud.store.record(deployment.id, None, "planned", message, cloud.now())


def prune(cloud: Cloud, deployment: Deployment, manifest: Manifest) -> None:
    """Start a teardown of the services that the manifest does not name any more, if there are some.

    It is a deployment of its own: what it cannot remove is no reason for the other to go back.
    """
    known = cloud.store.belongings(deployment.application, deployment.environment)
    found = unnamed(cloud, deployment, manifest, known)
    if found is None:
        return
    now = cloud.now()
    teardown = Deployment(
        id=new_id("dep", now),
        kind="teardown",
        application=deployment.application,
        environment=deployment.environment,
        cluster=found.cluster,
        requested_by=deployment.requested_by,
        source={"type": "prune", "of": deployment.id},
        created_at=now,
        updated_at=now,
        deadline_at=now + timedelta(seconds=manifest.timeout_seconds),
        services=progress_of(dict.fromkeys(found.labels)),
    )
    try:
        cloud.store.begin(teardown, found)
    except DeploymentInProgress as busy:
        cloud.store.record(deployment.id, None, "pruning", f"Nothing is pruned: {busy}", now)
        return
    cloud.store.record(deployment.id, None, "pruning", f"{teardown.id} removes {', '.join(found.labels)}.", now)
    cloud.workflow.start(teardown.id, teardown.kind)


def unnamed(cloud: Cloud, deployment: Deployment, manifest: Manifest, known: Belongings | None) -> Belongings | None:
    """Return the application's services that are there and that the manifest does not name; None without any."""
    named = {f"{manifest.cluster_name}/{name}" for name in manifest.services}
    others = {key: each for key, each in known.services.items() if key not in named} if known else {}
    there = {key: each for key, each in others.items() if _is_there(cloud, deployment, each)}
    if known is None or not there:
        return None
    namespaces = dict.fromkeys(namespace for each in there.values() for namespace, _ in each.names)
    update = {"services": there, "clusters": (), "namespaces": tuple(namespaces), "outlines": ()}
    return known.model_copy(update=update)


def _is_there(cloud: Cloud, deployment: Deployment, service: ServiceBelongings) -> bool:
    now = cloud.ecs.serving(service.cluster, [service.name])[service.name]
    return now is not None and owner_tags(cloud, deployment).items() <= now.tags.items()
