"""The private hosted zones behind namespaces, in Route 53's memory: which VPCs they serve, and what they answer.

https://docs.aws.amazon.com/cloud-map/latest/dg/working-with-namespaces.html
"""

from collections.abc import Sequence
from typing import Any, cast

from moto.route53.models import RecordSet, route53_backends

from localcloud.discovery.names import Record


class MotoZones:
    """Keeps private hosted zones in moto's Route 53."""

    def __init__(self, account: str = "000000000000", region: str = "us-east-1") -> None:
        self._route53 = route53_backends[account]["aws"]
        self._region = region

    def create(self, name: str, vpc: str) -> str:
        """Make a VPC's zone of this name and return its id."""
        zone = self._route53.create_hosted_zone(f"{name}.", private_zone=True, vpcid=vpc, vpcregion=self._region)
        return str(zone.resource_id)

    def write(self, zone_id: str, name: str, records: Sequence[Record]) -> None:
        """Let these be all records of a name and of the names below it; others of the zone stay.

        Requests read moto's list in other threads: they have the one from before, or this.
        """
        zone = self._route53.get_hosted_zone(zone_id)
        others = [each for each in zone.rrsets if not f".{each.name}".endswith(f".{name}.")]
        zone.rrsets = others + [_record_set(each) for each in records]

    def delete(self, zone_id: str) -> None:
        """Remove a zone."""
        self._route53.delete_hosted_zone(zone_id)


def _record_set(record: Record) -> RecordSet:
    """Return a record as Cloud Map writes it: one of several sets of its name and type, by its instance."""
    policy = {"Weight": 1} if record.weighted else {"MultiValueAnswer": "true"}
    members = {
        "Name": f"{record.name}.",
        "Type": record.type,
        "TTL": record.ttl_seconds,
        "ResourceRecords": [record.value],
        "SetIdentifier": record.instance,
        **policy,
    }
    return cast("RecordSet", cast("Any", RecordSet)(members))
