"""Why a deployment cannot succeed: each error becomes the failure of one."""

from chalicelib.errors.base import SlipwayError


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
