"""One file per state of the state machine: ask, decide, act, hand on.

A state calls the function `act` or `observe` with its own name; `act` changes AWS, `observe` only reads it. What a
step returns goes into the state document, everything else into the record.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.log import logger
from chalicelib.steps import (
    await_names,
    await_namespace,
    await_stable,
    balancer,
    cluster,
    deploy_service,
    deployment_failed,
    discovery,
    finish,
    namespace,
    plan,
    register_task_definition,
    service_failed,
    service_proven,
)
from chalicelib.steps.step import Step, StepEvent

ACT: Mapping[str, Step] = {
    "Namespace": namespace.run,
    "Cluster": cluster.run,
    "RegisterTaskDefinition": register_task_definition.run,
    "Discovery": discovery.run,
    "Balancer": balancer.run,
    "DeployService": deploy_service.run,
}

OBSERVE: Mapping[str, Step] = {
    "Plan": plan.run,
    "AwaitNamespace": await_namespace.run,
    "AwaitStable": await_stable.run,
    "AwaitNames": await_names.run,
    "ServiceProven": service_proven.run,
    "ServiceFailed": service_failed.run,
    "DeploymentFailed": deployment_failed.run,
    "Finish": finish.run,
}


def run(steps: Mapping[str, Step], cloud: Cloud, document: Mapping[str, Any]) -> dict[str, Any]:
    """Run the step that the state's name names, and return what it hands on."""
    event = StepEvent.read(document)
    logger.append_keys(deployment_id=event.deployment_id, service_name=event.service, state=event.state)
    logger.info("step")
    return steps[event.state](cloud, event)
