"""Services of an application that its manifest does not name: they are left alone and told of, or pruned."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from chalicelib.aws.load_balancer_document import Listener
from chalicelib.belongings import Belongings, ServiceBelongings, unnamed_in
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.manifest import Manifest, Route
from chalicelib.preflight import Rule
from chalicelib.specs import Serving
from chalicelib.steps.step import owner_tags


@dataclass(frozen=True)
class Unnamed:
    """A service that is there and that the manifest does not name, by the name that a deployment has for it."""

    label: str
    service: ServiceBelongings
    serving: Serving

    @property
    def registry_arn(self) -> str | None:
        """Return the ARN of the Cloud Map service in which its tasks register."""
        return self.serving.spec.discovery.arn if self.serving.spec.discovery else None


def tell_unnamed(cloud: Cloud, deployment: Deployment, manifest: Manifest, known: Belongings | None) -> None:
    """Record which services serve on although the manifest does not name them, and what becomes of them."""
    there = serving_unnamed(cloud, manifest, known)
    if found := [each.label for each in there if each.serving.status == "ACTIVE"]:
        end = "it is removed when the others are proven" if manifest.prune else "it is left alone"
        more = "" if manifest.prune else "; prune: true removes it"
        message = f"Not named in this manifest: {', '.join(found)}; {end}{more}."
        cloud.store.record(deployment.id, None, "planned", message, cloud.now())


def pruned(cloud: Cloud, deployment: Deployment, manifest: Manifest) -> dict[str, ServiceBelongings]:
    """Return the services that a deployment removes, by the names that it has for them; none once they are forgotten.

    They are its own since it was accepted: it holds their locks.
    """
    known = cloud.store.belongings(manifest.application, manifest.environment)
    unnamed = unnamed_in(manifest, known) if known else {}
    return {label: each for label, each in unnamed.items() if label in deployment.services}


def serving_unnamed(cloud: Cloud, manifest: Manifest, known: Belongings | None) -> Iterator[Unnamed]:
    """Find the services of an application that are there, by their tags its own, and not named."""
    owner, unnamed = owner_tags(cloud, manifest), unnamed_in(manifest, known) if known else {}
    for cluster in sorted({each.cluster for each in unnamed.values()}):
        inside = {label: each for label, each in unnamed.items() if each.cluster == cluster}
        serving = cloud.ecs.serving(cluster, [each.name for each in inside.values()])
        for label, each in inside.items():
            now = serving[each.name]
            if now and owner.items() <= now.tags.items():
                yield Unnamed(label, each, now)


def sharing(cloud: Cloud, manifest: Manifest, registry_arn: str | None) -> tuple[tuple[str, str], ...]:
    """Return (cluster, service) of those whose tasks register in a Cloud Map service, too, until they are pruned."""
    if not manifest.prune or registry_arn is None:
        return ()
    known = cloud.store.belongings(manifest.application, manifest.environment)
    found = [each for each in serving_unnamed(cloud, manifest, known) if each.registry_arn == registry_arn]
    return tuple((each.service.cluster, each.service.name) for each in found)


def stood_back(cloud: Cloud, manifest: Manifest, name: str, listener: Listener) -> Route | None:
    """Return the route of a service; its rule comes after those of services that are still to be removed.

    They answer until it serves. RemoveRules gives it the priority that the manifest asks for.
    """
    route, owner = manifest.services[name].route, owner_tags(cloud, manifest)
    if route is None or not manifest.prune:
        return route
    rules = cloud.load_balancers.rules(listener)
    ours = {rule.priority: rule for rule in rules if owner.items() <= rule.tags.items()}
    leaving = [rule for rule in ours.values() if rule.tags.get("slipway:service") not in manifest.services]
    first = [each.priority for each in leaving if _has(each, route) or each.priority == route.priority]
    if not first:
        return route
    own = [at for at, rule in ours.items() if rule.tags.get("slipway:service") == name and at > max(first)]
    taken = {rule.priority for rule in rules}
    behind = next(iter(own), None) or next(at for at in count(max(first) + 1) if at not in taken)
    return route.model_copy(update={"priority": behind})


def _has(rule: Rule, route: Route) -> bool:
    return (rule.path, rule.host) == (route.path, route.host)
