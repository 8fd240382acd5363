"""What `make up` and `make demo` read from the environment."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
ACCOUNT = "000000000000"
REGION = "us-east-1"
NETWORKS = ("auto", "vpc", "loopback")
LOAD_BALANCERS = ("slipway", "slipway-2", "slipway-3", "slipway-4", "slipway-5", "slipway-6")
PORTS = range(65_536)
FIRST_OF_A_ROW = range(PORTS.stop - len(LOAD_BALANCERS))
ROOT = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """A variable of the environment has a value that cannot be used."""


@dataclass(frozen=True)
class Settings:
    """Ports, speed and images of one local cloud. `speed` divides AWS's own delays; port 0 is any that is free.

    `throttles` says whether ECS's limits on the rate of calls hold; `stale_seconds`, divided too, how long reads may
    show what was before a write; `github_api` where GitHub is told how its deployments go, None: nowhere;
    `requests` the file into which each call of Slipway to AWS is written, None: none.
    """

    api_port: int = 8000
    aws_port: int = 4566
    alb_port: int = 8080
    poll_seconds: int = 1
    speed: float = 10.0
    network: str = "auto"
    throttles: bool = False
    stale_seconds: float = 2.0
    github_api: str | None = None
    requests: Path | None = None
    images: tuple[Path, ...] = (ROOT / "sample_services" / "images.toml",)
    cache: Path = ROOT / ".slipway"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Return the settings; raises SettingsError naming the variable and what it takes."""
        network = environment.get("SLIPWAY_NETWORK", cls.network)
        if network not in NETWORKS:
            raise SettingsError(f"SLIPWAY_NETWORK={network}: write {', '.join(NETWORKS)}")
        throttles = environment.get("SLIPWAY_THROTTLES", "off")
        if throttles not in ("on", "off"):
            raise SettingsError(f"SLIPWAY_THROTTLES={throttles}: write on or off")
        extra = [Path(path).resolve() for path in environment.get("SLIPWAY_IMAGES", "").split(":") if path]
        return cls(
            api_port=_whole(environment, "SLIPWAY_API_PORT", cls.api_port, PORTS),
            aws_port=_whole(environment, "SLIPWAY_AWS_PORT", cls.aws_port, PORTS),
            alb_port=_whole(environment, "SLIPWAY_ALB_PORT", cls.alb_port, FIRST_OF_A_ROW),
            poll_seconds=_whole(environment, "SLIPWAY_POLL_SECONDS", cls.poll_seconds, range(1, 301)),
            speed=_number(environment, "SLIPWAY_SPEED", cls.speed, 1, 1000),
            network=network,
            throttles=throttles == "on",
            stale_seconds=_number(environment, "SLIPWAY_STALE_SECONDS", cls.stale_seconds, 0, 600),
            github_api=environment.get("SLIPWAY_GITHUB_API"),
            requests=Path(environment["SLIPWAY_REQUESTS"]) if environment.get("SLIPWAY_REQUESTS") else None,
            images=(*cls.images, *extra),
        )


def _whole(environment: Mapping[str, str], name: str, default: int, allowed: range) -> int:
    text = environment.get(name, str(default))
    if not text.isdecimal() or int(text) not in allowed:
        raise SettingsError(f"{name}={text}: write a whole number from {allowed[0]} to {allowed[-1]}")
    return int(text)


def _number(environment: Mapping[str, str], name: str, default: float, least: float, most: float) -> float:
    text = environment.get(name, str(default))
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= most:
        raise SettingsError(f"{name}={text}: write a number from {least} to {most}")
    return number
