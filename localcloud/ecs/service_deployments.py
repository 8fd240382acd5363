"""The operations on service deployments and service revisions."""

from typing import Any

from localcloud.ecs import lookup, view
from localcloud.ecs.state import World
from localcloud.faults import AwsFault


class ServiceDeployments:
    """Show the rollouts of services, and stop one."""

    def __init__(self, world: World) -> None:
        self._world = world

    def list(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListServiceDeployments: newest first, by status and time of creation."""
        service = lookup.service(self._world, lookup.cluster(self._world, request), request["service"])
        wanted, created = request.get("status"), request.get("createdAt", {})
        after, before = float(created.get("after", 0)), float(created.get("before", "inf"))
        records = [
            view.service_deployment_brief(service, record)
            for record in reversed(service.history)
            if (not wanted or record.status in wanted) and after <= record.created_at.timestamp() <= before
        ]
        return lookup.page("serviceDeployments", records, {"maxResults": 20, **request})

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeServiceDeployments: at most 20; those that are not there come as failures, MISSING."""
        arns = request["serviceDeploymentArns"]
        if len(arns) > 20:
            raise AwsFault("InvalidParameterException", "serviceDeploymentArns cannot have more than 20 elements.")
        found = {arn: lookup.service_deployment(self._world, arn) for arn in arns}
        return {
            "serviceDeployments": [view.service_deployment(*pair) for pair in found.values() if pair],
            "failures": [{"arn": arn, "reason": "MISSING"} for arn, pair in found.items() if pair is None],
        }

    def describe_revisions(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeServiceRevisions."""
        wanted = request["serviceRevisionArns"]
        services = self._world.services.values()
        found = {
            revision.arn: view.revision(service, revision)
            for service in services
            for revision in service.revisions
            if revision.arn in wanted
        }
        return {
            "serviceRevisions": list(found.values()),
            "failures": [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in found],
        }

    def stop(self, request: dict[str, Any]) -> dict[str, Any]:
        """StopServiceDeployment: go back to the last completed deployment."""
        arn = request["serviceDeploymentArn"]
        pair = lookup.service_deployment(self._world, arn)
        if pair is None:
            raise AwsFault("ServiceDeploymentNotFoundException", "The service deployment was not found.")
        if request.get("stopType", "ROLLBACK") != "ROLLBACK":
            raise AwsFault("InvalidParameterException", "stopType must be ROLLBACK.")
        _, record = pair
        if not record.is_ongoing:
            raise AwsFault("ConflictException", f"The service deployment has ended already: {record.status}.")
        if record.status in ("PENDING", "IN_PROGRESS"):
            record.status, record.updated_at = "ROLLBACK_REQUESTED", self._world.now()
            self._world.wake()
        return {"serviceDeploymentArn": arn}
