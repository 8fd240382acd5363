"""DeregisterTaskDefinitions: no revision of ours can be started any more."""

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.steps.step import StepEvent, owner_tags
from chalicelib.steps.wait import look

# In one look. ECS takes 20 calls at once and then one a second (API reference, "Request throttling").
AT_ONCE = 20


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Deregister the ACTIVE revisions that carry our tags, some at each look, until none is left."""
    services = cloud.store.belongings_of(event.deployment_id).services.values()
    families = {each.family for each in services}

    def decided(deployment: Deployment) -> bool:
        return deregistered(cloud, owner_tags(cloud, deployment), families)

    return look(cloud, event, decided)


def deregistered(cloud: Cloud, owner: Mapping[str, str], families: Collection[str]) -> bool:
    """Deregister up to AT_ONCE revisions of families that carry the tags `owner`; tell whether none is left."""
    active = [arn for family in sorted(families) for arn in cloud.task_definitions.active(family)]
    ours = (arn for arn in active if owner.items() <= cloud.task_definitions.tags(arn).items())
    for arn in islice(ours, AT_ONCE):
        cloud.task_definitions.deregister(arn)
    return next(ours, None) is None
