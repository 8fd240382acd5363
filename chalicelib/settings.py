"""What an installation is told, by its environment variables alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Settings:
    """What this installation is told by its environment variables.

    `defaults` is the stage's part of a manifest; `load_balancer_urls` maps a load balancer's name to the URL under
    which people reach it; `nameservers` ("ip:port") replaces the system's resolver in the `resolve` function, which
    is in the VPC `resolve_vpc` (its id; "": in none);
    `github_secrets` are the secrets or parameters that hold a secret of GitHub's webhook, all of them valid.
    `notify_function` tells GitHub how its deployments go, at `github_api`; None: nobody does. It has the token that the
    secret or parameter `github_token` holds, or is the GitHub App `github_app`, whose private key is the KMS key
    `github_app_key`. `public_url` is the API's own, with its stage, for links from GitHub.
    `speed` is how many times as fast as AWS it is what stands in for it: 1, but in a local cloud.
    """

    table: str
    state_machine_arn: str
    resolve_function: str
    region: str
    teardown_state_machine_arn: str
    observe_function: str
    installation: str = "slipway"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    load_balancer_urls: Mapping[str, str] = field(default_factory=dict)
    nameservers: str | None = None
    resolve_vpc: str = ""
    github_secrets: tuple[str, ...] = ()
    notify_function: str | None = None
    github_api: str = "https://api.github.com"
    github_token: str | None = None
    github_app: str | None = None
    github_app_key: str | None = None
    public_url: str | None = None
    speed: float = 1.0

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Return the settings; raises KeyError naming the variable that is missing."""
        return cls(
            table=environment["SLIPWAY_TABLE"],
            state_machine_arn=environment["SLIPWAY_STATE_MACHINE_ARN"],
            teardown_state_machine_arn=environment["SLIPWAY_TEARDOWN_STATE_MACHINE_ARN"],
            resolve_function=environment["SLIPWAY_RESOLVE_FUNCTION"],
            observe_function=environment["SLIPWAY_OBSERVE_FUNCTION"],
            region=environment["AWS_REGION"],
            installation=environment.get("SLIPWAY_INSTALLATION", cls.installation),
            defaults=json.loads(environment.get("SLIPWAY_DEFAULTS", "{}")),
            load_balancer_urls=json.loads(environment.get("SLIPWAY_LOAD_BALANCER_URLS", "{}")),
            nameservers=environment.get("SLIPWAY_NAMESERVERS"),
            resolve_vpc=environment.get("SLIPWAY_RESOLVE_VPC", cls.resolve_vpc),
            github_secrets=_listed(environment.get("SLIPWAY_GITHUB_SECRETS", "")),
            notify_function=environment.get("SLIPWAY_NOTIFY_FUNCTION"),
            github_api=environment.get("SLIPWAY_GITHUB_API", cls.github_api),
            github_token=environment.get("SLIPWAY_GITHUB_TOKEN"),
            github_app=environment.get("SLIPWAY_GITHUB_APP"),
            github_app_key=environment.get("SLIPWAY_GITHUB_APP_KEY"),
            public_url=environment.get("SLIPWAY_PUBLIC_URL"),
            speed=float(environment.get("SLIPWAY_SPEED", cls.speed)),
        )

    @property
    def account(self) -> str:
        """Return the id of the account that this installation is in, which the ARN of its state machine says."""
        return self.state_machine_arn.split(":")[4]

    @property
    def state_machines(self) -> dict[str, str]:
        """Return the ARNs of the state machines by the kind of deployment that each carries out."""
        return {"deploy": self.state_machine_arn, "teardown": self.teardown_state_machine_arn}


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())
