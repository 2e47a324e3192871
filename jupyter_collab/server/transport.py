"""A Tornado websocket as a room's :class:`~jupyter_collab.rooms.Transport`."""

import asyncio
from collections.abc import Callable

from tornado.iostream import IOStream, SSLIOStream, StreamClosedError
from tornado.websocket import WebSocketHandler, WebSocketProtocol13

from ..errors import CloseCode

__all__ = ["TornadoTransport"]

BINARY_FRAME = b"\x82"
"""First byte of a whole, binary message (RFC 6455, section 5.2)."""

COPIED_BYTES = 64 * 2**10
"""A message up to this size is copied behind its header; a larger one is written after it."""


READ_CHUNK_BYTES = 8 * 2**10
"""How much is read from a socket at a time."""


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
        stream = connection.stream
        header = frame_header(len(message))
        try:
            if len(message) > COPIED_BYTES:
                stream.write(header)
                self._flushed = stream.write(message)
            elif rest := _sent_at_once(stream, header + message):
                self._flushed = stream.write(rest)
        except StreamClosedError:
            return True
        return not stream.writing()

    def tune(self) -> None:
        """Make the connection fit for many small messages; called once, after the handshake."""
        connection = self._handler.ws_connection
        if isinstance(connection, WebSocketProtocol13):
            # Else the second of two small messages waits until the client's system has acknowledged the first: 40 ms.
            connection.set_nodelay(True)
            # Tornado makes, and clears, a buffer of this size for each of the several reads that a frame takes.
            connection.stream.read_chunk_size = READ_CHUNK_BYTES

    def on_drained(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when what was sent last has left, unless the connection ends before."""
        if self._flushed is not None:
            self._flushed.add_done_callback(lambda flushed: None if flushed.exception() else callback())

    def close(self, code: CloseCode, reason: str) -> None:
        """Close the connection."""
        self._handler.close(code, reason)


def _sent_at_once(stream: IOStream, data: bytes) -> bytes:
    """Send what the socket takes right now, without the future that ``stream.write`` makes; answers the rest.

    Nothing is sent while earlier data waits in the stream; TLS, and whatever is wrong with the socket, is left to it.
    """
    if stream.closed() or stream.writing() or isinstance(stream, SSLIOStream):
        return data
    try:
        return data[stream.socket.send(data) :]
    except OSError:
        return data


def frame_header(length: int) -> bytes:
    """The header of an unmasked frame, as servers send it (RFC 6455, section 5.2)."""
    if length < 126:
        return BINARY_FRAME + bytes((length,))
    if length < 2**16:
        return BINARY_FRAME + b"\x7e" + length.to_bytes(2, "big")
    return BINARY_FRAME + b"\x7f" + length.to_bytes(8, "big")
