"""A fake is as its real one: the same methods with the same signatures."""

import inspect
import re
from typing import Any

import pytest

from chalicelib.aws.autoscaling import AutoScaling
from chalicelib.aws.cloud_map import CloudMap
from chalicelib.aws.clusters import Clusters
from chalicelib.aws.ec2 import Ec2
from chalicelib.aws.ecr import Ecr
from chalicelib.aws.ecs import Ecs
from chalicelib.aws.hosted_zones import HostedZones
from chalicelib.aws.iam import Iam
from chalicelib.aws.kms import Kms
from chalicelib.aws.load_balancers import LoadBalancers
from chalicelib.aws.logs import Logs
from chalicelib.aws.notifier import Notifier
from chalicelib.aws.observer import Observer
from chalicelib.aws.resolver import Resolver
from chalicelib.aws.secrets import Parameters, Secrets
from chalicelib.aws.step_functions import Workflow
from chalicelib.aws.task_definitions import TaskDefinitions
from chalicelib.aws.tasks import Tasks
from chalicelib.github.client import GitHub
from tests import (
    fake_artifacts,
    fake_cloud_map,
    fake_clusters,
    fake_github,
    fake_load_balancers,
    fake_observer,
    fake_tasks,
    fakes,
)

PAIRS = [
    (fake_artifacts.FakeEcr, Ecr),
    (fake_artifacts.FakeIam, Iam),
    (fake_artifacts.FakeParameters, Parameters),
    (fake_artifacts.FakeSecrets, Secrets),
    (fake_tasks.FakeAutoScaling, AutoScaling),
    (fake_tasks.FakeTasks, Tasks),
    (fake_cloud_map.FakeCloudMap, CloudMap),
    (fake_clusters.FakeClusters, Clusters),
    (fakes.FakeEc2, Ec2),
    (fakes.FakeEcs, Ecs),
    (fakes.FakeHostedZones, HostedZones),
    (fake_load_balancers.FakeLoadBalancers, LoadBalancers),
    (fake_github.FakeGitHub, GitHub),
    (fake_github.FakeKms, Kms),
    (fake_github.FakeNotifier, Notifier),
    (fakes.FakeLogs, Logs),
    (fake_observer.FakeObserver, Observer),
    (fakes.FakeResolver, Resolver),
    (fakes.FakeTaskDefinitions, TaskDefinitions),
    (fakes.FakeWorkflow, Workflow),
]


def signatures(adapter: type) -> dict[str, list[tuple[str, str, Any]]]:
    """Return what the public methods of an adapter take and answer: name, kind and type, default."""
    methods = {name: each for name, each in inspect.getmembers(adapter, inspect.isfunction) if not name.startswith("_")}
    return {name: _signature(inspect.signature(each)) for name, each in methods.items()}


def _signature(of: inspect.Signature) -> list[tuple[str, str, Any]]:
    parameters = [
        (each.name, f"{each.kind.name} {_type(each.annotation)}", each.default) for each in of.parameters.values()
    ]
    return [*parameters, ("answer", _type(of.return_annotation), None)]


def _type(annotation: Any) -> str:
    """Return an annotation without the modules of its names, whether its own module postpones annotations or not."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\b\w+\.", "", text)


@pytest.mark.parametrize(("fake", "real"), PAIRS, ids=[real.__name__ for _, real in PAIRS])
def test_fake_has_the_signatures_of_its_real_one(fake: type, real: type) -> None:
    """Every public method of an adapter is in its fake, with the same parameters; the fake has no other."""
    assert signatures(real)
    assert signatures(real) == signatures(fake)
