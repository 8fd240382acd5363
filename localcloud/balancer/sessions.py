"""The client side of load balancers: connections to targets, each from its load balancer's own address."""

import socket
from collections.abc import Mapping
from functools import partial
from typing import Any

import aiohttp

# Choose the port when the peer is known: bound without it, an address has as many connections as ports, not more.
# https://man7.org/linux/man-pages/man7/ip.7.html
IP_BIND_ADDRESS_NO_PORT = 24


class Sessions:
    """One session for each load balancer; `sources` are their addresses by name, where they have any."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    def of(self, load_balancer_name: str) -> aiohttp.ClientSession:
        """Return a load balancer's session; call it in the event loop."""
        if load_balancer_name not in self._sessions:
            self._sessions[load_balancer_name] = _session(self._sources.get(load_balancer_name))
        return self._sessions[load_balancer_name]

    async def close(self) -> None:
        """Close all of them."""
        for session in self._sessions.values():
            await session.close()


def _session(source: str | None) -> aiohttp.ClientSession:
    # A kept connection may be closed by the target in the moment that we use it: a fresh one cannot be stale.
    connector = aiohttp.TCPConnector(
        force_close=True, limit=0, socket_factory=partial(_socket_from, source) if source else None
    )
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)


def _socket_from(source: str, target: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol = target[:3]
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    made.bind((source, 0))
    return made
