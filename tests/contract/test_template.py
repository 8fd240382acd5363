"""The template that `make package` writes: it is whole, it deploys, and it says of each thing what must be said."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws

from artifact import chalice_package
from artifact.__main__ import written
from artifact.template import MACHINES, ROOT, STAGES, assembled
from chalicelib.api.headers import SAFE
from chalicelib.api.problems import MEDIA_TYPE
from chalicelib.settings import Settings
from localcloud.account import substituted
from tests.unit.test_operating_page import section

BIN = Path(sys.executable).parent
STACK = "slipway-test"
NOT_OF_MOTO = {
    *("AWS::ApiGateway::Account", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage"),
    *("AWS::CloudWatch::Alarm", "AWS::Lambda::EventInvokeConfig", "AWS::Logs::MetricFilter", "AWS::SQS::QueuePolicy"),
}
"""Types that moto's CloudFormation does not know, or of which it needs what it does not read (a REST API's body)."""


@dataclass(frozen=True)
class Template:
    """A template, asked."""

    document: dict[str, Any]

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Return all resources, by their names."""
        return dict(self.document["Resources"])

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of the resources of a type, by their names."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == kind}


@pytest.fixture(scope="module")
def templates() -> dict[str, Template]:
    """Return each stage's template."""
    return {stage: Template(assembled(chalice_package.made(ROOT, stage).template, stage)) for stage in STAGES}


@pytest.fixture(scope="module")
def template(templates: dict[str, Template]) -> Template:
    """Return the template of the stage `prod`."""
    return templates["prod"]


@pytest.mark.full  # `make check` lints what it is made of
def test_cfn_lint_finds_nothing(templates: dict[str, Template], tmp_path: Path) -> None:
    """Every stage's template is what CloudFormation takes, and no warning is left."""
    for stage, each in templates.items():
        (tmp_path / f"{stage}.yaml").write_text(written(each.document))
    files = [str(tmp_path / f"{stage}.yaml") for stage in templates]
    done = subprocess.run([BIN / "cfn-lint", *files], capture_output=True, text=True, timeout=120, check=False)

    assert (0, "") == (done.returncode, done.stdout)


def test_needs_no_transform(template: Template) -> None:
    """Whatever speaks CloudFormation takes the template: nothing in it needs AWS's transform."""
    assert "Transform" not in template.document
    assert [] == [each["Type"] for each in template.resources.values() if "Serverless" in each["Type"]]


# ── What it is told, and what it tells the functions ────────────────────────────────────────────────

PARAMETERS = {
    "Vpc": "main",
    "Subnets": "private-a,private-b",
    "SecurityGroups": "default",
    "ExecutionRole": "ecsTaskExecutionRole",
    "GitHubSecrets": "slipway/github-webhook",
    "GitHubToken": "slipway/github-token",
    "PublicUrl": "https://slipway.example/api",
}


@pytest.fixture(scope="module")
def account() -> Iterator[None]:
    """Lend an account that is not the local cloud's, which has moto run its state machines for the whole process."""
    with mock_aws(config={"stepfunctions": {"execute_state_machine": False}}):
        yield


@pytest.fixture(scope="module")
def deployed(account: None, template: Template) -> dict[str, dict[str, Any]]:
    """Deploy the stack on moto; return its functions' configurations, by their names."""
    vpc_id = boto3.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet_id = boto3.client("ec2").create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    _create(template, {**PARAMETERS, "ResolveVpcId": vpc_id, "ResolveSubnetIds": subnet_id})
    functions: Any = boto3.client("lambda").list_functions()["Functions"]
    return {each["FunctionName"].removeprefix(f"{STACK}-"): each for each in functions}


def _create(template: Template, parameters: dict[str, str]) -> None:
    kept = {name: each for name, each in template.resources.items() if each["Type"] not in NOT_OF_MOTO}
    for each in kept.values():
        if each["Type"] == "AWS::Lambda::Function":
            each["Properties"] = {**each["Properties"], "Code": {"ZipFile": "nothing"}}
    body = json.dumps({**template.document, "Resources": kept})
    boto3.client("s3").create_bucket(Bucket="templates")
    boto3.client("s3").put_object(Bucket="templates", Key="template", Body=body)
    boto3.client("cloudformation").create_stack(
        StackName=STACK,
        TemplateURL="https://templates.s3.amazonaws.com/template",
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )


