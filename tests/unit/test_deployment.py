"""Deployments as values, and as the JSON that callers read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.deployment import (
    CROCKFORD,
    Deployment,
    Failure,
    Status,
    instant,
    new_id,
    new_id_after,
    progress_of,
    status_document,
)

NOW = datetime(2026, 11, 20, 18, 50, tzinfo=UTC)


FAILURE = Failure(code="x", cause="y", fix="z")


def deployment() -> Deployment:
    """Return a deployment that began now."""
    return Deployment(
        id="dep_1",
        application="shop",
        environment="staging",
        cluster="shop-staging",
        requested_by="ci",
        created_at=NOW,
        updated_at=NOW,
        deadline_at=NOW + timedelta(seconds=900),
        services=progress_of({"home": "home.shop.local", "worker": None}),
    )


class TestIds:
    """Ids sort by time and cannot be guessed."""

    def test_sort_by_time(self) -> None:
        """A later id sorts after an earlier one, as text."""
        ids = [new_id("dep", NOW + timedelta(milliseconds=number)) for number in range(1000)]
        assert ids == sorted(ids)

    @pytest.mark.parametrize("milliseconds", [-10_000, -1, 0, 1, 10_000])
    def test_newer_than_another(self, milliseconds: int) -> None:
        """An id that is to sort after another one does, whatever the clocks say; it is no later than it must be."""
        other = new_id("dep", NOW)
        newer = new_id_after(other, NOW + timedelta(milliseconds=milliseconds))
        assert newer > other
        assert newer < new_id("dep", NOW + timedelta(milliseconds=max(milliseconds, 1) + 1))

    def test_form(self) -> None:
        """An id is its kind and 26 letters and digits without those that people confuse."""
        made = new_id("dep", NOW)
        assert ("dep_", 30) == (made[:4], len(made))
        assert not set(made[4:]) & set("ILOU")

    def test_is_a_ulid(self) -> None:
        """The first ten characters are the milliseconds, in Crockford's base 32, and all of the others are random."""
        milliseconds = int(NOW.timestamp() * 1000)
        ids = [new_id("dep", NOW).removeprefix("dep_") for _ in range(1000)]
        assert {milliseconds} == {sum(CROCKFORD.index(c) << 5 * at for at, c in enumerate(each[9::-1])) for each in ids}
        assert all(set(CROCKFORD) == {each[at] for each in ids} for at in range(10, 26))

    def test_are_unique(self) -> None:
        """Ids of one instant differ."""
        assert 1000 == len({new_id("dep", NOW) for _ in range(1000)})


class TestStatusDocument:
    """The JSON of a deployment keeps to the contract."""

    def test_fields(self) -> None:
        """A caller finds what the contract names, and nothing that only the steps need."""
        document = status_document(deployment(), "/api")
        assert {
            "id",
            "kind",
            "application",
            "environment",
            "status",
            "phase",
            "requested_by",
            "source",
            "created_at",
            "updated_at",
            "finished_at",
            "deadline_at",
            "services",
            "verdict",
            "failure",
            "rollback_failure",
            "superseded_by",
            "can_rollback",
            "links",
        } == set(document)
        assert {
            "self": "/api/deployments/dep_1",
            "events": "/api/deployments/dep_1/events",
            "cancel": "/api/deployments/dep_1/cancel",
        } == document["links"]

    @pytest.mark.parametrize(
        ("changes", "links"),
        [
            ({}, {"cancel"}),
            ({"status": Status.RUNNING}, {"cancel"}),
            ({"status": Status.RUNNING, "failure": FAILURE}, set()),
            ({"status": Status.SUCCEEDED}, set()),
            ({"status": Status.SUCCEEDED, "succeeded_before": {"home": "dep_0"}}, {"rollback"}),
            ({"status": Status.FAILED, "failure": FAILURE, "succeeded_before": {"home": "dep_0"}}, {"rollback"}),
            ({"status": Status.RUNNING, "succeeded_before": {"home": "dep_0"}}, {"cancel"}),
            ({"kind": "teardown"}, set()),
            ({"kind": "teardown", "status": Status.SUCCEEDED, "succeeded_before": {"home": "dep_0"}}, set()),
        ],
    )
    def test_links(self, changes: dict[str, Any], links: set[str]) -> None:
        """What runs can be cancelled until its end is decided; what ended can go back to what succeeded before."""
        document = status_document(deployment().model_copy(update=changes), "/api")
        expected = {"self": "", "events": "/events", **{link: f"/{link}" for link in links}}
        assert {link: f"/api/deployments/dep_1{path}" for link, path in expected.items()} == document["links"]
        assert ("rollback" in links) is document["can_rollback"]

    def test_without_a_stage(self) -> None:
        """Where the API has no stage's path, links begin at its root."""
        assert "/deployments/dep_1" == status_document(deployment())["links"]["self"]

    def test_service(self) -> None:
        """Each service has its progress, its name in DNS when it has one, and what serves."""
        home = status_document(deployment())["services"]["home"]
        assert {
            "status",
            "phase",
            "changed",
            "changed_fields",
            "task_definition",
            "previous_task_definition",
            "what_serves",
            "desired",
            "running",
            "pending",
            "failed",
            "dns",
            "url",
            "started_at",
            "finished_at",
        } == set(home)
        assert {"name": "home.shop.local", "addresses": [], "proven_at": None, "by": None} == home["dns"]

    def test_service_without_a_name(self) -> None:
        """A service that nobody discovers has no DNS."""
        assert status_document(deployment())["services"]["worker"]["dns"] is None

    def test_instants(self) -> None:
        """Instants are written with milliseconds and Z."""
        assert "2026-11-20T18:50:00.000Z" == status_document(deployment())["created_at"]

    def test_failure(self) -> None:
        """A failure has a code, a cause, what to do, and evidence."""
        failed = deployment().model_copy(update={"failure": FAILURE})
        expected: dict[str, Any] = {"code": "x", "service": None, "cause": "y", "fix": "z", "evidence": []}
        assert expected == status_document(failed)["failure"]


@pytest.mark.parametrize("status", Status)
def test_ended(status: Status) -> None:
    """All but pending and running are ends."""
    assert (status not in (Status.PENDING, Status.RUNNING)) is status.ended


def test_locks() -> None:
    """A deployment holds one lock for each service, in its cluster."""
    assert ("shop-staging/home", "shop-staging/worker") == deployment().locks


def test_service_of_another_cluster() -> None:
    """A teardown's service in another cluster is named, and locked, with that cluster."""
    both = deployment().model_copy(update={"services": progress_of({"home": None, "old/home": None})})
    assert ("shop-staging/home", "old/home") == both.locks
    assert ("old", "home") == both.ecs_service("old/home")


def test_instant_has_milliseconds() -> None:
    """An instant is what can be stored and read back: aware, with whole milliseconds."""
    assert datetime(2027, 1, 15, 8, 0, 0, 123000, tzinfo=UTC) == instant(1_800_000_000.1239)
    assert 0 == instant().microsecond % 1000


def test_what_a_fresh_service_is_called() -> None:
    """A service has its own name, and its DNS name where it is discovered."""
    assert {"home": ("home", "home.shop.local"), "worker": ("worker", None)} == {
        name: (each.name, each.dns.name if each.dns else None) for name, each in deployment().services.items()
    }
