"""What an application has that serves now. It is no state: the API asks the function `observe` for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import name_proof
from chalicelib.deployment import Deployment, Status, rfc3339
from chalicelib.log import logger
from chalicelib.manifest import Manifest
from chalicelib.plan import changes
from chalicelib.plan_document import shown_change
from chalicelib.preflight import claimed_by_others
from chalicelib.specs import Serving, TaskSpec
from chalicelib.steps.looks import namespace_of, vpc_of, with_contents
from chalicelib.steps.name_proof import answers_of
from chalicelib.steps.step import owner_tags

STATE = "Live"  # what `observe` is told in the place of a state
LATEST = 20  # deployments among which the last one of each service is looked for


@dataclass(frozen=True)
class _Succeeded:
    """A service as it last succeeded: the deployment and its manifest, and the last deployment of it whatever came."""

    name: str
    deployment: Deployment
    manifest: Manifest
    last: Deployment


def run(cloud: Cloud, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what serves of an application in an environment, and the last deployment there.

    `{"deployment": {"id", "status", "at"} | null, "services": {name: …}}`: docs/api.md.
    """
    application, environment = document["application"], document["environment"]
    # A function's process keeps the keys of its last step.
    logger.append_keys(deployment_id=None, service_name=None, state=STATE)
    latest = _latest(cloud, application, environment)
    succeeded = list(_succeeded(cloud, application, environment, latest))
    return {
        "deployment": _told(latest[0]) if latest else None,
        "services": {each.name: _service(cloud, each) for each in succeeded if not _torn_down(each.last)},
    }


def _latest(cloud: Cloud, application: str, environment: str) -> list[Deployment]:
    found, _ = cloud.store.newest(
        application=application, filters={"environment": environment}, limit=LATEST, after=None
    )
    return found


def _succeeded(cloud: Cloud, application: str, environment: str, latest: list[Deployment]) -> Iterator[_Succeeded]:
    """Yield the services that ever succeeded, in the order of their names."""
    live = cloud.store.live(application, environment)
    known = {each: (cloud.store.get(each), cloud.store.manifest(each)) for each in sorted(set(live.values()))}
    for name, deployment_id in sorted(live.items()):
        deployment, manifest = known[deployment_id]
        last = next((each for each in latest if name in each.services), deployment)
        yield _Succeeded(name, deployment, manifest, last)


def _torn_down(last: Deployment) -> bool:
    return last.kind == "teardown" and last.status is Status.SUCCEEDED


def _told(deployment: Deployment) -> dict[str, Any]:
    at = deployment.finished_at or deployment.created_at
    return {"id": deployment.id, "status": deployment.status.value, "at": rfc3339(at)}


def _service(cloud: Cloud, asked: _Succeeded) -> dict[str, Any]:
    cluster, name = asked.deployment.ecs_service(asked.name)
    there = cloud.ecs.serving(cluster, [name])[name]
    found = with_contents(cloud, {name: there})[name] if there else None
    # Another application may have made a service of this name since: nothing of that is told here.
    serving = None if found and claimed_by_others(found.tags, owner_tags(cloud, asked.deployment)) else found
    rollout = cloud.ecs.rollout(cluster, name, None) if serving else None
    return {
        "task_definition": serving.spec.task_definition if serving else None,
        "images": _images(cloud, cluster, name, serving),
        "desired": rollout.desired if rollout else 0,
        "running": rollout.total_running if rollout else 0,
        "pending": rollout.pending if rollout else 0,
        "dns": _dns(cloud, asked, serving),
        "url": asked.deployment.services[asked.name].url,
        "deployment": _told(asked.last),
        "succeeded_with": asked.deployment.id,
        "drift": _drift(asked, serving),
    }


def _images(cloud: Cloud, cluster: str, name: str, serving: Serving | None) -> dict[str, Any]:
    """Return the image of each container, and the digest that its running tasks have pulled."""
    if serving is None or serving.task is None:
        return {}
    digests = cloud.ecs.image_digests(cluster, name)
    return {
        container: {"image": image, "digest": digests.get(container) or image.partition("@")[2] or None}
        for container, image in _images_of(serving.task)
    }


def _images_of(task: TaskSpec) -> list[tuple[str, str]]:
    if task.raw is not None:
        return [(each["name"], each["image"]) for each in task.raw.get("containerDefinitions", [])]
    return [(each.name, each.image) for each in task.containers]


def _dns(cloud: Cloud, asked: _Succeeded, serving: Serving | None) -> dict[str, Any] | None:
    """Return a service's name and what it answers now in the VPC of its tasks; None without a name."""
    name, discovery = asked.manifest.discovered_name(asked.name), asked.manifest.services[asked.name].discovery
    if name is None or discovery is None:
        return None
    placement = serving.spec.network if serving else None
    vpc = vpc_of(cloud, placement or asked.manifest.network_of(asked.name).vpc)
    by = name_proof(vpc, cloud.settings.resolve_vpc)
    namespace = namespace_of(cloud, asked.manifest) if by == "records" else None
    [answer] = answers_of(cloud, namespace, name, ["A" if "A" in discovery.records else "SRV"], by)
    return {"name": name, "addresses": list(answer.addresses)}


def _drift(asked: _Succeeded, serving: Serving | None) -> list[dict[str, Any]]:
    """Return what serves otherwise than was last deployed here with success, field by field; secrets stay hidden."""
    if serving is None or serving.status != "ACTIVE":
        return [{"field": "service", "deployed": "ACTIVE", "serves": serving.status if serving else None}]
    told = [each for change in changes(asked.manifest, asked.name, serving) for each in shown_change(change)]
    return [{"field": each["field"], "deployed": each["new"], "serves": each["old"]} for each in told]