def environment(function: dict[str, Any]) -> dict[str, str]:
    """Return a function's variables, and the one that Lambda sets."""
    return {"AWS_REGION": "us-east-1", **function["Environment"]["Variables"]}


def test_every_function_reads_its_settings(deployed: dict[str, dict[str, Any]]) -> None:
    """On a stranger's AWS each function but `resolve` finds in its environment what it needs."""
    settings = {name: Settings.read(environment(each)) for name, each in deployed.items() if name != "resolve"}
    assert {"act", "api", "authorize", "notify", "observe", "on_event", "sweep"} == set(settings)
    assert {STACK} == {each.installation for each in settings.values()}
    assert {f"{STACK}-notify"} == {each.notify_function for each in settings.values()}
    assert ("slipway/github-token", "https://slipway.example/api") == (
        settings["notify"].github_token,
        settings["notify"].public_url,
    )


def test_parameters_are_the_stages_defaults(deployed: dict[str, dict[str, Any]]) -> None:
    """What manifests need not say comes from the stack's parameters."""
    network = {"vpc": "main", "subnets": ["private-a", "private-b"], "security_groups": ["default"]}
    assert {"poll_seconds": 60, "execution_role": "ecsTaskExecutionRole", "network": network} == Settings.read(
        environment(deployed["api"])
    ).defaults


def test_github_is_set_up_by_parameters() -> None:
    """Nobody is told to set a function's variable by hand that the stack has a parameter for."""
    functions = (ROOT / "infrastructure" / "parts" / "functions.yaml").read_text()
    page = (ROOT / "docs" / "github.md").read_text()
    variables = re.findall(r"^ +(SLIPWAY_GITHUB_\w+): !Ref", functions, re.MULTILINE)

    assert {"SLIPWAY_GITHUB_SECRETS", "SLIPWAY_GITHUB_TOKEN"} < set(variables)
    assert [] == [name for name in variables if name in page]
    assert "GitHubSecrets=" in page


def test_resolve_is_in_the_vpc(deployed: dict[str, dict[str, Any]]) -> None:
    """`resolve` alone stands in the VPC, and is told nothing; the others are told which VPC it is."""
    assert ["resolve"] == [name for name, each in deployed.items() if each.get("VpcConfig", {}).get("SubnetIds")]
    assert "Environment" not in deployed["resolve"]
    subnets = boto3.client("ec2").describe_subnets(SubnetIds=deployed["resolve"]["VpcConfig"]["SubnetIds"])["Subnets"]
    told = Settings.read(environment(deployed["observe"])).resolve_vpc
    assert {told} == {each["VpcId"] for each in subnets}


def test_names_exist(deployed: dict[str, dict[str, Any]]) -> None:
    """The functions and machines that settings name are the stack's."""
    settings = Settings.read(environment(deployed["api"]))
    machines = boto3.client("stepfunctions").list_state_machines()["stateMachines"]
    assert set(settings.state_machines.values()) == {each["stateMachineArn"] for each in machines}
    assert {settings.resolve_function, settings.observe_function} <= {f"{STACK}-{name}" for name in deployed}
    assert [settings.table] == boto3.client("dynamodb").list_tables()["TableNames"]


def test_machines_are_those_of_the_repository(deployed: dict[str, dict[str, Any]]) -> None:
    """What the stack runs is statemachines/*.asl.json with the functions' ARNs."""
    arns = {f"{name}Function": deployed[name.lower()]["FunctionArn"] for name in ("Act", "Observe")}
    client = boto3.client("stepfunctions")
    machines = [each["stateMachineArn"] for each in client.list_state_machines()["stateMachines"]]
    definitions = [client.describe_state_machine(stateMachineArn=each)["definition"] for each in sorted(machines)]
    files = [ROOT / "statemachines" / file for file in sorted(MACHINES.values())]
    assert [json.loads(substituted(file, arns)) for file in files] == [json.loads(each) for each in definitions]
    assert max(len(each) for each in definitions) < 1_000_000


# ── What must be said of each thing ─────────────────────────────────────────────────────────────────


