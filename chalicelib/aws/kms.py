"""AWS Key Management Service: signatures with keys that never leave it."""

from typing import Any

from chalicelib.aws.calls import call


class Kms:
    """The keys of an account and region."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def sign_rs256(self, key: str, message: bytes) -> bytes:
        """Return the RS256 signature of a message of up to 4096 bytes; `key` is an id, an ARN or `alias/…`.

        RS256 is RSASSA-PKCS1-v1_5 with SHA-256: RFC 7518, section 3.3.
        """
        answer = call(self._client.sign, KeyId=key, Message=message, SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256")
        return bytes(answer["Signature"])
