"""docs/examples/deploy.sh prints what it is answered, and CI obeys none of it: a small server answers it here."""

import json
import re
import shutil
import subprocess
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from artifact.template import ROOT

MISSING = [tool for tool in ("bash", "curl", "jq") if not shutil.which(tool)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not on this machine: {', '.join(MISSING)}")

ID = "dep_01M7XHAPC51PNWQVYV7V03GB3K"
Answers = Mapping[str, tuple[int, Any]]


@contextmanager
def server(answers: Answers) -> Iterator[str]:
    """Lend the URL of a server that answers each "METHOD /path" with a status and a document, or bytes as they are."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, document = answers[f"{self.command} {self.path}"]
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=serving.serve_forever, args=(0.01,)).start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    serving.server_close()


def deploy(tmp_path: Path, answers: Answers, *query: str) -> subprocess.CompletedProcess[str]:
    """Run the script against a server."""
    (tmp_path / "slipway.yaml").write_text("application: shop\n")
    script = ROOT / "docs" / "examples" / "deploy.sh"
    with server(answers) as url:
        told = {"SLIPWAY_URL": url, "SLIPWAY_TOKEN": "t", "PATH": "/usr/bin:/bin"}
        command = ["bash", str(script), "slipway.yaml", *query]
        # Not as text: a carriage return would become a new line.
        ran = subprocess.run(command, cwd=tmp_path, env=told, capture_output=True, timeout=60, check=False)
    return subprocess.CompletedProcess(command, ran.returncode, ran.stdout.decode(), ran.stderr.decode())


def failed(*texts: str) -> Answers:
    """Return the answers for a deployment that failed, and could not go back, with texts wherever they may be."""
    text = "\n".join(texts)
    logs = [{"kind": "log", "message": each, "resource": "arn:aws:ecs:…:task/shop/1"} for each in texts]
    evidence: list[dict[str, Any]] = [*logs, {"kind": "event", "message": text, "resource": None}]
    why = {"code": "application_exited", "cause": text, "fix": text, "evidence": evidence}
    deployment = {"id": ID, "status": "failed", "verdict": text, "failure": why, "rollback_failure": why}
    event = {"id": "1", "at": "2026-11-20T18:50:00.123Z", "service": "api", "phase": "awaiting_stable"}
    events = [{**event, "message": text}, *({**event, "service": None, "message": each} for each in texts)]
    return {
        "POST /deployments": (202, {"id": ID}),
        f"GET /deployments/{ID}": (200, deployment),
        f"GET /deployments/{ID}/events": (200, {"events": events, "next": "1"}),
    }


def refused(*texts: str) -> Answers:
    """Return the answer of a problem with texts wherever they may be."""
    text = "\n".join(texts)
    errors = [{"pointer": f"/services/{text}", "detail": text}, {"pointer": "", "detail": text}]
    return {"POST /deployments": (422, {"title": text, "detail": text, "errors": errors, "hint": text})}


def plan(*texts: str) -> Answers:
    """Return the answer of a plan with texts wherever they may be."""
    text = "\n".join(texts)
    change = {"field": f"task_definition.{text}", "old": text, "new": text}
    finding = {"code": "image_not_found", "severity": "error", "pointer": f"/{text}", "detail": text, "fix": text}
    service = {"action": "update", "changes": [change], "creates": [text]}
    services = {"api": service, "web": {"action": "refused", "changes": [], "creates": []}}
    document = {"dry_run": True, "services": services, "creates": [text], "findings": [finding]}
    return {"POST /deployments?dry_run=true": (200, document)}


def commands(output: str) -> list[str]:
    """Return the lines that GitHub, GitLab, Azure or TeamCity would take for commands, or a terminal for its own.

    GitHub reads lines as .NET does, takes "::" after white space and "##[" anywhere, and compares by culture: what has
    no width does not count (actions/runner: ProcessInvoker.cs, ActionCommand.cs). GitLab's markers end with a carriage
    return: https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
    """
    return [line for line in re.split(r"\r\n|\r|\n", output) if is_command(line)] + re.findall("\r", output)


def is_command(line: str) -> bool:
    """Tell whether a line is a command, or has what a terminal does not merely show."""
    kinds = [unicodedata.category(each) for each in line]
    seen = "".join(each for each, kind in zip(line, kinds, strict=True) if kind not in (*UNSEEN, "Mn", "Me"))
    return bool(seen.lstrip().startswith("::") or re.search(r"##[a-z]*\[", seen) or set(kinds) & set(UNSEEN))


UNSEEN = ("Cc", "Cf", "Zl", "Zp")
HOSTILE = [
    "::add-mask::a",
    "  ::set-output name=x::y",
    "\u3000::error::x",
    "first\n::add-mask::a\nlast",
    "first\r::add-mask::a",
    "first\r\n\r\n\t::add-mask::a",
    "first ##[add-mask]a",
    "###[group]a",
    "#\u200b#[add-mask]a",
    "#\ufe0f#[add-mask]a",
    "\u200b:\u00ad:add-mask::a",
    "##vso[task.setvariable variable=x]y",
    "##teamcity[buildStop]",
    "section_start:1560896352:a[collapsed=true]\r\x1b[0Kb",
    "\x1b]0;title\x07\x1b[2J\x1b[31mred",
    "a\u2028::add-mask::a\u0085::add-mask::b\x0b::add-mask::c",
    "\u202egnp.exe",
    "a\x00b\x08c\x7fd\x9be",
]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_would_be_obeyed(text: str) -> None:
    """Each of the hostile texts is a command, as it stands."""
    assert [] != commands(text)


@pytest.mark.parametrize(("answers", "query"), [(failed, []), (refused, []), (plan, ["dry_run=true"])])
def test_nobody_obeys_what_is_told(tmp_path: Path, answers: Callable[..., Answers], query: list[str]) -> None:
    """Whatever a task, a manifest or AWS says is printed, and no CI takes any of it for a command."""
    ran = deploy(tmp_path, answers(*HOSTILE), *query)

    assert [] == commands(ran.stdout) + commands(ran.stderr)
    assert (True, True) == tuple("  | " + each in ran.stdout + ran.stderr for each in ("::add-mask::a", "last"))


def test_tells_all_of_a_failure(tmp_path: Path) -> None:
    """Timeline, verdict, cause, fix and evidence are printed, and why the way back failed."""
    ran = deploy(tmp_path, failed("one\r\ntwo # three ## é"))
    text = "one\n  | two # three # # é"
    why = [
        f"cause: {text}",
        f"fix: {text}",
        f"evidence: log of arn:aws:ecs:…:task/shop/1: {text}",
        f"evidence: event: {text}",
    ]
    lines = [
        f"2026-11-20T18:50:00.123Z  api  awaiting_stable  {text}",
        f"2026-11-20T18:50:00.123Z  deployment  awaiting_stable  {text}",
        f"verdict: {text}",
        *why,
        "the way back failed:",
        *why,
    ]
    assert (1, "\n".join(lines) + "\n") == (ran.returncode, ran.stdout)


def test_tells_all_of_a_problem(tmp_path: Path) -> None:
    """What was refused says what is wrong, where, and what to do."""
    ran = deploy(tmp_path, refused("no"))
    assert (2, "Refused with 422: no. no\n  /services/no: no\n  : no\nhint: no\n") == (ran.returncode, ran.stderr)


def test_tells_all_of_a_plan(tmp_path: Path) -> None:
    """A dry run shows what would change, what would be made, and what was found."""
    ran = deploy(tmp_path, plan("it"), "dry_run=true")
    lines = [
        "service api: update",
        '  changes task_definition.it: "it" → "it"',
        "  creates it",
        "service web: refused",
        "creates it",
        "finding: error image_not_found at /it: it it",
    ]
    assert (1, "\n".join(lines) + "\n", "") == (ran.returncode, ran.stdout, ran.stderr)


@pytest.mark.parametrize("severity", ["warning", None])
def test_a_plan_without_errors_is_0(tmp_path: Path, severity: str | None) -> None:
    """A plan that would not be refused exits 0, whatever it warns of."""
    findings = (
        [{"code": "no_room", "severity": severity, "pointer": None, "detail": "", "fix": None}] if severity else []
    )
    document = {"dry_run": True, "services": {}, "creates": [], "findings": findings}
    assert 0 == deploy(tmp_path, {"POST /deployments?dry_run=true": (200, document)}, "dry_run=true").returncode


@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize("body", [b"", b"<h1>\n::add-mask::a</h1>", b'"::add-mask::a"', b'{"message": "##[group]"}'])
def test_what_is_not_slipway(tmp_path: Path, status: int, body: bytes) -> None:
    """What answers in words of its own, such as a proxy, is said not to be Slipway, and is not quoted."""
    ran = deploy(tmp_path, {"POST /deployments": (status, body)})

    said = "What answers at " if status == 200 else f"Refused with {status}: what answers is not Slipway."
    assert (2, "", True) == (ran.returncode, ran.stdout, ran.stderr.startswith(said)), ran.stderr
    assert 1 == len(ran.stderr.splitlines())
