"""From a request's body to a document: size, content type, UTF-8, then JSON or YAML."""

import json

from chalicelib import limits
from chalicelib.errors import BodyTooLarge, UnsupportedMediaType
from chalicelib.manifest.document import Document, malformed, position
from chalicelib.manifest.json_document import read_json


def read_yaml(text: str) -> Document:
    """Read YAML."""
    from chalicelib.manifest import yaml_document

    return yaml_document.read_yaml(text)


NO_UTF_8 = "this is not UTF-8; save the file as UTF-8"
REPLACED = "\ufffd"
"""What API Gateway makes of bytes that are not UTF-8 before a function sees them; nobody writes it."""
READERS = {
    "application/json": read_json,
    "application/yaml": read_yaml,
    "application/x-yaml": read_yaml,
    "text/yaml": read_yaml,
}


def read(body: bytes, content_type: str | None) -> Document:
    """Read a body as its content type says.

    Raises BodyTooLarge, UnsupportedMediaType, and MalformedBody with the line and column of what cannot be read.
    """
    if len(body) > limits.BODY_BYTES:
        raise BodyTooLarge(f"The body has {len(body)} bytes; a manifest may have {limits.BODY_BYTES}.")
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type not in READERS:
        raise UnsupportedMediaType(
            f"The content type is {json.dumps(media_type[:100])}."
            if media_type
            else "The request has no content type.",
            hint="Send Content-Type: application/json or application/yaml.",
        )
    return READERS[media_type](_text(body))


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise malformed("text", *position(body, error.start), NO_UTF_8) from error
    if REPLACED in text:
        raise malformed("text", *position(body, body.find(REPLACED.encode())), NO_UTF_8)
    return text
