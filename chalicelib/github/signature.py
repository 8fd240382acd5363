"""Whether a delivery comes from who knows the webhook's secret.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hashlib
import hmac
from collections.abc import Sequence

from chalicelib.errors import Unauthorized

HEADER = "x-hub-signature-256"
PREFIX = "sha256="


def verify(body: bytes, header: str | None, secrets: Sequence[bytes]) -> None:
    """Raise Unauthorized unless the header is the HMAC-SHA256 of the raw body with one of the secrets.

    Every secret is tried, each in constant time: two are valid while one replaces the other.
    """
    if header is None:
        raise Unauthorized(
            "The delivery has no X-Hub-Signature-256.", hint="Give the webhook the secret; SHA-1 alone is not taken."
        )
    given = header.strip().encode("utf-8", "replace")
    agreed = [hmac.compare_digest(given, signature(body, secret).encode()) for secret in secrets if secret]
    if not any(agreed):
        raise Unauthorized(
            "X-Hub-Signature-256 is not this body's, with any secret that is valid here.",
            hint="The webhook's secret on GitHub and a secret of SLIPWAY_GITHUB_SECRETS must be the same.",
        )


def signature(body: bytes, secret: bytes) -> str:
    """Return the X-Hub-Signature-256 of a body."""
    return PREFIX + hmac.new(secret, body, hashlib.sha256).hexdigest()
