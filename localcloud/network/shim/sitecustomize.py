"""Make this Python process live at the address SLIPWAY_TASK_IP, as if it had a network of its own.

Python imports this file by itself at start, because its directory is on PYTHONPATH. What the program binds at all
addresses it binds at the task's; what it listens on at localhost is at SLIPWAY_TASK_LOCALHOST, which nobody else knows;
connections to localhost go where the program listens, outgoing ones come from the task's address; names are asked of
the DNS server SLIPWAY_DNS ("ip:port") first. Standard library only, Python 3.8 or newer.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import random
import socket
import struct
import sys
from typing import Any

TASK_IP = os.environ.get("SLIPWAY_TASK_IP", "")
LOCALHOST_IP = os.environ.get("SLIPWAY_TASK_LOCALHOST", TASK_IP)
DNS_IP, _, DNS_PORT = os.environ.get("SLIPWAY_DNS", "").rpartition(":")
ALL_ADDRESSES = ("", "0.0.0.0", "::")  # noqa: S104
LOCALHOST = "127.0.0.1"
LOCALHOSTS = ("localhost", LOCALHOST, "::1", "::ffff:127.0.0.1")
LISTENING = " 00000000:0000 0A "  # proc(5): no peer, and the state TCP_LISTEN
DNS_TIMEOUT_SECONDS = 1.0
DNS_ATTEMPTS = 2
IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h: bind the source address, and leave the port to connect()

system_bind = socket.socket.bind
system_connect = socket.socket.connect
system_connect_ex = socket.socket.connect_ex
system_getaddrinfo = socket.getaddrinfo
system_gethostbyname = socket.gethostbyname
system_gethostbyname_ex = socket.gethostbyname_ex


def own(host: Any) -> bool:
    """Tell whether a host stands for this machine, by all its addresses or by its name."""
    return host is None or host in ALL_ADDRESSES or host == socket.gethostname()


def listens_at_localhost(port: int) -> bool:
    """Tell whether a program of this task listens on a port of its localhost alone."""
    number = int.from_bytes(socket.inet_aton(LOCALHOST_IP), sys.byteorder)
    try:
        with open("/proc/net/tcp", encoding="ascii") as sockets:  # noqa: PTH123  (pathlib is slow to import)
            return f" {number:08X}:{port:04X}{LISTENING}" in sockets.read()
    except OSError:
        return False


def is_address(host: str) -> bool:
    """Tell whether a host is an IP address already."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.partition("%")[0])
        except OSError:
            continue
        return True
    return False


def resolve(host: Any) -> list[str]:
    """Return the addresses of a host: the task's own, localhost, what our DNS says, or none (ask the system)."""
    name = host.decode() if isinstance(host, bytes) else host
    if own(name):
        return [TASK_IP]
    if name in LOCALHOSTS:
        return [LOCALHOST]
    return [] if is_address(name) or not DNS_IP else ask_dns(name)


def ask_dns(name: str) -> list[str]:
    """Return the A records of a name, in the order of the answer; none for NXDOMAIN and when nobody answers."""
    try:
        labels = [label.encode("idna") for label in name.rstrip(".").split(".")]
    except UnicodeError:
        return []
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\0" + struct.pack("!HH", 1, 1)
    for _ in range(DNS_ATTEMPTS):
        number = random.randrange(65536)  # noqa: S311
        packet = struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + question
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(DNS_TIMEOUT_SECONDS)
            system_bind(asking, (TASK_IP, 0))
            system_connect(asking, (DNS_IP, int(DNS_PORT)))
            try:
                asking.send(packet)
                answer = asking.recv(4096)
            except OSError:
                continue
        if answer[:2] == packet[:2]:
            return a_records(answer)
    return []


def a_records(answer: bytes) -> list[str]:
    """Return the addresses in a DNS answer (RFC 1035, section 4.1)."""
    questions, answers = struct.unpack("!HH", answer[4:8])
    at, found = 12, []
    for _ in range(questions):
        at = skip_name(answer, at) + 4
    for _ in range(answers):
        at = skip_name(answer, at)
        kind, _, _, length = struct.unpack("!HHIH", answer[at : at + 10])
        at += 10 + length
        if kind == 1:
            found.append(socket.inet_ntoa(answer[at - length : at]))
    return found


