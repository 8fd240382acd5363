"""What moto's interpreter makes anew at each step and need not: paths, programs, and its client of Lambda.

docs/decisions/0011 tells what each of them costs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004  it is botocore's
from jsonpath_ng import parser as jsonpath_ng_plain
from jsonpath_ng.ext import parser as jsonpath_ng_ext
from moto.stepfunctions.parser.asl.component.common.path import result_path
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import json_path

from localcloud.heartbeats import heed_heartbeats

PARSE_PATH = lru_cache(maxsize=1000)(jsonpath_ng_ext.parse)
PARSE_RESULT_PATH = lru_cache(maxsize=1000)(jsonpath_ng_plain.parse)
PARSE = AmazonStateLanguageParser.parse
PARSING = Lock()

EXECUTIONS_AT_ONCE = 200
LAMBDA_SECONDS = 900
"""The longest that a function may run on AWS: https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"""


@lru_cache(maxsize=32)
def parse_definition(definition: str) -> Any:
    """Return what moto's parser makes of a state machine's definition."""
    return PARSE(definition)


def _parse_in_turn(definition: str) -> Any:
    """Parse a definition once also when many executions begin at once."""
    with PARSING:
        return parse_definition(definition)


@contextmanager
def unparsed() -> Iterator[None]:
    """Let state machines be made meanwhile without a look at their definitions, which takes a second for each."""
    setattr(AmazonStateLanguageParser, "parse", staticmethod(lambda _definition: (None, None)))  # noqa: B010
    try:
        yield
    finally:
        parse_once()


def parse_once() -> None:
    """Let moto's interpreter parse each path and definition once; what is parsed keeps no state: threads share it."""
    replacements: tuple[tuple[Any, str, Any], ...] = (
        (json_path, "parse", PARSE_PATH),
        (result_path, "parse", PARSE_RESULT_PATH),
        (AmazonStateLanguageParser, "parse", staticmethod(_parse_in_turn)),
    )
    for owner, name, replacement in replacements:
        setattr(owner, name, replacement)


class NamedAsByStepFunctions:
    """A client of Lambda for moto's interpreter, which names errors by their codes: a broken connection has one, too.

    https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def invoke(self, **request: Any) -> Any:
        """Invoke a function; raises ClientError."""
        try:
            return self._client.invoke(**request)
        except (ConnectionError, HTTPClientError) as error:
            response: Any = {
                "Error": {"Code": "SdkClientException", "Message": f"Unable to execute HTTP request: {error}"},
                "ResponseMetadata": {"HTTPStatusCode": 0, "RequestId": "null"},
            }
            raise ClientError(response, "Invoke") from error

    def close(self) -> None:
        """Close its connections."""
        self._client.close()


def call_lambda_at(endpoint: str) -> NamedAsByStepFunctions:
    """Let moto's interpreter call Lambda at `endpoint` through one client; return it, to be closed at the end."""
    client = NamedAsByStepFunctions(lambda_client(endpoint))
    setattr(lambda_eval_utils, "boto_client_for", lambda **_asked: client)  # noqa: B010  it is not exported
    heed_heartbeats()
    return client


def lambda_client(endpoint: str) -> Any:
    """Return a client that asks once: retries are the state machine's to say."""
    config = Config(
        retries={"total_max_attempts": 1},
        read_timeout=LAMBDA_SECONDS,
        max_pool_connections=EXECUTIONS_AT_ONCE,
        parameter_validation=False,
    )
    session = boto3.Session("states", "states", region_name="us-east-1")
    return session.client("lambda", endpoint_url=endpoint, config=config)
