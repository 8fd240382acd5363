"""The values of Cloud Map."""

from dataclasses import dataclass
from typing import Literal

# Nobody states the default of Properties.DnsProperties.SOA.TTL; private zones have been seen to hold a negative
# answer for 300 s: https://github.com/aws/aws-app-mesh-roadmap/issues/151
DEFAULT_SOA_TTL_SECONDS = 300


@dataclass(frozen=True)
class Namespace:
    """A private DNS namespace; `created_at` is in epoch seconds."""

    id: str
    arn: str
    name: str
    vpc: str
    http_name: str
    hosted_zone_id: str
    soa_ttl_seconds: int
    description: str
    creator_request_id: str
    created_at: float


@dataclass(frozen=True)
class DnsRecord:
    """A kind of record that a service gives to each of its instances."""

    type: str
    ttl_seconds: int


@dataclass(frozen=True)
class Service:
    """A name in a namespace; without `records` it is found by DiscoverInstances only."""

    id: str
    arn: str
    name: str
    namespace_id: str
    records: tuple[DnsRecord, ...]
    routing_policy: str
    has_health_check: bool
    description: str
    creator_request_id: str
    created_at: float


@dataclass(frozen=True)
class Instance:
    """One address behind a service. An instance of a service without health check counts as healthy."""

    id: str
    attributes: dict[str, str]
    healthy: bool
    creator_request_id: str = ""


@dataclass(frozen=True)
class Operation:
    """Something that takes time. Its status follows from the clock alone; `failure` is (ErrorCode, ErrorMessage).

    `subject` is what no second operation of the same type may touch meanwhile; times are in epoch seconds.
    """

    id: str
    type: str
    subject: str
    targets: dict[str, str]
    submitted_at: float
    pending_at: float
    finished_at: float
    failure: tuple[str, str] | None

    def status(self, now: float) -> str:
        """Return SUBMITTED, PENDING, SUCCESS or FAIL, as GetOperation says it at `now`."""
        if now >= self.finished_at:
            return "FAIL" if self.failure else "SUCCESS"
        return "PENDING" if now >= self.pending_at else "SUBMITTED"

    def updated_at(self, now: float) -> float:
        """Return when the status last changed, seen from `now`."""
        return max(
            at for at in (self.submitted_at, self.pending_at, self.finished_at) if at <= max(now, self.submitted_at)
        )


@dataclass(frozen=True)
class Answer:
    """What the DNS says to one question; `records` are in zone-file words, such as `1 1 8080 host.example`.

    `zone` is empty for a name outside of every namespace. `soa_ttl_seconds` is how long a client may remember that
    there is nothing.
    """

    kind: Literal["records", "nodata", "nxdomain", "outside"]
    records: tuple[str, ...] = ()
    ttl_seconds: int = 0
    zone: str = ""
    soa_ttl_seconds: int = 0
