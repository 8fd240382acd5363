"""A finding: one thing that is wrong, where, and what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from chalicelib.deployment import Evidence, Failure
from chalicelib.diagnosis import CODES
from chalicelib.errors import (
    AwsRefused,
    DeploymentError,
    DiscoveryConflict,
    LaunchTypeFixed,
    ListenerNotFound,
    NamespaceTaken,
    NetworkNotFound,
    PreflightFailed,
    ServiceNotOwned,
)

Severity = Literal["error", "warning"]

ALSO_ERRORS: tuple[type[DeploymentError], ...] = (
    DiscoveryConflict,
    LaunchTypeFixed,
    ListenerNotFound,
    NamespaceTaken,
    NetworkNotFound,
    ServiceNotOwned,
)

FIXES: Mapping[str, str] = {
    **{each.code(): each.fix for each in ALSO_ERRORS},
    "classic_load_balancer": (
        "Write no route for it, or take it off its Classic Load Balancer first: Slipway does not touch one."
    ),
    "could_not_check": "Allow the function `observe` this call, or go on without the check.",
    "definition_described": "Leave these keys out: ECS alone writes them, or nothing (null) is said there.",
    "discovery_name_taken": "Write another discovery.name or another namespace, or remove what has the name.",
    "image_architecture": "Build the image for the service's architecture, or write the architecture it is built for.",
    "image_not_cached": (
        "Let the task execution role create the repository and import the image (ecr:CreateRepository, "
        "ecr:BatchImportUpstreamImage), or pull the image once."
    ),
    "image_not_found": "Push the image, or name one that ECR has.",
    "load_balancer_not_admitted": "Let the load balancer's security group in, on this port, or use a group that does.",
    "no_public_ip": (
        "Write assign_public_ip: true, or name private subnets with a route to a NAT gateway, or, for images in ECR, "
        "make endpoints."
    ),
    "no_room": "Add container instances, or larger ones; ask for less cpu or memory; or let ECS stop tasks first.",
    "no_way_to_registry": (
        "Route the subnets to a NAT gateway; or name public ones and write assign_public_ip: true; or, for images in "
        "ECR, make interface endpoints for what is named, and for S3 a gateway endpoint in the subnets' route table."
    ),
    "path_taken": "Ask for a path that is free, or for a priority before that rule's.",
    "role_not_found": "Create the role, or name one that exists.",
    "role_not_trusted": "Let ecs-tasks.amazonaws.com assume the role, in its trust policy.",
    "rollout_has_no_room": CODES["rollout_has_no_room"].fix,
    "routed_elsewhere": (
        "Deploy the service without a route first, which removes that rule, then with its route at this listener; "
        "or write the load_balancer that the rule is at."
    ),
    "rule_priority_taken": "Ask for another priority, or leave it to Slipway: write none.",
    "secret_key_missing": "Add the key to the secret's JSON, or name one that it has.",
    "secret_key_unchecked": (
        "Tag the secret slipway:installation with the name of this installation, and its keys are looked at."
    ),
    "secret_not_found": "Create the secret or parameter in this region, or name one that exists.",
    "target_container_missing": (
        "Give a container this name and this port; or take the ECS service out of the target group first: "
        "it is not Slipway's."
    ),
    "unnamed_service_in_way": (
        "Write prune: true, which removes it once its successor serves; or name it in the manifest, "
        "or write another discovery.name or route.path."
    ),
    "vpc_dns_off": "Turn enableDnsSupport and enableDnsHostnames of the VPC on: private names need both.",
}
"""Every code that a finding may have, and what to do about it."""


# How AWS's services say that a right is missing (IAM user guide, "Troubleshoot access denied error messages").
DENIED = ("AccessDenied", "UnauthorizedOperation", "AuthorizationError", "not authorized", "explicit deny")
UNCHECKED = "Ask again if it passes by itself, or go on without the check."


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: a stable `code`, the facts in `detail`, the `fix`.

    `pointer` is where the manifest asks for it (a JSON pointer, RFC 6901), `service` whose part of it that is; None
    where there is no such place. An `error` ends the deployment, a `warning` is only told. `remedy` is the fix where
    more is known than the code says.
    """

    code: str
    detail: str
    pointer: str | None = None
    service: str | None = None
    severity: Severity = "error"
    remedy: str | None = None

    @property
    def fix(self) -> str:
        """Return what to do."""
        return self.remedy or FIXES[self.code]

    @property
    def sentence(self) -> str:
        """Return all of it for a person: "error listener_not_found: there is no … Name an existing …"."""
        return f"{self.severity} {self.code}: {self.detail}. {self.fix}"


def could_not_check(what: str, refusal: AwsRefused) -> Finding:
    """Return the warning that something cannot be looked at, in AWS's own words; it need not be for want of a right."""
    denied = any(word in f"{refusal.aws_code} {refusal.message}" for word in DENIED)
    detail = f"{what} cannot be checked: {refusal}"
    return Finding("could_not_check", detail, severity="warning", remedy=None if denied else UNCHECKED)


def failure_of(findings: Sequence[Finding]) -> Failure | None:
    """Return the failure that findings mean, with all of them as evidence; None when there are warnings only.

    Its code is that of the errors when they have one in common, else `preflight_failed`; so is its service.
    """
    errors = [each for each in findings if each.severity == "error"]
    if not errors:
        return None
    codes, services = {each.code for each in errors}, {each.service for each in errors}
    return Failure(
        code=codes.pop() if len(codes) == 1 else PreflightFailed.code(),
        service=services.pop() if len(services) == 1 else None,
        cause="; ".join(dict.fromkeys(each.detail for each in errors)),
        fix=" ".join(dict.fromkeys(each.fix for each in errors)),
        evidence=tuple(Evidence(kind="preflight", message=each.sentence, resource=each.pointer) for each in findings),
    )
