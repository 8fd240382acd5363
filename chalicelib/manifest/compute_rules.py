"""The rules on where tasks run: Fargate or EC2 container instances, and what each of them has."""

from collections.abc import Iterator, Mapping, Sequence

from chalicelib.manifest.asked import Asked, Rule
from chalicelib.manifest.containers import MIN_MEMORY, Volume
from chalicelib.manifest.findings import Finding, Path
from chalicelib.manifest.models import Network
from chalicelib.manifest.part import Part
from chalicelib.manifest.sentences import shown
from chalicelib.manifest.services import FARGATE_PROVIDERS, CapacityProvider, NetworkOverride

# CPU units → MiB: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
FARGATE_MEMORY: Mapping[int, Sequence[int]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
# RegisterTaskDefinition, member cpu.
EC2_CPU = range(128, 196_608 + 1)
# ContainerDefinition, member stopTimeout.
MAX_FARGATE_STOP_SECONDS = 120
# CreateService, member capacityProviderStrategy.
MAX_PROVIDERS = 20


def one_kind_of_capacity(asked: Asked) -> Iterator[Finding]:
    """Check that a service says once where it runs, and that its capacity providers go together.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
    """
    service = asked.service
    providers = service.parts("capacity_providers", CapacityProvider)
    if service.says("capacity_providers") and service.says("launch_type"):
        yield service.finding("launch_type is written too: write one of them", "capacity_providers")
    if len(providers) > MAX_PROVIDERS:
        yield service.finding(f"there are {len(providers)}: write at most {MAX_PROVIDERS}", "capacity_providers")
    yield from _providers_go_together(list(providers.values()))
    weights = [provider.whole("weight") for provider in providers.values()]
    if weights and all(weight == 0 for weight in weights):
        yield service.finding("every weight is 0, so that no task could start: write one of 1", "capacity_providers")


def _providers_go_together(providers: Sequence[Part]) -> Iterator[Finding]:
    seen: list[str] = []
    based = 0
    for provider in providers:
        name, base = provider.text("name"), provider.whole("base")
        based += bool(base)
        if base and based > 1:
            yield provider.finding("only one capacity provider may have a base: leave this one out", "base")
        if name is None:
            continue
        if name in seen:
            yield provider.finding(f"{shown(name)} is named twice: leave one of them out", "name")
        elif seen and (name in FARGATE_PROVIDERS) != (seen[0] in FARGATE_PROVIDERS):
            detail = f"{shown(name)} and {shown(seen[0])} cannot be joined: FARGATE and FARGATE_SPOT go together only"
            yield provider.finding(detail, "name")
        seen.append(name)


def task_has_a_size(asked: Asked) -> Iterator[Finding]:
    """Check that there are tasks of this size: Fargate has a table, EC2 container instances have bounds."""
    cpu, memory = asked.service.whole("cpu"), asked.service.whole("memory")
    if asked.form == "task_definition" or cpu is None:
        return
    if asked.compatibility == "FARGATE":
        for key, detail in size_faults(cpu, memory, said=asked.service.says("memory")):
            yield asked.service.finding(detail, key)
    elif asked.compatibility == "EC2":
        if cpu not in EC2_CPU:
            detail = f"EC2 has no tasks of {shown(cpu)} CPU units: write {EC2_CPU[0]} to {EC2_CPU[-1]}"
            yield asked.service.finding(detail, "cpu")
        if memory is not None and memory < MIN_MEMORY:
            yield asked.service.finding(f"{shown(memory)} MiB is too little: write {MIN_MEMORY} or more", "memory")


def size_faults(cpu: int, memory: int | None, *, said: bool) -> Iterator[tuple[str, str]]:
    """Yield "cpu" or "memory" with what is wrong when Fargate has no task of this size; `said`: no default."""
    if cpu not in FARGATE_MEMORY:
        sizes = ", ".join(map(str, FARGATE_MEMORY))
        yield "cpu", f"Fargate has no tasks of {shown(cpu)} CPU units: write one of {sizes}"
    elif memory is not None and memory not in FARGATE_MEMORY[cpu]:
        allowed, default = _in_words(FARGATE_MEMORY[cpu]), "" if said else ", the default,"
        yield "memory", f"{shown(memory)} MiB{default} does not go with cpu {cpu} on Fargate: write {allowed}"


def _in_words(sizes: Sequence[int]) -> str:
    if isinstance(sizes, range):
        return f"{sizes[0]} to {sizes[-1]} in steps of {sizes.step}"
    return f"{', '.join(map(str, sizes[:-1]))} or {sizes[-1]}"


def containers_fit_in_the_task(asked: Asked) -> Iterator[Finding]:
    """Check that the containers' own shares are not more than the task has."""
    if asked.form != "containers":
        return
    for key, sum_of_shares in (
        ("cpu", sum(view.cpu for view in asked.containers)),
        ("memory", sum(view.memory for view in asked.containers)),
    ):
        has = asked.service.whole(key)
        if has is not None and sum_of_shares > has:
            detail = f"the containers ask for {sum_of_shares} together, the task has {has}: write more here"
            yield asked.service.finding(detail, key)


def fargate_can_run_it(asked: Asked) -> Iterator[Finding]:
    """Check that a task on Fargate asks for nothing that only EC2 container instances have."""
    if asked.compatibility != "FARGATE":
        return
    for volume in asked.service.parts("volumes", Volume).values():
        if volume.says("host_path"):
            detail = "Fargate has no host whose path could be mounted: write efs, or launch_type: EC2"
            yield volume.finding(detail, "host_path")
    for view in asked.containers:
        seconds = view.said.whole("stop_timeout")
        if seconds is not None and seconds > MAX_FARGATE_STOP_SECONDS:
            detail = f"{shown(seconds)} s is too long for Fargate: write {MAX_FARGATE_STOP_SECONDS} or less"
            yield view.finding(detail, "stop_timeout")


def ec2_can_run_it(asked: Asked) -> Iterator[Finding]:
    """Check that a task on EC2 container instances asks for nothing that only Fargate has."""
    if asked.compatibility != "EC2":
        return
    if asked.service.says("ephemeral_storage_gib"):
        detail = "only Fargate has storage of a size that is asked for: leave it out, or write a volume"
        yield asked.service.finding(detail, "ephemeral_storage_gib")
    own = asked.service.part("network", NetworkOverride)
    public, path = _public_ip(asked, own)
    if public:
        # CreateService refuses it: "Assign public IP is not supported for this launch type."
        detail = "tasks on EC2 container instances get no public IP: write network: {assign_public_ip: false} here"
        yield Finding(path, detail)


def _public_ip(asked: Asked, own: Part | None) -> tuple[bool | None, Path]:
    if own and own.says("assign_public_ip"):
        return own.flag("assign_public_ip"), (*own.path, "assign_public_ip")
    everywhere = asked.manifest.part("network", Network)
    return everywhere.flag("assign_public_ip") if everywhere else None, asked.service.path


def volumes_are_of_one_kind(asked: Asked) -> Iterator[Finding]:
    """Check that a volume is a host path or a file system, and that EFS's settings go together.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EFSAuthorizationConfig.html
    """
    for volume in asked.service.parts("volumes", Volume).values():
        if volume.says("host_path") and volume.says("efs"):
            yield volume.finding("host_path is written too: write one of them", "efs")
        if not volume.says("efs"):
            for key in ("root_directory", "access_point", "transit_encryption", "iam"):
                if volume.says(key):
                    yield volume.finding(f"only an EFS file system has {key}: write efs, or leave it out", key)
            continue
        if volume.says("access_point") and volume.text("root_directory") not in (None, "/"):
            detail = "an access point has a root directory of its own: leave this one out"
            yield volume.finding(detail, "root_directory")
        if volume.flag("transit_encryption") is False and (volume.says("access_point") or volume.flag("iam")):
            detail = "an access point and IAM need encryption in transit: leave this out"
            yield volume.finding(detail, "transit_encryption")


COMPUTE_RULES: tuple[Rule, ...] = (
    one_kind_of_capacity,
    task_has_a_size,
    containers_fit_in_the_task,
    fargate_can_run_it,
    ec2_can_run_it,
    volumes_are_of_one_kind,
)
