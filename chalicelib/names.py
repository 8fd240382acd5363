"""The VPC's own resolver, asked: what the `resolve` function does."""

from collections.abc import Mapping
from typing import Any

import dns.flags
import dns.rdatatype
import dns.resolver

NO_NAME = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)


def resolve(question: Mapping[str, Any], nameservers: str | None = None) -> dict[str, Any]:
    """Answer `{"name", "record_type": "A" | "SRV"}` with `{"addresses", "ports"}`; a name that is not there: none.

    `nameservers` is "ip:port" when the system's resolver is not the one to ask. Raises dns.exception.DNSException
    when nobody answers.
    """
    resolver = _resolver(nameservers)
    if question["record_type"] == "SRV":
        found = _records(resolver, question["name"], "SRV")
        targets = [(str(each.target), each.port) for each in found]
        pairs = [(a.address, port) for name, port in targets for a in _records(resolver, name, "A")]
        return {"addresses": sorted({ip for ip, _ in pairs}), "ports": sorted({port for _, port in pairs})}
    return {"addresses": sorted(each.address for each in _records(resolver, question["name"], "A")), "ports": []}


def _resolver(nameservers: str | None) -> dns.resolver.Resolver:
    if nameservers is None:
        return dns.resolver.Resolver()
    host, _, port = nameservers.rpartition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [host], int(port)
    return resolver


def _records(resolver: dns.resolver.Resolver, name: str, record_type: str) -> list[Any]:
    try:
        return list(resolver.resolve(f"{name.rstrip('.')}.", record_type, search=False, lifetime=5))
    except NO_NAME:
        return []
