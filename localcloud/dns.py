"""A DNS server that answers what Cloud Map knows, over UDP and TCP on one port."""

# dnslib has no annotations.
# mypy: disable-error-code="no-untyped-call"

import socketserver
import threading
from contextlib import suppress

from dnslib import AAAA, CNAME, QTYPE, RCODE, RD, RR, SOA, SRV, A, DNSRecord
from dnslib.server import DNSHandler, DNSLogger

from localcloud.discovery import Answer, CloudMap

# RFC 1035 §4.2.1: what every client accepts over UDP; more is truncated and asked again over TCP.
MAX_UDP_BYTES = 512
SILENT_CLIENT_SECONDS = 2.0
POLL_SECONDS = 0.02
PORT_ATTEMPTS = 20
# The names that Route 53 writes into a private zone's SOA.
PRIMARY_SERVER, MAILBOX = "ns-1536.awsdns-00.co.uk.", "awsdns-hostmaster.amazon.com."
SILENT = DNSLogger(log="-request,-reply,-truncated,-error")


class DnsServer:
    """Answers on `address` (host, port) between `start` and `stop`; bound when constructed. Port 0 picks a free one.

    A name of no namespace is one that nobody has, as a VPC's resolver says of it: NXDOMAIN.
    """

    def __init__(self, cloud_map: CloudMap, host: str = "127.0.0.1", port: int = 0) -> None:
        resolver = _Resolver(cloud_map)
        self._servers = _bind_both(host, port, resolver)
        self._threads: list[threading.Thread] = []
        self.address: tuple[str, int] = (host, self._servers[0].server_address[1])

    def start(self) -> None:
        """Answer from now on, in threads."""
        for server in self._servers:
            thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), name="dns")
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish what is being answered and close the port."""
        if self._threads:
            for server in self._servers:
                server.shutdown()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        for server in self._servers:
            server.server_close()


class _Handler(DNSHandler):
    server: "_TcpServer | _UdpServer"

    def handle(self) -> None:
        if isinstance(self.server, _TcpServer):
            self.request.settimeout(SILENT_CLIENT_SECONDS)
        # A client that went away, or never asked, has nobody left to be told.
        with suppress(TimeoutError, ConnectionError):
            super().handle()

    def get_reply(self, data: bytes) -> bytes:
        request = DNSRecord.parse(data)
        reply: bytes = self.server.resolver.resolve(request).pack()
        return reply if self.protocol == "tcp" or len(reply) <= MAX_UDP_BYTES else _truncated(request)


# dnslib's own truncation leaves the question out, which resolvers take for an answer to another one.
def _truncated(request: DNSRecord) -> bytes:
    reply = request.reply()
    reply.header.tc = 1
    packed: bytes = reply.pack()
    return packed


class _UdpServer(socketserver.ThreadingUDPServer):
    # With SO_REUSEADDR a second server could take the same UDP port and half of the questions.
    allow_reuse_address = False
    logger = SILENT
    resolver: "_Resolver"


class _TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    logger = SILENT
    resolver: "_Resolver"


def _bind_both(host: str, port: int, resolver: "_Resolver") -> tuple[_TcpServer, _UdpServer]:
    for attempt in range(PORT_ATTEMPTS):
        tcp = _TcpServer((host, port), _Handler)
        try:
            udp = _UdpServer((host, tcp.server_address[1]), _Handler)
        except OSError:
            tcp.server_close()
            # Port 0 was free for TCP only: another one may be free for both.
            if port or attempt == PORT_ATTEMPTS - 1:
                raise
            continue
        tcp.resolver = udp.resolver = resolver
        return tcp, udp
    raise AssertionError("the last attempt returns or raises")


class _Resolver:
    """Turns a question into CloudMap's words, and the Answer into a reply."""

    def __init__(self, cloud_map: CloudMap) -> None:
        self._cloud_map = cloud_map

    def resolve(self, request: DNSRecord) -> DNSRecord:
        """Return the reply to one query; called from a thread per query."""
        name, record_type = str(request.q.qname), str(QTYPE.get(request.q.qtype))
        answer = self._cloud_map.resolve(name, record_type)
        reply: DNSRecord = request.reply()
        if answer.kind == "outside":
            reply.header.rcode = RCODE.NXDOMAIN
        elif answer.kind == "records":
            reply.add_answer(*(_record(request, record_type, value, answer) for value in answer.records))
        elif record_type == "SOA" and name.rstrip(".").lower() == answer.zone:
            reply.add_answer(_soa(answer))
        else:
            reply.header.rcode = RCODE.NXDOMAIN if answer.kind == "nxdomain" else RCODE.NOERROR
            reply.add_auth(_soa(answer))
        return reply


def _record(request: DNSRecord, record_type: str, value: str, answer: Answer) -> RR:
    data = _rdata(record_type, value)
    return RR(request.q.qname, getattr(QTYPE, type(data).__name__), rdata=data, ttl=answer.ttl_seconds)


def _rdata(record_type: str, value: str) -> RD:
    if record_type == "SRV":
        priority, weight, port, target = value.split()
        return SRV(int(priority), int(weight), int(port), target)
    return {"A": A, "AAAA": AAAA}.get(record_type, CNAME)(value)


def _soa(answer: Answer) -> RR:
    times = (1, 7200, 900, 1209600, answer.soa_ttl_seconds)
    return RR(answer.zone, QTYPE.SOA, rdata=SOA(PRIMARY_SERVER, MAILBOX, times), ttl=answer.soa_ttl_seconds)
