"""One AWS endpoint for everything: services that live here, and moto, which remembers the rest.

    /2015-03-31/functions/{name}/invocations    → lambdas
    signed for one of `services`, `operations`  → its handler
    RegisterTargets, DeregisterTargets,
      DescribeTargetHealth                      → the load balancers' data plane
    anything else                               → moto, in process
    /_slipway/faults                            → what shall go wrong: fault_injection.py
    /_slipway/calls                             → how often what was called: call_counter.py
    /_slipway/lambdas                           → how often each function was invoked, and for how long

boto3, the aws CLI and moto's Step Functions interpreter all come in here; no web page does: doors.py.
"""

import logging
import os
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from socket import socket
from threading import Lock
from types import MappingProxyType
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from waitress.channel import ClientDisconnected

from localcloud import call_counter, fault_injection, moto_process
from localcloud.async_invocations import RETRY_SECONDS, AsyncInvocations
from localcloud.aws_protocol import (
    AwsCall,
    fault_answer,
    json_answer,
    json_request,
    query_answer,
    query_request,
    read_call,
)
from localcloud.call_counter import CallCounter
from localcloud.doors import refusal, unreadable_elsewhere
from localcloud.fault_injection import FaultInjection
from localcloud.faults import AwsFault
from localcloud.interpreter_speed import call_lambda_at
from localcloud.lambdas import Lambdas
from localcloud.stale_reads import StaleReads
from localcloud.staleness import Staleness
from localcloud.throttles import Throttles
from localcloud.wsgi_server import Environ, HttpAnswer, StartResponse, WsgiServer, wsgi_answer

Handler = Callable[[str, dict[str, Any]], dict[str, Any]]
"""(operation, request as botocore shapes it) → answer; raises AwsFault."""
Observer = Callable[[str, str], None]
"""Told (service, operation) of each call."""
Listener = Callable[[dict[str, Any]], None]
"""Told the request of a JSON call that moto has carried out, before its caller hears of it."""

THREADS = 64
INVOCATION = re.compile(r"/2015-03-31/functions/(?P<name>[^/]+)/invocations")
LOAD_BALANCING = "elasticloadbalancing"
DATA_PLANE = frozenset({"RegisterTargets", "DeregisterTargets", "DescribeTargetHealth"})
CONTROL_PLANE = frozenset({"CreateRule"})
STEP_FUNCTIONS = "states"
USAGE_PATH = "/_slipway/lambdas"

logger = logging.getLogger(__name__)


