"""Every route: what it means, what it takes, what it answers. /openapi.json and the page at / are drawn from here."""

from collections.abc import Mapping
from typing import Any

from chalicelib import limits
from chalicelib.api.applications import NAME
from chalicelib.api.deployments import DEPLOYMENT_ID, EVENT_ID
from chalicelib.api.operation import FORM, HTML, JSON, YAML, Answer, Operation, Parameter
from chalicelib.api.options import CHOICES
from chalicelib.api.webhooks import DELIVERY_ID
from chalicelib.deployment import Status
from chalicelib.errors import (
    BodyTooLarge,
    DeploymentInProgress,
    IdempotencyKeyReused,
    InvalidDelivery,
    InvalidManifest,
    InvalidQuery,
    MalformedBody,
    NotCancellable,
    NotFound,
    NothingToGoBackTo,
    TooManyServices,
    UnsupportedMediaType,
)

TEXT = {"type": "string", "minLength": 1, "maxLength": limits.PARAMETER_LENGTH}
WHOLE = {"type": "integer", "minimum": 1}

HEADERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "Location": ("Where the deployment is shown.", {"type": "string", "format": "uri-reference"}),
    "Retry-After": ("Seconds until it is worth asking again; not there once the deployment has ended.", WHOLE),
    "ETag": ("The version; sent back as If-None-Match it makes 304 of an answer that would be the same.", {**TEXT}),
    "Link": ('The next page, rel="next"; not there on the last one.', {"type": "string"}),
    "Idempotency-Replayed": ("true: an earlier request with this Idempotency-Key made it.", {"const": "true"}),
}
# What to do next with the deployment of an answer, each by the name of an operation.
LINKS = {
    name: {"deployment_id": "$response.body#/id"} for name in ("get_deployment", "get_events", "cancel_deployment")
}

DEPLOYMENT = Parameter(
    "deployment_id", "path", "A deployment's id.", {"type": "string", "pattern": f"^{DEPLOYMENT_ID}$"}
)
APPLICATION = Parameter("application", "path", "An application's name.", {"type": "string", "pattern": f"^{NAME}$"})
ENVIRONMENT = Parameter(
    "environment", "query", "Of which environment.", {"type": "string", "pattern": f"^{NAME}$", "default": "default"}
)
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "header",
    f"Makes the request safe to send again for {limits.IDEMPOTENCY_HOURS} hours.",
    {"type": "string", "pattern": f'^(?!"{{1,2}}$)[!-~](?:[ -~]{{0,{limits.IDEMPOTENCY_KEY_LENGTH - 2}}}[!-~])?$'},
)
IF_NONE_MATCH = Parameter("If-None-Match", "header", "The ETag of what the caller has.", {"type": "string"})
OPTIONS = {
    "dry_run": "true: only the plan, which a token with the scope plan may ask for.",
    "force": "true: what did not change is deployed, too.",
    "on_busy": "supersede: it takes the place of the deployments that hold its services.",
}
CHOSEN = tuple(
    Parameter(name, "query", OPTIONS[name], {"enum": list(choices), "default": choices[0]})
    for name, choices in CHOICES.items()
)

ACCEPTED = {
    202: Answer(
        "The deployment is recorded and holds its services; its workflow starts.",
        "Deployment",
        ("Location", "Retry-After", "ETag", "Idempotency-Replayed"),
        tuple(LINKS),
    ),
    200: Answer(
        "The deployment that this Idempotency-Key made has ended.",
        "Deployment",
        ("Location", "ETag", "Idempotency-Replayed"),
    ),
}
ACCEPTING = (InvalidQuery, IdempotencyKeyReused, DeploymentInProgress)
READING = (MalformedBody, BodyTooLarge, UnsupportedMediaType, InvalidManifest)
GITHUB_EVENT = Parameter("X-GitHub-Event", "header", "What happened.", {**TEXT}, required=True)
GITHUB_DELIVERY = Parameter(
    "X-GitHub-Delivery",
    "header",
    "A GUID; the same delivery again deploys nothing new.",
    {"type": "string", "pattern": f"^{DELIVERY_ID}$"},
    required=True,
)


