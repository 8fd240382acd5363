"""What API Gateway answers by itself, as problems of ours: no caller meets `{"message": …}`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

import json
from typing import Any

from chalicelib.api.headers import SAFE
from chalicelib.api.problems import MEDIA_TYPE, problem
from chalicelib.errors import (
    BodyTooLarge,
    Busy,
    Forbidden,
    InternalError,
    MalformedBody,
    NotFound,
    RequestError,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
)

RETRY_AFTER_SECONDS = 2
NO_TOKEN = Unauthorized("Send an Authorization header with a token that is known here.")
NO_RIGHT = Forbidden("The token is known but has no right to this.")
FAULT = InternalError("A fault of Slipway or its gateway. Its operators find it in the log by this time.")
LATER = "Send the same request again; an Idempotency-Key makes sure that it counts once."
UNKNOWN_YET = Busy(f"Whose token this is could not be looked up. {LATER}")
ANSWERS: dict[str, RequestError] = {
    # An unknown path or method, of which API Gateway says 403.
    "MISSING_AUTHENTICATION_TOKEN": NotFound("No resource of this API has this path and method."),
    "RESOURCE_NOT_FOUND": NotFound("No resource of this API has this path and method."),
    "UNAUTHORIZED": NO_TOKEN,
    "EXPIRED_TOKEN": NO_TOKEN,
    "INVALID_SIGNATURE": NO_TOKEN,
    "ACCESS_DENIED": NO_RIGHT,
    "REQUEST_TOO_LARGE": BodyTooLarge("API Gateway takes at most 10 MB."),
    "UNSUPPORTED_MEDIA_TYPE": UnsupportedMediaType("Send application/json or application/yaml."),
    "THROTTLED": TooManyRequests(f"More is asked at once than this API lets through. {LATER}"),
    "QUOTA_EXCEEDED": TooManyRequests(f"More is asked at once than this API lets through. {LATER}"),
    "INTEGRATION_FAILURE": Busy(f"Slipway does not answer as it should. {LATER}"),
    "INTEGRATION_TIMEOUT": Busy(f"Slipway did not answer within 29 seconds. {LATER}"),
    # The record is throttled, or Lambda itself, whose 429 API Gateway takes for a wrong configuration.
    "AUTHORIZER_FAILURE": UNKNOWN_YET,
    "AUTHORIZER_CONFIGURATION_ERROR": UNKNOWN_YET,
    "API_CONFIGURATION_ERROR": FAULT,
    "DEFAULT_4XX": MalformedBody("API Gateway cannot read the request."),
    "DEFAULT_5XX": FAULT,
}


def gateway_responses() -> dict[str, Any]:
    """Return OpenAPI's `x-amazon-apigateway-gateway-responses`."""
    return {kind: _response(error) for kind, error in ANSWERS.items()}


def _response(error: RequestError) -> dict[str, Any]:
    """Return one answer: API Gateway looks a template up as JSON, so that its media type is said as a header."""
    headers = {"Content-Type": MEDIA_TYPE, **SAFE}
    if error.status in (429, 503):
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return {
        "statusCode": str(error.status),
        "responseParameters": {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()},
        "responseTemplates": {"application/json": json.dumps(problem(error))},
    }
