"""Every error of Slipway, as one tree.

A class's name is three things at once: what `ErrorEquals` in a state machine matches, the `code` a caller
switches on (in snake_case), and the last word of the problem's `type` URI. What callers are answered is in `requests`,
what a step meets on its way in `work`, why a deployment fails in `reasons`; they are imported from here.

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

from chalicelib.errors.base import *
from chalicelib.errors.reasons import *
from chalicelib.errors.requests import *
from chalicelib.errors.work import *
