"""The refusals of AWS that pass by themselves: what it made, or removed, is not known everywhere at once.

Each of them also occurs where it never passes, so each is asked again for so long only as its error is, and then told
in AWS's own words: TransientAws for two minutes, Unsettled for twenty, or until the deployment's deadline.
"""

from dataclasses import dataclass

from chalicelib.errors import TransientAws, Unsettled

GITHUB = "https://github.com"
TERRAFORM = f"{GITHUB}/hashicorp/terraform-provider-aws/blob/main/internal/service"
ECS, CLUSTER = f"{TERRAFORM}/ecs/service.go", f"{TERRAFORM}/ecs/cluster.go"
ELB, RULE = f"{TERRAFORM}/elbv2/target_group.go", f"{TERRAFORM}/elbv2/listener_rule.go"
NAMES = f"{TERRAFORM}/servicediscovery/service.go"
TARGET, POLICY = f"{TERRAFORM}/appautoscaling/target.go", f"{TERRAFORM}/appautoscaling/policy.go"
API = "https://docs.aws.amazon.com"
SCALING = f"{API}/autoscaling/application/APIReference/API_RegisterScalableTarget.html"
OPERATIONS = f"{API}/cloud-map/latest/api/API_UpdateService.html"
GET_OPERATION = f"{API}/cloud-map/latest/api/API_GetOperation.html"
ALREADY_EXISTS = f"{API}/cloud-map/latest/api/API_CreateService.html"
LOGS = f"{API}/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"


@dataclass(frozen=True)
class Passing:
    """A refusal: of which operations, with which code, and what its message has in it; `source` tells of it.

    A code of "" is any: the source does not tell it.
    """

    operations: tuple[str, ...]
    code: str
    text: str
    becomes: type[TransientAws]
    source: str

    def means(self, operation: str, code: str, message: str) -> bool:
        """Tell whether a refusal is this one."""
        return operation in self.operations and self.code in ("", code) and self.text in message


PASSING = (
    # Amazon ECS: a cluster, a role or a rule that was just made
    Passing(("create_service", "run_task"), "ClusterNotFoundException", "", TransientAws, ECS),
    Passing(
        ("create_service", "update_service"),
        "InvalidParameterException",
        "does not have an associated load balancer",
        TransientAws,
        ECS,
    ),
    Passing(
        ("create_service", "update_service"),
        "InvalidParameterException",
        "verify that the ECS service role being passed has the proper permissions",
        TransientAws,
        ECS,
    ),
    Passing(
        ("create_service", "create_cluster"),
        "InvalidParameterException",
        "Unable to assume the service linked role",
        TransientAws,
        ECS,
    ),
    Passing(
        ("register_task_definition",),
        "ClientException",
        "Too many concurrent attempts to create a new revision",
        TransientAws,
        f"{GITHUB}/hashicorp/terraform-provider-aws/issues/9777",
    ),
    # Amazon ECS: what went before has not come to its end
    Passing(
        ("create_service",),
        "InvalidParameterException",
        "Unable to Start a service that is still Draining",
        Unsettled,
        f"{GITHUB}/spinnaker/spinnaker/issues/5476",
    ),
    Passing(
        ("update_service",),
        "",
        "active deployments exist",
        Unsettled,
        f"{GITHUB}/aws/containers-roadmap/issues/2836",
    ),
    Passing(
        ("delete_service",),
        "InvalidParameterException",
        "cannot be stopped while deployments are active",
        Unsettled,
        ECS,
    ),
    Passing(("delete_service",), "DependencyViolation", "has a dependent object", Unsettled, ECS),
    *(
        Passing(("delete_cluster",), code, "", Unsettled, CLUSTER)
        for code in (
            "ClusterContainsServicesException",
            "ClusterContainsTasksException",
            "ClusterContainsContainerInstancesException",
            "UpdateInProgressException",
        )
    ),
    # Elastic Load Balancing
    Passing(
        (
            "create_rule",
            "describe_tags",
            "describe_target_group_attributes",
            "describe_target_health",
            "modify_target_group",
            "modify_target_group_attributes",
        ),
        "TargetGroupNotFound",
        "",
        TransientAws,
        ELB,
    ),
    Passing(
        ("describe_rules", "describe_tags", "modify_rule", "set_rule_priorities"),
        "RuleNotFound",
        "",
        TransientAws,
        RULE,
    ),
    Passing(("delete_target_group",), "ResourceInUse", "", Unsettled, ELB),
    # AWS Cloud Map: ECS takes its instances out of a service a while after their tasks have stopped
    Passing(("delete_service", "delete_namespace"), "ResourceInUse", "", Unsettled, NAMES),
    Passing(("update_service",), "DuplicateRequest", "", Unsettled, OPERATIONS),
    # one that another call has just said to exist, or to go on
    Passing(("get_operation",), "OperationNotFound", "", TransientAws, GET_OPERATION),
    Passing(("get_service",), "ServiceNotFound", "", TransientAws, ALREADY_EXISTS),
    # Application Auto Scaling
    Passing(("register_scalable_target",), "ValidationException", "ECS service doesn't exist", TransientAws, TARGET),
    Passing(("register_scalable_target",), "ValidationException", "Unable to assume IAM role", TransientAws, TARGET),
    Passing(
        (
            "register_scalable_target",
            "deregister_scalable_target",
            "put_scaling_policy",
            "delete_scaling_policy",
            "describe_scalable_targets",
            "describe_scaling_policies",
        ),
        "ConcurrentUpdateException",
        "",
        TransientAws,
        SCALING,
    ),
    Passing(
        ("put_scaling_policy", "delete_scaling_policy", "describe_scaling_policies"),
        "FailedResourceAccessException",
        "",
        TransientAws,
        POLICY,
    ),
    Passing(("put_scaling_policy",), "ObjectNotFoundException", "", TransientAws, POLICY),
    # Amazon CloudWatch Logs: two services may log to one group
    Passing(("create_log_group", "put_retention_policy"), "OperationAbortedException", "", TransientAws, LOGS),
    Passing(("put_retention_policy",), "ResourceNotFoundException", "", TransientAws, LOGS),
)
"""Whole; a test has each of them come, from each of its operations."""


def passing(operation: str, code: str, message: str) -> type[TransientAws] | None:
    """Return what a refusal becomes that passes, None when it is for good."""
    return next((each.becomes for each in PASSING if each.means(operation, code, message)), None)
