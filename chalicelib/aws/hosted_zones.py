"""Amazon Route 53: the VPCs that a private hosted zone answers."""

from typing import Any

from chalicelib.aws.calls import call
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
