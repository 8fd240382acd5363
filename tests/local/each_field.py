"""What holds of a field that changes, whichever it is."""

from typing import Any

from tests.local.fields import CHANGES, changed, manifest
from tests.local.in_aws import in_aws, shows
from tests.local.local_cloud import LocalCloud
from tests.local.stuck import BROKEN, deployed
from tests.local.test_changes import planned, told_alike


def assert_one_account(cloud: LocalCloud, path: str) -> None:
    """Check that plan and deployment tell a change alike, that AWS has it, and that then it is no change any more.

    When another service of that deployment fails, all is as it was.
    """
    service, after = CHANGES[path][0] or "home", changed(path)
    deployed(cloud, manifest(service))
    was = everything(cloud, service)
    late = {**BROKEN, "depends_on": [service]}
    failed = cloud.deploy({**after, "services": {**after["services"], "late": late}})
    assert ("rolled_back", None) == (failed["status"], failed["rollback_failure"]), failed["verdict"]
    assert was == everything(cloud, service)

    plan = planned(cloud, after, service)
    [deployment] = deployed(cloud, after)
    told = deployment["services"][service]
    assert ("update", True) == (plan["action"], told["changed"])
    assert told_alike(plan, told), (plan["changes"], told["changed_fields"])
    now = everything(cloud, service)
    assert shows(now, was, CHANGES[path][1]), now

    [again] = deployed(cloud, after)
    assert (False, now) == (again["services"][service]["changed"], everything(cloud, service))


def everything(cloud: LocalCloud, service: str) -> dict[str, Any]:
    """Return all that AWS has of a service."""
    asked = manifest(service)
    return in_aws(cloud, asked.get("cluster", asked["application"]), service)
