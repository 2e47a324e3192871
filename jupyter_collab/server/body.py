"""Request bodies: bounded, of the right type, and checked before anything is made from them."""

from typing import Any

from ..errors import ContentError, MessageTooLarge, ProtocolError
from ..protocol import decode_text, parse_json
from .base import CollabAPIHandler

__all__ = ["UnsupportedContentType", "json_object", "text_body", "whole_number"]


class UnsupportedContentType(ContentError):
    """The body is not of a type that this request takes."""

    status = 415
    reason = "unsupported_content_type"


def text_body(handler: CollabAPIHandler, *content_types: str) -> str:
    """The body as text, if it is of one of ``content_types`` (or says none) and not too large."""
    said = _essence(handler.request.headers.get("Content-Type", ""))
    if said and said not in map(_essence, content_types):
        raise UnsupportedContentType(f"Send the body as {' or '.join(content_types)}, not as {said}.")
    limit = handler.manager.limits.room_bytes
    if len(handler.request.body) > limit:
        raise MessageTooLarge(f"The body has {len(handler.request.body)} bytes; at most {limit} are allowed.")
    try:
        return decode_text(handler.request.body)
    except ProtocolError as error:
        raise ContentError("The body is not UTF-8 text.") from error


def _essence(content_type: str) -> str:
    """A content type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def json_object(handler: CollabAPIHandler, *known: str) -> dict[str, Any]:
    """The body as a JSON object that has no other than the ``known`` keys; no body is an empty object."""
    text = text_body(handler, "application/json")
    try:
        value = parse_json(text) if text.strip() else {}
    except ProtocolError as error:
        raise ContentError("The body is not JSON.") from error
    if not isinstance(value, dict):
        raise ContentError("The body must be a JSON object.")
    if unknown := sorted(value.keys() - set(known)):
        raise ContentError(f"There is no {', '.join(unknown)} here; give {', '.join(known)}.")
    return value


def whole_number(handler: CollabAPIHandler, name: str, default: int, least: int, most: int) -> int:
    """A whole number in the query, within bounds."""
    text = handler.get_query_argument(name, str(default))
    if not text.isascii() or not text.isdigit() or not least <= int(text[:12]) <= most:
        raise ContentError(f"{name} must be a whole number from {least} to {most}.")
    return int(text)
