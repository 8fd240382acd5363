"""Registrations in the record, and what the webhook reads of AWS, over moto."""

from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.aws.dynamodb import Put
from chalicelib.aws.secrets import Parameters, Secrets
from chalicelib.errors import AwsRefused
from chalicelib.items import registration_items
from chalicelib.registered import LISTED_FOR
from chalicelib.registration import Registration
from chalicelib.store import Store
from tests.contract.records import NOW


def registration(application: str, environment: str = "default", **fields: Any) -> Registration:
    """Return a registration."""
    own = {"application": application, "environment": environment, "registered_by": "tester"}
    return Registration.model_validate({**own, "registered_at": NOW, "updated_at": NOW, **fields})


def test_kept_as_it_is(store: Store) -> None:
    """A registration is read as it was kept; among all it stands without its manifest."""
    trigger = {"event": "push", "repository": "acme/shop", "images": {"home": "home:{sha}"}}
    kept = registration("shop", manifest={"services": {"home": {"cpu": 256}}}, triggers=(trigger,), only=("person",))
    store.register(kept)
    assert kept == store.registration("shop", "default")
    assert [kept.model_copy(update={"manifest": {}})] == store.registrations()


def test_each_environment_is_its_own(store: Store) -> None:
    """A later registration takes the place of its environment's alone, and one may be forgotten."""
    for environment in ("default", "staging"):
        store.register(registration("shop", environment))
    later = registration("shop", "staging", updated_at=NOW + timedelta(seconds=1))
    store.register(later)
    store.unregister("shop", "default")
    store.unregister("shop", "default")
    assert (None, later, [later]) == (
        store.registration("shop", "default"),
        store.registration("shop", "staging"),
        store.registrations(),
    )


@mock_aws
def test_secrets_of_our_own() -> None:
    """A secret is read by name or ARN, a parameter decrypted; one that is not there is refused."""
    manager, parameters = (boto3.client(name, region_name="us-east-1") for name in ("secretsmanager", "ssm"))
    arn = manager.create_secret(Name="slipway/x", SecretString="one")["ARN"]
    parameters.put_parameter(Name="/slipway/y", Value="two", Type="SecureString")
    assert ["one", "one"] == [Secrets(manager, "slipway").value(each) for each in ("slipway/x", arn)]
    assert "two" == Parameters(parameters).value("/slipway/y")
    with pytest.raises(AwsRefused):
        Parameters(parameters).value("/slipway/none")
    with pytest.raises(AwsRefused):
        Secrets(manager, "slipway").value("slipway/none")


def push_of(*repositories: str, to: str | None = None) -> tuple[dict[str, Any], ...]:
    """Return a trigger for each of these repositories."""
    more = {"to_environment": to} if to else {}
    return tuple({"event": "push", "repository": each, **more} for each in repositories)


def named(store: Store, repository: str, at: datetime = NOW) -> list[tuple[str, str]]:
    """Return which registrations are found by a repository."""
    return [(each.application, each.environment) for each in store.registrations_of(repository, at)]


def as_an_older_release(store: Store, kept: Registration) -> None:
    """Register as a release did that knew of no repositories."""
    store._table.write(*(Put(item) for item in registration_items(kept)))


def test_found_by_its_repositories(store: Store) -> None:
    """A registration is found by each repository of its triggers, by name or pattern, and by no other."""
    store.register(registration("pay", triggers=push_of("acme/pay", "acme/libs")))
    store.register(registration("shop", "live", triggers=push_of("acme/shop")))
    store.register(registration("all", triggers=push_of("acme/*")))
    store.register(registration("nothing"))
    found = {each: named(store, f"acme/{each}") for each in ("pay", "libs", "shop", "other")}
    always, pay = ("all", "default"), ("pay", "default")
    assert {"pay": [always, pay], "libs": [always, pay], "shop": [always, ("shop", "live")], "other": [always]} == found
    assert [] == named(store, "other/shop")


def test_found_with_what_it_deploys_to(store: Store) -> None:
    """A trigger that deploys another environment brings that one's registration, which may refuse it."""
    store.register(registration("shop", triggers=push_of("acme/shop", to="live")))
    store.register(registration("shop", "live", only=("person",)))
    store.register(registration("shop", "staging", triggers=push_of("acme/other")))
    assert [("shop", "default"), ("shop", "live")] == named(store, "acme/shop")


def test_found_by_the_repositories_that_it_has_now(store: Store) -> None:
    """Registered again, it is found by its new repositories alone; forgotten, by none."""
    for repository in ("acme/old", "acme/new"):
        store.register(registration("shop", triggers=push_of(repository)))
    assert [[], [("shop", "default")]] == [named(store, each) for each in ("acme/old", "acme/new")]
    store.unregister("shop", "default")
    assert [] == named(store, "acme/new")
    assert [] == store._table.partition("repository#acme/new")


def test_what_an_older_release_registered_is_found(store: Store) -> None:
    """What stood by no repository is found at the first delivery, and what comes so later within a day."""
    as_an_older_release(store, registration("shop", triggers=push_of("acme/shop")))
    found = named(store, "acme/shop")
    as_an_older_release(store, registration("pay", triggers=push_of("acme/shop")))
    assert [("shop", "default")] == found == named(store, "acme/shop")
    assert [("pay", "default"), ("shop", "default")] == named(store, "acme/shop", NOW + LISTED_FOR)
