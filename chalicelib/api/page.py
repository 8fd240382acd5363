"""The page at /: what this is, and where its descriptions are. It loads nothing and runs nothing."""

import base64
import hashlib
from html import escape

from chalicelib.api.operation import Operation
from chalicelib.api.routes import OPERATIONS

STYLE = "body{font:1rem/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}td{padding:.2rem 1rem .2rem 0}"
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY}


def page(prefix: str) -> str:
    """Return the page of an API that answers under `prefix`, such as "/api"."""
    rows = "\n".join(_row(each, prefix) for each in OPERATIONS)
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Slipway</title><style>{STYLE}</style></head>
<body>
<h1>Slipway</h1>
<p>Deploys services to Amazon ECS: POST a manifest, and the deployment ends with a verdict and its evidence.
A delivery of GitHub's is admitted by its signature; every other route without a link wants
<code>Authorization: Bearer &lt;token&gt;</code>.</p>
<table>
{rows}
</table>
</body>
</html>
"""


def _row(operation: Operation, prefix: str) -> str:
    path = escape(operation.path)
    closed = operation.scope or operation.signed
    shown = f"<code>{path}</code>" if closed else f'<a href="{escape(prefix)}{path}"><code>{path}</code></a>'
    return f"<tr><td><code>{operation.method}</code> {shown}</td><td>{escape(operation.summary)}</td></tr>"
