"""What AWS says when a rollout goes wrong, word for word, and what that means.

From https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
"""

from datetime import UTC, datetime

from chalicelib.diagnosis import Facts, LogLine, ServiceEvent, StoppedTask, TargetHealth

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
TARGET_GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/shop-home/1"
REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
RETRIEVAL = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
)
NOT_CREATED = (
    "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to create shim "
    "task: OCI runtime create failed: runc create failed: unable to start container process: "
)


def not_started(reason: str) -> Facts:
    """Return what is seen of a task that never started."""
    return Facts((StoppedTask("arn:task/1", "TaskFailedToStart", reason),))


def exited(code: int | None, container_reason: str | None = None) -> Facts:
    """Return what is seen of a task whose container ended."""
    reason = "Essential container in task exited"
    return Facts((StoppedTask("arn:task/1", "EssentialContainerExited", reason, container_reason, code),))


def said(message: str) -> Facts:
    """Return a service's event."""
    return Facts(events=(ServiceEvent(NOW, f"(service home) {message}"),))


def unhealthy(description: str) -> Facts:
    """Return what is seen of a task that the load balancer failed: the event, and the task with the signal's code."""
    reason = f"Task failed ELB health checks in (target-group {TARGET_GROUP})"
    event = f"(port 5000) is unhealthy in (target-group {TARGET_GROUP}) due to (reason {description})"
    task = StoppedTask("arn:task/1", "ServiceSchedulerInitiated", reason, None, 137)
    return Facts((task,), said(event).events)


def target(reason: str, description: str) -> Facts:
    """Return a target alone."""
    return Facts(targets=(TargetHealth("10.0.0.1:5000", "unhealthy", reason, description),))


