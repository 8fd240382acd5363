"""What keeps a task from starting, and what ends it: images, secrets, logs, containers.

The words are from https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html, the names
of container errors from https://github.com/aws/amazon-ecs-agent/blob/master/agent/dockerclient/dockerapi/errors.go
"""

from chalicelib.diagnosis.cause import Cause

RESOURCES = r"ResourceInitializationError.*unable to pull secrets or registry auth.*"
ENDED = r"Essential ?container.*exit code "

IMAGES = (
    Cause(
        "image_not_found",
        "user",
        r"CannotPull.*(: not found|manifest unknown)",
        "Push the image, or correct its tag or digest; a tag that never moves, or a digest, is safest.",
        hopeless=True,
    ),
    Cause(
        "image_architecture",
        "user",
        r"CannotPull.*does not contain descriptor matching platform",
        "Build the image for the service's architecture (docker build --platform), or write the one it is built for.",
        hopeless=True,
    ),
    Cause(
        "registry_rate_limited",
        "platform",
        r"toomanyrequests|pull rate limit",
        "Deploy again later; copy the image to ECR, use a pull-through cache, or give the registry's credentials.",
    ),
    Cause(
        "registry_unreachable",
        "infra",
        r"CannotPull.*(i/o timeout|request canceled|context (canceled|deadline exceeded)|no such host"
        r"|connection issue between the task and Amazon ECR|network configuration)",
        "Give the subnets a way to the registry: a NAT gateway, assign_public_ip in a public subnet, or endpoints for "
        "ecr.api, ecr.dkr and S3; let the security group out on port 443.",
    ),
    Cause(
        "image_pull_denied",
        "user",
        r"CannotPull.*(AccessDenied|not authorized|role has the permissions)|pull access denied",
        "Let the execution role (not the task role) pull: ecr:GetAuthorizationToken, ecr:BatchGetImage, "
        "ecr:GetDownloadUrlForLayer; on another registry check the image's name and repositoryCredentials.",
        hopeless=True,
    ),
    Cause(
        "image_layers_unreachable",
        "infra",
        r"CannotPull.*(httpRead(er)?Seeker|nil pointer)",
        "Let the subnets reach S3, where ECR keeps layers: its gateway endpoint in their route table, port 443 open.",
    ),
    Cause(
        "disk_full",
        "user",
        r"no space left on device",
        "Raise ephemeral_storage_gib (up to 200), or make the image smaller.",
    ),
)

SECRETS_AND_LOGS = (
    Cause(
        "secret_access_denied",
        "user",
        RESOURCES + r"(AccessDenied|not authorized)",
        "Let the execution role read it: secretsmanager:GetSecretValue or ssm:GetParameters, kms:Decrypt on its key, "
        "ecr:GetAuthorizationToken.",
        hopeless=True,
    ),
    Cause(
        "secret_unreachable",
        "infra",
        RESOURCES + r"(i/o timeout|RequestCanceled|context deadline|check your task network configuration)",
        "Give the subnets a way to the secret: a NAT gateway, or endpoints for secretsmanager, ssm, ecr.api and logs, "
        "with the VPC's DNS support on.",
    ),
    Cause(
        "secret_not_found",
        "user",
        r"ResourceNotFoundException.*Secrets Manager can't find|invalid (ssm )?parameters: ",
        "Correct the secret's ARN or the parameter's name, or give it a value: one in this region.",
        hopeless=True,
    ),
    Cause(
        "secret_key_missing",
        "user",
        r"did not contain json key|ResourceInitializationError.*invalid character",
        "Name a key that the secret has, or store JSON with that key.",
        hopeless=True,
    ),
    Cause(
        "log_driver_failed",
        "user",
        r"ResourceInitializationError.*failed to (validate|initialize) logg|logging driver",
        "Create the log group that the task definition names, or let the execution role write to it: "
        "logs:CreateLogStream, logs:PutLogEvents (logs:CreateLogGroup with awslogs-create-group).",
    ),
)

CONTAINERS = (
    Cause(
        "out_of_memory",
        "user",
        r"OutOfMemory",
        "Raise the memory of the task or of the container, or mend the leak.",
    ),
    Cause(
        "exec_format_error",
        "user",
        r"exec format error",
        "Build the image for the service's architecture; a script needs a #! line that its image can run.",
        hopeless=True,
    ),
    Cause(
        "command_not_runnable",
        "user",
        r"executable file not found|CannotStart.*(no such file or directory|permission denied)|" + ENDED + r"12[67]$",
        "Correct command and entry_point: the program must be in the image, on its PATH, and executable.",
        hopeless=True,
    ),
    Cause(
        "container_not_started",
        "user",
        r"Cannot(Start|Create)ContainerError",
        "Read the cause; if it is about the container's status, raise the task's memory.",
    ),
    Cause(
        "container_dependency_failed",
        "user",
        r"container ordering dependency",
        "Mend the container that another one waits for, or what its depends_on asks of it.",
    ),
    Cause("killed", "info", ENDED + r"137$"),
    Cause("terminated", "info", ENDED + r"143$"),
    Cause(
        "crashed",
        "app",
        ENDED + r"139$",
        "The program broke with a segmentation fault: read its last log lines; check its native libraries.",
    ),
    Cause(
        "exited_with_success",
        "user",
        ENDED + r"0$",
        "A service's command must not end: run a server, or make it a before_deploy.",
    ),
    Cause(
        "application_exited",
        "app",
        r"Essential ?container",
        "Read the last log lines in the evidence: the application ended of itself.",
    ),
)
