"""What `make up` reads from its environment."""

import pytest

from localcloud.settings import Settings, SettingsError


def test_the_defaults_are_the_contract() -> None:
    """Without variables the ports are 8000, 4566 and 8080, the poll 1 s, the speed 10, and nothing is throttled."""
    settings = Settings.read({})

    assert (8000, 4566, 8080) == (settings.api_port, settings.aws_port, settings.alb_port)
    assert (1, 10.0, "auto") == (settings.poll_seconds, settings.speed, settings.network)
    assert not settings.throttles
    assert 2 == settings.stale_seconds


def test_throttles_are_switched_on() -> None:
    """SLIPWAY_THROTTLES=on makes ECS's limits hold."""
    assert Settings.read({"SLIPWAY_THROTTLES": "on"}).throttles


def test_reads_may_be_stale() -> None:
    """SLIPWAY_STALE_SECONDS says for how long reads may show what was before a write."""
    assert 2.5 == Settings.read({"SLIPWAY_STALE_SECONDS": "2.5"}).stale_seconds


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLIPWAY_API_PORT", "http"),
        ("SLIPWAY_AWS_PORT", "65536"),
        ("SLIPWAY_ALB_PORT", "-1"),
        ("SLIPWAY_ALB_PORT", "65531"),
        ("SLIPWAY_POLL_SECONDS", "half"),
        ("SLIPWAY_SPEED", "0.5"),
        ("SLIPWAY_SPEED", "nan"),
        ("SLIPWAY_STALE_SECONDS", "-1"),
        ("SLIPWAY_STALE_SECONDS", "long"),
        ("SLIPWAY_NETWORK", "bridge"),
        ("SLIPWAY_THROTTLES", "yes"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    """A value that cannot be used is refused with the variable's name and the value itself."""
    with pytest.raises(SettingsError, match=f"{name}={value}"):
        Settings.read({name: value})


def test_images_of_ones_own_come_last() -> None:
    """SLIPWAY_IMAGES adds files after ours, so that they count where both name an image."""
    images = Settings.read({"SLIPWAY_IMAGES": "/a/images.toml:/b/images.toml"}).images

    assert ["/a/images.toml", "/b/images.toml"] == [str(path) for path in images[1:]]
