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

        Records are listed by their names' labels, last label first, so that "local.names.user" comes before
        "local.names.user.i-1", and between them, or after, only what begins so, too, such as "local.names.user-api":
        https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html
        """
        asked = name.lower()
        pages = self._client.get_paginator("list_resource_record_sets").paginate(
            HostedZoneId=zone_id, StartRecordName=asked
        )
        listed = (each for page in pages for each in page["ResourceRecordSets"])
        try:
            found = call(
                lambda: list(takewhile(lambda each: _backwards(each["Name"]).startswith(_backwards(asked)), listed))
            )
        except AwsRefused as refusal:
            if refusal.aws_code == "NoSuchHostedZone":
                return ()
            raise
        records = (record for each in found for record in _records(each))
        return tuple(each for each in records if f".{each.name}".endswith(f".{asked}"))


def _backwards(name: str) -> str:
    return ".".join(reversed(_plain(name).split(".")))


def _records(record_set: Any) -> Iterator[ZoneRecord]:
    for each in record_set.get("ResourceRecords", []):
        yield ZoneRecord(_plain(record_set["Name"]), record_set["Type"], each["Value"])


def _plain(name: str) -> str:
    return name.lower().rstrip(".")
