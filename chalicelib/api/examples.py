"""Examples of what the API takes and answers, made by what makes the real ones."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.api.applications import NAMES
from chalicelib.api.problems import problem
from chalicelib.deployment import Deployment, Event, Names, ServiceProgress, Status, rfc3339, status_document
from chalicelib.errors import DeploymentInProgress, Fault, InvalidManifest, RequestError
from chalicelib.github.triggers import Trigger
from chalicelib.registration import Registration

AT = datetime.fromisoformat("2026-11-20T18:50:00.123+00:00")
ID = "dep_01M7XHAPC51PNWQVYV7V03GB3K"
OLDER_ID = "dep_01M7XHA0000000000000000000"
REVISION = "arn:aws:ecs:us-east-1:123456789012:task-definition/shop-api:1"

MANIFEST: dict[str, Any] = {
    "application": "shop",
    "namespace": "shop.local",
    "network": {"vpc": "slipway", "subnets": ["private"], "security_groups": ["default"]},
    "services": {"api": {"image": "actors-hello:1", "port": 8080, "discovery": {}}},
}
RELEASE = {"application": "shop", "version": "1.5.0"}
TRIGGER = {"event": "push", "repository": "acme/shop", "tag": "v*"}
TEMPLATE = {
    **MANIFEST,
    "environment": "default",
    "services": {"api": {**MANIFEST["services"]["api"], "image": "actors-hello:{version}"}},
}
PLAN: dict[str, Any] = {
    "dry_run": True,
    "force": False,
    "application": "shop",
    "environment": "default",
    "cluster": "shop",
    "services": {
        "api": {
            "action": "update",
            "changes": [{"field": "environment.GREETING", "old": "hello", "new": "hi"}],
            "creates": ["task definition"],
        }
    },
    "creates": [],
    "waves": [["api"]],
    "calls": 2,
    "findings": [],
}


def examples() -> dict[str, dict[str, Any]]:
    """Return the examples of each component that is taken or answered, by what each one shows."""
    return {
        "ManifestOrRelease": {"one service": MANIFEST, "registered": RELEASE},
        "Asked": {"deployed by a tag": {"manifest": TEMPLATE, "triggers": [TRIGGER], "only": ["deployment", "person"]}},
        "Delivery": {"ping": {"zen": "Keep it logically awesome.", "hook_id": 1}},
        "Deployment": {"running": _running(), "succeeded": _succeeded()},
        "PlanOrDeployment": {"plan": PLAN, "replayed": _succeeded()},
        "Deployments": {"last page": {"deployments": [_succeeded()], "next_cursor": None}},
        "Registration": {"of default": _registration().model_dump(mode="json")},
        "Applications": {"one": {"applications": [{"application": "shop", "environments": ["default"]}]}},
        "Application": {"live": _application()},
        "Delivered": {"one environment": _running(), "two": {**_running(), "others": [_running()]}},
        "DeliveredOrIgnored": {"ignored": {"ignored": "ping: the webhook is connected"}, "replayed": _succeeded()},
        "Events": {"timeline": _timeline()},
        "Health": {"well": {"status": "ok"}},
    }


def problem_example(error: type[RequestError]) -> dict[str, Any]:
    """Return a problem as this error is answered."""
    doc = " ".join((error.__doc__ or "").split())
    if issubclass(error, DeploymentInProgress):
        return problem(error(f"shop/api is being deployed by {OLDER_ID}.", holder=OLDER_ID))
    if issubclass(error, InvalidManifest):
        fault = Fault("/services/api/port", "70000 is too large: write 65535 or less")
        return problem(error("The manifest has one fault.", faults=(fault,)))
    return problem(error(doc))


def _deployment(service: ServiceProgress, **state: Any) -> dict[str, Any]:
    return status_document(
        Deployment(
            id=ID,
            application="shop",
            environment="default",
            cluster="shop",
            requested_by="ci-shop",
            created_at=AT,
            deadline_at=AT + timedelta(minutes=15),
            services={"api": service},
            **state,
        )
    )


def _running() -> dict[str, Any]:
    service = ServiceProgress(
        name="api",
        status="running",
        phase="awaiting_stable",
        changed=True,
        changed_fields=("image",),
        task_definition=REVISION,
        desired=1,
        pending=1,
        dns=Names(name="api.shop.local"),
        started_at=AT,
    )
    return _deployment(service, status=Status.RUNNING, phase="awaiting_stable", updated_at=AT)


def _succeeded() -> dict[str, Any]:
    end = AT + timedelta(seconds=41)
    service = ServiceProgress(
        name="api",
        status="succeeded",
        phase="proven",
        changed=True,
        task_definition=REVISION,
        what_serves=REVISION,
        desired=1,
        running=1,
        dns=Names(name="api.shop.local", addresses=("10.0.130.7",), proven_at=end, by="resolver"),
        started_at=AT,
        finished_at=end,
    )
    verdict = "api deployed and stable, and it resolves to the tasks that run."
    return _deployment(
        service, status=Status.SUCCEEDED, phase="succeeded", updated_at=end, finished_at=end, verdict=verdict
    )


def _timeline() -> dict[str, Any]:
    event = Event(
        id="evt_01M7XHAPC51PNWQVYV7V03GB3M", at=AT, service="api", phase="proven", message="api resolves to its tasks."
    )
    return {"events": [event.model_dump(mode="json")], "next": event.id}


def _registration() -> Registration:
    return Registration(
        application="shop",
        environment="default",
        manifest=TEMPLATE,
        triggers=(Trigger.model_validate(TRIGGER),),
        only=("deployment", "person"),
        registered_by="ci-shop",
        registered_at=AT,
        updated_at=AT,
    )


def _application() -> dict[str, Any]:
    last = {"id": ID, "status": "succeeded", "at": rfc3339(AT + timedelta(seconds=41))}
    service = {
        "task_definition": REVISION,
        "images": {"api": {"image": "actors-hello:1", "digest": f"sha256:{'0' * 64}"}},
        "desired": 2,
        "running": 2,
        "pending": 0,
        "dns": {"name": "api.shop.local", "addresses": ["10.0.130.7", "10.0.131.4"]},
        "url": None,
        "deployment": last,
        "succeeded_with": ID,
        "drift": [{"field": "desired_count", "deployed": 1, "serves": 2}],
    }
    registered = _registration().model_dump(mode="json", exclude=NAMES)
    return {
        "application": "shop",
        "environment": "default",
        "registration": registered,
        "deployment": last,
        "services": {"api": service},
    }