class FrontDoor:
    """Answer AWS calls on the socket `listening`.

    `services` are handlers by signing name ("ecs", "servicediscovery"), `operations` of single ones by (signing name,
    operation), where moto has the others of a JSON service, `elb_data_plane` has DATA_PLANE, may refuse CONTROL_PLANE,
    `observer` is told of every call, `listeners`, by (signing name, operation), of those that moto carries out;
    `faults` says what goes wrong, `throttles` which calls come too fast, `staleness` what reads show of the past,
    `retry_seconds` when a function that was invoked asynchronously and failed is invoked again. moto's memory belongs
    to the process: have one door at a time.
    """

    def __init__(  # noqa: PLR0913  (what it leads to is much, and all is named)
        self,
        *,
        lambdas: Lambdas,
        services: Mapping[str, Handler],
        elb_data_plane: Handler | None = None,
        observer: Observer | None = None,
        operations: Mapping[tuple[str, str], Handler] = MappingProxyType({}),
        listeners: Mapping[tuple[str, str], Listener] = MappingProxyType({}),
        faults: FaultInjection | None = None,
        throttles: Throttles | None = None,
        staleness: Staleness | None = None,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
        listening: socket,
    ) -> None:
        self._lambdas = lambdas
        self._services = services
        self._operations = operations
        self._elb_data_plane = elb_data_plane
        self._observer = observer
        self._listeners = listeners
        self._faults = faults or FaultInjection()
        self._throttles = throttles
        self._answered = StaleReads(staleness, self._carried_out).answer if staleness else self._carried_out
        self._later = AsyncInvocations(lambdas, retry_seconds)
        self._calls = CallCounter()
        self._server = WsgiServer(self._serve, listening, threads=THREADS)
        self._moto = _Moto(create_backend_app)
        self._moto_locks: dict[str, Lock] = defaultdict(Lock)

    @property
    def url(self) -> str:
        """Return the endpoint's URL."""
        return self._server.url

    def start(self) -> None:
        """Serve, and let moto really execute state machines, calling Lambda through this door."""
        moto_process.set_up()
        self._later.start()
        self._server.start()
        os.environ["MOTO_PORT"] = str(self._server.port)  # where moto's interpreter finds other services
        self._calling = call_lambda_at(self.url)

    def stop(self) -> None:
        """Stop serving; functions invoked as events end first, those not yet begun are dropped."""
        self._later.stop()
        self._server.stop()
        self._calling.close()

    def _serve(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if why := refusal(environ, self._server.port, "nobody"):
            return _refused(environ, why).send(environ, start_response)
        if answer := self._answer_of_ours(environ):
            return answer.send(environ, start_response)
        call = read_call(environ)
        try:
            answer = self._answer(call, environ)
        except AwsFault as fault:
            answer = fault_answer(call.content_type, fault)
        except ClientDisconnected:
            raise
        except Exception as error:
            logger.exception("%s %s failed", call.service, call.operation)
            answer = fault_answer(call.content_type, _internal_failure(call, error))
        return answer.send(environ, start_response)

    def _answer_of_ours(self, environ: Environ) -> HttpAnswer | None:
        """Answer what is not AWS's: what tests and benchmarks ask of the local cloud itself."""
        if environ["PATH_INFO"] == fault_injection.PATH:
            return self._faults.answer(environ["REQUEST_METHOD"], environ["wsgi.input"].read())
        if environ["PATH_INFO"] == call_counter.PATH:
            return self._calls.answer(environ["REQUEST_METHOD"], environ["QUERY_STRING"])
        if environ["PATH_INFO"] == USAGE_PATH:
            return json_answer(self._lambdas.usage())
        return None

    def _answer(self, call: AwsCall, environ: Environ) -> HttpAnswer:
        invoked = INVOCATION.fullmatch(environ["PATH_INFO"])
        name = ("lambda", "Invoke") if invoked else (call.service, call.operation)
        self._calls.count(call.access_key_id, *name)
        if self._throttles:
            self._throttles.check(*name)
        time.sleep(self._faults.delay_seconds(*name))
        self._go_wrong(*name, after=False)
        self._observe(*name)
        answer = self._answered(call, environ)
        self._go_wrong(*name, after=True)
        return answer

    def _carried_out(self, call: AwsCall, environ: Environ) -> HttpAnswer:
        return self._own_answer(call, environ) or self._ask_moto(call, environ)

    def _go_wrong(self, service: str, operation: str, *, after: bool) -> None:
        if self._faults.resets(service, operation, after=after):
            raise ClientDisconnected  # waitress closes the connection, without an answer
        if fault := self._faults.failing(service, operation, after=after):
            raise fault

    def _own_answer(self, call: AwsCall, environ: Environ) -> HttpAnswer | None:
        """Answer what is ours, or return None: then it is moto's."""
        if invocation := INVOCATION.fullmatch(environ["PATH_INFO"]):
            return self._invoke(invocation["name"], call.body, environ.get("HTTP_X_AMZ_INVOCATION_TYPE"))
        if handler := self._services.get(call.service) or self._operations.get((call.service, call.operation)):
            return json_answer(handler(call.operation, json_request(call)))
        if self._elb_data_plane and call.service == LOAD_BALANCING and call.operation in DATA_PLANE:
            return query_answer(call, self._elb_data_plane(call.operation, query_request(call)))
        if self._elb_data_plane and call.service == LOAD_BALANCING and call.operation in CONTROL_PLANE:
            self._elb_data_plane(call.operation, query_request(call))  # it may refuse; moto carries it out
        return None

    def _observe(self, service: str, operation: str) -> None:
        if self._observer:
            self._observer(service, operation)

    def _invoke(self, name: str, payload: bytes, invocation_type: str | None) -> HttpAnswer:
        self._lambdas.require(name)
        if invocation_type == "Event":
            self._later.queue(name, payload)
            return HttpAnswer(202, (), b"")
        invocation = self._faults.of_answer(name, self._lambdas.invoke(name, payload))
        error = (("x-amz-function-error", "Unhandled"),) if invocation.failed else ()
        headers = (("Content-Type", "application/json"), ("x-amz-executed-version", "$LATEST"), *error)
        return HttpAnswer(200, headers, invocation.body)

    def _ask_moto(self, call: AwsCall, environ: Environ) -> HttpAnswer:
        with self._moto_turn(call.service):
            answer = unreadable_elsewhere(wsgi_answer(self._moto, environ))
            listener = self._listeners.get((call.service, call.operation))
            if listener and answer.status == HTTPStatus.OK:
                listener(json_request(call))
            return answer

    def _moto_turn(self, service: str) -> AbstractContextManager[Any]:
        """Let one call at a time into each of moto's services: they are not thread-safe, DynamoDB loses writes.

        Step Functions are excepted: what they do may have to wait for another call to them.
        """
        return nullcontext() if service == STEP_FUNCTIONS else self._moto_locks[service]


class _Moto(DomainDispatcherApplication):
    """moto without its own API, /moto-api, which shows and changes everything: that is a path of S3's, as on AWS."""

    def get_backend_for_host(self, host: str | None) -> Any:
        """Return the name of what answers at a host, or None."""
        backend = super().get_backend_for_host(host)
        return None if str(backend).startswith("moto_api") else backend


def _refused(environ: Environ, why: str) -> HttpAnswer:
    """Write it for AWS clients, and as JSON that a browser shows to a person."""
    fault = AwsFault("AccessDenied", why, HTTPStatus.FORBIDDEN)
    return fault_answer(environ.get("CONTENT_TYPE", ""), fault, json_type="application/json")


def _internal_failure(call: AwsCall, error: Exception) -> AwsFault:
    # 501 is not retried by botocore: asking again does not implement an operation.
    status = 501 if isinstance(error, NotImplementedError) else 500
    return AwsFault("InternalFailure", f"{call.service} {call.operation}: {type(error).__name__}: {error}", status)
