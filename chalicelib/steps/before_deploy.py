"""BeforeDeploy: the new revision runs once, with the command that must succeed before the service changes."""

from typing import Any

from chalicelib.aws.command import Command
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.manifest import Manifest, main_container
from chalicelib.plan import service_spec
from chalicelib.specs import ServiceSpec
from chalicelib.steps.cluster import in_cluster
from chalicelib.steps.found import begun
from chalicelib.steps.step import StepEvent, go_on, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Start the task of a service that Plan found to need one."""
    (deployment, manifest, ground), name = begun(cloud, event), event.service_name
    go_on(deployment, name)
    wanted = manifest.services[name].before_deploy
    if wanted is None:
        raise ValueError(f"{name} has no before_deploy, and Plan asked for its task")
    command = Command(main_container(manifest, name).name, wanted.command)
    task_definition, network = deployment.services[name].task_definition, ground.placements.get(name)
    spec = service_spec(manifest, name, task_definition=task_definition, network=network)
    with in_cluster(cloud, event, manifest):
        arn = _start(cloud, event, manifest, deployment, spec, command)
    message = f"Started the task {arn.rpartition('/')[2]}: {' '.join(command.words)}"
    cloud.store.tell(deployment.id, name, "before_deploy", message, cloud.now(), before_deploy_task=arn)
    return {}


def _start(
    cloud: Cloud,
    event: StepEvent,
    manifest: Manifest,
    deployment: Deployment,
    spec: ServiceSpec,
    command: Command,
) -> str:
    """Run the new revision where the service runs; `started_by` leads the task's events back to this wait."""
    name = event.service_name
    return cloud.tasks.run(
        deployment.cluster,
        spec,
        command,
        started_by=f"{deployment.id}/{name}",
        tags=tags(cloud, manifest, deployment.id, name),
        token=event.client_token(),
    )
