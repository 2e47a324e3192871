"""A Tornado websocket as a room's :class:`~jupyter_collab.rooms.Transport`."""

import asyncio
from collections.abc import Callable

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketHandler, WebSocketProtocol13

from ..errors import CloseCode

__all__ = ["TornadoTransport"]

BINARY_FRAME = b"\x82"
"""First byte of a whole, binary message (RFC 6455, section 5.2)."""

COPIED_BYTES = 64 * 2**10
"""A message up to this size is copied behind its header; a larger one is written after it."""


class TornadoTransport:
    """Writes frames to the handler's stream itself.

    ``WebSocketHandler.write_message`` starts a task for every message, which in a room of fifty costs more than all
    the rest; and it cannot say whether the peer keeps up.
    """

    def __init__(self, handler: WebSocketHandler) -> None:
        self._handler = handler
        self._flushed: asyncio.Future[None] | None = None

    def send(self, message: bytes) -> bool:
        """Send one message; answers whether all of it has left."""
        connection = self._handler.ws_connection
        if not isinstance(connection, WebSocketProtocol13):
            return True
        header = frame_header(len(message))
        try:
            if len(message) <= COPIED_BYTES:
                self._flushed = connection.stream.write(header + message)
            else:
                connection.stream.write(header)
                self._flushed = connection.stream.write(message)
        except StreamClosedError:
            return True
        return not connection.stream.writing()

    def on_drained(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when what was sent last has left, unless the connection ends before."""
        if self._flushed is not None:
            self._flushed.add_done_callback(lambda flushed: None if flushed.exception() else callback())

    def close(self, code: CloseCode, reason: str) -> None:
        """Close the connection."""
        self._handler.close(code, reason)


def frame_header(length: int) -> bytes:
    """The header of an unmasked frame, as servers send it (RFC 6455, section 5.2)."""
    if length < 126:
        return BINARY_FRAME + bytes((length,))
    if length < 2**16:
        return BINARY_FRAME + b"\x7e" + length.to_bytes(2, "big")
    return BINARY_FRAME + b"\x7f" + length.to_bytes(8, "big")
