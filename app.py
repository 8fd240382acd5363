"""Routes and Lambda entry points: unpack, call chalicelib, answer."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from functools import cache, wraps
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import urlencode

from chalice.app import AuthRequest, AuthResponse, Chalice, CloudWatchEvent, Rate, Request, Response

from chalicelib import metrics
from chalicelib.api import applications, deployments, logs, page, plans, problems, registrations, tokens, ways_back
from chalicelib.api.headers import SAFE
from chalicelib.api.options import options, scope_of
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, status_document
from chalicelib.errors import InternalError, NewerRelease, RequestError, StoreConflict, Throttled, TransientAws
from chalicelib.log import logger
from chalicelib.manifest.schema import manifest_schema
from chalicelib.settings import Settings

app = Chalice(app_name="slipway")

# All functions share this file. What only some need is imported where it is called: no cold start waits for the rest.

View = Callable[..., Response]
Headers = dict[str, str | list[str]]
ANY_CONTENT = ["*/*"]  # judged by manifest.parse, which answers as a problem
RETRY_AFTER_SECONDS = 2

ECS_AND_EXECUTIONS = {
    "source": ["aws.ecs", "aws.states"],
    "detail-type": [
        "ECS Deployment State Change",
        "ECS Task State Change",
        "ECS Service Action",
        "Step Functions Execution Status Change",
    ],
}


@cache
def cloud() -> Cloud:
    """Return this process's cloud, made from its environment at the first call."""
    return Cloud(Settings.read(os.environ))


@app.middleware("all")
def count_calls(event: Any, get_response: Callable[[Any], Any]) -> Any:
    """Count what an invocation of any function asks of AWS; Chalice has no middleware for an authorizer."""
    with metrics.calls_counted():
        return get_response(event)


@app.middleware("http")
def be_safe(event: Any, get_response: Callable[[Any], Any]) -> Any:
    """Give every answer the headers that keep a browser from making something else of it."""
    response = get_response(event)
    response.headers = {**SAFE, **response.headers}
    return response


# ── HTTP ────────────────────────────────────────────────────────────────────────────────────────────


@app.authorizer(name="authorize", ttl_seconds=0)
def authorize(request: AuthRequest) -> AuthResponse:
    """Admit a bearer token to every route; each route asks for its scope. No cache: a revoked token ends at once."""
    with metrics.calls_counted():
        principal = tokens.authenticate(cloud(), request.token)
    context = {"name": principal.name, "scopes": " ".join(principal.scopes)}
    return AuthResponse(routes=["*"], principal_id=principal.name, context=context)