def test_every_function_is_sized_and_logged(template: Template) -> None:
    """Each function has its name, memory, time, processor and a log with an end; its role is its own."""
    functions = template.of_type("AWS::Lambda::Function")
    for name, each in functions.items():
        log = template.resources[f"{name}Log"]["Properties"]
        assert {"Fn::Sub": f"/aws/lambda/{each['FunctionName']['Fn::Sub']}"} == log["LogGroupName"]
        assert (512 <= each["MemorySize"] <= 1024, 10 <= each["Timeout"] <= 60) == (True, True)
        assert [{"Ref": "Architecture"}] == each["Architectures"]
    assert 8 == len(functions) == len({json.dumps(each["Role"]) for each in functions.values()})
    assert "arm64" == template.document["Parameters"]["Architecture"]["Default"]


def test_the_accounts_settings_wait_for_an_api(template: Template) -> None:
    """API Gateway takes an account's settings only where there is an API."""
    (settings,) = [each for each in template.resources.values() if each["Type"] == "AWS::ApiGateway::Account"]
    assert "RestAPI" in settings["DependsOn"]
    assert "AWS::ApiGateway::RestApi" == template.resources["RestAPI"]["Type"]


def test_no_log_comes_back(template: Template) -> None:
    """No function may make its log, which the stack makes before it: late lines of a removed stack make none again."""
    policies = [each["Policies"] for each in template.of_type("AWS::IAM::Role").values() if "Policies" in each]
    statements = [each for own in policies for policy in own for each in policy["PolicyDocument"]["Statement"]]
    making = [each["Resource"] for each in statements if "logs:CreateLogGroup" in each["Action"]]
    (group,) = [each["Fn::Sub"].rpartition(":")[2] for each in making if each != "*"]
    names = template.of_type("AWS::Lambda::Function")

    assert "/ecs/*" == group
    assert [] == [name for name in names if f"{name}Log" not in str(template.resources[name]["DependsOn"])]


def test_every_log_ends(template: Template) -> None:
    """No log is kept forever."""
    assert {'{"Ref": "LogRetentionDays"}'} == {
        json.dumps(each["RetentionInDays"]) for each in template.of_type("AWS::Logs::LogGroup").values()
    }


def test_the_record_is_safe(templates: dict[str, Template]) -> None:
    """The table is paid by use, can go back in time and forgets what is over; that of `prod` outlives its stack."""
    for stage, each in templates.items():
        table = each.resources["DeploymentsTable"]
        kept = stage == "prod"
        assert ("PAY_PER_REQUEST", True, True, kept) == (
            table["Properties"]["BillingMode"],
            table["Properties"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
            table["Properties"]["TimeToLiveSpecification"]["Enabled"],
            table["Properties"]["DeletionProtectionEnabled"],
        )
        assert {"Retain" if kept else "Delete"} == {table["DeletionPolicy"], table["UpdateReplacePolicy"]}


def test_the_api_is_regional_and_throttled(template: Template) -> None:
    """The API is served in its region, takes so much at once, and logs each request as JSON."""
    api, stage = template.of_type("AWS::ApiGateway::RestApi")["RestAPI"], template.resources["RestAPIStage"]
    [settings] = stage["Properties"]["MethodSettings"]
    line = json.loads(stage["Properties"]["AccessLogSetting"]["Format"])
    assert ["REGIONAL"] == api["EndpointConfiguration"]["Types"]
    assert ("/*", "*", {"Ref": "ThrottleRate"}, {"Ref": "ThrottleBurst"}) == tuple(
        settings[key] for key in ("ResourcePath", "HttpMethod", "ThrottlingRateLimit", "ThrottlingBurstLimit")
    )
    assert "$context.status" == line["status"]


def test_the_gateway_answers_problems(template: Template) -> None:
    """Whatever API Gateway answers by itself is a problem whose status is the answer's, an unknown path's 404."""
    answers = template.of_type("AWS::ApiGateway::RestApi")["RestAPI"]["Body"]["x-amazon-apigateway-gateway-responses"]
    for answer in answers.values():
        problem = json.loads(answer["responseTemplates"]["application/json"])
        headers = {name.partition("header.")[2]: told for name, told in answer["responseParameters"].items()}
        assert f"'{MEDIA_TYPE}'" == headers["Content-Type"]
        assert {name: f"'{told}'" for name, told in SAFE.items()}.items() <= headers.items()
        assert answer["statusCode"] == str(problem["status"])
        assert problem["type"].endswith(problem["code"])
        assert (problem["status"] in (429, 503)) == ("Retry-After" in headers)
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} < set(answers)
    assert ("404", "401", "403", "429", "503") == tuple(
        answers[kind]["statusCode"]
        for kind in ("MISSING_AUTHENTICATION_TOKEN", "UNAUTHORIZED", "ACCESS_DENIED", "THROTTLED", "AUTHORIZER_FAILURE")
    )


