"""Answers what comes in on a load balancer's listener: forwards it to a target, or says itself why not."""

import asyncio
import re
from http import HTTPStatus

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from localcloud.balancer.memory import Action, Listener, Memory
from localcloud.balancer.routing import Asked, action_for, group_for, redirect_location
from localcloud.balancer.sessions import Sessions
from localcloud.balancer.targets import Target, Targets

LISTENER_PORT = 80
# RFC 9110 §7.6.1, and Expect, which we answer ourselves.
HOP_BY_HOP = (
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Expect",
)
# What aiohttp would add of its own.
NOT_ADDED = (hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE)
CHUNK_BYTES = 65536


class Proxy:
    """The data plane of one event loop; `handler_for` gives the request handler of one load balancer."""

    def __init__(self, memory: Memory, targets: Targets, sessions: Sessions) -> None:
        self._memory = memory
        self._targets = targets
        self._sessions = sessions

    async def answer(self, load_balancer_name: str, port: int, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request that came in on `port` for that load balancer."""
        listener = self._memory.listener(load_balancer_name, LISTENER_PORT)
        if listener is None:
            return page(HTTPStatus.SERVICE_UNAVAILABLE)
        asked = _asked(request)
        action = action_for(asked, listener)
        if action.type == "fixed-response":
            return _fixed_response(action)
        if action.type == "redirect":
            status = int(action.settings["StatusCode"].removeprefix("HTTP_"))
            return web.Response(status=status, headers={"Location": redirect_location(action, asked, port)})
        target_group_arn = group_for(action)
        target = self._targets.next_of(target_group_arn) if target_group_arn else None
        if target is None:
            return page(HTTPStatus.SERVICE_UNAVAILABLE)
        return await self._forward(request, target, listener, port, self._sessions.of(load_balancer_name))

    async def _forward(
        self,
        request: web.BaseRequest,
        target: Target,
        listener: Listener,
        port: int,
        session: aiohttp.ClientSession,
    ) -> web.StreamResponse:
        await _continue(request)
        response: web.StreamResponse | None = None
        # AWS's own delays follow the speed; how long an application may think does not.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=listener.idle_timeout_seconds)
        try:
            async with session.request(
                request.method,
                URL(f"http://{target.address.ip}:{target.address.port}{request.raw_path}", encoded=True),
                headers=_forwarded_headers(request, port),
                data=request.content if request.can_read_body else None,
                allow_redirects=False,
                skip_auto_headers=NOT_ADDED,
                timeout=timeout,
            ) as answered:
                response = await _begin(request, answered)
                async for chunk in answered.content.iter_chunked(CHUNK_BYTES):
                    await response.write(chunk)
                await response.write_eof()
                return response
        except (aiohttp.ClientError, TimeoutError) as error:
            if response is None:
                return page(HTTPStatus.GATEWAY_TIMEOUT if isinstance(error, TimeoutError) else HTTPStatus.BAD_GATEWAY)
            return _cut_off(request, response)


def _asked(request: web.BaseRequest) -> Asked:
    path, _, query = request.raw_path.partition("?")
    host = re.sub(r":\d*$", "", request.headers.get("Host", ""))
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Asked(request.method, host, path, query, headers, request.remote or "")


def _fixed_response(action: Action) -> web.Response:
    settings = action.settings
    return web.Response(
        status=int(settings["StatusCode"]),
        text=settings.get("MessageBody", ""),
        content_type=settings.get("ContentType") or "text/plain",
    )


def page(status: HTTPStatus) -> web.Response:
    """Return a load balancer's own small page for a status."""
    title = f"{status.value} {status.phrase}"
    body = f"<body><center><h1>{title}</h1></center></body>"
    html = f"<html>\r\n<head><title>{title}</title></head>\r\n{body}\r\n</html>\r\n"
    return web.Response(status=status.value, text=html, content_type="text/html", headers={"Server": "awselb/2.0"})


def _forwarded_headers(request: web.BaseRequest, port: int) -> CIMultiDict[str]:
    headers = _end_to_end(request.headers)
    earlier = headers.get("X-Forwarded-For")
    client = request.remote or ""
    headers["X-Forwarded-For"] = f"{earlier}, {client}" if earlier else client
    headers["X-Forwarded-Proto"] = "http"
    headers["X-Forwarded-Port"] = str(port)
    return headers


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    named = [name.strip() for value in headers.getall("Connection", []) for name in value.split(",")]
    kept = CIMultiDict(headers)
    for name in (*HOP_BY_HOP, *named):
        kept.popall(name, None)
    return kept


async def _continue(request: web.BaseRequest) -> None:
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


async def _begin(request: web.BaseRequest, answered: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=answered.status, reason=answered.reason, headers=_end_to_end(answered.headers))
    await response.prepare(request)
    return response


# Closing the connection tells the client that the answer is not whole; a proper end would say that it is.
def _cut_off(request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
    if isinstance(request.transport, asyncio.Transport):
        request.transport.abort()
    return response