def skip_name(answer: bytes, at: int) -> int:
    """Return where a name in a DNS message ends; a pointer (two high bits) ends it."""
    while answer[at]:
        if answer[at] >= 0xC0:
            return at + 2
        at += answer[at] + 1
    return at + 1


def at_home(sock: socket.socket, address: Any, localhost: Any) -> Any:
    """Return the address that a socket shall use instead of `address`; `localhost(port)` says where that is."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
        return address
    found = resolve(address[0])
    if not found:
        return address
    is_stream = sock.type == socket.SOCK_STREAM
    ip = found[0] if found[0] != LOCALHOST else localhost(address[1]) if is_stream else TASK_IP
    if sock.family == socket.AF_INET:
        return (ip, *address[1:])
    # An IPv6 socket reaches IPv4 by the mapped address, unless it was told to speak IPv6 only.
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return ("::ffff:" + ip, *address[1:])


def bound_localhost(port: int) -> str:  # noqa: ARG001  the same for every port
    """Return where a program listens that binds localhost."""
    return LOCALHOST_IP


def reached_localhost(port: int) -> str:
    """Return where localhost leads: to what listens there alone, else to what listens at all addresses."""
    return LOCALHOST_IP if listens_at_localhost(port) else TASK_IP


def set_source(sock: socket.socket, address: Any) -> None:
    """Give an unbound socket the task's address as its source, when it goes to another task."""
    if sock.family != socket.AF_INET or not address[0].startswith("127."):
        return
    if sock.getsockname() != ("0.0.0.0", 0):  # noqa: S104
        return
    if sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    system_bind(sock, (TASK_IP, 0))


def bind(self: socket.socket, address: Any) -> None:
    """Bind to the task's address instead of all of them, and to its localhost instead of the machine's."""
    system_bind(self, at_home(self, address, bound_localhost))


def connect(self: socket.socket, address: Any) -> None:
    """Connect from the task's address, to it where localhost is meant."""
    address = at_home(self, address, reached_localhost)
    set_source(self, address)
    system_connect(self, address)


def connect_ex(self: socket.socket, address: Any) -> int:
    """Connect as `connect` does, and return an error number."""
    address = at_home(self, address, reached_localhost)
    set_source(self, address)
    return system_connect_ex(self, address)


def getaddrinfo(
    host: Any,
    port: Any,
    family: int = 0,
    type: int = 0,  # noqa: A002
    proto: int = 0,
    flags: int = 0,
) -> list[Any]:
    """Resolve as socket.getaddrinfo does, with our names and the task's address."""
    found = resolve(host) if family in (0, socket.AF_INET) else []
    if not found:
        return system_getaddrinfo(host, port, family, type, proto, flags)
    answers = [system_getaddrinfo(ip, port, socket.AF_INET, type, proto, flags) for ip in found]
    return [answer for several in answers for answer in several]


def gethostbyname(host: str) -> str:
    """Resolve as socket.gethostbyname does."""
    found = resolve(host)
    return found[0] if found else system_gethostbyname(host)


def gethostbyname_ex(host: str) -> tuple[str, list[str], list[str]]:
    """Resolve as socket.gethostbyname_ex does."""
    found = resolve(host)
    return (host, [], found) if found else system_gethostbyname_ex(host)


def run_next_sitecustomize() -> None:
    """Run the sitecustomize that this file hides."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    elsewhere = [entry for entry in sys.path if os.path.abspath(entry) != here]  # noqa: PTH100
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
    if spec and spec.loader:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if TASK_IP:
    socket.socket.bind = bind  # type: ignore[method-assign,assignment]
    socket.socket.connect = connect  # type: ignore[method-assign,assignment]
    socket.socket.connect_ex = connect_ex  # type: ignore[method-assign,assignment]
    socket.getaddrinfo = getaddrinfo
    socket.gethostbyname = gethostbyname
    socket.gethostbyname_ex = gethostbyname_ex
run_next_sitecustomize()
