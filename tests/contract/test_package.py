"""The zip that `make package` writes: its functions run with nothing beside it."""

import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dnslib.fixedresolver import FixedResolver
from dnslib.server import DNSLogger, DNSServer

from artifact.__main__ import package
from artifact.template import ROOT, ZIP
from tests.packaged import alone, aws, called, manifest, read_only, request

MEGABYTES = 15
SILENT = DNSLogger(log="-request,-reply,-truncated,-error,-recv,-send,-data")


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Package the stage `prod`, once; return the folder."""
    folder = tmp_path_factory.mktemp("dist")
    package("prod", folder)
    return folder


@pytest.fixture(scope="module")
def names(packaged: Path) -> set[str]:
    """Return the paths in the zip."""
    return set(zipfile.ZipFile(packaged / ZIP).namelist())


@pytest.fixture(scope="module")
def unpacked(packaged: Path) -> Iterator[Path]:
    """Unpack the zip as Lambda does."""
    with read_only(packaged / ZIP, packaged / "task") as folder:
        yield folder


def test_the_zip_is_small(packaged: Path) -> None:
    """A cold start fetches the zip: at most 15 MB."""
    assert (packaged / ZIP).stat().st_size < MEGABYTES * 1_000_000


def test_the_zip_has_all_of_chalicelib(names: set[str]) -> None:
    """Every file of ours is in the zip, the JSON beside the code too, and nothing of the laptop's."""
    ours = [path for path in (ROOT / "chalicelib").rglob("*") if path.suffix in (".py", ".json")]
    assert set() == {str(path.relative_to(ROOT)) for path in ours} - names
    tops = {name.split("/")[0] for name in names}
    assert set() == tops & {"artifact", "localcloud", "tests", "cli", "pip", "setuptools", "moto"}


def test_the_zip_runs_on_both_processors(names: set[str]) -> None:
    """Every piece of machine code is there for arm64 and for x86_64."""
    code = {name for name in names if name.endswith(".so")}
    arm64, x86_64 = (
        {name.replace(processor, "*") for name in code if processor in name} for processor in ("aarch64", "x86_64")
    )
    assert arm64
    assert (arm64, 2 * len(arm64)) == (x86_64, len(code))


def test_every_module_has_its_bytecode(names: set[str]) -> None:
    """Nothing is compiled at a cold start."""
    tag = sys.implementation.cache_tag
    sources = [Path(name) for name in names if name.endswith(".py")]
    assert set() == {str(path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc") for path in sources} - names


@pytest.fixture(scope="module")
def nameserver() -> Iterator[str]:
    """Lend a DNS server with one name, as "ip:port"."""
    server = DNSServer(FixedResolver("web.local. 60 IN A 10.0.0.7"), address="127.0.0.1", port=0, logger=SILENT)
    server.start_thread()
    yield "{}:{}".format(*server.server.server_address)
    server.stop()
    server.server.server_close()


@pytest.fixture(scope="module")
def variables(nameserver: str) -> Iterator[dict[str, str]]:
    """Lend the environment of a function."""
    with aws() as variables:
        yield {**variables, "SLIPWAY_NAMESERVERS": nameserver}


STEP = {"deployment_id": "dep_00000000000000000000000000", "service": "web"}
EVENT = {
    "version": "0",
    "id": "1",
    "account": "000000000000",
    "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1",
    "source": "aws.ecs",
    "detail-type": "ECS Service Action",
    "resources": [],
    "detail": {},
}
UNKNOWN = {"errorType": "NotFound"}  # the step was found, the deployment is not there
HANDLERS: dict[str, tuple[dict[str, Any], Any]] = {
    "app.act": ({"state": "Cluster", **STEP}, UNKNOWN),
    "app.observe": ({"state": "Plan", **STEP}, UNKNOWN),
    "app.tell_github": ({"deployment_id": STEP["deployment_id"]}, UNKNOWN),
    "app.resolve": ({"name": "web.local", "record_type": "A"}, {"addresses": ["10.0.0.7"], "ports": []}),
    "app.on_event": (EVENT, None),
    "app.sweep": ({**EVENT, "source": "aws.events"}, None),
    "app.authorize": (
        {
            "type": "TOKEN",
            "authorizationToken": "Bearer unknown",
            "methodArn": "arn:aws:execute-api:us-east-1:000000000000:abc/api/GET/deployments",
        },
        {"errorType": "Unauthorized"},
    ),
    "app.app": (request("GET", "/health"), {"status": "ok"}),
}


def test_every_function_is_called_below(packaged: Path) -> None:
    """There is no function without its call here."""
    resources = yaml.safe_load((packaged / "template.yaml").read_text())["Resources"].values()
    functions = [each["Properties"] for each in resources if each["Type"] == "AWS::Lambda::Function"]
    assert set(HANDLERS) == {each["Handler"] for each in functions}


@pytest.mark.parametrize("handler", HANDLERS)
def test_every_handler_answers(unpacked: Path, variables: dict[str, str], handler: str) -> None:
    """Each function has all that it needs in the zip: a fresh Python without anything installed gets its answer."""
    event, expected = HANDLERS[handler]
    answer = called(unpacked, handler, event, variables)["answer"]
    assert expected == (json.loads(answer["body"]) if handler == "app.app" else answer)


def test_the_api_asks_the_record(unpacked: Path, variables: dict[str, str]) -> None:
    """A deployment is accepted and listed by the zip: pydantic and boto3 are whole."""
    accepted, listed = (
        called(unpacked, "app.app", asked, variables)["answer"]
        for asked in (request("POST", "/deployments", manifest("shop")), request("GET", "/deployments"))
    )
    assert (202, 200) == (accepted["statusCode"], listed["statusCode"]), accepted["body"]
    assert [json.loads(accepted["body"])["id"]] == [each["id"] for each in json.loads(listed["body"])["deployments"]]


CLIENTS = """
import functools, json, sys
sys.path.insert(0, sys.argv[1])
import app
parts = [name for name, value in vars(type(app.cloud())).items() if isinstance(value, functools.cached_property)]
print(json.dumps({name: type(getattr(app.cloud(), name)).__name__ for name in parts}))
"""


def test_every_client_can_be_made(unpacked: Path, variables: dict[str, str]) -> None:
    """Of every service that we call botocore's description is in the zip."""
    parts = alone(CLIENTS, [str(unpacked)], variables)
    assert {"ecs": "Ecs", "kms": "Kms", "store": "Store"}.items() <= parts.items()