# Code, whether it is hopeless, and what was seen.
EXAMPLES: list[tuple[str, bool, Facts]] = [
    (
        "image_not_found",
        True,
        not_started(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
            f"{REGISTRY}/home:9: {REGISTRY}/home:9: not found"
        ),
    ),
    (
        "image_not_found",
        True,
        not_started(
            f"CannotPullContainerError: Error response from daemon: manifest for {REGISTRY}/home:9 not found: manifest "
            "unknown: Requested image not found"
        ),
    ),
    (
        "image_architecture",
        True,
        not_started(
            "CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does not contain "
            "descriptor matching platform 'linux/amd64'"
        ),
    ),
    (
        "registry_unreachable",
        False,
        not_started(
            "CannotPullContainerError: The task cannot pull home:1 from the registry. There is a connection issue "
            "between the task and Amazon ECR. Check your task network configuration."
        ),
    ),
    (
        "registry_unreachable",
        False,
        not_started(
            'CannotPullContainerError: Error response from daemon: Get "https://registry-1.docker.io/v2/": net/http: '
            "request canceled while waiting for connection"
        ),
    ),
    (
        "image_pull_denied",
        True,
        not_started(
            "CannotPullECRContainerError: AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/task "
            "is not authorized to perform: ecr:GetAuthorizationToken on resource: *"
        ),
    ),
    (
        "image_pull_denied",
        True,
        not_started(
            "CannotPullContainerError: The task can't pull the image. Check that the role has the permissions to pull "
            "images from the registry."
        ),
    ),
    (
        "image_pull_denied",
        True,
        not_started(
            "CannotPullContainerError: Error response from daemon: pull access denied for hom, repository does not "
            "exist or may require 'docker login': denied: requested access to the resource is denied"
        ),
    ),
    (
        "registry_rate_limited",
        False,
        not_started(
            "CannotPullContainerError: inspect image has been retried 5 time(s): httpReaderSeeker: failed open: "
            "unexpected status code 429 Too Many Requests - Server message: toomanyrequests: You have reached your "
            "pull rate limit."
        ),
    ),
    (
        "image_layers_unreachable",
        False,
        not_started(
            "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReaderSeeker: failed "
            "open: unexpected status code"
        ),
    ),
    (
        "image_layers_unreachable",
        False,
        not_started(
            "CannotPullContainerError: pull command failed: panic: runtime error: invalid memory address or nil "
            "pointer dereference"
        ),
    ),
    (
        "disk_full",
        False,
        not_started(
            "CannotPullContainerError: ref pull has been retried 1 time(s): failed to extract layer: write "
            "/var/lib/containerd/home: no space left on device: unknown"
        ),
    ),
    (
        "secret_access_denied",
        True,
        not_started(
            f"{RETRIEVAL}unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch "
            "secret from secrets manager: AccessDeniedException: User is not authorized to perform: "
            "secretsmanager:GetSecretValue"
        ),
    ),
    (
        "secret_unreachable",
        False,
        not_started(
            f"{RETRIEVAL}unable to retrieve secret from asm: service call has been retried 5 time(s): failed to fetch "
            "secret from secrets manager: RequestCanceled: request context canceled caused by: context deadline "
            "exceeded. Please check your task network configuration."
        ),
    ),
    (
        "secret_not_found",
        True,
        not_started(
            f"{RETRIEVAL}unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch "
            "secret from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret."
        ),
    ),
    (
        "secret_key_missing",
        True,
        not_started(
            f"{RETRIEVAL}unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret "
            "from Secrets Manager did not contain json key TOKEN"
        ),
    ),
    (
        "secret_key_missing",
        True,
        not_started(
            f"{RETRIEVAL}unable to retrieve secret from asm: service call has been retried 1 time(s): invalid "
            "character 'h' looking for beginning of value"
        ),
    ),
    (
        "log_driver_failed",
        False,
        not_started(
            "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
            "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not "
            "exist. : exit status 1"
        ),
    ),
    ("out_of_memory", False, exited(137, "OutOfMemoryError: Container killed due to memory usage")),
    ("exec_format_error", True, exited(255, "exec /server: exec format error")),
    ("command_not_runnable", True, exited(126)),
    ("command_not_runnable", True, exited(127)),
    (
        "command_not_runnable",
        True,
        not_started(f'{NOT_CREATED}exec: "serve": executable file not found in $PATH: unknown'),
    ),
    ("command_not_runnable", True, not_started(f'{NOT_CREATED}exec: "/serve": permission denied: unknown')),
    ("container_not_started", False, not_started("CannotStartContainerError: failed to get container status")),
    (
        "container_dependency_failed",
        False,
        exited(0, "dependency graph: failed to resolve container ordering dependency [migrate] for target [web]"),
    ),
    ("crashed", False, exited(139)),
    ("exited_with_success", False, exited(0)),
    ("application_exited", False, exited(1)),
    ("application_exited", False, exited(2)),
    ("application_exited", False, exited(255)),
    ("application_exited", False, exited(None)),
    ("health_check_path_wrong", True, unhealthy("Health checks failed with these codes: [404]")),
    ("health_check_path_wrong", True, unhealthy("Health checks failed with these codes: [401, 302]")),
    ("health_check_server_error", False, unhealthy("Health checks failed with these codes: [502]")),
    ("health_check_server_error", False, unhealthy("Health checks failed with these codes: [404, 503]")),
    ("health_check_server_error", False, unhealthy("Health checks failed with these codes: [429]")),
    ("health_check_timeout", False, unhealthy("Request timed out")),
    ("port_not_listening", True, unhealthy("Health checks failed")),
    ("health_check_failed", False, Facts(unhealthy("").stopped_tasks)),
    (
        "health_check_path_wrong",
        False,  # it may still boot
        target("Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]"),
    ),
    ("health_check_timeout", False, target("Target.Timeout", "Request timed out")),
    ("port_not_listening", False, target("Target.FailedHealthChecks", "Health checks failed")),
    (
        "target_not_in_use",
        False,
        target("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"),
    ),
    (
        "container_unhealthy",
        False,
        Facts((StoppedTask("1", "ServiceSchedulerInitiated", "Task failed container health checks", None, 137),)),
    ),
    ("container_unhealthy", False, said("(task 1) failed container health checks.")),
    (
        "no_capacity",
        False,
        said(
            "was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a "
            "different availability zone."
        ),
    ),
    (
        "no_container_instance",
        False,
        said(
            "was unable to place a task because no container instance met all of its requirements. Reason: No "
            "Container Instances were found in your cluster."
        ),
    ),
    (
        "quota_reached",
        False,
        said(
            "was unable to place a task. Reason: You've reached the limit on the number of vCPUs you can run "
            "concurrently."
        ),
    ),
    ("quota_reached", False, said("was unable to place a task. Reason: The configuration is above your limit.")),
    ("subnet_unsupported", False, said("was unable to place a task. Reason: Internal error.")),
    (
        "network_interface_pending",
        False,
        not_started("Timeout waiting for network interface provisioning to complete."),
    ),
    ("network_interface_pending", False, not_started("Network interface provision complete error timeout expired")),
    (
        "network_interface_pending",
        False,
        not_started("Rate limit exceeded while preparing network interface to be attached to instance."),
    ),
    ("network_interface_pending", False, not_started("Timeout waiting for EphemeralStorage provisioning to complete.")),
    (
        "network_interface_refused",
        False,
        not_started(
            "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-1': "
            "InsufficientFreeAddressesInSubnet"
        ),
    ),
    (
        "compute_incompatible",
        True,
        said(
            "was unable to place a task. Reason: The task definition is not compatible with the selected compute "
            "strategy."
        ),
    ),
    (
        "discovery_registration_failed",
        False,
        not_started("Timeout waiting for service discovery instance provisioning."),
    ),
    (
        "capacity_reclaimed",
        False,
        Facts((StoppedTask("1", "SpotInterruption", "Your Spot Task was interrupted.", None, 137),)),
    ),
    (
        "capacity_reclaimed",
        False,
        Facts((StoppedTask("1", "InfrastructureHealth", "The host is unhealthy"),)),
    ),
    (
        "target_group_missing",
        True,
        said(f"failed to describe target health on target-group {TARGET_GROUP} with (error TARGET GROUP IS NOT FOUND)"),
    ),
    (
        "role_misconfigured",
        False,
        said(
            "failed to launch a task with (error ECS was unable to assume the role. IAM permissions policies have been "
            "misconfigured.)"
        ),
    ),
    ("role_misconfigured", False, said("IAM trust relationship policy has been misconfigured.")),
    (
        "rollout_has_no_room",
        False,
        said(
            "was unable to stop or start tasks during a deployment because of the service deployment configuration. "
            "Update the minimumHealthyPercent or maximumPercent value and try again."
        ),
    ),
    ("alarm_triggered", False, Facts(alarms=("home-5xx",))),
    ("unknown", False, not_started("The dog ate it.")),
]

# What explains nothing.
SILENT = [
    exited(137),
    exited(143),
    Facts((StoppedTask("1", "ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)"),)),
    Facts((StoppedTask("1", "", ""),)),
    said("is unable to consistently start tasks successfully."),
    said("(deployment ecs-svc/1) deployment failed: tasks failed to start."),
    said("rolling back to deployment ecs-svc/0."),
    said("has reached a steady state."),
    said("has started 1 tasks: (task 1)."),
    Facts(targets=(TargetHealth("a", "initial", "Elb.InitialHealthChecking", "Initial health checks in progress"),)),
    Facts(targets=(TargetHealth("a", "draining", "Target.DeregistrationInProgress", "Target is deregistered"),)),
    Facts(targets=(TargetHealth("a", "healthy"),)),
    Facts(log=(LogLine(NOW, "exec format error"),)),
    Facts(),
]
