"""Amazon ECS on this machine: a control plane whose tasks are real processes."""

from localcloud.ecs.api import Ecs
from localcloud.ecs.ports import Balancer, Discovery, Emit, Interfaces, Logs, Network, Registry, Secrets

__all__ = ["Balancer", "Discovery", "Ecs", "Emit", "Interfaces", "Logs", "Network", "Registry", "Secrets"]
