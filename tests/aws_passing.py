"""Refusals of AWS that pass by themselves, as faults that the local cloud can be asked for.

They are seen of AWS by terraform-provider-aws, which asks again for two minutes, 20 for DeleteService, or in the issue
that a row names. The sources have the part of the words that tells them; sentences around it may differ. AWS says each
of them for good, too, of what is wrong for good.
"""

from dataclasses import dataclass
from typing import Any

SIGNED_AS = {
    "application-autoscaling": "application-autoscaling",
    "ecs": "ecs",
    "elbv2": "elasticloadbalancing",
    "scheduler": "scheduler",
    "servicediscovery": "servicediscovery",
}
"""The clients' signing names, by boto3's."""


@dataclass(frozen=True)
class Passing:
    """A refusal: which client's operation it answers, its code and its words."""

    client: str
    operation: str
    code: str
    message: str

    def fault(self, times: int = 1) -> dict[str, Any]:
        """Return what asks the local cloud for it, as often as that."""
        operation = "*" if self.client == "scheduler" else self.operation  # a REST service has methods and paths
        return {
            "kind": "fail",
            "service": SIGNED_AS[self.client],
            "operation": operation,
            "code": self.code,
            "message": self.message,
            "status": 400,
            "times": times,
        }


NO_LINKED_ROLE = "Unable to assume the service linked role. Please verify that the ECS service linked role exists."
NO_ROLE = (
    "Unable to assume role and validate the listeners configured on your load balancer. "
    "Please verify that the ECS service role being passed has the proper permissions."
)
GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/1"
NO_LOAD_BALANCER = f"The target group with targetGroupArn {GROUP} does not have an associated load balancer."
ASSUMES_NOTHING = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
INVALID, WRONG = "InvalidParameterException", "ValidationException"
GROUPS_GONE, RULES_GONE = "One or more target groups not found", "One or more rules not found"

PASSING = (
    Passing("ecs", "CreateService", "ClusterNotFoundException", "Cluster not found."),
    Passing("ecs", "RunTask", "ClusterNotFoundException", "Cluster not found."),
    Passing("ecs", "CreateCluster", INVALID, NO_LINKED_ROLE),
    *(Passing("ecs", "CreateService", INVALID, words) for words in (NO_LINKED_ROLE, NO_ROLE, NO_LOAD_BALANCER)),
    *(Passing("ecs", "UpdateService", INVALID, words) for words in (NO_ROLE, NO_LOAD_BALANCER)),
    # https://github.com/aws/containers-roadmap/issues/2836
    Passing("ecs", "UpdateService", INVALID, "Unable to update the service: 5 active deployments exist."),
    Passing("ecs", "DeleteService", INVALID, "The service cannot be stopped while deployments are active."),
    Passing("ecs", "DeleteService", "DependencyViolation", "The network interface has a dependent object."),
    Passing(
        "ecs",
        "DeleteCluster",
        "ClusterContainsServicesException",
        "The Cluster cannot be deleted while Services are active.",
    ),
    Passing(
        "ecs", "DeleteCluster", "ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active."
    ),
    Passing(
        "ecs",
        "DeleteCluster",
        "ClusterContainsContainerInstancesException",
        "The Cluster cannot be deleted while Container Instances are active or draining.",
    ),
    Passing("ecs", "DeleteCluster", "UpdateInProgressException", "The specified cluster is in a busy state."),
    Passing("elbv2", "CreateRule", "PriorityInUse", "Priority '1' is currently in use"),
    Passing("elbv2", "DescribeTargetGroups", "TargetGroupNotFound", GROUPS_GONE),
    Passing("elbv2", "DescribeTargetGroupAttributes", "TargetGroupNotFound", GROUPS_GONE),
    Passing("elbv2", "DescribeTargetHealth", "TargetGroupNotFound", GROUPS_GONE),
    Passing("elbv2", "DescribeRules", "RuleNotFound", RULES_GONE),
    Passing("elbv2", "DescribeTags", "RuleNotFound", RULES_GONE),
    Passing(
        "elbv2", "DeleteTargetGroup", "ResourceInUse", "Target group 'web' is currently in use by a listener or a rule"
    ),
    Passing(
        "servicediscovery",
        "DeleteService",
        "ResourceInUse",
        "Service contains registered instances; delete the instances before deleting the service",
    ),
    Passing("application-autoscaling", "RegisterScalableTarget", WRONG, "ECS service doesn't exist: service/shop/web"),
    Passing(
        "application-autoscaling",
        "RegisterScalableTarget",
        WRONG,
        "Unable to assume IAM role: arn:aws:iam::000000000000:role/x",
    ),
    *(
        Passing(
            "application-autoscaling",
            operation,
            "ConcurrentUpdateException",
            "You already have a pending update to an Auto Scaling resource.",
        )
        for operation in (
            "RegisterScalableTarget",
            "DeregisterScalableTarget",
            "PutScalingPolicy",
            "DeleteScalingPolicy",
        )
    ),
    Passing(
        "application-autoscaling",
        "PutScalingPolicy",
        "FailedResourceAccessException",
        "Unable to retrieve alarms for scaling policy web",
    ),
    Passing(
        "application-autoscaling",
        "DeleteScalingPolicy",
        "ObjectNotFoundException",
        "No scaling policy found for service namespace: ecs",
    ),
    Passing("scheduler", "CreateSchedule", WRONG, ASSUMES_NOTHING),
    Passing("scheduler", "UpdateSchedule", WRONG, ASSUMES_NOTHING),
)
