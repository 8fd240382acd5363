"""Registrations in the record, and what the webhook reads of AWS, over moto."""

from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.aws.secrets import Parameters, Secrets
from chalicelib.errors import AwsRefused
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
