"""The page at /: what this is, and where its descriptions are. It loads nothing and runs nothing."""

import base64
import hashlib
import re
from collections.abc import Mapping
from html import escape

from chalicelib.api.deployments import DEPLOYMENT_ID, refuse_unknown
from chalicelib.api.operation import Operation
from chalicelib.api.routes import OPERATIONS
from chalicelib.errors import InvalidQuery

STYLE = (
    "body{font:1rem/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}td{padding:.2rem 1rem .2rem 0}"
    "pre{overflow:auto}"
)
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY}


def page(prefix: str, query: Mapping[str, str]) -> str:
    """Return the page of an API that answers under `prefix`, such as "/api"; for `?deployment=`, how to look at it.

    GitHub's links lead there: a browser has no token, so the page has nothing of the deployment, not even whether it
    is there. Raises InvalidQuery.
    """
    refuse_unknown(query, ("deployment",))
    if (deployment_id := query.get("deployment")) is None:
        return _document(_WELCOME + "\n".join(["<table>", *(_row(each, prefix) for each in OPERATIONS), "</table>"]))
    if not re.fullmatch(DEPLOYMENT_ID, deployment_id):
        raise InvalidQuery("deployment: an id is dep_ and 26 capital letters and digits.")
    return _document(_how_to_look(deployment_id))


_WELCOME = """\
<p>Deploys services to Amazon ECS: POST a manifest, and the deployment ends with a verdict and its evidence.
A delivery of GitHub's is admitted by its signature; every other route without a link wants
<code>Authorization: Bearer &lt;token&gt;</code>.</p>
"""


def _document(content: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Slipway</title><style>{STYLE}</style></head>
<body>
<h1>Slipway</h1>
{content}
</body>
</html>
"""


def _how_to_look(deployment_id: str) -> str:
    """Return the commands that show a deployment, its timeline and its last log lines."""
    here = f"$SLIPWAY_URL/deployments/{deployment_id}"
    command = 'curl -sS -H "Authorization: Bearer $SLIPWAY_TOKEN" "{}"'
    commands = "\n".join(command.format(each) for each in (here, f"{here}/events", f"{here}/logs"))
    return f"""\
<p>Deployment <code>{deployment_id}</code> is shown to who has a token with the scope <code>read</code>:
its state with verdict, cause and evidence; its timeline; and the last log lines of its tasks
(<code>?service=</code> where it has several).
<code>SLIPWAY_URL</code> is this address up to its last <code>/</code>.</p>
<pre>{escape(commands, quote=False)}</pre>"""


def _row(operation: Operation, prefix: str) -> str:
    path = escape(operation.path)
    closed = operation.scope or operation.signed
    shown = f"<code>{path}</code>" if closed else f'<a href="{escape(prefix)}{path}"><code>{path}</code></a>'
    return f"<tr><td><code>{operation.method}</code> {shown}</td><td>{escape(operation.summary)}</td></tr>"
