"""Discovery: the Cloud Map service in which the tasks will register."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.errors import NamespaceFailed, TransientAws
from chalicelib.steps.found import begun
from chalicelib.steps.looks import namespace_of
from chalicelib.steps.step import StepEvent, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Make or adopt the Cloud Map service of a discovered service.

    Raises DiscoveryConflict, and TransientAws while the namespace that this deployment made is not seen yet.
    """
    (deployment, manifest, ground), name = begun(cloud, event), event.service_name
    wanted = manifest.services[name].discovery
    if wanted is None or manifest.namespace is None or deployment.services[name].stays("discovery"):
        return {}
    namespace = ground.namespace or namespace_of(cloud, manifest)
    if namespace is None and deployment.namespace_operation_id:
        words = f"Cloud Map made the namespace {manifest.namespace}, and does not show it"
        raise TransientAws("list_namespaces", "not seen yet", words)
    if namespace is None:
        raise NamespaceFailed(f"the namespace {manifest.namespace} was removed during the deployment")
    if deployment.services[name].previous_task_definition:
        found = cloud.cloud_map.registered(namespace).get(wanted.name or name)
        if found and found.ttl != wanted.ttl:
            cloud.store.keep_before(event.deployment_id, name, found)
    own_tags = tags(cloud, manifest, event.deployment_id, name)
    ensured = cloud.cloud_map.ensure_service(
        namespace, wanted.name or name, wanted.records, wanted.ttl, own_tags, event.client_token()
    )
    cloud.store.progress(
        event.deployment_id,
        name,
        cloud.now(),
        phase="discovery",
        registry_arn=ensured.arn,
        discovery_operation_id=ensured.operation_id,
    )
    return {}
