"""Functions as Lambda runs them: a fresh Python, nothing installed, a folder that cannot be written, an AWS to ask."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import boto3

from tests.tables import NAME, create_table, local_dynamodb

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:slipway-test"
TIMED = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
started = time.perf_counter()
module, _, name = sys.argv[2].partition(".")
class Context:
    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_name = memory_limit_in_mb = invoked_function_arn = log_stream_name = "test"
    def get_remaining_time_in_millis(self): return 60000
function = getattr(__import__(module), name)
imported = time.perf_counter()
try:
    answer = function(json.loads(sys.argv[3]), Context())
except Exception as error:
    answer = {"errorType": type(error).__name__}
answered = time.perf_counter()
print(json.dumps({"answer": answer, "imported": imported - started, "answered": answered - started}))
"""


@contextmanager
def read_only(archive: Path, folder: Path) -> Iterator[Path]:
    """Unpack a zip into a folder where nothing can be written, as Lambda does."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for each in folders:
        each.chmod(stat.S_IRUSR | stat.S_IXUSR)
    yield folder
    for each in folders:
        each.chmod(stat.S_IRWXU)


def alone(program: str, arguments: Sequence[str], variables: Mapping[str, str]) -> Any:
    """Run a program in a fresh Python that has nothing installed; return the JSON that it printed last."""
    # -B, for root may write where nobody else can.
    command = [cast("Any", sys)._base_executable, "-I", "-S", "-B", "-c", program, *arguments]
    environment = {"PATH": os.environ["PATH"], **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert "" == done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def called(task: Path, handler: str, event: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """Call a handler in its unpacked zip; return its `answer`, and the seconds until `imported` and `answered`."""
    result: dict[str, Any] = alone(TIMED, [str(task), handler, json.dumps(event)], variables)
    return result


@contextmanager
def aws() -> Iterator[dict[str, str]]:
    """Lend the environment of a function whose AWS has the record's table, and machines that do nothing."""
    with local_dynamodb() as client:
        create_table(client)
        keys: dict[str, Any] = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        states: Any = boto3.client(
            "stepfunctions", region_name="us-east-1", endpoint_url=client.meta.endpoint_url, **keys
        )
        for kind in ("deployment", "teardown"):
            definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
            role = "arn:aws:iam::123456789012:role/x"
            states.create_state_machine(name=f"slipway-test-{kind}", definition=definition, roleArn=role)
        states.close()
        yield {
            "AWS_ENDPOINT_URL": client.meta.endpoint_url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "SLIPWAY_TABLE": NAME,
            "SLIPWAY_STATE_MACHINE_ARN": f"{MACHINE}-deployment",
            "SLIPWAY_TEARDOWN_STATE_MACHINE_ARN": f"{MACHINE}-teardown",
            "SLIPWAY_RESOLVE_FUNCTION": "slipway-test-resolve",
            "SLIPWAY_OBSERVE_FUNCTION": "slipway-test-observe",
        }


def request(method: str, path: str, body: Any = None) -> dict[str, Any]:
    """Return API Gateway's event of a request that the authorizer let through."""
    context = {"authorizer": {"name": "test", "scopes": "read write"}, "path": f"/api{path}"}
    return {
        "requestContext": {**context, "httpMethod": method, "resourcePath": path},
        "headers": {"content-type": "application/json"},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def manifest(application: str) -> dict[str, Any]:
    """Return a manifest of two services that find each other."""
    service = {
        "image": "web:1",
        "port": 8080,
        "discovery": {"name": "web"},
        "health_check": {"command": ["CMD", "true"]},
    }
    network = {"vpc": "vpc-1", "subnets": ["private"], "security_groups": ["default"]}
    roles = {"execution_role": "arn:aws:iam::123456789012:role/x"}
    return {
        "application": application,
        "namespace": "web.local",
        "network": network,
        **roles,
        "services": {"web": service, "worker": {"image": "worker:1", "depends_on": ["web"]}},
    }
