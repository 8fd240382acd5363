"""ECS as it is called: an operation's name and a request in, an answer or an AwsFault out."""

from collections.abc import Callable
from typing import Any

from localcloud.clock import Clock
from localcloud.ecs import view
from localcloud.ecs.capacity_providers import CapacityProviders
from localcloud.ecs.clusters import Clusters
from localcloud.ecs.container_instances import ContainerInstances
from localcloud.ecs.events import Announcer
from localcloud.ecs.guardian import Guardian
from localcloud.ecs.launcher import Launcher
from localcloud.ecs.life import Surroundings
from localcloud.ecs.placement import Placement
from localcloud.ecs.ports import (
    Balancer,
    Discovery,
    Emit,
    Interfaces,
    Logs,
    Network,
    NoInterfaces,
    NoRegistry,
    Registry,
    Secrets,
)
from localcloud.ecs.preparation import Preparation
from localcloud.ecs.reconciler import Reconciler
from localcloud.ecs.registration import Registration
from localcloud.ecs.rollouts import Rollouts
from localcloud.ecs.run_task import RunTask
from localcloud.ecs.service_deployments import ServiceDeployments
from localcloud.ecs.services import Services
from localcloud.ecs.state import World
from localcloud.ecs.tags import Tags
from localcloud.ecs.task_containers import Machine
from localcloud.ecs.task_definitions import TaskDefinitions
from localcloud.ecs.tasks import Tasks
from localcloud.ecs.volumes import Volumes
from localcloud.faults import AwsFault
from localcloud.images import Images

Operation = Callable[[dict[str, Any]], dict[str, Any]]


class Ecs:
    """Amazon ECS whose tasks are processes of this machine. Safe to call from many threads.

    `start` begins to schedule; `stop` ends every process and thread, and nothing can be started afterwards.
    """

    def __init__(  # noqa: PLR0913  (its neighbours are many, and all are named)
        self,
        *,
        clock: Clock,
        images: Images,
        network: Network,
        discovery: Discovery,
        balancer: Balancer,
        logs: Logs,
        emit: Emit,
        secrets: Secrets | None = None,
        interfaces: Interfaces | None = None,
        registry: Registry | None = None,
        account: str = "000000000000",
        region: str = "us-east-1",
    ) -> None:
        self._world = world = World(clock, account, region)
        self._images = images
        self._announcer = Announcer(world, emit)
        self._guardian = Guardian()
        rollouts = Rollouts(world, self._announcer)
        registration = Registration(world, discovery, balancer, self._announcer)
        placement = Placement(world)
        self._volumes = Volumes(images)
        around = Surroundings(
            world=world,
            clock=clock,
            network=network,
            interfaces=interfaces or NoInterfaces(),
            preparation=Preparation(images, registry or NoRegistry(), logs, secrets, self._volumes),
            machine=Machine(clock, network, logs, self._guardian),
            registration=registration,
            announcer=self._announcer,
        )
        self._launcher = Launcher(around, placement)
        self._reconciler = Reconciler(world, self._launcher, registration, rollouts, self._announcer)
        self._clusters = Clusters(world)
        self._task_definitions = TaskDefinitions(world)
        self._services = Services(world, rollouts, self._announcer, discovery, balancer)
        self._deployments = ServiceDeployments(world)
        self._tasks = Tasks(world)
        self._tags = Tags(world)
        self._capacity_providers = CapacityProviders(world)
        self._container_instances = ContainerInstances(world, placement)
        self._run_task = RunTask(world, self._launcher, placement)
        self._operations = self._by_name()

    def _by_name(self) -> dict[str, Operation]:
        return {
            "CreateCluster": self._clusters.create,
            "DescribeClusters": self._clusters.describe,
            "ListClusters": self._clusters.list,
            "DeleteCluster": self._clusters.delete,
            "RegisterTaskDefinition": self._task_definitions.register,
            "DescribeTaskDefinition": self._task_definitions.describe,
            "DeregisterTaskDefinition": self._task_definitions.deregister,
            "ListTaskDefinitions": self._task_definitions.list,
            "ListTaskDefinitionFamilies": self._task_definitions.list_families,
            "CreateService": self._services.create,
            "UpdateService": self._services.update,
            "DeleteService": self._services.delete,
            "DescribeServices": self._services.describe,
            "ListServices": self._services.list,
            "ListServiceDeployments": self._deployments.list,
            "DescribeServiceDeployments": self._deployments.describe,
            "DescribeServiceRevisions": self._deployments.describe_revisions,
            "StopServiceDeployment": self._deployments.stop,
            "RunTask": self._run_task.run,
            "ListTasks": self._tasks.list,
            "DescribeTasks": self._tasks.describe,
            "StopTask": self._tasks.stop,
            "RegisterContainerInstance": self._container_instances.register,
            "DeregisterContainerInstance": self._container_instances.deregister,
            "ListContainerInstances": self._container_instances.list,
            "DescribeContainerInstances": self._container_instances.describe,
            "PutClusterCapacityProviders": self._capacity_providers.associate,
            "DescribeCapacityProviders": self._capacity_providers.describe,
            "TagResource": self._tags.add,
            "UntagResource": self._tags.remove,
            "ListTagsForResource": self._tags.list,
        }

    def handle(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one call ("CreateService") in botocore's shape, times as epoch seconds. Raises AwsFault."""
        act = self._operations.get(operation)
        if act is None:
            raise AwsFault("UnsupportedFeatureException", f"The local cloud's ECS does not have {operation}.")
        with self._world.changed:
            answer: dict[str, Any] = view.json_value(act(request), lambda time: time.timestamp())
        return answer

    def start(self) -> None:
        """Begin to schedule."""
        self._announcer.start()
        self._reconciler.start()

    def stop(self) -> None:
        """Kill every task's processes, reap them, and end all threads."""
        self._reconciler.stop()
        self._images.close()
        self._launcher.close()
        self._guardian.close()
        self._announcer.stop()
        self._volumes.close()