def test_events_reach_their_functions(template: Template) -> None:
    """ECS's events, the executions' ends and each minute call a function; what does not arrive is kept."""
    rules = template.of_type("AWS::Events::Rule")
    assert {"OnEventRule", "SweepRule"} == set(rules)
    assert ["aws.ecs", "aws.states"] == rules["OnEventRule"]["EventPattern"]["source"]
    assert "rate(1 minute)" == rules["SweepRule"]["ScheduleExpression"]
    for rule in rules.values():
        assert [{"Fn::GetAtt": ["EventDeadLetters", "Arn"]}] == [
            each["DeadLetterConfig"]["Arn"] for each in rule["Targets"]
        ]
    allowed = {each["SourceArn"]["Fn::GetAtt"][0] for each in _permissions(template, "events")}
    assert set(rules) == allowed


def _permissions(template: Template, service: str) -> list[dict[str, Any]]:
    found = template.of_type("AWS::Lambda::Permission").values()
    return [each for each in found if each["Principal"].startswith(service)]


def test_the_workflow_calls_two_functions(template: Template) -> None:
    """The machines' role may invoke `act` and `observe`, and write the log that no policy can narrow."""
    [policy] = template.of_type("AWS::IAM::Role")["WorkflowRole"]["Policies"]
    steps, log = policy["PolicyDocument"]["Statement"]
    assert ("lambda:InvokeFunction", [{"Fn::GetAtt": ["Act", "Arn"]}, {"Fn::GetAtt": ["Observe", "Arn"]}]) == (
        steps["Action"],
        steps["Resource"],
    )
    assert [] == [
        action for action in log["Action"] if not re.fullmatch(r"logs:\w*(LogDeliver|Polic|LogGroups)\w*", action)
    ]


def test_every_alarm_has_its_runbook(template: Template) -> None:
    """docs/operating.md says for each alarm what to do, and of no other; each tells the topic and is no silence's."""
    alarms = template.of_type("AWS::CloudWatch::Alarm").values()
    rows = re.findall(r"^\| `([\w-]+)` \|", section("Alarms"), re.MULTILINE)
    assert sorted(each["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-") for each in alarms) == sorted(rows)
    assert all(each["AlarmActions"]["Fn::If"][0] == "HasAlarmTopic" for each in alarms)


def test_own_metrics_alarm_one_installation(template: Template) -> None:
    """An alarm on a metric of Slipway's own counts what its own installation tells, and no other's."""
    alarms = template.of_type("AWS::CloudWatch::Alarm").values()
    own = {each["MetricName"]: each["Dimensions"] for each in alarms if each["Namespace"] == "Slipway"}
    here = [{"Name": "installation", "Value": {"Ref": "AWS::StackName"}}]
    assert {"RollbackFailed": here, "DeploymentStuck": here} == own


def test_every_parameter_is_explained(template: Template) -> None:
    """docs/install.md has each parameter, with its default, and no other."""
    page = (ROOT / "docs" / "install.md").read_text().split("| parameter |")[1].split("\n\n")[0]
    names = [
        name for row in page.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")
    ]
    assert sorted(template.document["Parameters"]) == sorted(names)


def test_nothing_is_secret(template: Template) -> None:
    """No parameter and no variable holds a secret: they name where it is."""
    text = yaml.safe_dump(template.document)
    assert [] == re.findall(r"NoEcho|AKIA\w+|BEGIN [A-Z ]*PRIVATE KEY|\{\{resolve:", text)
