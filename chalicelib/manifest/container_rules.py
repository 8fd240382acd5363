"""The rules that join the containers of one task, in whichever form they are written.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
"""

from collections.abc import Iterator

from chalicelib.manifest.asked import Asked, Rule
from chalicelib.manifest.containers import MAX_CONTAINERS
from chalicelib.manifest.findings import Finding
from chalicelib.manifest.forms import ContainerView, reading_of
from chalicelib.manifest.sentences import nearest, shown
from chalicelib.manifest.waves import cycles


def containers_are_some(asked: Asked) -> Iterator[Finding]:
    """Check that there are containers, and no more than ECS takes."""
    count = asked.service.count("containers") if asked.form == "containers" else None
    if count is not None and not 1 <= count <= MAX_CONTAINERS:
        yield asked.service.finding(f"there are {count} containers: write 1 to {MAX_CONTAINERS}", "containers")


def one_is_essential(asked: Asked) -> Iterator[Finding]:
    """Check that the task ends with one of its containers at least."""
    if asked.containers and all(view.essential is False for view in asked.containers):
        detail = "no container is essential, so that the task would never end with one: let one be"
        yield asked.containers[0].finding(detail, "essential")


def ports_differ(asked: Asked) -> Iterator[Finding]:
    """Check that no port is used twice: the containers of a task share its address."""
    holders: dict[int, str] = {}
    for view in asked.containers if _share_an_address(asked) else ():
        for port in view.ports:
            if port in holders:
                detail = f"the container {shown(holders[port])} has the port {port}, and they share one address"
                yield view.finding(f"{detail}: write another", "port")
            holders.setdefault(port, view.name)


def _share_an_address(asked: Asked) -> bool:
    """Tell whether the containers of a task are at one address: in bridge mode each has its own."""
    reading = reading_of(asked.service)
    return reading is None or reading.content.get("networkMode") in ("awsvpc", "host")


def needs_lead_somewhere(asked: Asked) -> Iterator[Finding]:
    """Check that containers wait for others of their task, and for what these can become."""
    found = {view.name: view for view in asked.containers}
    for view in asked.containers:
        for needed, condition in view.needs.items():
            fault = _fault_of_need(view, found.get(needed), needed, condition, list(found))
            if fault:
                yield view.finding(fault, "depends_on", needed)


def _fault_of_need(
    view: ContainerView, other: ContainerView | None, needed: str, condition: str, names: list[str]
) -> str | None:
    if other is None:
        cure = nearest(needed, names) or ": write the name of one"
        return f"{shown(needed)} is not a container of this service{cure}"
    if other.name == view.name:
        return f"{shown(needed)} waits for itself: leave it out"
    if condition == "HEALTHY" and not other.said.says("health_check"):
        return f"{shown(needed)} has no health check, so that it is never healthy: write one there, or START here"
    # ContainerDependency, member condition: "this condition can't be set on an essential container".
    if condition in ("COMPLETE", "SUCCESS") and other.essential:
        return f"{shown(needed)} is essential, so that the task ends when it ends: write essential: false there"
    return None


def needs_end(asked: Asked) -> Iterator[Finding]:
    """Check that no container waits, by way of others, for itself."""
    found = {view.name: view for view in asked.containers}
    needs = {
        name: [needed for needed in view.needs if needed in found and needed != name] for name, view in found.items()
    }
    for cycle in cycles(needs):
        detail = f"each of these waits for the next, so that none can start: {' → '.join(cycle)}; take one away"
        yield found[cycle[0]].finding(detail, "depends_on")


def variables_are_said_once(asked: Asked) -> Iterator[Finding]:
    """Check that no variable is both written out and a secret (Secret: names must be unique)."""
    for view in asked.containers:
        for name in view.secrets.keys() & view.said.texts_by_key("environment").keys():
            yield view.finding(f"{shown(name)} is in environment too: leave one of them out", "secrets", name)


def secrets_can_be_read(asked: Asked) -> Iterator[Finding]:
    """Check that somebody may read the secrets: ECS refuses them without an execution role."""
    if asked.form == "task_definition" or asked.manifest.says("execution_role"):
        return
    for view in asked.containers:
        if view.secrets:
            yield view.finding("reading secrets needs a role: write execution_role at the top", "secrets")


def mounts_lead_somewhere(asked: Asked) -> Iterator[Finding]:
    """Check that what is mounted is a volume of this service, each path once."""
    for view in asked.containers:
        volumes, paths = _volumes(asked), set[str]()
        for index, mount in view.mounts.items():
            volume, path = mount.text("volume"), mount.text("path")
            if volume is not None and volumes is not None and volume not in volumes:
                cure = nearest(volume, volumes) or ": write it in volumes"
                yield view.finding(f"{shown(volume)} is not a volume of this service{cure}", "mounts", index, "volume")
            if path is not None:
                if path in paths:
                    yield view.finding(f"{shown(path)} is mounted twice: write another path", "mounts", index, "path")
                paths.add(path)


def _volumes(asked: Asked) -> list[str] | None:
    """Return the names of the task's volumes, None where they cannot be read."""
    if asked.form == "task_definition":
        reading = reading_of(asked.service)
        if reading is None or reading.is_unread("volumes"):
            return None
        return [str(each.get("name")) for each in reading.content.get("volumes", ())]
    written = asked.service.written.get("volumes")
    return list(written) if isinstance(written, dict) else []


CONTAINER_RULES: tuple[Rule, ...] = (
    containers_are_some,
    one_is_essential,
    ports_differ,
    needs_lead_somewhere,
    needs_end,
    variables_are_said_once,
    secrets_can_be_read,
    mounts_lead_somewhere,
)
