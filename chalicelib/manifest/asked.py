"""A service as the rules see it: what is written, beside its containers and the whole manifest."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from chalicelib.manifest.findings import Finding, Path
from chalicelib.manifest.forms import ContainerView, form_of
from chalicelib.manifest.part import Part
from chalicelib.manifest.services import FARGATE_PROVIDERS, CapacityProvider, Scaling


@dataclass(frozen=True)
class Asked:
    """One service under its name, its containers as far as they can be read, and the manifest.

    `texts` has how a number or a truth value is spelled, where that is not how JSON spells it.
    """

    name: str
    service: Part
    manifest: Part
    containers: tuple[ContainerView, ...]
    texts: Mapping[Path, str] = field(default_factory=dict)

    @property
    def form(self) -> str | None:
        """Return the form of the service, None when it is none or more than one."""
        return form_of(self.service)

    @property
    def compatibility(self) -> str | None:
        """Return where its tasks run, "FARGATE" or "EC2", None when it cannot be read."""
        providers = self.service.parts("capacity_providers", CapacityProvider)
        if not self.service.says("capacity_providers"):
            return self.service.text("launch_type")
        first = next((part.text("name") for part in providers.values() if part.says("name")), None)
        return first and ("FARGATE" if first in FARGATE_PROVIDERS else "EC2")

    @property
    def first_count(self) -> int | None:
        """Return with how many tasks it runs, as far as the manifest tells: what is desired, within scaling's bounds.

        With scaling, one is desired where nothing is written.
        """
        desired, scaling = self.service.whole("desired_count"), self.service.part("scaling", Scaling)
        least, most = (scaling.whole("min"), scaling.whole("max")) if scaling else (None, None)
        if least is None or most is None or (desired is None and self.service.says("desired_count")):
            return desired
        return min(max(1 if desired is None else desired, least), most)


Rule = Callable[[Asked], Iterator[Finding]]
