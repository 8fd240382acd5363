"""The judge of our policies: what it allows, and that it judges nothing that it does not know."""

from typing import Any

import pytest

from tests.iam.evaluation import Asked, Resource, UnknownElementError, allowing

OURS = "arn:aws:ecs:us-east-1:000000000000:service/shop/web"


def one(**changes: Any) -> dict[str, Any]:
    """Return a policy of one statement."""
    statement = {
        "Sid": "Change",
        "Effect": "Allow",
        "Action": ["ecs:UpdateService"],
        "Resource": ["arn:aws:ecs:us-east-1:000000000000:service/*"],
        "Condition": {"StringEquals": {"aws:ResourceTag/slipway:installation": "slipway"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement | changes]}


@pytest.mark.parametrize(
    ("action", "arn", "tags", "expected"),
    [
        ("ecs:UpdateService", OURS, {"slipway:installation": "slipway"}, {"Change"}),
        ("ecs:DeleteService", OURS, {"slipway:installation": "slipway"}, None),
        ("ecs:UpdateService", OURS, {"slipway:installation": "another"}, None),
        ("ecs:UpdateService", OURS, {}, None),
        ("ecs:UpdateService", OURS.replace(":service/", ":cluster/"), {"slipway:installation": "slipway"}, None),
        ("ecs:UpdateService", "*", {"slipway:installation": "slipway"}, None),
    ],
)
def test_action_resource_and_condition(action: str, arn: str, tags: dict[str, str], expected: set[str] | None) -> None:
    """A statement allows its own actions, on its own resources, where its conditions hold."""
    assert expected == allowing(one(), Asked(action, (Resource(arn, tags),)))


def test_every_resource_must_be_allowed() -> None:
    """Of several resources one that is not allowed refuses the call."""
    tagged, untagged = Resource(OURS, {"slipway:installation": "slipway"}), Resource(f"{OURS}-2")

    assert {"Change"} == allowing(one(), Asked("ecs:UpdateService", (tagged, tagged)))
    assert allowing(one(), Asked("ecs:UpdateService", (tagged, untagged))) is None


@pytest.mark.parametrize(("wanted", "expected"), [("true", [None, {"Change"}]), ("false", [{"Change"}, None])])
def test_null(wanted: str, expected: list[set[str] | None]) -> None:
    """Null asks whether a key is not there."""
    policy = one(Condition={"Null": {"aws:ResourceTag/slipway:installation": wanted}})
    asks = [Asked("ecs:UpdateService", (Resource(OURS, tags),)) for tags in ({"slipway:installation": "any"}, {})]

    assert expected == [allowing(policy, each) for each in asks]


@pytest.mark.parametrize(
    "changes",
    [
        {"Effect": "Audit"},
        {"NotAction": ["ecs:UpdateService"]},
        {"Condition": {"StringEqualsIfExists": {"aws:ResourceTag/a": "b"}}},
    ],
)
def test_nothing_unknown_is_judged(changes: dict[str, Any]) -> None:
    """What the judge does not know is an error, never a yes."""
    with pytest.raises(UnknownElementError):
        allowing(one(**changes), Asked("ecs:UpdateService", (Resource(OURS),)))


@pytest.mark.parametrize(("types", "expected"), [(["A", "SRV"], {"Change"}), (["A", "MX"], None), ([], {"Change"})])
def test_all_of_several_values(types: list[str], expected: set[str] | None) -> None:
    """ForAllValues holds where all of the call's values are the policy's, and where there are none."""
    condition = {"ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": ["A", "SRV"]}}
    asked = Asked("ecs:UpdateService", (Resource(OURS),), {"route53:ChangeResourceRecordSetsRecordTypes": types})

    assert expected == allowing(one(Condition=condition), asked)


def test_a_denial_counts_more() -> None:
    """What one statement denies no other allows; where the denial's condition does not hold, it denies nothing."""
    own = "arn:aws:lambda:us-east-1:000000000000:function:slipway-resolve"
    (allow,) = one(Condition={})["Statement"]
    (deny,) = one(Sid="Deny", Effect="Deny", Condition={"ArnEquals": {"lambda:SourceFunctionArn": own}})["Statement"]

    def judged(**context: list[str]) -> set[str] | None:
        keys = {key.replace("_", ":"): values for key, values in context.items()}
        return allowing({"Statement": [deny, allow]}, Asked("ecs:UpdateService", (Resource(OURS),), keys))

    assert (None, {"Change"}) == (judged(lambda_SourceFunctionArn=[own]), judged(lambda_SourceFunctionArn=[f"{own}-2"]))
    assert {"Change"} == judged()


@pytest.mark.parametrize(("aliases", "expected"), [(["alias/x", "alias/slipway-app"], {"Change"}), (["alias/x"], None)])
def test_any_of_several_values(aliases: list[str], expected: set[str] | None) -> None:
    """ForAnyValue holds where one of the call's values is like one of the policy's."""
    condition = {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/slipway-*"}}
    asked = Asked("ecs:UpdateService", (Resource(OURS),), {"kms:ResourceAliases": aliases})

    assert expected == allowing(one(Condition=condition), asked)
