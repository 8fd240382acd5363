"""Every error of Slipway, as one tree.

A class's name is three things at once: what `ErrorEquals` in a state machine matches, the `code` a caller
switches on (in snake_case), and the last word of the problem's `type` URI.

    SlipwayError
    ├── RequestError               answered as a problem; a 4xx is for the caller to mend, and nothing was changed
    │   ├── MalformedBody          400  not JSON, not YAML, not UTF-8
    │   ├── InvalidQuery           400  a query parameter that cannot be read
    │   ├── InvalidDelivery        400  a webhook's delivery without what GitHub always sends, or that cannot be read
    │   ├── Unauthorized           401  no token, or one that nobody issued
    │   ├── Forbidden              403  a token without the right for this
    │   ├── NotFound               404
    │   ├── DeploymentInProgress   409  another deployment holds one of these services
    │   ├── NotCancellable         409  it has ended, goes back already, or is a teardown
    │   ├── NothingToGoBackTo      409  no set succeeded before this one, or it has not ended
    │   ├── TooManyServices        409  more of them than a teardown takes
    │   ├── BodyTooLarge           413
    │   ├── UnsupportedMediaType   415
    │   ├── InvalidManifest        422  every fault of the manifest, each with its pointer
    │   ├── IdempotencyKeyReused   422  same key, other body
    │   ├── TooManyRequests        429  AWS or the table throttles, or writers met: send it again later
    │   ├── Busy                   503  a fault of AWS's own: send it again later
    │   └── InternalError          500  a fault of Slipway
    ├── AwsError                   AWS refused; `aws_code` and its words verbatim
    │   ├── Throttled                   ask again later
    │   ├── TransientAws                AWS's own fault, or the network's, or it passes by itself: ask again
    │   │   └── Unsettled                   what went before has not come to its end in AWS: ask again, and longer
    │   └── AwsRefused                  asking again would not help
    ├── GitHubError                GitHub was not told; no deployment depends on it
    │   ├── GitHubUnavailable           an outage, or too much at once: ask again later
    │   └── GitHubRefused               asking again would not help
    ├── StoreConflict              two writers met: ask again
    ├── NewerRelease               a newer release of Slipway wrote it: ask again, roll forward
    ├── FailureDecided             a failure was recorded while success was about to be
    ├── NameUnreached              a name does not lead to the tasks that run: look again
    └── DeploymentError            this deployment cannot succeed; becomes its `failure`
        ├── NamespaceFailed             the namespace's operation ended in FAIL
        ├── NamespaceTaken              a namespace of that name serves another VPC
        ├── DiscoveryConflict           the Cloud Map service exists with other records
        ├── DiscoveryFailed             the operation that changes the Cloud Map service ended in FAIL
        ├── NetworkNotFound             a subnet, security group or VPC that is not there
        ├── ListenerNotFound            no such load balancer, or no listener on that port
        ├── ServiceNotOwned             an ECS service of that name that Slipway did not make
        ├── LaunchTypeFixed             the ECS service has another launch type, which ECS does not change
        ├── PreflightFailed             several things are wrong that were seen before anything was changed
        ├── PruneFailed                 what the manifest does not name any more cannot all be removed
        ├── RegistrationLost            a task runs, and Cloud Map does not have it
        ├── BeforeDeployFailed          the task of before_deploy did not exit 0, or not in time
        ├── RolloutFailed               ECS gave the rollout up
        ├── RolloutSuperseded           another ECS deployment replaced ours
        ├── SiblingFailed               another service of this deployment failed first, or the deployment is called off
        ├── DeploymentCancelled         somebody cancelled it
        ├── DeploymentSuperseded        a later deployment took its place
        ├── DeploymentTimedOut          the deadline passed
        ├── ExecutionEnded              the workflow ended outside of its own roads
        └── StepFailed                  a step ended in an error that is none of these
"""

import re
from dataclasses import dataclass

TYPE_URI = "https://slipway.dev/problems/"


class SlipwayError(Exception):
    """The root: everything that Slipway itself raises."""

    @classmethod
    def code(cls) -> str:
        """Return the stable code of this error: its class name in snake_case."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in a request: where (a JSON pointer, RFC 6901) and what to write instead."""

    pointer: str
    detail: str


