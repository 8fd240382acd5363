"""Calls at the AWS endpoint whose reads may show what was before the last write: staleness.py, on the wire."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from localcloud.account import ACCESS_KEY_ID
from localcloud.aws_protocol import (
    AwsCall,
    asked_beside,
    json_answer,
    json_request,
    query_answer,
    query_request,
    query_result,
)
from localcloud.faults import AwsFault
from localcloud.resources import ELB, READS, WRITES, Look
from localcloud.staleness import Staleness
from localcloud.wsgi_server import Environ, HttpAnswer

CarryOut = Callable[[AwsCall, Environ], HttpAnswer]


class StaleReads:
    """Has calls carried out by `carry_out`.

    The local cloud itself, told by its access key, is never shown the past, and what it writes is seen at once.
    """

    def __init__(self, staleness: Staleness, carry_out: CarryOut) -> None:
        self._staleness = staleness
        self._carry_out = carry_out

    def answer(self, call: AwsCall, environ: Environ) -> HttpAnswer:
        """Carry out a call; raises AwsFault."""
        kind = call.service, call.operation
        if call.access_key_id == ACCESS_KEY_ID:
            return self._carry_out(call, environ)
        if kind in WRITES:
            return self._written(call, environ)
        answer = self._carry_out(call, environ)
        if kind not in READS or answer.status != HTTPStatus.OK:
            return answer
        request, result = _request(call), _result(call, answer)
        shown = self._staleness.answered(*kind, request, result)
        return answer if shown is result else _written_down(call, shown)

    def _written(self, call: AwsCall, environ: Environ) -> HttpAnswer:
        def ask(look: Look) -> dict[str, Any]:
            asked, beside = asked_beside(call, environ, *look)
            answer = self._carry_out(asked, beside)
            if answer.status != HTTPStatus.OK:
                raise AwsFault("NotSeen", answer.body.decode(), answer.status)
            return _result(asked, answer)

        what = call.service, call.operation, _request(call)
        before = self._staleness.seen(*what, ask)
        answer = self._carry_out(call, environ)
        if answer.status == HTTPStatus.OK:
            self._staleness.written(call.service, before, self._staleness.seen(*what, ask))
        return answer


def _request(call: AwsCall) -> dict[str, Any]:
    return query_request(call) if call.service == ELB else json_request(call)


def _result(call: AwsCall, answer: HttpAnswer) -> dict[str, Any]:
    result: dict[str, Any] = query_result(call, answer) if call.service == ELB else json.loads(answer.body)
    return result


def _written_down(call: AwsCall, result: dict[str, Any]) -> HttpAnswer:
    return query_answer(call, result) if call.service == ELB else json_answer(result)
