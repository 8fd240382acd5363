"""What is there already, as several steps ask for it: nothing here changes anything."""

from collections.abc import Mapping

from chalicelib.aws.cloud_map import Namespace
from chalicelib.cloud import Cloud
from chalicelib.manifest import Manifest
from chalicelib.plan import task_spec
from chalicelib.preflight import may_change
from chalicelib.specs import Placement, Serving, TaskSpec
from chalicelib.steps.step import owner_tags


def ours(cloud: Cloud, manifest: Manifest, serving: Mapping[str, Serving | None]) -> dict[str, Serving | None]:
    """Return the ECS services that this application may change; of others nothing is told, planned or compared."""
    owner = owner_tags(cloud, manifest)
    return {
        name: now
        for name, now in serving.items()
        if now is None or may_change(now.tags, owner, adopt=manifest.services[name].adopt)
    }


def placement(cloud: Cloud, manifest: Manifest, name: str) -> Placement | None:
    """Return where a service's tasks run; only in awsvpc mode tasks have a network of their own."""
    if task_spec(manifest, name).network_mode != "awsvpc":
        return None
    return cloud.ec2.placement(manifest.network_of(name))


def namespace_of(cloud: Cloud, manifest: Manifest) -> Namespace | None:
    """Return the namespace that a manifest names, None when it names none, or there is none.

    Where several have the name, each in a VPC of its own, that of the manifest's VPC is meant: their zones tell.
    """
    found = cloud.cloud_map.namespaces(manifest.namespace) if manifest.namespace else ()
    if len(found) < 2:
        return next(iter(found), None)
    vpc = vpc_of(cloud, manifest.network.vpc)
    return next((each for each in found if vpc in cloud.hosted_zones.vpcs(each.hosted_zone_id)), None)


VPC_SECONDS = 300.0
"""How long it is remembered which VPC a name or a subnet stands for: that of a service does not move."""


def vpc_of(cloud: Cloud, where: str | Placement) -> str:
    """Return the id of a VPC, by its id, its Name tag, or a placement in it; raises NetworkNotFound."""
    if isinstance(where, Placement):
        subnet = where.subnets[0]
        return cloud.remembered(f"vpc of {subnet}", VPC_SECONDS, lambda: cloud.ec2.vpc_of(subnet))
    return cloud.remembered(f"vpc {where}", VPC_SECONDS, lambda: cloud.ec2.vpc(where))


def known_revision(cloud: Cloud, manifest: Manifest, spec: TaskSpec) -> str | None:
    """Return an ACTIVE revision of ours with this content: the one remembered, or the family's latest.

    The latest is asked too: a call that registered and died before it could remember must not register again. It may
    be another installation's, or another application's with a service of that name, whose teardown ends it.
    """
    remembered = cloud.store.revision(spec.family, spec.content_hash)
    if remembered and _has_content(cloud, remembered, spec):
        return remembered
    latest = _has_content(cloud, spec.family, spec)
    ours = latest and owner_tags(cloud, manifest).items() <= cloud.task_definitions.tags(latest).items()
    return latest if ours else None


def _has_content(cloud: Cloud, name: str, spec: TaskSpec) -> str | None:
    """Return the ARN of the ACTIVE revision of this name if it has this content."""
    found = cloud.task_definitions.content_hash(name)
    return found[0] if found and found[1] == spec.content_hash else None
