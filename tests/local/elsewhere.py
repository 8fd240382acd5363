"""Web pages of elsewhere that try whatever a page can against the local cloud, and those who serve them."""

import contextlib
import json
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import urlsplit

Told = dict[str, str]
"""What a page could read, by the name of the attempt."""

OTHER_ADDRESS = "127.0.0.2"

# Asked as `/attempts?aws=…&api=…`: where the doors are (empty: where the page is from). Without one it is left alone.
ATTEMPTS = """<!doctype html><title>Elsewhere</title><body><script>
const doors = new URLSearchParams(location.search), read = {};
const signed = (service) => `AWS4-HMAC-SHA256 Credential=page/20261120/us-east-1/${service}/aws4_request, Signature=0`;
const ask = async (address, options) => {
  const answer = await fetch(address, options);
  return answer.ok && (await answer.text() || "nothing more");
};
const json = (address, service, target, body) => ask(address, {method: "POST", body: JSON.stringify(body), headers: {
    "Authorization": signed(service), "X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}});
const simple = (address, body) => ask(address, {method: "POST", mode: "no-cors", body});
const text = ({tagName, contentWindow}) => tagName != "IFRAME" ? "loaded" : contentWindow.performance
    .getEntriesByType("navigation")[0].responseStatus < 300 && contentWindow.document.documentElement.textContent;
const loaded = (element, begin) => new Promise((resolve, reject) => {
  element.onload = () => { try { resolve(text(element)) } catch (error) { reject(error) } };
  element.onerror = reject;
  begin();
});
const load = (tag, src) => {
  const element = Object.assign(document.createElement(tag), {src});
  return loaded(element, () => document.body.append(element));
};
const opened = (address) => new Promise((resolve, reject) => Object.assign(
    new WebSocket(address.replace("http", "ws")), {onopen: () => resolve("opened"), onerror: reject}));
const form = (action, enctype, fields) => {
  const frame = Object.assign(document.createElement("iframe"), {name: action + enctype});
  const sends = Object.assign(document.createElement("form"), {action, method: "post", enctype, target: frame.name});
  for (const [name, value] of Object.entries(fields))
    sends.append(Object.assign(document.createElement("textarea"), {name, value}));
  document.body.append(frame, sends);
  return loaded(frame, () => sends.submit());
};
const ecs = "AmazonEC2ContainerServiceV20141113", code = {image: "actors-hello:1", memory: 512};
const task = {family: "elsewhere", networkMode: "awsvpc", containerDefinitions: [{name: "code", ...code}]};
const targets = "Action=RegisterTargets&Version=2015-12-01&TargetGroupArn=tg&Targets.member.1.Id=127.0.0.1";
const fault = {kind: "drop_events", source: "nobody"}, manifest = {application: "elsewhere", services: {code}};
const attempts = {
  aws: (at) => ({
    uncounted: () => ask(`${at}/_slipway/calls`, {method: "DELETE"}),
    register: () => json(at, "ecs", `${ecs}.RegisterTaskDefinition`, task),
    cluster: () => json(at, "ecs", `${ecs}.CreateCluster`, {clusterName: "elsewhere"}),
    secret: () => json(at, "secretsmanager", "secretsmanager.GetSecretValue", {SecretId: "slipway/github-webhook"}),
    targets: () => ask(at, {method: "POST", body: new URLSearchParams(targets),
        headers: {Authorization: signed("elasticloadbalancing")}}),
    bucket: () => ask(`${at}/elsewhere`, {method: "PUT", headers: {Authorization: signed("s3")}}),
    object: () => ask(`${at}/open/object`),
    memory: () => ask(`${at}/moto-api/data.json`),
    counted: () => ask(`${at}/_slipway/calls`),
    invoked: () => simple(`${at}/2015-03-31/functions/resolve/invocations`, "{}"),
    faulty: () => simple(`${at}/_slipway/faults`, JSON.stringify(fault)),
    reset: () => simple(`${at}/moto-api/reset`, ""),
    called: () => simple(at, new URLSearchParams("Action=CreateDomain&DomainName=simple&Version=2009-04-15")),
    image: () => load("img", `${at}/?Action=DescribeInstances&Version=2016-11-15`),
    script: () => load("script", `${at}/_slipway/lambdas`),
    frame: () => load("iframe", `${at}/_slipway/calls`),
    socket: () => opened(at),
    form: () => form(at, "application/x-www-form-urlencoded",
        {Action: "CreateDomain", DomainName: "form", Version: "2009-04-15"}),
    upload: () => form(`${at}/open`, "multipart/form-data",
        {key: "uploaded", success_action_status: "201", file: "text"}),
    text: () => form(`${at}/_slipway/faults`, "text/plain", {'{"kind": "drop_events", "source": "a': '"}'}),
  }),
  api: (at) => ({
    plan: () => ask(`${at}/deployments?dry_run=true`, {method: "POST", body: JSON.stringify(manifest),
        headers: {"Authorization": "Bearer local-admin", "Content-Type": "application/json"}}),
    list: () => ask(`${at}/deployments`, {headers: {Authorization: "Bearer local-admin"}}),
    health: () => ask(`${at}/health`),
    told: () => simple(`${at}/webhooks/github`, "{}"),
    script: () => load("script", `${at}/openapi.json`),
    frame: () => load("iframe", `${at}/`),
    socket: () => opened(at),
    form: () => form(`${at}/deployments`, "application/x-www-form-urlencoded", {a: "b"}),
  }),
};
async function all() {
  for (const [door, at] of doors)
    for (const [name, attempt] of Object.entries(attempts[door](at || location.origin)))
      try { const text = await attempt(); if (text) read[`${door} ${name}`] = text; } catch {}
  await fetch("/told", {method: "POST", body: JSON.stringify(read)});
  parent.postMessage("told", "*");
}
all();
</script>"""

