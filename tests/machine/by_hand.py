"""What somebody changes in AWS by hand, behind Slipway's back: each of it in one service of a world."""

from collections.abc import Callable
from dataclasses import replace

from tests.world import World, WorldService

Hand = Callable[[World, WorldService], None]


def deletes_the_rule(world: World, service: WorldService) -> None:
    """Delete the listener rule."""
    if service.spec.route and world.rules.pop(service.spec.route[0].group_arn, None) is not None:
        world.changed(f"by hand: rule of {service.name}")


def changes_the_tags(world: World, service: WorldService) -> None:
    """Change one of the manifest's tags, and add one."""
    service.tags |= {"Team": "by hand", "Added": "by hand"}
    world.changed(f"by hand: tags of {service.name}")


def changes_the_retention(world: World, service: WorldService) -> None:
    """Keep the logs for longer."""
    if group := world.spec_of(service.spec.task_definition or "").log_group:
        world.log_groups[group] = 365
        world.changed(f"by hand: log group {group}")


def changes_the_count(world: World, service: WorldService) -> None:
    """Have one task more."""
    world.set_desired(service, (service.spec.desired_count or 0) + 1)
    world.changed(f"by hand: count of {service.name}")


def deregisters_the_revision(world: World, service: WorldService) -> None:
    """Deregister the revision that serves."""
    world.inactive.add(service.spec.task_definition or "")
    world.changed(f"by hand: revision of {service.name}")


def deletes_the_scaling(world: World, service: WorldService) -> None:
    """Delete the scalable target."""
    if world.scaled.pop((service.cluster, service.name), None):
        world.changed(f"by hand: scaling of {service.name}")


def scales_otherwise(world: World, service: WorldService) -> None:
    """Change the bounds of the scalable target."""
    if found := world.scaled.get((service.cluster, service.name)):
        world.scaled[service.cluster, service.name] = replace(found, most=found.most + 5)
        world.changed(f"by hand: bounds of {service.name}")


def changes_the_ttl(world: World, service: WorldService) -> None:
    """Change the TTL of the name."""
    for name, each in world.registered.items():
        if service.spec.discovery and each.arn == service.spec.discovery.arn:
            each.ttl = 77
            world.changed(f"by hand: TTL of {name}")


def changes_the_health_check(world: World, service: WorldService) -> None:
    """Have the load balancer ask less often."""
    if service.spec.route:
        arn = service.spec.route[0].group_arn
        group = world.target_groups[arn]
        world.target_groups[arn] = replace(group, health_check=group.health_check.model_copy(update={"interval": 99}))
        world.changed(f"by hand: health check of {service.name}")


def changes_the_settings(world: World, service: WorldService) -> None:
    """Change the rollout's settings in the console."""
    service.spec = replace(service.spec, maximum_percent=123, health_check_grace_period_seconds=11)
    world.changed(f"by hand: settings of {service.name}")


def deletes_the_service(world: World, service: WorldService) -> None:
    """Delete the service, and what scales it."""
    world.delete(service)
    world.scaled.pop((service.cluster, service.name), None)


HANDS: tuple[Hand, ...] = (
    deletes_the_rule,
    changes_the_tags,
    changes_the_retention,
    changes_the_count,
    deregisters_the_revision,
    deletes_the_scaling,
    scales_otherwise,
    changes_the_ttl,
    changes_the_health_check,
    changes_the_settings,
    deletes_the_service,
)
