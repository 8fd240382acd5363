"""What earlier deployments of an application have changed just now: no plan goes by a look that does not show it.

AWS may show for two minutes what was before (`rollout.SEEN_WITHIN`). Of each service the latest deployment that changed
it counts, however that ended: a later one has waited for what an earlier one had done.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from chalicelib.before import Before
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, ServiceProgress
from chalicelib.errors import TransientAws
from chalicelib.forecast import Found
from chalicelib.ground import Ground
from chalicelib.ledger import Changes
from chalicelib.left import shows_what_was_left
from chalicelib.manifest import Manifest
from chalicelib.plan import task_spec
from chalicelib.rollout import may_be_old, shows_our_call
from chalicelib.specs import Serving
from chalicelib.steps.account import given_before, scaling_asked
from chalicelib.steps.looks import Looks
from chalicelib.steps.rollout import not_seen_yet

Place = tuple[str, str]  # cluster and name of an ECS service


@dataclass(frozen=True)
class Earlier:
    """A deployment that ended just now, with the services that nobody has changed since; a teardown asked nothing."""

    deployment: Deployment
    asked: Manifest | None = None
    ground: Ground | None = None

    def places(self) -> dict[Place, str]:
        """Return where its services are, and how it names them."""
        return {self.deployment.ecs_service(name): name for name in self.deployment.services}


def earlier_of(cloud: Cloud, deployment: Deployment) -> list[Earlier]:
    """Return the deployments of an application whose changes AWS may not show yet, the latest first."""
    found: list[Earlier] = []
    known: set[str] = set()
    for changes in cloud.store.changes(deployment.application, deployment.environment):
        if not may_be_old(changes.ended_at, cloud.now(), cloud.settings.speed):
            break
        services = [name for name in changes.services if name not in known]
        if services or not changes.services:
            found.append(_read(cloud, changes, services))
        known |= set(services)
    return found


def _read(cloud: Cloud, changes: Changes, services: list[str]) -> Earlier:
    if changes.tears_down:
        whole = cloud.store.get(changes.deployment_id)
        named = {name: whole.services[name] for name in services}
        return Earlier(whole.model_copy(update={"services": named}))
    return Earlier(*cloud.store.branch(changes.deployment_id, *services))


def left_of(earlier: list[Earlier], place: Place) -> ServiceProgress | None:
    """Return what the latest deployment of a service has made of it, None where nothing did, or it was removed."""
    for each in earlier:
        if name := each.places().get(place):
            progress = each.deployment.services[name]
            return None if _is_removed(each.deployment, progress) else progress
    return None


def serving_elsewhere(
    cloud: Cloud, earlier: list[Earlier], cluster: str, names: list[str]
) -> dict[Place, Serving | None]:
    """Return what serves under the names that earlier deployments changed, and a manifest does not name."""
    places = {place for each in earlier for place in each.places()} - {(cluster, name) for name in names}
    return {
        (where, name): now
        for where in sorted({each for each, _ in places})
        for name, now in cloud.ecs.serving(where, sorted(name for of, name in places if of == where)).items()
    }


def refuse_unseen_services(cloud: Cloud, earlier: list[Earlier], serving: Mapping[Place, Serving | None]) -> None:
    """Raise TransientAws while ECS does not show what an earlier deployment has made of a service."""
    for each in earlier:
        for place, name in each.places().items():
            if place in serving and not _shows(cloud, each.deployment, each.deployment.services[name], serving[place]):
                raise not_seen_yet(name)


def _shows(cloud: Cloud, earlier: Deployment, progress: ServiceProgress, serving: Serving | None) -> bool:
    if not _is_removed(earlier, progress):
        return shows_our_call(serving, progress, cloud.now())
    if serving is None or serving.status != "ACTIVE" or not may_be_old(progress.called_at, cloud.now()):
        return True
    made, called = serving.ecs_deployment_created_at, progress.called_at
    return made is not None and called is not None and made > called


def _is_removed(earlier: Deployment, progress: ServiceProgress) -> bool:
    return progress.status == "removed" or (earlier.kind == "teardown" and progress.status == "succeeded")


def refuse_unseen_parts(cloud: Cloud, earlier: list[Earlier], looks: Looks, found: Mapping[str, Found]) -> None:
    """Raise TransientAws while AWS does not show what earlier deployments have left of services, and around them."""
    for each in earlier:
        if unseen := next(_unseen(cloud, each, looks, found), None):
            raise TransientAws("look", "not seen yet", f"AWS does not show yet what {each.deployment.id} left {unseen}")


def _unseen(cloud: Cloud, earlier: Earlier, looks: Looks, found: Mapping[str, Found]) -> Iterator[str]:
    yield from _unseen_shared(earlier, looks)
    deployment, manifest = earlier.deployment, looks.manifest
    for (cluster, service), name in earlier.places().items():
        asked = earlier.asked if cluster == manifest.cluster_name and service in found else None
        if asked and name in asked.services:
            told, before = _as_told(cloud, looks, asked, name, found[service]), _before(cloud, deployment, name)
            yield from [] if shows_what_was_left(deployment, asked, name, told, before) else [f"of {name}"]


def _unseen_shared(earlier: Earlier, looks: Looks) -> Iterator[str]:
    """Tell of what services share: one that was made is there, one that was removed is not."""
    deployment, asked, namespace = earlier.deployment, earlier.asked, looks.manifest.namespace
    made = deployment.namespace_operation_id is not None
    keeps = made and not deployment.goes_back and asked is not None and asked.namespace == namespace
    unseen = has_removed(deployment, made=made) if looks.namespace else keeps
    if unseen:
        yield f"of the namespace {namespace}"
    made_cluster = earlier.ground is not None and not earlier.ground.cluster
    if looks.has_cluster and has_removed(deployment, made=made_cluster):
        yield f"of the cluster {looks.manifest.cluster_name}"


def has_removed(deployment: Deployment, *, made: bool) -> bool:
    """Tell whether a teardown, or the way back of who had made it, has removed what services share."""
    if deployment.kind == "teardown":
        return not deployment.failure and not deployment.left
    return made and deployment.goes_back and not deployment.rollback_failure


def _before(cloud: Cloud, deployment: Deployment, name: str) -> Before:
    return cloud.store.before(deployment.id, name) if deployment.goes_back else Before()


def _as_told(cloud: Cloud, looks: Looks, asked: Manifest, name: str, found: Found) -> Found:
    """Return what is found of a service, beside what an earlier manifest asked; what nobody looked at is unknown."""
    tags, discovery = Looks(cloud, asked).tags(name), asked.services[name].discovery
    return replace(
        found,
        tags=tags,
        dropped_tags=given_before(looks, name) - tags.keys(),
        registered=looks.registered.get(discovery.name or name) if discovery else None,
        scaling=scaling_asked(asked, name, looks.listener if asked.services[name].route else None, found.routed),
        unknown=found.unknown | _not_looked_at(looks.manifest, asked, name),
        force=False,
    )


def _not_looked_at(manifest: Manifest, asked: Manifest, name: str) -> set[str]:
    balancers = {manifest.load_balancer, asked.load_balancer} - {None}
    unlike = {
        "discovery": manifest.namespace != asked.namespace,
        "route": len(balancers) > 1,
        "log_group": task_spec(manifest, name).log_group != task_spec(asked, name).log_group,
    }
    return {part for part, differs in unlike.items() if differs}
