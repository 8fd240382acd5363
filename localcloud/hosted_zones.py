"""The private hosted zones behind namespaces, in Route 53's memory: which VPCs a namespace serves is seen only there.

https://docs.aws.amazon.com/cloud-map/latest/dg/working-with-namespaces.html
"""

from moto.route53.models import route53_backends


class MotoZones:
    """Keeps private hosted zones in moto's Route 53."""

    def __init__(self, account: str = "000000000000", region: str = "us-east-1") -> None:
        self._route53 = route53_backends[account]["aws"]
        self._region = region

    def create(self, name: str, vpc: str) -> str:
        """Make a VPC's zone of this name and return its id."""
        zone = self._route53.create_hosted_zone(f"{name}.", private_zone=True, vpcid=vpc, vpcregion=self._region)
        return str(zone.id)

    def delete(self, zone_id: str) -> None:
        """Remove a zone."""
        self._route53.delete_hosted_zone(zone_id)
