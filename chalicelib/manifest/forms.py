"""The containers of a service, in whichever of its three forms they are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from chalicelib.manifest.containers import Container, Mount
from chalicelib.manifest.findings import Finding, Path
from chalicelib.manifest.models import Manifest
from chalicelib.manifest.part import Part
from chalicelib.manifest.services import Service
from chalicelib.manifest.task_definition import IN_ECS, Reading, containers_of_definition, read_definition

FORMS = ("image", "containers", "task_definition")


@dataclass(frozen=True)
class ContainerView:
    """A container in the words of the model Container, and where it is written; `raw` in a task definition's words."""

    name: str
    said: Part
    raw: bool = False

    @property
    def image(self) -> str:
        """Return the image, nothing where it cannot be read."""
        return self.said.text("image") or ""

    @property
    def ports(self) -> tuple[int, ...]:
        """Return its ports, the first one is routed and discovered."""
        port = self.said.whole("port")
        others: tuple[int, ...] = self.said.written.get("other_ports", ())
        return (port, *others) if port is not None else ()

    @property
    def port(self) -> int | None:
        """Return the port that is routed and discovered, None when there is none."""
        return next(iter(self.ports), None)

    @property
    def essential(self) -> bool | None:
        """Return whether the task ends with this container, None where it cannot be read."""
        return self.said.flag("essential") if self._one_of_several else True

    @property
    def needs(self) -> Mapping[str, str]:
        """Return the containers that it waits for, each with the condition."""
        return self.said.texts_by_key("depends_on")

    @property
    def cpu(self) -> int:
        """Return its share of the task's CPU units, 0 when it has none of its own."""
        return (self.said.whole("cpu") if self._one_of_several else None) or 0

    @property
    def memory(self) -> int:
        """Return its limit in MiB, 0 when it has none of its own."""
        return (self.said.whole("memory") if self._one_of_several else None) or 0

    @property
    def _one_of_several(self) -> bool:
        return self.said.model is Container

    @property
    def secrets(self) -> Mapping[str, str]:
        """Return the references of its secrets by the variable's name."""
        return self.said.texts_by_key("secrets")

    @property
    def mounts(self) -> Mapping[str | int, Part]:
        """Return its mounts by their index."""
        return self.said.parts("mounts", Mount)

    def path(self, key: str | None = None, *steps: str | int) -> Path:
        """Return the way to this container in the manifest, to one of its keys, or further in."""
        if key is None:
            return self.said.path
        if self.raw:
            return (*self.said.path, IN_ECS.get(key, key))
        return (*self.said.path, key, *steps)

    def finding(self, detail: str, key: str | None = None, *steps: str | int) -> Finding:
        """Return a finding about this container, one of its keys, or further in."""
        return Finding(self.path(key, *steps), detail)


def form_of(service: Part) -> str | None:
    """Return the form in which a service is written, None when it is none or more than one."""
    said = [form for form in FORMS if service.says(form)]
    return said[0] if len(said) == 1 else None


def reading_of(service: Part, texts: Mapping[Path, str] = MappingProxyType({})) -> Reading | None:
    """Return the raw task definition of a service as far as it can be read; None when its form is another.

    `texts` has how a number or a truth value is spelled, where that is not how JSON spells it.
    """
    definition = service.written.get("task_definition")
    if form_of(service) != "task_definition" or not isinstance(definition, Mapping):
        return None
    return read_definition(definition, (*service.path, "task_definition"), texts)


def views(name: str, service: Part) -> tuple[ContainerView, ...]:
    """Return the containers of a service as far as they can be read."""
    if not service.says("containers") and not service.says("task_definition"):
        return (ContainerView(name, service),)
    if form_of(service) == "containers":
        return tuple(ContainerView(str(key), part) for key, part in service.parts("containers", Container).items())
    reading = reading_of(service)
    if reading is None:
        return ()
    path = (*reading.path, "containerDefinitions")
    return tuple(
        ContainerView(said["name"], Part(Container, said, service.faulty, (*path, index)), raw=True)
        for index, said in containers_of_definition(reading)
    )


def definition_of(manifest: Manifest, name: str) -> Reading | None:
    """Return the raw task definition of a service of a manifest, None when its form is another."""
    definition = manifest.services[name].task_definition
    return None if definition is None else read_definition(definition, ("services", name, "task_definition"))


def containers_of(manifest: Manifest, name: str) -> tuple[ContainerView, ...]:
    """Return the containers of a service of a manifest, whatever form it is written in."""
    written = manifest.services[name].model_dump(exclude_defaults=True)
    return views(name, Part(Service, written, frozenset(), ("services", name)))


def routed_container(manifest: Manifest, name: str) -> ContainerView | None:
    """Return the container that the load balancer reaches, None when there is no route."""
    route = manifest.services[name].route
    return _chosen(containers_of(manifest, name), route.container) if route else None


def registered_container(manifest: Manifest, name: str) -> ContainerView | None:
    """Return the container whose port SRV records tell, None when there are none."""
    service = manifest.services[name]
    if service.discovery is None or "SRV" not in service.discovery.records:
        return None
    routed = service.route.container if service.route else None
    return _chosen(containers_of(manifest, name), service.discovery.container or routed)


def main_container(manifest: Manifest, name: str) -> ContainerView:
    """Return the container that a task of one command runs: the routed one, else one with a port, else the first.

    Containers that are not essential come last.
    """
    found = containers_of(manifest, name)
    routed = routed_container(manifest, name)
    essential = sorted(found, key=lambda view: (not view.essential, view.port is None))
    return routed or essential[0]


def _chosen(found: tuple[ContainerView, ...], name: str | None) -> ContainerView | None:
    return next((view for view in found if view.port is not None and name in (None, view.name)), None)
