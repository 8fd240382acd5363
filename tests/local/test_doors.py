"""The doors of a local cloud: what web pages of elsewhere try is refused, and nothing of it reaches anything."""

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from moto.moto_api._internal.urls import url_paths

from localcloud.account import Account
from tests.full import full_but
from tests.local.browser import needs_browser, opened, shown
from tests.local.elsewhere import OTHER_ADDRESS, Elsewhere, elsewhere
from tests.local.inventory import inventory
from tests.local.local_cloud import PATIENCE_SECONDS, LocalCloud

AWS = shutil.which("aws")
CORS = {"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["*"]}]}
WAYS = ["/sends?{aws}/", "/sends?{api}/deployments", "/links?{aws}/?Action=ListDomains", "/leads-on?{aws}/"]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BEFORE = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=before/20261120/us-east-1/ecs/aws4_request, Signature=0",
    "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters",
}


@pytest.fixture(scope="module")
def bucket(cloud: LocalCloud) -> str:
    """Return a bucket with an object that every page may read, as far as S3 is asked."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="open")
    s3.put_bucket_cors(Bucket="open", CORSConfiguration=CORS)
    s3.put_object(Bucket="open", Key="object", Body=b"text", ACL="public-read")
    return "open"


@pytest.fixture
def untouched(cloud: LocalCloud, bucket: str) -> Iterator[None]:
    """See to it that a test leaves everything as it was."""
    answer("POST", cloud.aws, "/", b"{}", **BEFORE)
    before = state(cloud)
    yield
    assert before == state(cloud)


def state(cloud: LocalCloud) -> dict[str, Any]:
    """Return what pages try to change, and how often they were counted: by their key, or without one."""
    s3, calls = cloud.client("s3"), f"{cloud.aws}/_slipway/calls"
    buckets = [each["Name"] for each in s3.list_buckets()["Buckets"]]
    return {
        **inventory(cloud),
        "buckets": buckets,
        "objects": [each["Key"] for name in buckets for each in s3.list_objects_v2(Bucket=name).get("Contents", [])],
        "domains": cloud.client("sdb").list_domains().get("DomainNames", []),
        "deployments": cloud.ask("GET", "/deployments").document["deployments"],
        "faults": said(f"{cloud.aws}/_slipway/faults")["faults"],
        "invoked": "resolve" in said(f"{cloud.aws}/_slipway/lambdas"),
        "calls of the page": said(f"{calls}?access_key_id=page"),
        "calls of nobody": set(said(calls).get("", {})) - {"GET /favicon.ico"},  # the browser's, for a refusal's tab
        "calls before": said(f"{calls}?access_key_id=before"),
    }


def said(address: str) -> Any:
    """Return what the local cloud says of itself."""
    with urllib.request.urlopen(address, timeout=30) as answer:
        return json.load(answer)


def answer(method: str, door: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, list[str], str]:
    """Return status, names of headers, and body of an answer; None for a header leaves it out."""
    with closing(HTTPConnection(urlsplit(door).netloc, timeout=30)) as connection:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        came = connection.getresponse()
        return came.status, [name.lower() for name, _ in came.getheaders()], came.read().decode()


def port(address: str) -> str:
    """Return an address's port."""
    return address.rpartition(":")[2]


def pointed_here(stack: ExitStack, cloud: LocalCloud) -> list[Elsewhere]:
    """Serve pages at the port of each door, at an address that leads to the door."""
    return [stack.enter_context(elsewhere(OTHER_ADDRESS, door)) for door in (cloud.aws, cloud.url)]


def attempts(host: str, cloud: LocalCloud) -> list[str]:
    """Return where a host's pages try what they can at the door whose port they have."""
    return [f"http://{host}:{port(cloud.aws)}/attempts?aws=", f"http://{host}:{port(cloud.url)}/attempts?api="]


@needs_browser
@pytest.mark.usefixtures("untouched")
def test_pages_of_elsewhere_reach_nothing(cloud: LocalCloud, tmp_path: Path) -> None:
    """No page of another site, of another port, or at a name that was pointed here, reads or changes anything."""
    with ExitStack() as stack:
        servers = [stack.enter_context(elsewhere()), *pointed_here(stack, cloud)]
        doors, own = urlencode({"aws": cloud.aws, "api": cloud.url}), servers[0].server_port
        others = [f"http://{host}:{own}/attempts?{doors}" for host in ("cross.example", "127.0.0.1")]
        frames = urlencode({"frame": [*others, *attempts("rebound.example", cloud)]}, doseq=True)
        page = f"http://cross.example:{own}/frames?{frames}"
        with opened(page, tmp_path, cross_example="127.0.0.1", rebound_example=OTHER_ADDRESS):
            assert servers[0].done.wait(PATIENCE_SECONDS)

    assert [[{}, {}], [{}], [{}]] == [server.told for server in servers]


@needs_browser
@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("way", full_but(["/sends?{api}/deployments"], WAYS))
def test_no_page_opens_a_call(cloud: LocalCloud, tmp_path: Path, way: str) -> None:
    """What a page's form sends, or its link opens, in the window that a person sees, is a refusal that says why.

    So is what an address leads on to that was opened for a person: a browser tells that as if it was typed.
    """
    with elsewhere() as server:
        address = f"http://elsewhere.example:{server.server_port}{way.format(aws=cloud.aws, api=cloud.url)}"
        page = shown(address, tmp_path, elsewhere_example="127.0.0.1")

    assert "the local cloud answers no web page of elsewhere" in page


