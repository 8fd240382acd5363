"""What AWS refuses, in our errors: whether asking again helps."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from chalicelib.aws.calls import ATTEMPTS, call, call_once, refused_member, translated
from chalicelib.aws.dynamodb import ConditionFailed, _refusal
from chalicelib.errors import AwsError, AwsRefused, StoreConflict, Throttled, TransientAws, Unsettled


def refusal(code: str, message: str = "", status: int = 400, **beside: Any) -> ClientError:
    """Return a refusal as botocore raises it."""
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **beside,
    }
    return ClientError(answer, "Operation")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refusal("ThrottlingException"), Throttled),
        (refusal("TooManyRequestsException", status=429), Throttled),
        (refusal("AnyCode", "Rate exceeded"), Throttled),
        (refusal("InternalFailure", status=500), TransientAws),
        (refusal("ServiceUnavailable", status=503), TransientAws),
        (refusal("ClusterNotFoundException", "Cluster not found."), TransientAws),
        (refusal("InvalidParameterException", "Unable to Start a service that is still Draining."), Unsettled),
        (refusal("AnyCode", "5 active deployments exist, unable to create new deployment."), AwsRefused),
        (refusal("AccessDeniedException", "not authorized"), AwsRefused),
        (refusal("InvalidParameterException", "no such role"), AwsRefused),
    ],
)
def test_translation(error: ClientError, expected: type[AwsError]) -> None:
    """A throttle and a fault of AWS's own pass; so do refusals that AWS takes back by itself; no other does."""
    found = translated("create_service", error)
    assert expected is type(found)
    assert (error.response["Error"]["Code"], error.response["Error"]["Message"]) == (found.aws_code, found.message)


@pytest.mark.parametrize(
    "error", [EndpointConnectionError(endpoint_url="http://aws"), ReadTimeoutError(endpoint_url="http://aws")]
)
def test_network(error: Exception) -> None:
    """A network that fails is nobody's refusal: asking again may help."""

    def list_things() -> None:
        raise error

    with pytest.raises(TransientAws, match="list_things"):
        call(list_things)


@pytest.mark.parametrize(
    ("code", "asked"), [("ThrottlingException", ATTEMPTS), ("InternalFailure", 1), ("AccessDeniedException", 1)]
)
def test_call_once(monkeypatch: pytest.MonkeyPatch, code: str, asked: int) -> None:
    """What AWS may have done already is not asked again; what it throttled is, after a wait."""
    calls, waits = list[str](), list[float]()
    monkeypatch.setattr("time.sleep", waits.append)

    def make_thing() -> None:
        calls.append(code)
        raise refusal(code, status=500 if code == "InternalFailure" else 400)

    with pytest.raises(AwsError, match=code):
        call_once(make_thing)
    assert (asked, asked - 1) == (len(calls), len(waits))
    assert all(0 <= each < 2**attempt for attempt, each in enumerate(waits))


def test_member_beside_the_message() -> None:
    """What AWS puts beside its message can be read: the id of what exists already."""

    def create() -> None:
        raise refusal("ServiceAlreadyExists", "It exists.", ServiceId="srv-1")

    with pytest.raises(AwsRefused) as caught:
        call(create)
    assert ("srv-1", None) == (refused_member(caught.value, "ServiceId"), refused_member(caught.value, "Other"))


def cancelled(*codes: str) -> ClientError:
    """Return the refusal of a transaction with a reason for each of its writes."""
    return refusal("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (cancelled("None", "ConditionalCheckFailed"), ConditionFailed),
        (cancelled("TransactionConflict", "ConditionalCheckFailed"), ConditionFailed),
        (refusal("ConditionalCheckFailedException"), ConditionFailed),
        (cancelled("None", "TransactionConflict"), StoreConflict),
        (refusal("TransactionConflictException"), StoreConflict),
        (refusal("TransactionInProgressException"), StoreConflict),
        (cancelled("None", "ThrottlingError"), Throttled),
        (cancelled("ProvisionedThroughputExceeded", "None"), Throttled),
        (refusal("ProvisionedThroughputExceededException"), Throttled),
        (cancelled("ValidationError"), AwsRefused),
    ],
)
def test_refused_write(error: ClientError, expected: type[Exception]) -> None:
    """A write is refused by its condition, by another writer, by traffic, or for good."""
    assert expected is type(_refusal(error))


def test_refused_write_tells_where() -> None:
    """Each condition that failed is told by its place in the transaction, with the item that was there."""
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": {"deployment_id": {"S": "dep_1"}}}]
    found = _refusal(refusal("TransactionCanceledException", CancellationReasons=reasons))
    assert isinstance(found, ConditionFailed)
    assert {1: {"deployment_id": "dep_1"}} == found.refused