def _page(default: int) -> Parameter:
    """Return the parameter that says how much one answer holds."""
    schema = {**WHOLE, "maximum": limits.PAGE, "default": default}
    return Parameter("limit", "query", "How many at most.", schema)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "POST",
        "/deployments",
        "create_deployment",
        "Deploy a manifest, sent or registered, or show its plan",
        "write",
        {
            **ACCEPTED,
            200: Answer(
                "With dry_run=true the plan; otherwise the deployment that this Idempotency-Key made, which has ended.",
                "PlanOrDeployment",
                ("Location", "ETag", "Idempotency-Replayed"),
            ),
        },
        (*CHOSEN, IDEMPOTENCY_KEY),
        takes=dict.fromkeys((JSON, YAML), "ManifestOrRelease"),
        errors=(*READING, NotFound, *ACCEPTING),
        dry_run_scope="plan",
    ),
    Operation(
        "GET",
        "/deployments",
        "list_deployments",
        "List deployments, newest first",
        "read",
        {200: Answer("A page, which may be short although there is a next one.", "Deployments", ("Link",))},
        (
            Parameter("application", "query", "Only of this application.", TEXT),
            Parameter("environment", "query", "Only of this environment.", TEXT),
            Parameter("status", "query", "Only with this status.", {"enum": [each.value for each in Status]}),
            _page(limits.DEPLOYMENTS_UNLESS_TOLD),
            Parameter(
                "cursor",
                "query",
                "The next_cursor of the page before.",
                {"type": "string", "pattern": f"^{DEPLOYMENT_ID}$"},
            ),
        ),
        errors=(InvalidQuery,),
    ),
    Operation(
        "GET",
        "/deployments/{deployment_id}",
        "get_deployment",
        "Show a deployment, whatever its state",
        "read",
        {
            200: Answer("The deployment as it is now.", "Deployment", ("ETag", "Retry-After")),
            304: Answer("The caller has this version.", headers=("ETag", "Retry-After")),
        },
        (DEPLOYMENT, IF_NONE_MATCH),
        errors=(NotFound,),
    ),
    Operation(
        "GET",
        "/deployments/{deployment_id}/events",
        "get_events",
        "Tell a deployment's timeline, oldest first",
        "read",
        {200: Answer("The events after `after`, and where to go on.", "Events")},
        (
            DEPLOYMENT,
            Parameter(
                "after", "query", "The `next` of the answer before.", {"type": "string", "pattern": f"^{EVENT_ID}$"}
            ),
            _page(limits.EVENTS_UNLESS_TOLD),
        ),
        errors=(InvalidQuery, NotFound),
    ),
    Operation(
        "GET",
        "/deployments/{deployment_id}/logs",
        "get_logs",
        "Show what the tasks of a deployment's service wrote last",
        "read",
        {200: Answer("Each container of the newest tasks, with its last lines.", "Logs")},
        (
            DEPLOYMENT,
            Parameter("service", "query", "Of which service; needed unless there is one.", TEXT),
            Parameter(
                "lines",
                "query",
                "How many lines of each container.",
                {**WHOLE, "maximum": limits.LOG_LINES, "default": limits.LOG_LINES_UNLESS_TOLD},
            ),
        ),
        errors=(InvalidQuery, NotFound),
    ),
    Operation(
        "POST",
        "/deployments/{deployment_id}/cancel",
        "cancel_deployment",
        "Have a deployment go back to what served before",
        "write",
        {202: Answer("It goes back.", "Deployment", ("Location", "Retry-After", "ETag"))},
        (DEPLOYMENT,),
        errors=(NotFound, NotCancellable),
    ),
    Operation(
        "POST",
        "/deployments/{deployment_id}/rollback",
        "roll_back_deployment",
        "Deploy again what last succeeded before a deployment",
        "write",
        ACCEPTED,
        (DEPLOYMENT, IDEMPOTENCY_KEY),
        errors=(NotFound, NothingToGoBackTo, *ACCEPTING),
    ),
    Operation(
        "PUT",
        "/applications/{application}",
        "register_application",
        "Register a manifest for an environment, and what of GitHub deploys it",
        "write",
        {
            201: Answer("It is the first one of its environment.", "Registration"),
            200: Answer("It took the place of an earlier one, or is the same.", "Registration"),
        },
        (APPLICATION,),
        takes=dict.fromkeys((JSON, YAML), "Asked"),
        errors=READING,
    ),
    Operation(
        "GET",
        "/applications",
        "list_applications",
        "List what is registered",
        "read",
        {200: Answer("Every application by name, with its environments.", "Applications")},
        errors=(InvalidQuery,),
    ),
    Operation(
        "GET",
        "/applications/{application}",
        "get_application",
        "Show what is registered and what is live in an environment",
        "read",
        {200: Answer("Both as they are now.", "Application")},
        (APPLICATION, ENVIRONMENT),
        errors=(InvalidQuery, NotFound),
    ),
    Operation(
        "DELETE",
        "/applications/{application}",
        "delete_application",
        "Remove all that Slipway made for an application",
        "write",
        ACCEPTED,
        (APPLICATION, ENVIRONMENT, IDEMPOTENCY_KEY),
        errors=(NotFound, TooManyServices, *ACCEPTING),
    ),
    Operation(
        "POST",
        "/webhooks/github",
        "github_delivery",
        "Deploy what a delivery of GitHub's webhook asks for",
        None,
        {
            202: Answer(
                "The deployment is recorded, and so are `others` where the delivery deploys several environments.",
                "Delivered",
                ACCEPTED[202].headers,
                tuple(LINKS),
            ),
            200: Answer(
                "Nothing is to be deployed, and why; or what this delivery had made before has ended.",
                "DeliveredOrIgnored",
                ACCEPTED[200].headers,
            ),
        },
        (GITHUB_EVENT, GITHUB_DELIVERY),
        takes={JSON: "Delivery", FORM: "DeliveryForm"},
        errors=(
            *(InvalidDelivery, BodyTooLarge, UnsupportedMediaType, InvalidManifest),
            *(NotFound, IdempotencyKeyReused, DeploymentInProgress),
        ),
        signed=True,
    ),
    Operation("GET", "/health", "health", "Say that the API answers", None, {200: Answer("It does.", "Health")}),
    Operation(
        "GET",
        "/openapi.json",
        "get_openapi",
        "Show this description of the API",
        None,
        {200: Answer("OpenAPI 3.1.", "Document")},
    ),
    Operation(
        "GET",
        "/schema/manifest.json",
        "get_manifest_schema",
        "Show the JSON Schema of a manifest",
        None,
        {200: Answer("JSON Schema 2020-12.", "Document")},
    ),
    Operation(
        "GET",
        "/",
        "page",
        "Say what this is, or how to look at a deployment",
        None,
        {200: Answer("A page, with nothing of any deployment.", "Page", media_type=HTML)},
        (Parameter("deployment", "query", "A deployment's id.", DEPLOYMENT.schema),),
        errors=(InvalidQuery,),
    ),
)
