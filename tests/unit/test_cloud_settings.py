"""What an installation reads from its environment."""

from contextvars import ContextVar
from threading import Event
from typing import Any

import pytest

from chalicelib.cloud import Cloud
from chalicelib.settings import Settings

SAID: ContextVar[str] = ContextVar("SAID", default="nothing")

NEEDED = {
    "AWS_REGION": "us-east-1",
    "SLIPWAY_TABLE": "slipway-dev",
    "SLIPWAY_OBSERVE_FUNCTION": "slipway-dev-observe",
    "SLIPWAY_RESOLVE_FUNCTION": "slipway-dev-resolve",
    "SLIPWAY_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:slipway-dev",
    "SLIPWAY_TEARDOWN_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:slipway-dev-teardown",
}


def test_nobody_tells_github_unless_told() -> None:
    """Without its variables GitHub is not told, and its API is the public one."""
    settings = Settings.read(NEEDED)
    assert (None, "https://api.github.com") == (settings.notify_function, settings.github_api)
    assert (None, None, None) == (settings.github_token, settings.github_app, settings.github_app_key)


def test_github() -> None:
    """Each variable of docs/github-statuses.md is read."""
    variables = {
        "SLIPWAY_NOTIFY_FUNCTION": "slipway-dev-notify",
        "SLIPWAY_GITHUB_API": "https://github.example/api/v3",
        "SLIPWAY_GITHUB_TOKEN": "slipway/github-token",
        "SLIPWAY_GITHUB_APP": "Iv1.abc",
        "SLIPWAY_GITHUB_APP_KEY": "alias/slipway-github",
        "SLIPWAY_PUBLIC_URL": "https://slipway.example/api",
    }
    settings = Settings.read({**NEEDED, **variables})
    read = [settings.notify_function, settings.github_api, settings.github_token, settings.github_app]
    assert list(variables.values()) == [*read, settings.github_app_key, settings.public_url]


def test_resolve_is_in_no_vpc_unless_told() -> None:
    """Without its variable, the function that asks DNS is in no VPC."""
    assert ["", "vpc-1"] == [
        Settings.read(NEEDED | variables).resolve_vpc for variables in ({}, {"SLIPWAY_RESOLVE_VPC": "vpc-1"})
    ]


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_needed(name: str) -> None:
    """A variable that is missing is named."""
    with pytest.raises(KeyError, match=name):
        Settings.read({key: value for key, value in NEEDED.items() if key != name})


def test_an_action_is_repeated_while_the_block_goes_on() -> None:
    """What is to be repeated is taken beside the block, again and again, in its context; never after its end."""
    cloud, twice, times = Cloud(Settings.read(NEEDED)), Event(), list[str]()
    SAID.set("here")

    def act() -> None:
        times.append(SAID.get())
        if len(times) == 2:
            twice.set()

    with cloud.repeating(0.001, act):
        assert twice.wait(60)
    assert {"here"} == set(times)


def test_a_short_block_sees_no_repetition() -> None:
    """A block that is over before the first repetition has none."""
    times = list[int]()
    with Cloud(Settings.read(NEEDED)).repeating(3600, lambda: times.append(1)):
        pass
    assert [] == times


def test_who_observes_is_asked_once() -> None:
    """A dry run that takes long is not asked for again: its answer is waited for until API Gateway waits no longer."""
    asking: Any = Cloud(Settings.read(NEEDED)).observer._client.meta.config
    assert 1 == asking.retries["total_max_attempts"]
    assert 20 < asking.read_timeout < 29
