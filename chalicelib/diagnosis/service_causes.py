"""What keeps a service from its tasks: health checks, placement, and what it leans on.

The words are from https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from chalicelib.diagnosis.cause import Cause

REFUSED = r"[234](?!08|29)\d\d"  # 408 and 429 are answers of a server that may recover

HEALTH = (
    Cause(
        "health_check_path_wrong",
        "user",
        rf"Health checks failed with these codes: \[({REFUSED}[, ]*)+\]",
        "Correct route.health_check: a path that the application answers, and a matcher that takes the answer.",
        hopeless=True,
    ),
    Cause(
        "health_check_server_error",
        "app",
        r"Health checks failed with these codes",
        "Read the application's log: it answers the health check with an error of its own.",
    ),
    Cause(
        "health_check_timeout",
        "user",
        r"unhealthy in.*Request timed out|Target\.Timeout|ELB health checks.*Request timed out",
        "Let the load balancer's security group reach the port, bind it on 0.0.0.0, answer within "
        "route.health_check.timeout, and give health_check_grace_period_seconds for the boot.",
    ),
    Cause(
        "port_not_listening",
        "user",
        r"Target\.FailedHealthChecks|\(reason Health checks failed\)|ELB health checks.*Health checks failed$",
        "Listen on 0.0.0.0 and on the service's port, or correct the port; if the application boots slowly, raise "
        "health_check_grace_period_seconds above its boot.",
        hopeless=True,
    ),
    Cause(
        "health_check_failed",
        "user",
        r"failed ELB health checks|unhealthy in \(target-group",
        "Ask the application for route.health_check.path on its port; raise health_check_grace_period_seconds above "
        "its boot.",
    ),
    Cause(
        "container_unhealthy",
        "user",
        r"failed container health checks",
        "Run health_check.command in the image (often it has no curl); raise start_period above the boot.",
    ),
    Cause(
        "target_not_in_use",
        "infra",
        r"Target\.NotInUse",
        "Enable the tasks' availability zones on the load balancer, and let a listener forward to the target group.",
    ),
)

PLACEMENT = (
    Cause(
        "no_capacity",
        "platform",
        r"Capacity is unavailable at this time",
        "Deploy again later; name subnets in more availability zones, and not FARGATE_SPOT alone.",
    ),
    Cause(
        "no_container_instance",
        "user",
        r"unable to place a task because no container instance met all of its requirements",
        "Add container instances with room for the task, or write launch_type: FARGATE.",
    ),
    Cause(
        "quota_reached",
        "user",
        r"limit on the number of (tasks|vCPUs) you can run concurrently|configuration is above your limit",
        "Ask AWS for a higher Fargate quota, or run less.",
    ),
    Cause(
        "subnet_unsupported",
        "user",
        r"unable to place a task\. Reason: Internal error",
        "Name a subnet in an availability zone that Fargate supports.",
    ),
    Cause(
        "network_interface_refused",
        "infra",
        r"Unexpected EC2 error while attempting to Create Network Interface",
        "Name another subnet: this one has no free addresses, the security group is not there, or the quota is met.",
    ),
    Cause(
        "network_interface_pending",
        "platform",
        r"Timeout waiting for (network interface|EphemeralStorage) provisioning|Network interface provision complete "
        r"error|Rate limit exceeded while preparing network interface",
        "Deploy again; if it stays so, check free addresses, the quota of network interfaces, and the role "
        "AWSServiceRoleForECS.",
    ),
    Cause(
        "compute_incompatible",
        "user",
        r"not compatible with the selected compute strategy",
        "Register the task definition for where it runs: requiresCompatibilities must have FARGATE, or EC2.",
        hopeless=True,
    ),
    Cause(
        "capacity_reclaimed",
        "platform",
        r"^(SpotInterruption|TerminationNotice|InfrastructureHealth)",
        "Deploy again: AWS took the capacity back; keep some of it off FARGATE_SPOT.",
    ),
)

SURROUNDINGS = (
    Cause(
        "discovery_registration_failed",
        "infra",
        r"Timeout waiting for service discovery instance provisioning",
        "Check that the Cloud Map service and its namespace are still there, then deploy again.",
    ),
    Cause(
        "target_group_missing",
        "user",
        r"TARGET GROUP IS NOT FOUND",
        "Delete the ECS service and deploy again: its target group was deleted under it.",
        hopeless=True,
    ),
    Cause(
        "role_misconfigured",
        "user",
        r"IAM permissions policies have been misconfigured|IAM trust relationship",
        "Restore the role: its policies, and a trust policy that lets ECS assume it.",
    ),
    Cause(
        "rollout_has_no_room",
        "user",
        r"unable to stop or start tasks during a deployment because of the service deployment configuration",
        "Lower rollout.minimum_healthy_percent or raise rollout.maximum_percent: between them ECS can move no task.",
    ),
    Cause("replaced", "info", r"Scaling activity initiated by"),
    Cause("start_impaired", "symptom", r"is unable to consistently start tasks successfully"),
    Cause(
        "circuit_breaker",
        "symptom",
        r"deployment failed: |rolling back to deployment|circuit breaker|^ECS service deployment [A-Z_]+$",
    ),
    Cause("steady", "info", r"has reached a steady state"),
    Cause("target_in_transit", "info", r"Elb\.(Initial|Registration)|Target\.(DeregistrationInProgress|NotRegistered)"),
)
