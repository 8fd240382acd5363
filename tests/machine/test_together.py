"""Many callers at once: one deploys, all others are told which."""

import json
from collections.abc import Callable
from threading import Barrier, Lock, Thread
from typing import Any

import pytest

from chalicelib.api.deployments import Request, create
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import DeploymentInProgress
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services

CALLERS = 20


class OneAtATime:
    """A record that does one thing after the other, as DynamoDB does with one item, and moto does not by itself.

    Nobody writes before everybody has asked for the key: that is the race.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = Lock()
        self._everybody_asked = Barrier(CALLERS)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._store, name)

        def in_turn(*args: Any, **named: Any) -> Any:
            with self._turn:
                answer = method(*args, **named)
            if name == "idempotency":
                self._everybody_asked.wait(timeout=30)
            return answer

        return in_turn


def together(
    store: Store, *keys: str | None, once: str | None = None
) -> list[tuple[Deployment, bool] | DeploymentInProgress]:
    """Return what many callers get who POST one manifest at the same moment, with these keys in turn."""
    slipway = Slipway(OneAtATime(store))  # type: ignore[arg-type]  # it answers to the same names
    body = json.dumps(two_services()).encode()
    start = Barrier(CALLERS)
    answers: list[tuple[Deployment, bool] | DeploymentInProgress] = []

    def call(key: str | None) -> None:
        start.wait()
        try:
            answers.append(create(slipway.cloud, Request(body, "application/json", "tester", key, once=once)))
        except DeploymentInProgress as busy:
            answers.append(busy)

    callers = [Thread(target=call, args=(keys[at % len(keys)],)) for at in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=30)
        assert not caller.is_alive()
    return answers


def test_one_of_many_deploys(store: Store) -> None:
    """Of many who POST one manifest, exactly one is accepted, and the others are told its deployment."""
    answers = together(store, None)
    (accepted,) = [each[0] for each in answers if isinstance(each, tuple)]
    refused = [each for each in answers if isinstance(each, DeploymentInProgress)]
    assert (CALLERS - 1, {accepted.id}) == (len(refused), {each.holder for each in refused})


def test_one_key_is_one_deployment(store: Store) -> None:
    """Of many who POST with one key, all get the same deployment; one made it, for the others it is replayed."""
    answers = [each for each in together(store, "key") if isinstance(each, tuple)]
    assert (CALLERS, 1) == (len(answers), len({deployment.id for deployment, _ in answers}))
    assert [False] == [replayed for _, replayed in answers if not replayed]


def test_one_signed_body_is_one_deployment(store: Store) -> None:
    """Of many who send one signed body under ids of their own, all get the same deployment, too."""
    answers = [each for each in together(store, *map(str, range(CALLERS)), once="body") if isinstance(each, tuple)]
    assert (CALLERS, 1) == (len(answers), len({deployment.id for deployment, _ in answers}))
    assert [False] == [replayed for _, replayed in answers if not replayed]


class Killed(Exception):
    """The process ends where it is: nothing of ours catches it."""


def test_death_between_record_and_start(store: Store) -> None:
    """A request whose process died after the record is sent again with its key: the same deployment starts then."""
    slipway = Slipway(store, breaks={"workflow.start": [Killed()]})
    request = Request(json.dumps(two_services()).encode(), "application/json", "tester", "key")
    with pytest.raises(Killed):
        create(slipway.cloud, request)
    [recorded] = store.open_deployments()
    started = recorded in slipway.machine.executions
    again, replayed = create(slipway.cloud, request)
    slipway.machine.run(recorded)

    assert (False, recorded, True) == (started, again.id, replayed)
    assert Status.SUCCEEDED is store.get(recorded).status
