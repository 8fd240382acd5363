"""PlanTeardown: what there is to remove, in which order; nothing is touched before all of it is known to be ours."""

from typing import Any

from chalicelib.belongings import Belongings
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, Status
from chalicelib.plan import chained, waves
from chalicelib.polls import poll_seconds_of
from chalicelib.steps.earlier import earlier_of, refuse_unseen_services
from chalicelib.steps.step import StepEvent, refuse_foreign


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record what serves now; hand on the first wave, dependents, which holds the next. Raises ServiceNotOwned."""
    deployment, belongings = cloud.store.get(event.deployment_id), cloud.store.belongings_of(event.deployment_id)
    serving = _serving(cloud, deployment, belongings)
    order = waves(belongings.depends_on())[::-1]
    _record(cloud, deployment, serving, order)
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


def _serving(cloud: Cloud, deployment: Deployment, belongings: Belongings) -> dict[str, str | None]:
    """Return what each service runs now, None for one that is not there.

    Raises TransientAws while ECS may not show yet what earlier deployments have made of them.
    """
    found: dict[str, str | None] = {}
    earlier = earlier_of(cloud, deployment)
    for cluster in dict.fromkeys(each.cluster for each in belongings.services.values()):
        names = belongings.names_in(cluster)
        serving = cloud.ecs.serving(cluster, list(names.values()))
        refuse_unseen_services(cloud, earlier, {(cluster, name): now for name, now in serving.items()})
        for label, name in names.items():
            now = serving[name]
            refuse_foreign(cloud, deployment, cluster, name, now)
            found[label] = now.spec.task_definition if now else None
    return found


def _record(
    cloud: Cloud, deployment: Deployment, serving: dict[str, str | None], order: tuple[tuple[str, ...], ...]
) -> None:
    now = cloud.now()
    for name, serves in serving.items():
        cloud.store.progress(deployment.id, name, now, previous_task_definition=serves, what_serves=serves)
    cloud.store.update(deployment.id, now, status=Status.RUNNING.value, phase="planned")
    plan = " → ".join(" + ".join(wave) for wave in order)
    message = f"Removes {plan}." if plan else "No service is left to remove."
    cloud.store.record(deployment.id, None, "planned", message, now)
