"""As whom GitHub is told: with a token, or as a GitHub App, which gets one for each occasion.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.errors import GitHubRefused
from chalicelib.github.statuses import repository_path
from chalicelib.own_secrets import own_secret

# GitHub takes a JWT of at most ten minutes; its own clock may be behind ours.
JWT_LIFETIME, CLOCK_DRIFT = timedelta(minutes=5), timedelta(seconds=60)


def token_for(cloud: Cloud, repository: str) -> str:
    """Return a token that may write the statuses of "owner/name".

    Raises GitHubRefused where nothing is configured and GitHub does not know the App there, GitHubUnavailable, and
    AwsErrors.
    """
    settings = cloud.settings
    if settings.github_app and settings.github_app_key:
        return _installation_token(cloud, app_jwt(cloud, settings.github_app, settings.github_app_key), repository)
    if settings.github_token:
        return _usable(own_secret(cloud, settings.github_token).strip(), settings.github_token)
    raise GitHubRefused("neither SLIPWAY_GITHUB_TOKEN nor SLIPWAY_GITHUB_APP with SLIPWAY_GITHUB_APP_KEY is set")


def _usable(token: str, name: str) -> str:
    """Return a token that fits into a header; of any other not even the log may tell what it is."""
    if not re.fullmatch("[!-~]+", token):
        raise GitHubRefused(f"{name} holds no token: store the token alone, on one line")
    return token


def _installation_token(cloud: Cloud, jwt: str, repository: str) -> str:
    """Return a token of the App for this repository alone; it is good for an hour."""
    installation = cloud.github.get(f"{repository_path(repository)}/installation", jwt)
    asked = {"repositories": [repository.partition("/")[2]]}
    made = cloud.github.post(f"/app/installations/{installation.get('id')}/access_tokens", asked, jwt)
    return str(made.get("token", ""))


def app_jwt(cloud: Cloud, app: str, key: str) -> str:
    """Return the JWT by which a GitHub App shows who it is, signed in KMS: its private key is in no function."""
    unsigned = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(_claims(app, cloud.now()))}"
    return f"{unsigned}.{_base64(cloud.kms.sign_rs256(key, unsigned.encode()))}"


def _claims(app: str, now: datetime) -> dict[str, Any]:
    return {
        "iat": int((now - CLOCK_DRIFT).timestamp()),
        "exp": int((now + JWT_LIFETIME).timestamp()),
        "iss": app,
    }


def _part(document: Mapping[str, Any]) -> str:
    return _base64(json.dumps(document, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    """Return base64url without padding (RFC 7515, section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
