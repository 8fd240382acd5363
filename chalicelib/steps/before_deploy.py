"""BeforeDeploy: the new revision runs once, with the command that must succeed before the service changes."""

from typing import Any

from chalicelib.aws.tasks import Command
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.manifest import Manifest, main_container
from chalicelib.plan import service_spec
from chalicelib.steps.found import placement
from chalicelib.steps.step import StepEvent, go_on, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Start the task of a service that Plan found to need one."""
    manifest = cloud.store.manifest(event.deployment_id)
    deployment = cloud.store.part(event.deployment_id, event.service_name)
    go_on(deployment, event.service_name)
    wanted = manifest.services[event.service_name].before_deploy
    if wanted is None:
        raise ValueError(f"{event.service_name} has no before_deploy, and Plan asked for its task")
    command = Command(main_container(manifest, event.service_name).name, wanted.command)
    arn = _start(cloud, event, manifest, deployment, command)
    now, words = cloud.now(), " ".join(command.words)
    cloud.store.progress(deployment.id, event.service_name, now, phase="before_deploy", before_deploy_task=arn)
    message = f"Started the task {arn.rpartition('/')[2]}: {words}"
    cloud.store.record(deployment.id, event.service_name, "before_deploy", message, now)
    return {}


def _start(cloud: Cloud, event: StepEvent, manifest: Manifest, deployment: Deployment, command: Command) -> str:
    """Run the new revision where the service runs; `started_by` leads the task's events back to this wait."""
    name = event.service_name
    spec = service_spec(
        manifest,
        name,
        task_definition=deployment.services[name].task_definition,
        network=placement(cloud, manifest, name),
    )
    return cloud.tasks.run(
        deployment.cluster,
        spec,
        command,
        started_by=f"{deployment.id}/{name}",
        tags=tags(cloud, manifest, deployment.id, name),
        token=event.client_token(),
    )
