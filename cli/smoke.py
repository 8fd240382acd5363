"""`make smoke`: the main job, a failure, a way back and a teardown, where Slipway is installed.

No test on a laptop can prove how AWS behaves. docs/aws-assumptions.md has what is assumed of it, by numbers; each step
names those that it would show wrong. From the environment:

SLIPWAY_URL, SLIPWAY_TOKEN    the API, and a token with the scopes read and write
SLIPWAY_SMOKE_IMAGE           a server's image, with a tag and in a public registry
SLIPWAY_SMOKE_PORT            on which it listens; it is told as PORT, too
SLIPWAY_SMOKE_LOAD_BALANCER   name or name:port, for a route; without it there is none
SLIPWAY_SMOKE_POLL_SECONDS    how often the API is asked
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from cli.client import Client
from cli.smoke_steps import SERVICE, Smoke, Subject, run

# A vCPU and a GB of memory on Fargate for an hour, Linux on x86 in us-east-1: https://aws.amazon.com/fargate/pricing/
VCPU_HOUR_DOLLARS, GB_HOUR_DOLLARS = 0.04048, 0.004445
# docs/install.md, "What it costs"
DEPLOYMENT_DOLLARS = 0.00092
MINUTES, TASKS, DEPLOYMENTS = 10, 2, 6
Number = TypeVar("Number", int, float)


class SettingsError(Exception):
    """A variable of the environment is missing, or has a value that cannot be used."""


@dataclass(frozen=True)
class Settings:
    """Where Slipway is, and what it is to deploy."""

    client: Client
    subject: Subject
    poll_seconds: float

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Return the settings; raises SettingsError naming the variable and what it takes."""
        for name, what in (("SLIPWAY_URL", "the API's URL"), ("SLIPWAY_TOKEN", "a token with read and write")):
            if not environment.get(name):
                raise SettingsError(f"{name} is missing: write {what}. docs/install.md says how to get it.")
        subject = Subject.new(
            image=environment.get("SLIPWAY_SMOKE_IMAGE") or "public.ecr.aws/nginx/nginx:stable-alpine",
            port=_number(environment, "SLIPWAY_SMOKE_PORT", 80),
            load_balancer=_load_balancer(environment.get("SLIPWAY_SMOKE_LOAD_BALANCER", "")),
        )
        client = Client(environment["SLIPWAY_URL"], environment["SLIPWAY_TOKEN"])
        return cls(client, subject, _number(environment, "SLIPWAY_SMOKE_POLL_SECONDS", 3.0))


def _number(environment: Mapping[str, str], name: str, default: Number) -> Number:
    text = environment.get(name) or str(default)
    try:
        return type(default)(text)
    except ValueError:
        raise SettingsError(f"{name}={text}: write a number, such as {default}") from None


def _load_balancer(text: str) -> tuple[str, int] | None:
    name, _, port = text.partition(":")
    if port and not port.isdecimal():
        raise SettingsError(f"SLIPWAY_SMOKE_LOAD_BALANCER={text}: write name or name:port")
    return (name, int(port or 80)) if name else None


def announcement(settings: Settings) -> str:
    """Return what will be made, how long it takes and what it costs."""
    subject = settings.subject
    tasks = TASKS * MINUTES / 60 * (subject.cpu / 1024 * VCPU_HOUR_DOLLARS + subject.memory / 1024 * GB_HOUR_DOLLARS)
    slipway = DEPLOYMENTS * DEPLOYMENT_DOLLARS
    route = f", a rule and a target group on {subject.load_balancer[0]}" if subject.load_balancer else ""
    return f"""\
{settings.client.url} makes, and removes again: a cluster and a service, {subject.application},
with a task of {subject.image}, and the namespace {subject.namespace}{route}.
Its log group stays, empty after three days: /ecs/{subject.application}-{SERVICE}.
About {MINUTES} minutes, and ${tasks + slipway:.2f}: Fargate ${tasks:.4f} ({TASKS} tasks all the time, us-east-1,
https://aws.amazon.com/fargate/pricing/), Slipway ${slipway:.4f} (docs/install.md). A hosted zone that is deleted within
12 hours costs nothing; a NAT gateway's traffic or a public address comes to it.
In brackets: the rows of docs/aws-assumptions.md that a step checks.
"""


def main(environment: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Take every step and tear down; return 0 when all went as expected, 1 otherwise, 2 when nothing was begun."""
    try:
        settings = Settings.read(environment)
    except SettingsError as error:
        say(str(error))
        return 2
    say(announcement(settings))
    application = settings.subject.application
    expected = removed = False
    try:
        expected, removed = run(Smoke(settings.client, settings.subject, settings.poll_seconds), say)
    finally:
        if not removed:
            say(
                f'{application} is not removed. Again: curl -X DELETE -H "Authorization: Bearer $SLIPWAY_TOKEN" '
                f"{settings.client.url}/applications/{application}"
            )
    say("All as expected." if expected and removed else "Not as expected.")
    return 0 if expected and removed else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was made is removed
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.exit(main(os.environ, print))
