"""What a caller is answered: each error is a problem with a status of its own."""

from chalicelib.errors.base import Fault, SlipwayError

TYPE_URI = "https://slipway.dev/problems/"


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