def answers(scope: str | Callable[[Mapping[str, str]], str] | None) -> Callable[[View], View]:
    """Ask for a scope, which the query may decide, and turn errors into problems.

    A view's own exception would be Chalice's bare 500.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(**path: str) -> Response:
            request = cast("Request", app.current_request)
            try:
                if scope:
                    needed = scope if isinstance(scope, str) else scope(request.query_params or {})
                    tokens.require(request.context["authorizer"]["scopes"], needed)
                return view(request, **path)
            except RequestError as error:
                return problem(error)
            except (Throttled, TransientAws, StoreConflict, NewerRelease) as error:
                logger.warning("busy", extra={"cause": str(error)})
                return problem(problems.passing(error))
            except Exception:
                logger.exception("a fault of Slipway")
                return problem(InternalError("A fault of Slipway. Its operators find it in the log by this id."))

        return answer

    return decorate


def problem(error: RequestError) -> Response:
    """Return an error as problem+json."""
    headers: Headers = {"Content-Type": problems.MEDIA_TYPE}
    if error.status in (429, 503):
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return Response(json.dumps(problems.problem(error)), headers, error.status)


@app.route("/health")
def health() -> dict[str, str]:
    """Say that the API answers."""
    return {"status": "ok"}


@app.route("/")
@answers(None)
def show_page(request: Request) -> Response:
    """Say what this is, to a person, or how to look at a deployment: `?deployment=`."""
    return Response(page.page(prefix(request), request.query_params or {}), dict(page.HEADERS))


@app.route("/openapi.json")
def show_openapi() -> dict[str, Any]:
    """Describe every route (OpenAPI 3.1)."""
    from chalicelib.api import openapi

    return openapi.document(prefix(cast("Request", app.current_request)))


@app.route("/schema/manifest.json")
def show_manifest_schema() -> dict[str, Any]:
    """Show the JSON Schema of a manifest, for an editor."""
    return manifest_schema()


@app.route("/deployments", methods=["POST"], content_types=ANY_CONTENT, authorizer=authorize)
@answers(scope_of)
def create_deployment(request: Request) -> Response:
    """Accept a manifest: 202, or what the same Idempotency-Key made before; or show its plan: `?dry_run=true`."""
    wanted = options(request.query_params or {})
    asked = deployments.Request(
        body=cast("bytes", request.raw_body),
        content_type=request.headers.get("content-type"),
        caller=request.context["authorizer"]["name"],
        idempotency_key=request.headers.get("idempotency-key"),
        supersede=wanted.supersede,
        force=wanted.force,
    )
    if wanted.dry_run:
        return Response(plans.dry_run(cloud(), asked))
    return accepted(request, *deployments.create(cloud(), asked))


@app.route("/deployments", methods=["GET"], authorizer=authorize)
@answers("read")
def list_deployments(request: Request) -> Response:
    """List deployments, newest first."""
    query = dict(request.query_params or {})
    found, cursor = deployments.list_deployments(cloud(), query)
    documents = [status_document(each, prefix(request)) for each in found]
    headers: Headers = {}
    if cursor:
        link = f"{prefix(request)}/deployments?{urlencode({**query, 'cursor': cursor})}"
        headers["Link"] = f'<{link}>; rel="next"'
    return Response({"deployments": documents, "next_cursor": cursor}, headers)


@app.route("/deployments/{deployment_id}", methods=["GET"], authorizer=authorize)
@answers("read")
def get_deployment(request: Request, deployment_id: str) -> Response:
    """Show a deployment, whatever its state; 304 when the caller has this version."""
    return shown(request, deployments.get(cloud(), deployment_id))


@app.route("/deployments/{deployment_id}/cancel", methods=["POST"], content_types=ANY_CONTENT, authorizer=authorize)
@answers("write")
def cancel_deployment(request: Request, deployment_id: str) -> Response:
    """Have a deployment go back to what served before: 202."""
    deployment = ways_back.cancel(cloud(), deployment_id, request.context["authorizer"]["name"])
    return accepted(request, deployment, replayed=False)


@app.route("/deployments/{deployment_id}/rollback", methods=["POST"], content_types=ANY_CONTENT, authorizer=authorize)
@answers("write")
def roll_back_deployment(request: Request, deployment_id: str) -> Response:
    """Accept a deployment of what succeeded before this one: 202."""
    caller, key = request.context["authorizer"]["name"], request.headers.get("idempotency-key")
    return accepted(request, *ways_back.rollback(cloud(), deployment_id, caller, key))


@app.route("/webhooks/github", methods=["POST"], content_types=ANY_CONTENT)
@answers(None)  # its signature says who sends it
def github_delivery(request: Request) -> Response:
    """Accept what a delivery of GitHub's webhook deploys: 202; or tell why it deploys nothing: 200."""
    from chalicelib.api import webhooks
    from chalicelib.github import signature
    from chalicelib.github.delivery import Ignored

    headers = request.headers
    delivery = webhooks.Delivery(
        body=cast("bytes", request.raw_body),
        content_type=headers.get("content-type"),
        signature=headers.get(signature.HEADER),
        event=headers.get("x-github-event"),
        id=headers.get("x-github-delivery"),
    )
    outcome = webhooks.deliver(cloud(), delivery)
    if isinstance(outcome, Ignored):
        return Response({"ignored": outcome.reason})
    (first, replayed), *others = outcome
    documents = [status_document(each, prefix(request)) for each, _ in others]
    return accepted(request, first, replayed, beside={"others": documents} if documents else {})


@app.route("/applications", methods=["GET"], authorizer=authorize)
@answers("read")
def list_applications(request: Request) -> Response:
    """List what is registered, with its environments."""
    return Response({"applications": applications.listed(cloud(), request.query_params or {})})


@app.route("/applications/{application}", methods=["GET"], authorizer=authorize)
@answers("read")
def get_application(request: Request, application: str) -> Response:
    """Show what is registered and what is live in an environment."""
    return Response(applications.shown(cloud(), application, request.query_params or {}))


@app.route("/applications/{application}", methods=["PUT"], content_types=ANY_CONTENT, authorizer=authorize)
@answers("write")
def register_application(request: Request, application: str) -> Response:
    """Register a manifest and its triggers: 201 when they are the first of their environment, else 200."""
    body, kind = cast("bytes", request.raw_body), request.headers.get("content-type")
    kept, new = registrations.register(cloud(), application, body, kind, request.context["authorizer"]["name"])
    return Response(kept.model_dump(mode="json"), status_code=201 if new else 200)


