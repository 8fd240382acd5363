"""RemoveRules: no request is led any more to services that the manifest does not name.

It is the first that is removed: from here on nothing goes back. The rule of a successor for the same requests comes
after theirs, so each request finds the one or the other.
"""

from collections.abc import Collection
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import called_off
from chalicelib.deployment import Deployment
from chalicelib.errors import SiblingFailed
from chalicelib.manifest import Manifest
from chalicelib.steps.step import StepEvent, owner_tags, tags
from chalicelib.steps.unnamed import pruned
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Remove the rules; a later look that finds none ends the wait, so the load balancer has had its time to see it."""
    manifest = cloud.store.manifest(event.deployment_id)

    def decided(deployment: Deployment) -> bool:
        _begin(cloud, deployment)
        own = [each.name for each in pruned(cloud, deployment, manifest).values() if each.routed]
        # One that moved to another cluster keeps its target group, and with it its rule.
        leaving = [name for name in own if name not in manifest.services]
        removed = [_removed(cloud, deployment, name) for name in leaving]
        return not any(removed) and _has_priorities(cloud, deployment, manifest, leaving)

    return look(cloud, event, decided)


def _begin(cloud: Cloud, deployment: Deployment) -> None:
    """Record that what is not named goes. Raises SiblingFailed when a failure was recorded before."""
    if deployment.phase != "pruning" and not cloud.store.begin_pruning(deployment.id, cloud.now()):
        failed = cloud.store.get(deployment.id)
        raise called_off(failed, None) or SiblingFailed("it has ended")


def _removed(cloud: Cloud, deployment: Deployment, name: str) -> bool:
    """Remove a service's rules; tell whether there was one."""
    own_tags = owner_tags(cloud, deployment) | {"slipway:service": name}
    groups = cloud.load_balancers.target_groups(own_tags)
    found = [each for each in groups if cloud.load_balancers.routed_by(each, own_tags)]
    for target_group in found:
        cloud.load_balancers.delete_rules(target_group, own_tags)
    return bool(found)


def _has_priorities(cloud: Cloud, deployment: Deployment, manifest: Manifest, leaving: Collection[str]) -> bool:
    """Give the rules the priorities that the manifest asks for: those of successors stood back.

    Tells whether they have them, which is not known while the rules of services that are `leaving` are shown still.
    """
    asked = {name: each.route for name, each in manifest.services.items() if each.route and each.route.priority}
    if not asked or manifest.load_balancer is None:
        return True
    listener = cloud.load_balancers.listener(manifest.load_balancer.name, manifest.load_balancer.port)
    rules, owner = cloud.load_balancers.rules(listener), owner_tags(cloud, deployment)
    if any(owner.items() <= rule.tags.items() and rule.tags.get("slipway:service") in leaving for rule in rules):
        return False
    taken = {rule.priority for rule in rules}
    for name, route in asked.items():
        target_group = deployment.services[name].target_group_arn
        if target_group and route.priority not in taken:
            own_tags = tags(cloud, manifest, deployment, name)
            cloud.load_balancers.ensure_rule(route, listener.arn, target_group, own_tags)
    return True
