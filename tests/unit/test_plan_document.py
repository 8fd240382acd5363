"""The plan as a document: what is shown of changes, and what never is."""

import json
from typing import Any

import pytest

from chalicelib.aws.autoscaling import Policy, Scaled
from chalicelib.errors import ServiceNotOwned
from chalicelib.forecast import Effect, Forecast, Found, effects, shared_effects
from chalicelib.manifest import Manifest, parse
from chalicelib.plan import service_spec, task_spec
from chalicelib.plan_document import plan_document
from chalicelib.preflight import Finding
from chalicelib.specs import Change, ContainerSpec, Placement, Registry, Serving

ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:token"
OTHER = "arn:aws:secretsmanager:us-east-1:000000000000:secret:other"


def asked(**said: Any) -> Manifest:
    """Return a manifest of one service."""
    own = said if "task_definition" in said or "containers" in said else {"image": "home:1", **said}
    network = {"vpc": "vpc-1", "subnets": ["private"]}
    document = {"application": "shop", "network": network, "execution_role": "runner", "services": {"home": own}}
    return parse(json.dumps(document).encode(), "application/json")


def serving(manifest: Manifest) -> Serving:
    """Return the service that serves as a manifest asks."""
    task = task_spec(manifest, "home")
    return Serving(
        "arn:s", "ACTIVE", service_spec(manifest, "home", task_definition="arn:1"), {}, task, task.content_hash
    )


def shown(*changes: Change) -> list[dict[str, Any]]:
    """Return what the document shows of changes of a service."""
    document = plan_document(asked(), Forecast((), {"home": (Effect(None, changes, 1),)}, frozenset(), ()))
    return list(json.loads(json.dumps(document))["services"]["home"]["changes"])


def planned(before: Manifest, after: Manifest) -> list[dict[str, Any]]:
    """Return the changes from one manifest, which serves, to another."""
    return shown(
        *(change for effect in effects(after, "home", Found({}, serving(before))) for change in effect.changes)
    )


def test_environment_is_told_key_by_key() -> None:
    """An environment is told by its keys: one that is new has no old value, one that goes no new one."""
    assert [
        {"field": "environment.B", "old": "2", "new": "3"},
        {"field": "environment.C", "old": "4", "new": None},
        {"field": "environment.D", "old": None, "new": "5"},
    ] == shown(Change("environment", {"A": "1", "B": "2", "C": "4"}, {"A": "1", "B": "3", "D": "5"}))


def test_changed_secret_is_named_and_not_shown() -> None:
    """Of a secret is told that it changes, comes or goes."""
    before, after = (
        asked(secrets={"KEPT": ARN, "TOKEN": ARN, "GONE": ARN}),
        asked(secrets={"KEPT": ARN, "TOKEN": OTHER, "NEW": ARN}),
    )
    told = [each for each in planned(before, after) if each["field"].startswith("secrets")]
    assert [
        {"field": "secrets.GONE", "old": "(secret)", "new": None},
        {"field": "secrets.NEW", "old": None, "new": "(secret)"},
        {"field": "secrets.TOKEN", "old": "(secret)", "new": "(secret)"},
    ] == told


def raw(token: str) -> dict[str, Any]:
    """Return a task definition in ECS's own words, with secrets wherever it may name one."""
    container = {
        "name": "home",
        "image": "home:1",
        "memory": 128,
        "secrets": [{"name": "TOKEN", "valueFrom": token}],
        "repositoryCredentials": {"credentialsParameter": token},
        "logConfiguration": {"logDriver": "splunk", "secretOptions": [{"name": "key", "valueFrom": token}]},
    }
    return {"containerDefinitions": [container], "executionRoleArn": "arn:aws:iam::000000000000:role/runner"}