@needs_browser
def test_a_link_opens_the_page(cloud: LocalCloud, tmp_path: Path) -> None:
    """A link of a chat or of GitHub opens the page that says how to look at a deployment."""
    deployment = "dep_01M7XNZ5Y3A5VVMGKEJTWSF3BX"
    with elsewhere() as server:
        link = f"http://elsewhere.example:{server.server_port}/links?{cloud.url}/api?deployment={deployment}"
        page = shown(link, tmp_path, elsewhere_example="127.0.0.1")

    assert f"/deployments/{deployment}" in page


@pytest.mark.usefixtures("untouched")
def test_all_is_behind_the_doors(cloud: LocalCloud) -> None:
    """Whatever the method and the path, a foreign name, origin or site is answered with 403 and why."""
    aws = [
        *("/", "/open", "/open/object", "/nothing", "/moto-api/reset", "/latest/meta-data/"),
        *("/2015-03-31/functions/resolve/invocations", "/_slipway/calls", "/_slipway/faults", "/_slipway/lambdas"),
    ]
    api = ["/", "/api", "/health", "/deployments", "/webhooks/github", "/nothing", "/openapi.json"]
    asked = [*product([cloud.aws], aws), *product([cloud.url], api)]
    foreign = [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Sec_Fetch_Site": "cross-site"}]
    found = {
        (status, method == "HEAD" or "the local cloud answers" in body)
        for (door, path), method, headers in product(asked, METHODS, foreign)
        for status, _, body in [answer(method, door, path, b"{}", **BEFORE, **headers)]
    }

    assert {(403, True)} == found


def test_no_answer_lets_a_page_of_elsewhere_read_it(cloud: LocalCloud, bucket: str) -> None:
    """No answer has CORS headers: not to a page of our own, not of a bucket that allows all, and to no preflight."""
    wishes = {"Access_Control_Request_Method": "PUT", "Access_Control_Request_Headers": "x-amz-target"}
    addresses = [(cloud.aws, f"/{bucket}/object"), (cloud.aws, "/"), (cloud.aws, "/_slipway/calls"), (cloud.url, "/")]
    found = {
        name
        for (door, path), method in product(addresses, ("GET", "OPTIONS", "POST"))
        for origin in ({}, {"Origin": door}, {"Origin": "http://evil.example"}, {"Origin": "null"})
        for name in answer(method, door, path, None, **wishes, **origin)[1]
        if name.startswith("access-control-")
    }

    assert set() == found


def test_moto_has_no_api_of_its_own(cloud: LocalCloud) -> None:
    """What moto would show, and change, at /moto-api is not there: S3 knows no such bucket."""
    paths = [url.removeprefix("{0}").removesuffix("$") for url in url_paths]
    answers = [answer("GET", cloud.aws, path) for path in paths]

    assert "/moto-api/data.json" in paths
    assert {(404, True)} == {(status, "<Code>NoSuchBucket</Code>" in body) for status, _, body in answers}


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_boto3_comes_in(cloud: LocalCloud, bucket: str, name: str) -> None:
    """boto3 comes in by both names; at `localhost` a bucket is part of the name."""
    account = Account(f"http://{name}:{port(cloud.aws)}")
    s3 = account.client("s3")
    s3.put_object(Bucket=bucket, Key="boto3", Body=name.encode())

    assert name.encode() == s3.get_object(Bucket=bucket, Key="boto3")["Body"].read()
    assert account.client("ecs").list_clusters()["clusterArns"]


@pytest.mark.skipif(AWS is None, reason="the AWS CLI is not on PATH")
@pytest.mark.parametrize("name", full_but(["localhost"], ["127.0.0.1", "localhost"]))
def test_the_aws_cli_comes_in(cloud: LocalCloud, bucket: str, tmp_path: Path, name: str) -> None:
    """So does the AWS CLI."""
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    aws = [str(AWS), "--endpoint-url", f"http://{name}:{port(cloud.aws)}", "--output", "text"]
    written = tmp_path / "text"
    written.write_text(name)
    for command in (["s3", "cp", str(written), f"s3://{bucket}/cli"], ["ecs", "list-tasks", "--cluster", "default"]):
        subprocess.run([*aws, *command], env={**os.environ, **keys}, check=True, timeout=60)

    assert name.encode() == cloud.client("s3").get_object(Bucket=bucket, Key="cli")["Body"].read()


@needs_browser
def test_a_page_of_our_own_reaches_everything(cloud: LocalCloud, bucket: str, tmp_path: Path) -> None:
    """The same page, when it comes from the door itself, reads and changes whatever it asks for."""
    answer("POST", cloud.aws, "/", b"{}", **BEFORE)
    before = state(cloud)
    with ExitStack() as stack:
        servers = pointed_here(stack, cloud)
        frames = urlencode({"frame": attempts("localhost", cloud)}, doseq=True)
        page = f"http://localhost:{port(cloud.aws)}/frames?{frames}"
        with opened(page, tmp_path, localhost=OTHER_ADDRESS):
            assert servers[0].done.wait(PATIENCE_SECONDS)
    after = state(cloud)

    [aws], [api] = (server.told for server in servers)
    reads = ("uncounted", "register", "cluster", "secret", "bucket", "object", "counted", "invoked", "faulty", "called")
    assert {f"aws {name}" for name in (*reads, "script", "frame", "form", "text")} == aws.keys()
    assert {f"api {name}" for name in ("plan", "list", "health")} <= api.keys()
    assert "api script" not in api  # nosniff: JSON is no script
    changed = {"clusters", "task definitions", "buckets", "objects", "domains", "faults", "invoked"}
    counts = {"calls of the page", "calls of nobody", "calls before"}
    assert changed | counts == {kind for kind in after if before[kind] != after[kind]}
    assert {"simple", "form"} == set(after["domains"])
