"""What a body says, as text and as JSON. Worker processes decode as well, so nothing here knows of requests."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable
from typing import Any

from ..errors import ContentError, ProtocolError
from ..protocol import decode_text, parse_json

__all__ = ["decode_body", "optional", "read_object", "require_known", "text_of"]


def decode_body(body: bytes | bytearray) -> str:
    """A body as text; raises ``ContentError`` if it is none."""
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or 0 in body[:2]:
        raise ContentError("This is text in UTF-16. Save the file as UTF-8, and send that.")
    try:
        return decode_text(bytes(body))
    except ProtocolError as error:
        raise ContentError("The body is not UTF-8 text.") from error


def read_object(text: str, parse: Callable[[str], Any] = parse_json) -> dict[str, Any]:
    """The JSON object that ``text`` is; no text is an empty object."""
    try:
        value = parse(text) if text.strip() else {}
    except (ProtocolError, ValueError, RecursionError) as error:
        raise ContentError("The body is not JSON.") from error
    if not isinstance(value, dict):
        raise ContentError("The body must be a JSON object.")
    return value


def require_known(body: dict[str, Any], *known: str) -> None:
    """Raise ``ContentError`` if ``body`` has other keys than the ``known`` ones."""
    if unknown := sorted(body.keys() - set(known)):
        raise ContentError(f"There is no {', '.join(unknown)} here; give {', '.join(known)}.")


def optional(body: dict[str, Any], name: str, kind: type) -> Any:
    """A value of a body that may be missing or ``null``; raises ``ContentError`` if it is of another ``kind``."""
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise ContentError(f"{name} must be {'text' if kind is str else 'a notebook, as JSON (nbformat 4)'}.")
    return value


def text_of(body: dict[str, Any], name: str) -> str:
    """The text of a file in a body."""
    text = body.get(name)
    if not isinstance(text, str):
        raise ContentError(f"{name} must be the text of a file, in the format that the query names.")
    return text