def two(token: str, **more: Any) -> dict[str, Any]:
    """Return two containers, one of them with a secret."""
    return {"web": {"image": "web:1"}, "side": {"image": "side:1", "secrets": {"TOKEN": token}}, **more}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"secrets": {"TOKEN": ARN}}, {"secrets": {"TOKEN": OTHER}}),
        ({"containers": two(ARN)}, {"containers": two(OTHER)}),
        ({"containers": two(ARN)}, {"containers": two(ARN, more={"image": "a:1", "secrets": {"A": OTHER}})}),
        ({"containers": two(ARN)}, {"secrets": {"TOKEN": OTHER}}),
        ({"task_definition": raw(ARN), "launch_type": "EC2"}, {"task_definition": raw(OTHER), "launch_type": "EC2"}),
        ({"task_definition": raw(ARN), "launch_type": "EC2"}, {"secrets": {"TOKEN": OTHER}, "launch_type": "EC2"}),
        ({"secrets": {"TOKEN": OTHER}, "launch_type": "EC2"}, {"task_definition": raw(ARN), "launch_type": "EC2"}),
    ],
)
def test_no_reference_is_shown(before: dict[str, Any], after: dict[str, Any]) -> None:
    """In whichever form a secret is written, something is told of the change and nothing of where it is kept."""
    told = planned(asked(**before), asked(**after))
    assert told
    assert "secretsmanager" not in json.dumps(told)


def test_new_container() -> None:
    """A container that is new is told whole, without its secrets, whatever it is called."""
    made = ContainerSpec("secrets", "a:1", secrets={"TOKEN": ARN})
    (told,) = shown(Change("containers.secrets", None, made))
    assert ("a:1", {"TOKEN": "(secret)"}) == (told["new"]["image"], told["new"]["secrets"])


def test_network_and_registry_are_told_by_field() -> None:
    """What has parts is told by the parts that differ."""
    placed = Placement(("subnet-1",), ("sg-1",))
    assert [{"field": "network.security_groups", "old": ["sg-1"], "new": ["sg-2"]}] == shown(
        Change("network", placed, Placement(("subnet-1",), ("sg-2",)))
    )
    assert [{"field": "discovery", "old": None, "new": {"arn": "arn:1"}}] == shown(
        Change("discovery", None, Registry("arn:1"))
    )


def test_refused_service() -> None:
    """A refused service has its finding, and neither changes nor calls."""
    finding = Finding("service_not_owned", "it is theirs", "/services/home", "home")
    document = plan_document(
        asked(), Forecast((Effect("cluster shop", (), 1),), {"home": None}, frozenset(), (finding,))
    )
    assert {"action": "refused", "changes": [], "creates": []} == document["services"]["home"]
    assert (["cluster shop"], 1) == (document["creates"], document["calls"])
    assert {
        "code": "service_not_owned",
        "severity": "error",
        "service": "home",
        "pointer": "/services/home",
        "detail": "it is theirs",
        "fix": ServiceNotOwned.fix,
    } == document["findings"][0]


@pytest.mark.parametrize(
    ("namespace", "cluster", "creates"),
    [(True, True, []), (True, False, ["cluster shop"]), (False, True, []), (False, False, ["cluster shop"])],
)
def test_without_a_namespace(namespace: bool, cluster: bool, creates: list[str]) -> None:
    """A manifest without a namespace makes none."""
    assert creates == [each.creates for each in shared_effects(asked(), namespace=namespace, cluster=cluster)]


@pytest.mark.parametrize(
    ("now", "wanted", "calls"),
    [
        (None, Scaled(1, 2, {"slipway-cpu": Policy("cpu", 60.0)}), 2),
        (Scaled(1, 2, {"slipway-cpu": Policy("cpu", 60.0)}), None, 1),
        (Scaled(1, 2, {}), None, 0),
        (Scaled(1, 2, {"slipway-cpu": Policy("cpu", 60.0)}), Scaled(2, 3, {"slipway-memory": Policy("mem", 60.0)}), 3),
        (Scaled(1, 2, {"slipway-cpu": Policy("cpu", 60.0)}), Scaled(1, 2, {"slipway-cpu": Policy("cpu", 70.0)}), 1),
        (Scaled(1, 2, {}), Scaled(1, 2, {}), 0),
    ],
)
def test_calls_of_scaling(now: Scaled | None, wanted: Scaled | None, calls: int) -> None:
    """Bounds are one call, and so is each policy that is put or removed; removing the target removes them all."""
    manifest = asked()
    found = Found({}, serving(manifest), "arn:1", scaled=now, scaling=wanted)
    scaling = [effect for effect in effects(manifest, "home", found) if effect.creates != "log group"]
    assert calls == sum(effect.calls for effect in scaling)
