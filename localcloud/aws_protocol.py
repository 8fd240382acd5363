"""AWS's wire formats: which call a request is, and how answers and refusals are written.

JSON 1.1 for ECS and Cloud Map (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html), the query protocol
for load balancers (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html).
"""

import io
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

from botocore.parsers import create_parser
from moto.core.model import ServiceModel
from moto.core.parse import QueryParser
from moto.core.serialize import QuerySerializer, SerializationContext
from moto.core.utils import get_service_model

from localcloud.faults import AwsFault
from localcloud.wsgi_server import Environ, HttpAnswer

CREDENTIAL_SCOPE = re.compile(r"Credential=(?P<access_key_id>[^/]+)/\d{8}/[^/]+/(?P<service>[^/]+)/aws4_request")
FORM = "application/x-www-form-urlencoded"
JSON = "application/x-amz-json-1.1"


@dataclass(frozen=True)
class AwsCall:
    """One call: `service` is the signing name, `operation` AWS's name or "METHOD /path".

    An unsigned call has neither service nor access key: both are "".
    """

    access_key_id: str
    service: str
    operation: str
    content_type: str
    body: bytes


def read_call(environ: Environ) -> AwsCall:
    """Say which AWS call a request is; the body can be read again afterwards."""
    body = environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)
    scope = CREDENTIAL_SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    content_type = environ.get("CONTENT_TYPE", "")
    return AwsCall(
        access_key_id=scope["access_key_id"] if scope else "",
        service=scope["service"] if scope else "",
        operation=_operation(environ, content_type, body),
        content_type=content_type,
        body=body,
    )


def _operation(environ: Environ, content_type: str, body: bytes) -> str:
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if content_type.startswith(FORM):
        return _form(body).get("Action", "")
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def json_request(call: AwsCall) -> dict[str, Any]:
    """Return the request's parameters. Raises AwsFault SerializationException when the body is not an object."""
    try:
        request = json.loads(call.body or b"{}")
    except ValueError as error:
        raise AwsFault("SerializationException", f"The body of {call.operation} is not JSON: {error}") from error
    if not isinstance(request, dict):
        raise AwsFault("SerializationException", f"The body of {call.operation} is not a JSON object.")
    return request


def json_answer(result: dict[str, Any]) -> HttpAnswer:
    """Write a result; datetimes become seconds since the epoch."""
    body = json.dumps(result, default=_epoch_seconds).encode()
    return HttpAnswer(200, _headers(JSON), body)


def query_request(call: AwsCall) -> dict[str, Any]:
    """Return the parameters of a form, in the shape that botocore's model gives them."""
    model = _load_balancing().operation_model(call.operation)
    parser: Any = QueryParser(model)
    parsed: dict[str, Any] = parser.parse({"values": _form(call.body)})
    return parsed


def query_result(call: AwsCall, answer: HttpAnswer) -> dict[str, Any]:
    """Return the result that an XML answer has, in the shape that botocore's model gives it."""
    model = _load_balancing().operation_model(call.operation)
    sent = {"status_code": answer.status, "headers": {}, "body": answer.body}
    parsed: dict[str, Any] = create_parser("query").parse(sent, model.output_shape)
    return {member: value for member, value in parsed.items() if member != "ResponseMetadata"}


def query_answer(call: AwsCall, result: dict[str, Any]) -> HttpAnswer:
    """Write a result as the XML of botocore's model."""
    model = _load_balancing().operation_model(call.operation)
    response = QuerySerializer(model, SerializationContext(str(uuid.uuid4()))).serialize(result)
    return HttpAnswer(200, _headers("text/xml"), str(response["body"]).encode())


def asked_beside(
    call: AwsCall, environ: Environ, operation: str, request: Mapping[str, Any]
) -> tuple[AwsCall, Environ]:
    """Return another call of the caller's to the same service, and how it comes in."""
    if call.content_type.startswith(FORM):
        body = urlencode(
            {"Action": operation, "Version": _form(call.body)["Version"], **dict(_fields(request))}
        ).encode()
    else:
        body = json.dumps(request).encode()
    beside = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    return replace(call, operation=operation, body=body), beside


def _fields(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield a request's texts, and lists of them, as a form has them."""
    for member, value in request.items():
        if isinstance(value, str):
            yield member, value
        else:
            yield from ((f"{member}.member.{number}", each) for number, each in enumerate(value, 1))


def fault_answer(content_type: str, fault: AwsFault, json_type: str = JSON) -> HttpAnswer:
    """Write a refusal in the protocol of a call, which its content type tells."""
    if content_type.startswith(FORM):
        return HttpAnswer(fault.status, _headers("text/xml"), _query_fault(fault))
    body = {"__type": fault.code, "message": fault.message, **fault.members}
    headers = (*_headers(json_type), ("x-amzn-ErrorType", fault.code))
    return HttpAnswer(fault.status, headers, json.dumps(body, default=_epoch_seconds).encode())


def _query_fault(fault: AwsFault) -> bytes:
    blame = "Sender" if fault.status < 500 else "Receiver"
    error = f"<Type>{blame}</Type><Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message>"
    return f"<ErrorResponse><Error>{error}</Error><RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>".encode()


def _headers(content_type: str) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", content_type), ("x-amzn-RequestId", str(uuid.uuid4())))


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _epoch_seconds(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"a {type(value).__name__} cannot be sent as JSON: {value!r}")


@cache
def _load_balancing() -> ServiceModel:
    return get_service_model("elbv2")
