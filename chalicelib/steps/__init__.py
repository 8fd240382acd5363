"""One file per state of the state machines: ask, decide, act, hand on.

A state calls the function `act` or `observe` with its own name; `act` changes AWS, `observe` only reads it. What a
step returns goes into the state document, everything else into the record.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.errors import Throttled, TransientAws, Unsettled
from chalicelib.log import logger
from chalicelib.steps import (
    await_freed_names,
    await_inactive,
    await_names,
    await_namespace,
    await_restored,
    await_restored_names,
    await_stable,
    await_task,
    balancer,
    before_deploy,
    cluster,
    deploy_service,
    deployment_failed,
    deregister_task_definitions,
    discovery,
    finish,
    forget_belongings,
    home_failed,
    namespace,
    plan,
    plan_teardown,
    preflight,
    prune_failed,
    register_task_definition,
    remove_clusters,
    remove_leftovers,
    remove_namespaces,
    remove_route,
    remove_rules,
    remove_unnamed,
    restore,
    restore_failed,
    roll_back,
    scaling,
    service_failed,
    service_proven,
    service_removed,
    service_restored,
    stop_service,
    stop_task,
)
from chalicelib.steps.step import Step, StepEvent
from chalicelib.steps.wait import demand_time, kept_alive, tried_out

ACT: Mapping[str, Step] = {
    "Namespace": namespace.run,
    "Cluster": cluster.run,
    "RegisterTaskDefinition": register_task_definition.run,
    "Discovery": discovery.run,
    "Balancer": balancer.run,
    "BeforeDeploy": before_deploy.run,
    "StopTask": stop_task.run,
    "DeployService": deploy_service.run,
    "Scaling": scaling.run,
    "RemoveRules": remove_rules.run,
    "RemoveUnnamed": remove_unnamed.run,
    "RemoveLeftovers": remove_leftovers.run,
    "Restore": restore.run,
    "StopService": stop_service.run,
    "RemoveRoute": remove_route.run,
    "RemoveNamespaces": remove_namespaces.run,
    "RemoveClusters": remove_clusters.run,
    "DeregisterTaskDefinitions": deregister_task_definitions.run,
}

OBSERVE: Mapping[str, Step] = {
    "Plan": plan.run,
    "Preflight": preflight.run,  # executions that an older release began come to it
    "AwaitNamespace": await_namespace.run,
    "AwaitTask": await_task.run,
    "AwaitStable": await_stable.run,
    "AwaitNames": await_names.run,
    "ServiceProven": service_proven.run,
    "AwaitFreedNames": await_freed_names.run,
    "PruneFailed": prune_failed.run,
    "RollBack": roll_back.run,
    "AwaitRestored": await_restored.run,
    "AwaitRestoredNames": await_restored_names.run,
    "ServiceRestored": service_restored.run,
    "RestoreFailed": restore_failed.run,
    "HomeFailed": home_failed.run,
    "PlanTeardown": plan_teardown.run,
    "AwaitInactive": await_inactive.run,
    "ServiceRemoved": service_removed.run,
    "ForgetBelongings": forget_belongings.run,
    "ServiceFailed": service_failed.run,
    "DeploymentFailed": deployment_failed.run,
    "Finish": finish.run,
}


def run(steps: Mapping[str, Step], cloud: Cloud, document: Mapping[str, Any]) -> dict[str, Any]:
    """Run the step that the state's name names, and return what it hands on."""
    event = StepEvent.read(document)
    logger.append_keys(deployment_id=event.deployment_id, service_name=event.service, state=event.state)
    logger.info("step")
    with kept_alive(cloud, event):
        if tried_out(cloud, event):
            demand_time(cloud, event)
        try:
            return steps[event.state](cloud, event)
        except (Throttled, TransientAws) as error:
            demand_time(cloud, event, error)
            if event.of_an_older_release and isinstance(error, Unsettled):
                raise TransientAws(error.operation, error.aws_code, error.message) from error
            raise
