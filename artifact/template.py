"""The template: what Chalice makes, the parts in `infrastructure/`, the state machines and the gateway's answers."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import yaml

from artifact.gateway_responses import gateway_responses
from artifact.plain import deployment_of, plain

ROOT = Path(__file__).parents[1]
INFRASTRUCTURE = ROOT / "infrastructure"
STAGES = tuple(sorted(path.stem for path in (INFRASTRUCTURE / "stages").glob("*.yaml")))
ZIP = "slipway.zip"
MACHINES = {"DeploymentMachine": "deployment.asl.json", "TeardownMachine": "teardown.asl.json"}


def assembled(sam: Mapping[str, Any], stage: str) -> dict[str, Any]:
    """Return a stage's template: `sam` is Chalice's, whose parts are said again where `infrastructure/` differs."""
    template = reduce(merged, [*parts(stage), {"Resources": dict(machines())}], plain(sam))
    resources = template["Resources"]
    body = resources["RestAPI"]["Properties"]["Body"]
    body["x-amazon-apigateway-gateway-responses"] = gateway_responses()
    name, resources_of_deployment = deployment_of("RestAPI", body)
    resources[name] = resources_of_deployment
    resources["RestAPIStage"]["Properties"]["DeploymentId"] = {"Ref": name}
    return template


def parts(stage: str) -> Iterator[dict[str, Any]]:
    """Yield the parts that are the same in all stages, then the stage's own."""
    files = [INFRASTRUCTURE / "template.yaml", *sorted((INFRASTRUCTURE / "parts").glob("*.yaml"))]
    for path in [*files, INFRASTRUCTURE / "stages" / f"{stage}.yaml"]:
        yield yaml.load(path.read_text(), Loader)  # noqa: S506  a SafeLoader


def machines() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the definitions of the state machines, in which `${ActFunction}` is the ARN of the function Act.

    They are joined of pieces: there are emulators whose Fn::Sub takes the `$$` of the context object for an escape.
    """
    for name, file in MACHINES.items():
        definition = json.dumps(json.loads((ROOT / "statemachines" / file).read_text()), separators=(",", ":"))
        pieces: list[Any] = re.split(r"\$\{(\w+)Function\}", definition)
        pieces[1::2] = [{"Fn::GetAtt": [function, "Arn"]} for function in pieces[1::2]]
        yield name, {"Properties": {"DefinitionString": {"Fn::Join": ["", pieces]}}}


def merged(base: Any, over: Any) -> Any:
    """Return a template with another laid over it: objects are joined, all else is replaced."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return {**base, **{key: merged(base.get(key), value) for key, value in over.items()}}


class Loader(yaml.SafeLoader):
    """Reads YAML with CloudFormation's short forms: `!Sub x` is `{"Fn::Sub": "x"}`."""


def _intrinsic(loader: Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    """Read a short form of an intrinsic function, a list of two for `!GetAtt A.B`.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
    """
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        value = value.split(".", 1) if name == "GetAtt" else value
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


Loader.add_multi_constructor("!", _intrinsic)
