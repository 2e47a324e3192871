"""A Tornado websocket as a room's :class:`~jupyter_collab.rooms.Transport`."""

import asyncio
import socket
from collections.abc import Callable

from tornado.iostream import IOStream, SSLIOStream, StreamClosedError
from tornado.websocket import WebSocketHandler, WebSocketProtocol13

from ..errors import CloseCode

__all__ = ["TornadoTransport", "read_in_turns"]

BINARY, CONTINUATION, FINAL = 0x02, 0x00, 0x80
"""Of the first byte of a frame: what it is, and whether the message ends with it (RFC 6455, section 5.2)."""

FRAGMENT_BYTES = 128 * 2**10
"""A larger message leaves in frames of this size, the next when the one before has left.

So a ping does not wait behind all of it: over a slow line that would take longer than the server waits for an answer.
And a peer that does not read costs this much, as the message itself is shared by all who are sent it.
"""


READ_CHUNK_BYTES = 8 * 2**10
"""How much is read from a socket at a time."""

READ_TURN_BYTES = 64 * 2**10
"""How much is read from one socket before others have their turn."""

UNSENT_BYTES = 128 * 2**10
"""So much the system takes that it cannot send yet. It would take megabytes, behind which a ping waits for minutes."""


class TornadoTransport:
    """Writes frames to the handler's stream itself.

    ``WebSocketHandler.write_message`` starts a task for every message, which in a room of fifty costs more than all
    the rest; and it cannot say whether the peer keeps up.
    """

    def __init__(self, handler: WebSocketHandler) -> None:
        self._handler = handler
        self._flushed: asyncio.Future[None] | None = None
        self._is_closing = False
        self.left_at = 0.0
        """When a part of a large message left last, by the event loop's clock: somebody reads then."""

    def send(self, message: bytes) -> bool:
        """Send one message; answers whether all of it has left."""
        connection = self._handler.ws_connection
        if not isinstance(connection, WebSocketProtocol13):
            return True
        stream = connection.stream
        if len(message) > FRAGMENT_BYTES:
            # Who drains this connection waits for its result, as for that of a write.
            self._flushed = asyncio.ensure_future(self._send_in_fragments(stream, message))
            return False
        try:
            if rest := _sent_at_once(stream, frame_header(len(message)) + message):
                self._flushed = stream.write(rest)
        except StreamClosedError:
            return True
        return not stream.writing()

    async def _send_in_fragments(self, stream: IOStream, message: bytes) -> None:
        view = memoryview(message)
        for start in range(0, len(view), FRAGMENT_BYTES):
            if self._is_closing:  # nothing may follow the frame that says so
                raise StreamClosedError
            fragment = view[start : start + FRAGMENT_BYTES]
            final = FINAL if start + FRAGMENT_BYTES >= len(view) else 0
            first_byte = final | (BINARY if start == 0 else CONTINUATION)
            await stream.write(frame_header(len(fragment), first_byte) + fragment)
            self.left_at = asyncio.get_running_loop().time()

    def tune(self) -> None:
        """Make the connection fit for many small messages; called once, after the handshake."""
        connection = self._handler.ws_connection
        if isinstance(connection, WebSocketProtocol13):
            # Else the second of two small messages waits until the client's system has acknowledged the first: 40 ms.
            connection.set_nodelay(True)
            # Tornado makes, and clears, a buffer of this size for each of the several reads that a frame takes.
            connection.stream.read_chunk_size = READ_CHUNK_BYTES
            read_in_turns(connection.stream)
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # systems other than Linux may not have it
                connection.stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    def on_drained(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when what was sent last has left, unless the connection ends before."""
        if self._flushed is not None:
            self._flushed.add_done_callback(lambda flushed: None if flushed.exception() else callback())

    def close(self, code: CloseCode, reason: str) -> None:
        """Close the connection."""
        self._is_closing = True
        self._handler.close(code, reason)


def read_in_turns(stream: IOStream) -> None:
    """Let others have their turn while ``stream`` is read: Tornado would read on for as long as somebody sends fast.

    Not with TLS, where the system does not say that there is more of what has been read and not been asked for.
    """
    if not isinstance(stream, SSLIOStream):
        stream.read_from_fd = _Reading(stream.socket)  # type: ignore[method-assign]  # subclasses may; Tornado makes it


class _Reading:
    """Reads from ``source``; after so many bytes it says once that there are no more, and Tornado looks again later."""

    def __init__(self, source: socket.socket) -> None:
        self._source = source
        self._left = READ_TURN_BYTES

    def __call__(self, buf: bytearray | memoryview) -> int | None:
        """As :meth:`tornado.iostream.IOStream.read_from_fd`."""
        count = self._read(buf) if self._left > 0 else None
        self._left = READ_TURN_BYTES if count is None else self._left - count
        return count

    def _read(self, buffer: bytearray | memoryview) -> int | None:
        try:
            return self._source.recv_into(buffer)
        except BlockingIOError:
            return None


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


def frame_header(length: int, first_byte: int = FINAL | BINARY) -> bytes:
    """The header of an unmasked frame, as servers send it (RFC 6455, section 5.2)."""
    first = bytes((first_byte,))
    if length < 126:
        return first + bytes((length,))
    if length < 2**16:
        return first + b"\x7e" + length.to_bytes(2, "big")
    return first + b"\x7f" + length.to_bytes(8, "big")
