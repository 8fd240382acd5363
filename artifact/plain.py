"""Chalice's template without its transform: plain CloudFormation, which whatever speaks CloudFormation takes.

Chalice writes AWS::Serverless::Function and AWS::Serverless::Api, which only a transform can read. Slipway needs this
much of it: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/what-is-sam.html
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

Resource = dict[str, Any]

CODE = "./slipway.zip"
"""A path beside the template: `aws cloudformation package` uploads it."""
COPIED = ("Runtime", "Handler", "Role", "Timeout", "MemorySize")


def plain(sam: Mapping[str, Any]) -> dict[str, Any]:
    """Return Chalice's SAM template as plain CloudFormation."""
    resources: dict[str, Resource] = {}
    for name, resource in sam["Resources"].items():
        resources.update(_plain(name, resource))
    return {
        "AWSTemplateFormatVersion": sam["AWSTemplateFormatVersion"],
        "Resources": resources,
        "Outputs": dict(sam["Outputs"]),
    }


def _plain(name: str, resource: Resource) -> dict[str, Resource]:
    if resource["Type"] == "AWS::Serverless::Function":
        return {name: _function(resource["Properties"]), **dict(_events(name, resource["Properties"]))}
    if resource["Type"] == "AWS::Serverless::Api":
        return {name: _api(resource["Properties"])}
    return {name: resource}


def _function(properties: Mapping[str, Any]) -> Resource:
    copied = {key: properties[key] for key in COPIED}
    return {"Type": "AWS::Lambda::Function", "Properties": {"Code": CODE, **copied}}


def _events(function: str, properties: Mapping[str, Any]) -> Iterator[tuple[str, Resource]]:
    """Yield the rule that calls a function, if one does, and EventBridge's right to do so."""
    arn = {"Fn::GetAtt": [function, "Arn"]}
    for event in properties.get("Events", {}).values():
        said = event["Properties"]
        when = {"ScheduleExpression": said["Schedule"]} if "Schedule" in said else {"EventPattern": said["Pattern"]}
        rule = f"{function}Rule"
        yield rule, {"Type": "AWS::Events::Rule", "Properties": {**when, "Targets": [{"Id": function, "Arn": arn}]}}
        yield (
            f"{rule}InvokePermission",
            {
                "Type": "AWS::Lambda::Permission",
                "Properties": {
                    "Action": "lambda:InvokeFunction",
                    "FunctionName": arn,
                    "Principal": "events.amazonaws.com",
                    "SourceArn": {"Fn::GetAtt": [rule, "Arn"]},
                },
            },
        )


def _api(properties: Mapping[str, Any]) -> Resource:
    return {
        "Type": "AWS::ApiGateway::RestApi",
        "Properties": {
            "Body": properties["DefinitionBody"],
            "EndpointConfiguration": {"Types": [properties["EndpointConfiguration"]]},
        },
    }


def deployment_of(api: str, body: Mapping[str, Any]) -> tuple[str, Resource]:
    """Return the name and the deployment of a REST API: another body needs another one, and the stage to follow."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:10]
    return f"{api}Deployment{digest}", {
        "Type": "AWS::ApiGateway::Deployment",
        "Properties": {"RestApiId": {"Ref": api}},
    }