# `/links?<address>` and `/sends?<address>`: what a page does to the window that it is in.
# `/frames?frame=…` holds others, and says when they are done.
PAGES = {
    "/attempts": ATTEMPTS,
    "/links": "<script>location = location.search.slice(1)</script>",
    "/sends": """<form method="post"><input name="Action" value="CreateDomain"><input name="DomainName" value="top">
        <input name="Version" value="2009-04-15"></form><script>
        const [form] = document.forms; form.action = location.search.slice(1); form.submit()</script>""",
    "/frames": """<body><script>
        const frames = new URLSearchParams(location.search).getAll("frame");
        let left = frames.length;
        onmessage = () => { if (!--left) fetch("/done") };
        for (const src of frames) document.body.append(Object.assign(document.createElement("iframe"), {src}));
        </script>""",
}


class Elsewhere(ThreadingHTTPServer):
    """Serves the pages at an address, and keeps what they tell; all else it relays to `door`, where there is one.

    At another address with a door's port it is what a browser meets at a name that is pointed to 127.0.0.1 as soon as
    the page is there.
    """

    daemon_threads = True

    def __init__(self, host: str = "127.0.0.1", door: str | None = None) -> None:
        self.door = urlsplit(door).netloc if door else None
        super().__init__((host, urlsplit(door).port or 0 if door else 0), _Handler)
        self.told: list[Told] = []
        self.done = Event()


class _Handler(BaseHTTPRequestHandler):
    server: Elsewhere

    def _answer(self) -> None:
        """Answer any request; pages say `/told` what they could read, and `/done` when all are through."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        if path == "/told":
            self.server.told.append(json.loads(body))
            self._send(204, {}, b"")
        elif path == "/done":
            self.server.done.set()
            self._send(204, {}, b"")
        elif path == "/leads-on":
            self._send(302, {"Location": query}, b"")
        elif path in PAGES:
            self._send(200, {"Content-Type": "text/html"}, PAGES[path].encode())
        elif self.server.door:
            self._relay(self.server.door, body)
        else:
            self._send(404, {}, b"")

    do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = _answer  # noqa: N815  (http.server's names)

    def _relay(self, door: str, body: bytes) -> None:
        with contextlib.closing(HTTPConnection(door, timeout=30)) as connection:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            headers = {name: value for name, value in answer.getheaders() if name != "Content-Length"}
            self._send(answer.status, headers, answer.read())

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def elsewhere(host: str = "127.0.0.1", door: str | None = None) -> Iterator[Elsewhere]:
    """Serve pages meanwhile."""
    with Elsewhere(host, door) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
