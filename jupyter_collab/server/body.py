"""Request bodies: bounded and of the right type, and none is taken from somebody who may not send it."""

import json
from typing import Any

from tornado.web import stream_request_body

from ..errors import ContentError, MessageTooLarge
from .base import SAFE_METHODS, CollabAPIHandler
from .decoding import decode_body, read_object
from .needs import needed_for
from .schemas import check_body
from .services import Services

__all__ = ["LIGHT_BYTES", "SMALL_BODY_BYTES", "BodyHandler", "UnsupportedContentType", "whole_number"]


SMALL_BODY_BYTES = 64 * 2**10

LIGHT_BYTES = 16 * 2**10
"""With notebooks of so many bytes, document and body together, all is done within 50 ms, be it in the event loop.

A process that is there already takes a millisecond longer, one that has to be started a fifth of a second.
"""

MAX_DIGITS = 12
"""A number in a query has no more, zeros before it among them."""


class UnsupportedContentType(ContentError):
    """The body is not of a type that this request takes."""

    status = 415
    reason = "unsupported_content_type"


@stream_request_body
class BodyHandler(CollabAPIHandler):
    """Base of handlers with bodies: who sends one is known before it is read, and what is too long is not kept."""

    def initialize(self, services: Services, public: bool) -> None:
        """Set by the route."""
        super().initialize(services, public)
        self._received = bytearray()
        self._received_bytes = 0
        self._is_prepared = False

    @property
    def max_body_bytes(self) -> int:
        """How long a body may be; handlers that take content allow as much as a room may have."""
        return SMALL_BODY_BYTES

    async def prepare(self) -> None:  # type: ignore[override]  # as jupyter_server's own API handlers do
        """Called when the headers are there; a refusal here is answered before the body is read."""
        await super().prepare()
        if self.request.method not in SAFE_METHODS:
            announced = self.request.headers.get("Content-Length", "0")
            self._check_length(int(announced) if announced.isdigit() else 0)
            if self.expects_large_body and (needed := needed_for(self, self.request.method)) is not None:
                await self.require(needed, self.path_args[0])
            self.expect_body()
        self._is_prepared = True

    @property
    def expects_large_body(self) -> bool:
        """Whether the body may turn out large, as far as its headers say."""
        announced = self.request.headers.get("Content-Length", "")
        return self.max_body_bytes > SMALL_BODY_BYTES and not (announced.isdigit() and int(announced) <= LIGHT_BYTES)

    def expect_body(self) -> None:
        """Called before a body is read; a refusal here is answered before that, too."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """As for all; before the body is read, Tornado then closes the connection: a proxy must not use it again."""
        if not self._is_prepared:
            self.set_header("Connection", "close")
        super().write_error(status_code, **kwargs)

    def data_received(self, chunk: bytes) -> None:
        """Called with each part of the body."""
        self._received_bytes += len(chunk)
        if self._received_bytes <= self.max_body_bytes:
            self._received += chunk
        else:
            self._received.clear()

    def _check_length(self, length_bytes: int) -> None:
        if length_bytes > self.max_body_bytes:
            limit = f"{self.max_body_bytes:,} bytes"
            raise MessageTooLarge(f"The body has {length_bytes:,} bytes; at most {limit} are allowed. Send less.")

    def body(self, *content_types: str) -> bytearray:
        """The body, if it is of one of ``content_types``, or says none, or is empty; and not too long."""
        said = _essence(self.request.headers.get("Content-Type", ""))
        if self._received_bytes and said and said not in map(_essence, content_types):
            raise UnsupportedContentType(f"Send the body as {' or '.join(content_types)}, not as {said}.")
        self._check_length(self._received_bytes)
        return self._received

    def json_body(self, operation_id: str) -> dict[str, Any]:
        """The body as a JSON object that is what the operation takes; no body is an empty object.

        Whatever text is in it can be hashed, kept and sent on: JSON can say half a character, UTF-8 cannot.
        """
        body = read_object(decode_body(self.body("application/json")))
        try:
            json.dumps(body, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ContentError("The body has half a character in it (a surrogate that stands alone).") from error
        check_body(operation_id, body)
        return {name: _whole(value) for name, value in body.items()}


def _whole(value: object) -> object:
    """To JSON, 1.0 is a whole number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _essence(content_type: str) -> str:
    """A content type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def whole_number(handler: CollabAPIHandler, name: str, default: int, least: int, most: int) -> int:
    """A whole number in the query, within bounds."""
    text = handler.get_query_argument(name, str(default))
    is_number = text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS
    if not is_number or not least <= int(text) <= most:
        raise ContentError(f"{name} must be a whole number from {least} to {most}.")
    return int(text)
