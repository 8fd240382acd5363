"""Amazon Route 53: the VPCs that a private hosted zone answers, and what it answers them."""

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from chalicelib.aws.calls import call
from chalicelib.decide import ZoneRecord
from chalicelib.errors import AwsRefused


class HostedZones:
    """The hosted zones of an account."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def vpcs(self, zone_id: str) -> tuple[str, ...]:
        """Return the ids of a zone's VPCs, () of a zone that is not there."""
        try:
            answer = call(self._client.get_hosted_zone, Id=zone_id)
        except AwsRefused as refusal:
            if refusal.aws_code == "NoSuchHostedZone":
                return ()
            raise
        return tuple(sorted(each.get("VPCId", "") for each in answer.get("VPCs", [])))

    def records(self, zone_id: str, name: str) -> tuple[ZoneRecord, ...]:
        """Return a zone's records of a name and of all names below it, () of a zone that is not there.

        They stand together: records are listed by their names' labels, last label first.
        https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html
        """
        pages = self._client.get_paginator("list_resource_record_sets").paginate(
            HostedZoneId=zone_id, StartRecordName=name
        )
        listed = (each for page in pages for each in page["ResourceRecordSets"])
        try:
            found = call(lambda: list(takewhile(lambda each: _is_below(each, name.lower()), listed)))
        except AwsRefused as refusal:
            if refusal.aws_code == "NoSuchHostedZone":
                return ()
            raise
        return tuple(record for each in found for record in _records(each))


def _is_below(record_set: Any, name: str) -> bool:
    return f".{record_set['Name'].lower()}".rstrip(".").endswith(f".{name}")


def _records(record_set: Any) -> Iterator[ZoneRecord]:
    for each in record_set.get("ResourceRecords", []):
        yield ZoneRecord(record_set["Name"].lower().rstrip("."), record_set["Type"], each["Value"])
