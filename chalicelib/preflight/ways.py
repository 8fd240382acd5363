"""Ways out: a task on Fargate reaches what it needs before its first container starts, from every subnet of its own.

On EC2 the container instance pulls the images, from its own subnet.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from chalicelib.manifest import Manifest, containers_of
from chalicelib.preflight.artifacts import ECR, secrets_of
from chalicelib.preflight.finding import Finding
from chalicelib.preflight.network import NetworkFound, network_pointer

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html: the layers come from S3.
OF_AN_IMAGE = frozenset({"ecr.api", "ecr.dkr", "s3"})
# Registries that are on the internet alone; any other host may stand in a network that the VPC reaches.
PUBLIC = frozenset(
    {
        "docker.io",
        "gcr.io",
        "ghcr.io",
        "index.docker.io",
        "mcr.microsoft.com",
        "public.ecr.aws",
        "quay.io",
        "registry.k8s.io",
    }
)


@dataclass(frozen=True)
class Ways:
    """Where a subnet's routes lead.

    `default_route` is "internet" by an internet gateway, "out" by all else, such as NAT; None where there is none.
    `elsewhere`: other networks are reached, with whatever is there. `endpoints` are services of AWS, such as "ecr.api".
    """

    default_route: Literal["internet", "out"] | None = None
    elsewhere: bool = False
    endpoints: frozenset[str] = frozenset()

    def lead_out(self, *, public_ip: bool) -> bool:
        """Tell whether a task reaches the internet: by an internet gateway only with a public IP."""
        return self.default_route == "out" or (self.default_route == "internet" and public_ip)


@dataclass(frozen=True)
class Needs:
    """What a task asks for: services of AWS, and images of other registries, of which some are `public` for sure."""

    endpoints: frozenset[str]
    images: frozenset[str]
    public: frozenset[str]

    def lacking(self, ways: Ways) -> frozenset[str]:
        """Return what is not reached without a way to the internet."""
        return self.images | (self.endpoints - ways.endpoints)


def way_findings(
    manifest: Manifest, found: Mapping[str, NetworkFound], ways: Mapping[str, Ways], region: str
) -> Iterator[Finding]:
    """Return from which subnets a service on Fargate does not reach what it needs; `ways` by the subnets' ids.

    Where other networks are reached, or a registry may stand in one, it is a warning.
    """
    for name, network in found.items():
        needs, public_ip = _needs(manifest, name, region), manifest.network_of(name).assign_public_ip
        closed: dict[Ways, list[str]] = defaultdict(list)
        for subnet in sorted({each for ids in network.subnets.values() for each in ids} & set(ways)):
            if not ways[subnet].lead_out(public_ip=bool(public_ip)) and needs.lacking(ways[subnet]):
                closed[ways[subnet]].append(subnet)
        for each, subnets in closed.items():
            yield _finding(manifest, name, needs, each, subnets)


def _finding(manifest: Manifest, name: str, needs: Needs, ways: Ways, subnets: list[str]) -> Finding:
    lacking = needs.lacking(ways)
    certain = not ways.elsewhere and not lacking.isdisjoint(needs.endpoints | needs.public)
    public = ways.default_route == "internet"
    code, field = ("no_public_ip", "assign_public_ip") if public else ("no_way_to_registry", "subnets")
    where = f"tasks of {name} in {', '.join(subnets)} do not reach {', '.join(sorted(lacking))}"
    why = "there is an internet gateway, and they get no public IP" if public else "there is no route to the internet"
    pointer, _ = network_pointer(manifest, name, field)
    return Finding(code, f"{where}: {why}", pointer, name, "error" if certain else "warning")


def _needs(manifest: Manifest, name: str, region: str) -> Needs:
    containers = containers_of(manifest, name)
    images = {each.image for each in containers}
    ours = {each for each in images if (found := ECR.match(each)) and found["region"] == region}
    secrets = {"ssm" if each.place.is_parameter else "secretsmanager" for each in secrets_of(manifest, name)}
    return Needs(
        endpoints=frozenset(
            secrets | (OF_AN_IMAGE if ours else set()) | ({"logs"} if _logs(manifest, name) else set())
        ),
        images=frozenset(images - ours),
        public=frozenset(each for each in images - ours if ECR.match(each) or _registry(each) in PUBLIC),
    )


def _logs(manifest: Manifest, name: str) -> bool:
    """Tell whether containers log to CloudWatch: all do but those of a raw definition, which says so."""
    definition = manifest.services[name].definition
    containers = definition["containerDefinitions"] if definition else ()
    drivers = [each.get("logConfiguration", {}).get("logDriver") for each in containers]
    return definition is None or "awslogs" in drivers


def _registry(image: str) -> str:
    """Return the host of an image's registry: the first part of its name if it is one, else Docker Hub."""
    host, slash, _ = image.partition("/")
    return host if slash and ("." in host or ":" in host or host == "localhost") else "docker.io"