@app.route("/applications/{application}", methods=["DELETE"], authorizer=authorize)
@answers("write")
def delete_application(request: Request, application: str) -> Response:
    """Accept a teardown: 202, or what the same Idempotency-Key made before."""
    caller, key = request.context["authorizer"]["name"], request.headers.get("idempotency-key")
    return accepted(request, *applications.teardown(cloud(), application, request.query_params or {}, caller, key))


@app.route("/deployments/{deployment_id}/events", methods=["GET"], authorizer=authorize)
@answers("read")
def get_events(request: Request, deployment_id: str) -> Response:
    """Tell a deployment's timeline."""
    found, after = deployments.events(cloud(), deployment_id, request.query_params or {})
    return Response({"events": [event.model_dump(mode="json") for event in found], "next": after})


@app.route("/deployments/{deployment_id}/logs", methods=["GET"], authorizer=authorize)
@answers("read")
def get_logs(request: Request, deployment_id: str) -> Response:
    """Show what the tasks of a deployment's service wrote last."""
    return Response(logs.logs(cloud(), deployment_id, request.query_params or {}))


def accepted(
    request: Request, deployment: Deployment, replayed: bool, beside: Mapping[str, Any] = MappingProxyType({})
) -> Response:
    """Return a deployment that was accepted, now or by an earlier request, and what is to be said beside it."""
    headers: Headers = {"Location": f"{prefix(request)}/deployments/{deployment.id}"}
    headers |= {"Idempotency-Replayed": "true"} if replayed else {}
    ended = replayed and deployment.status.ended
    return shown(request, deployment, status=200 if ended else 202, headers=headers, beside=beside)


def shown(
    request: Request,
    deployment: Deployment,
    *,
    status: int = 200,
    headers: Headers | None = None,
    beside: Mapping[str, Any] = MappingProxyType({}),
) -> Response:
    """Return a deployment with its ETag, or 304 without a body."""
    body = json.dumps({**status_document(deployment, prefix(request)), **beside})
    etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", **(headers or {})}
    if not deployment.status.ended:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if request.method == "GET" and _has(request.headers.get("if-none-match", ""), etag):
        return Response("", headers, 304)
    return Response(body, {"Content-Type": "application/json", **headers}, status)


def _has(if_none_match: str, etag: str) -> bool:
    """Tell whether a caller has this version: its ETag is one of a list, perhaps weak, or any will do (RFC 9110)."""
    return if_none_match.strip() == "*" or etag in if_none_match


def prefix(request: Request) -> str:
    """Return the path before our routes: "/api" on API Gateway's own domain, nothing behind a custom one."""
    segments = request.context["path"].rstrip("/").split("/")
    depth = request.context["resourcePath"].rstrip("/").count("/")
    return "/".join(segments[: len(segments) - depth])


# ── Lambda ──────────────────────────────────────────────────────────────────────────────────────────


@app.lambda_function(name="act")
def act(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run a step that changes AWS."""
    from chalicelib import steps

    return steps.run(steps.ACT, cloud(), event)


@app.lambda_function(name="observe")
def observe(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run a step that only reads AWS, and writes the record; or tell the API what it asks."""
    from chalicelib import questions, steps

    if question := questions.ASKED.get(event["state"]):
        return question(cloud(), event)
    return steps.run(steps.OBSERVE, cloud(), event)


@app.lambda_function(name="resolve")
def resolve(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Ask the VPC's resolver; this function has the network and no right in AWS."""
    from chalicelib import names

    return names.resolve(event, os.environ.get("SLIPWAY_NAMESERVERS"))


@app.lambda_function(name="notify")
def tell_github(event: dict[str, Any], context: Any) -> None:
    """Tell GitHub what becomes of its deliveries; invoked asynchronously, again by the same id when it fails."""
    from chalicelib import notify

    notify.run(cloud(), event, context.aws_request_id)


@app.on_cw_event(ECS_AND_EXECUTIONS, name="on_event")
def on_event(event: CloudWatchEvent) -> None:
    """Wake the waits that an event is about."""
    from chalicelib import events

    events.on_event(cloud(), event.to_dict())


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
def sweep(event: CloudWatchEvent) -> None:
    """Meet every deployment that has not ended, and recover those that died."""
    from chalicelib import recovery

    recovery.sweep(cloud())
