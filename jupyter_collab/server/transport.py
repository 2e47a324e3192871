"""A Tornado websocket as a room's :class:`~jupyter_collab.rooms.Transport`."""

import asyncio
from collections.abc import Callable

from tornado.iostream import IOStream, StreamClosedError
from tornado.websocket import WebSocketHandler

from ..errors import CloseCode
from .tornado_internals import send_at_once, stream_of, tune

__all__ = ["TornadoTransport"]

BINARY, CONTINUATION, FINAL = 0x02, 0x00, 0x80
"""Of the first byte of a frame: what it is, and whether the message ends with it (RFC 6455, section 5.2)."""

FRAGMENT_BYTES = 128 * 2**10
"""A larger message leaves in frames of this size, the next when the one before has left.

So a ping does not wait behind all of it: over a slow line that would take longer than the server waits for an answer.
And a peer that does not read costs this much, as the message itself is shared by all who are sent it.
"""


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
        """Send one message; returns whether all of it has left."""
        stream = stream_of(self._handler)
        if stream is None:
            return True
        if len(message) > FRAGMENT_BYTES:
            # Who drains this connection waits for its result, as for that of a write.
            self._flushed = asyncio.ensure_future(self._send_in_fragments(stream, message))
            return False
        try:
            if rest := send_at_once(stream, frame_header(len(message)) + message):
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
        if (stream := stream_of(self._handler)) is not None:
            # Else the second of two small messages waits until the client's system has acknowledged the first: 40 ms.
            self._handler.set_nodelay(True)
            tune(stream)

    def on_drained(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when what was sent last has left, unless the connection ends before."""
        if self._flushed is not None:
            self._flushed.add_done_callback(lambda flushed: None if flushed.exception() else callback())

    def close(self, code: CloseCode, reason: str) -> None:
        """Close the connection."""
        self._is_closing = True
        self._handler.close(code, reason)


def frame_header(length: int, first_byte: int = FINAL | BINARY) -> bytes:
    """The header of an unmasked frame, as servers send it (RFC 6455, section 5.2)."""
    first = bytes((first_byte,))
    if length < 126:
        return first + bytes((length,))
    if length < 2**16:
        return first + b"\x7e" + length.to_bytes(2, "big")
    return first + b"\x7f" + length.to_bytes(8, "big")