class RequestError(SlipwayError):
    """Answered as a problem. `status` is the HTTP status, `title` the same for every problem of this type."""

    status = 400
    title = "Bad request"

    def __init__(self, detail: str, *, faults: tuple[Fault, ...] = (), hint: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults
        self.hint = hint


class MalformedBody(RequestError):
    """The body is not what its content type says."""

    status, title = 400, "The body cannot be read"


class InvalidQuery(RequestError):
    """A query parameter has a value that cannot be used."""

    status, title = 400, "A query parameter cannot be used"


class InvalidDelivery(RequestError):
    """A delivery of a webhook that cannot be read, or has not what GitHub always sends."""

    status, title = 400, "The delivery cannot be used"


class Unauthorized(RequestError):
    """No token, or one that nobody issued."""

    status, title = 401, "Authentication is needed"


class Forbidden(RequestError):
    """The token is good, but not for this."""

    status, title = 403, "This token may not do that"


class NotFound(RequestError):
    """Nothing is there."""

    status, title = 404, "Not found"


class DeploymentInProgress(RequestError):
    """A service of this manifest is being deployed already; `holder` is the deployment that does it."""

    status, title = 409, "Another deployment is in progress"

    def __init__(self, detail: str, *, holder: str, hint: str | None = None) -> None:
        super().__init__(detail, hint=hint)
        self.holder = holder


class NotCancellable(RequestError):
    """The deployment has ended, goes back already, or is a teardown, which has no way back."""

    status, title = 409, "The deployment cannot be cancelled"


class NothingToGoBackTo(RequestError):
    """No set of services succeeded here before this deployment, or the deployment has not ended."""

    status, title = 409, "There is nothing to go back to"


class TooManyServices(RequestError):
    """The application has more services than one teardown takes."""

    status, title = 409, "There are too many services"


class BodyTooLarge(RequestError):
    """The body is larger than a manifest may be."""

    status, title = 413, "The body is too large"


class UnsupportedMediaType(RequestError):
    """The content type is neither JSON nor YAML."""

    status, title = 415, "The content type is not supported"


class InvalidManifest(RequestError):
    """The manifest breaks rules; `faults` holds every one of them."""

    status, title = 422, "The manifest has faults"


class IdempotencyKeyReused(RequestError):
    """The same Idempotency-Key came with another request."""

    status, title = 422, "The Idempotency-Key was used for another request"


class TooManyRequests(RequestError):
    """More is asked at once than AWS or the table lets through; the caller can send the request again later."""

    status, title = 429, "Too many requests"


class Busy(RequestError):
    """AWS does not answer as it should; the caller can only send the request again."""

    status, title = 503, "Busy"


class InternalError(RequestError):
    """A fault of Slipway, shown without its details."""

    status, title = 500, "Internal error"


class AwsError(SlipwayError):
    """AWS did not do what was asked. `operation` is ours, `aws_code` and `message` are AWS's own words."""

    def __init__(self, operation: str, aws_code: str, message: str) -> None:
        super().__init__(f"{operation}: {aws_code}: {message}")
        self.operation = operation
        self.aws_code = aws_code
        self.message = message


class Throttled(AwsError):
    """Too many calls: the same call goes through later."""


class TransientAws(AwsError):
    """A fault of AWS's own or of the network, or AWS does not know everywhere yet what it made: ask again."""


class Unsettled(TransientAws):
    """What went before has not come to its end in AWS, or what is to be removed is in use: ask again, and longer."""


class AwsRefused(AwsError):
    """AWS refused for good: the same call would be refused again."""


class GitHubError(SlipwayError):
    """GitHub did not take what it was told."""


class GitHubUnavailable(GitHubError):
    """GitHub cannot be reached, has a fault of its own, or takes no more for now."""


class GitHubRefused(GitHubError):
    """GitHub does not take it from us, in its own words: no such repository, no right, a token that is over."""


class StoreConflict(SlipwayError):
    """Two writers met in the table: the same write goes through later."""


class NewerRelease(SlipwayError):
    """A document of the record has a version that this release does not know; while a release comes, that passes."""


class FailureDecided(SlipwayError):
    """A failure was recorded (a cancel, as a rule) while this deployment was about to succeed: it has to go back."""


class NameUnreached(SlipwayError):
    """A name does not lead to the running tasks alone, or their VPC does not answer it: that may pass yet."""


class DeploymentError(SlipwayError):
    """A reason why a deployment cannot succeed: `cause`, verbatim where AWS said it, and `fix`, what to do."""

    fix = "Read the cause; deploy again when it is mended."

    def __init__(self, cause: str, *, fix: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.fix = fix or type(self).fix


class NamespaceFailed(DeploymentError):
    """Cloud Map's operation that makes the namespace, or removes it, ended in FAIL."""

    fix = "Check the VPC's id, its DNS attributes, and the right to create and delete a Route 53 hosted zone."


class NamespaceTaken(DeploymentError):
    """A namespace of this name exists, but it is not a private DNS namespace of this VPC."""

    fix = "Name another namespace, or deploy into the VPC that this one serves."


class DiscoveryConflict(DeploymentError):
    """The Cloud Map service exists with record types that cannot be changed."""

    fix = "Name another discovery service, ask for the records it has, or delete it first."


class DiscoveryFailed(DeploymentError):
    """Cloud Map's operation that changes a service, such as its TTL, ended in FAIL."""

    fix = (
        "Do what Cloud Map says; the function `act` needs the right to change the records of the Route 53 hosted zone."
    )


class NetworkNotFound(DeploymentError):
    """A VPC, subnet or security group of the manifest is not there."""

    fix = "Write an id, or the Name tag of one that exists in the VPC."


class ListenerNotFound(DeploymentError):
    """The load balancer is not there, or nothing listens on the port."""

    fix = "Name an existing Application Load Balancer and the port of one of its listeners."


class ServiceNotOwned(DeploymentError):
    """An ECS service of this name exists that Slipway did not make, or made for another application."""

    fix = "Name the service otherwise or deploy into another cluster, or have whose it is remove it first."


class LaunchTypeFixed(DeploymentError):
    """The ECS service runs on another launch type; UpdateService changes capacity providers only."""

    fix = "Write capacity_providers instead of launch_type, or delete the service and deploy again."


class PreflightFailed(DeploymentError):
    """Things are wrong that were seen before anything was changed; each is in the failure's evidence."""

    fix = "Mend what the evidence names, each as it says, and deploy again."


class PruneFailed(DeploymentError):
    """What the manifest names is proven and serves; not all could be removed that it does not name any more."""

    fix = "What the manifest names serves, and stays. Mend what the cause names, and deploy again: it goes on removing."


class RegistrationLost(DeploymentError):
    """A task of the service has run for minutes, and is not registered under its name: ECS registers it once."""

    fix = "Deploy with ?force=true: ECS starts the tasks anew, and registers each."


class BeforeDeployFailed(DeploymentError):
    """The task of before_deploy did not start, did not exit 0, or took too long; the service was left as it was."""

    fix = "Read the task's last log lines in the evidence, mend its command, or raise its timeout_seconds."


class RolloutFailed(DeploymentError):
    """ECS gave the rollout up."""

    fix = "Mend what the cause names and deploy again."


class RolloutSuperseded(DeploymentError):
    """Somebody else changed the service while we waited; another ECS deployment is under way."""

    fix = "Find out who changed the service, then deploy again."


class SiblingFailed(DeploymentError):
    """Another service of the same deployment failed, or it was called off: this one was not followed to its end."""

    fix = "Mend the service that failed and deploy again."


class DeploymentCancelled(DeploymentError):
    """Somebody cancelled the deployment; it goes back to what served before."""

    fix = "Nothing is wrong with the services for all we know: deploy again when you want them."


class DeploymentSuperseded(DeploymentError):
    """A later deployment was told to take this one's place."""

    fix = "Follow the deployment that the cause names."


class DeploymentTimedOut(DeploymentError):
    """The deployment's deadline passed before everything was proven."""

    fix = "Raise timeout_seconds, or find out what takes so long in the deployment's events."


class ExecutionEnded(DeploymentError):
    """The workflow's execution ended outside of its own roads: it was stopped by hand, or it failed."""

    fix = "Deploy again; what was made so far is adopted."


class StepFailed(DeploymentError):
    """A step ended in an error that is none of the others: a refusal by AWS, or a fault of Slipway."""

    fix = "Read the cause: AWS says what it refused. If it is no refusal, it is a fault of Slipway: report it."
