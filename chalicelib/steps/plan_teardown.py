"""PlanTeardown: what there is to remove, in which order; nothing is touched before all of it is known to be ours."""

from collections.abc import Mapping
from typing import Any

from chalicelib.belongings import Belongings, ServiceBelongings
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, Status
from chalicelib.plan import chained, waves
from chalicelib.polls import poll_seconds_of
from chalicelib.specs import Serving
from chalicelib.steps.earlier import Earlier, earlier_of, left_of, refuse_unseen_services
from chalicelib.steps.step import StepEvent, refuse_foreign


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record what serves now; hand on the first wave, dependents, which holds the next. Raises ServiceNotOwned."""
    deployment, belongings = cloud.store.get(event.deployment_id), cloud.store.belongings_of(event.deployment_id)
    earlier = earlier_of(cloud, deployment)
    serving = _serving(cloud, deployment, belongings, earlier)
    order = waves(belongings.depends_on())[::-1]
    had = {name: _had(deployment, belongings.service(name), serves, earlier) for name, serves in serving.items()}
    _record(cloud, deployment, had, order)
    poll_seconds = poll_seconds_of(belongings)
    items = [
        [{"deployment_id": deployment.id, "service": each, "poll_seconds": poll_seconds} for each in wave]
        for wave in order
    ]
    return {
        "deployment_id": deployment.id,
        "wave": chained(items),
        "poll_seconds": poll_seconds,
    }


def _serving(
    cloud: Cloud, deployment: Deployment, belongings: Belongings, earlier: list[Earlier]
) -> dict[str, Serving | None]:
    """Return what serves now under each name, None for one that is not there.

    Raises TransientAws while ECS may not show yet what earlier deployments have made of them.
    """
    found: dict[str, Serving | None] = {}
    for cluster in dict.fromkeys(each.cluster for each in belongings.services.values()):
        names = belongings.names_in(cluster)
        serving = cloud.ecs.serving(cluster, list(names.values()))
        refuse_unseen_services(cloud, earlier, {(cluster, name): now for name, now in serving.items()})
        for label, name in names.items():
            refuse_foreign(cloud, deployment, cluster, name, serving[name])
            found[label] = serving[name]
    return found


def _had(
    deployment: Deployment, belongings: ServiceBelongings, serving: Serving | None, earlier: list[Earlier]
) -> dict[str, str | None]:
    """Return what a service has, and runs: of what is removed with it, what it had is there until it is seen to go."""
    if serving is None:
        return _left(belongings, earlier)
    spec = serving.spec
    groups = [each.group_arn for each in spec.route if each.is_made_for(deployment.application, belongings.name)]
    return {
        "previous_task_definition": spec.task_definition,
        "what_serves": spec.task_definition,
        "registry_arn": spec.discovery.arn if spec.discovery and belongings.names else None,
        "target_group_arn": next(iter(groups), None),
    }


def _left(belongings: ServiceBelongings, earlier: list[Earlier]) -> dict[str, str | None]:
    """Return the same of a service that is not there: what a deployment has made for it that ended just now."""
    left = left_of(earlier, (belongings.cluster, belongings.name))
    return {
        "previous_task_definition": None,
        "what_serves": None,
        "registry_arn": left.registry_arn if left and belongings.names else None,
        "target_group_arn": left.target_group_arn if left and belongings.routed else None,
    }


def _record(
    cloud: Cloud,
    deployment: Deployment,
    had: Mapping[str, Mapping[str, str | None]],
    order: tuple[tuple[str, ...], ...],
) -> None:
    now = cloud.now()
    for name, each in had.items():
        cloud.store.progress(deployment.id, name, now, **each)
    cloud.store.update(deployment.id, now, status=Status.RUNNING.value, phase="planned")
    plan = " → ".join(" + ".join(wave) for wave in order)
    message = f"Removes {plan}." if plan else "No service is left to remove."
    cloud.store.record(deployment.id, None, "planned", message, now)
