"""The body of a delivery: JSON, or a form whose `payload` is JSON; of bounded size and depth, in UTF-8."""

import json
from email.message import Message
from typing import Any
from urllib.parse import parse_qs

from chalicelib import limits
from chalicelib.errors import BodyTooLarge, InvalidDelivery, UnsupportedMediaType

FORM = "application/x-www-form-urlencoded"
MAX_FORM_FIELDS = 20


def demand_size(body: bytes) -> None:
    """Raise BodyTooLarge for more than a delivery may have."""
    if len(body) > limits.DELIVERY_BYTES:
        raise BodyTooLarge(f"The body has {len(body)} bytes; a delivery may have {limits.DELIVERY_BYTES}.")


def document_of(body: bytes, content_type: str | None) -> dict[str, Any]:
    """Return the payload of a delivery. Raises UnsupportedMediaType, and InvalidDelivery saying what is wrong."""
    told = content_type or ""
    media_type, charset = _kind(told)
    if media_type not in ("application/json", FORM) or charset.lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(
            f"The content type is {json.dumps(told[:100])}.",
            hint="Choose application/json in the webhook's settings; a form with payload= is taken too, both in UTF-8.",
        )
    try:
        text = body.decode()
        document = json.loads(_payload_of_form(text) if media_type == FORM else text)
        json.dumps(document, ensure_ascii=False).encode()
    except RecursionError as error:
        raise InvalidDelivery("The payload is nested too deeply.") from error
    except ValueError as error:  # not UTF-8, not JSON, half a surrogate pair, or a number without end
        raise InvalidDelivery(f"The payload cannot be read: {str(error)[:200]}.") from error
    if not isinstance(document, dict):
        raise InvalidDelivery("The payload is no object.")
    return document


def _kind(content_type: str) -> tuple[str, str]:
    """Return the media type of a Content-Type, and its charset, UTF-8 unless told."""
    message = Message()
    message["Content-Type"] = content_type.encode("ascii", "replace").decode()
    return message.get_content_type(), str(message.get_param("charset") or "utf-8")


def _payload_of_form(text: str) -> str:
    fields = parse_qs(text, strict_parsing=True, errors="strict", max_num_fields=MAX_FORM_FIELDS)
    if len(fields.get("payload", [])) != 1:
        raise ValueError("the form has not one field named payload")
    return fields["payload"][0]
