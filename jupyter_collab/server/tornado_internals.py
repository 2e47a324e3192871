"""All that uses parts of Tornado that it does not promise. ``test_library_internals.py`` names them.

A websocket's handler has a connection (``ws_connection``), and that has a stream. Tornado's own way to send makes a
task for each message, and its own way to close waits for the client's answer.
"""

import socket

from tornado.http1connection import HTTP1Connection
from tornado.iostream import IOStream, SSLIOStream
from tornado.websocket import WebSocketHandler, WebSocketProtocol13

__all__ = [
    "READ_CHUNK_BYTES",
    "READ_TURN_BYTES",
    "WRITTEN_FOR",
    "end_websocket",
    "read_in_turns",
    "send_at_once",
    "stream_of",
    "tune",
]

WRITTEN_FOR = "6.6"
"""The versions whose ``ws_connection``, ``client_terminated``, ``read_chunk_size`` and ``socket`` are known."""

READ_CHUNK_BYTES = 8 * 2**10
"""How much is read from a socket at a time. Tornado makes, and clears, a buffer of this size for each read."""

READ_TURN_BYTES = 64 * 2**10
"""How much is read from one socket before others have their turn."""

UNSENT_BYTES = 128 * 2**10
"""So much the system takes that it cannot send yet. It would take megabytes, behind which a ping waits for minutes."""


def stream_of(handler: WebSocketHandler) -> IOStream | None:
    """The stream of a websocket, while that is open."""
    connection = handler.ws_connection
    return connection.stream if isinstance(connection, WebSocketProtocol13) else None


def send_at_once(stream: IOStream, data: bytes) -> bytes:
    """Send what the socket takes right now, without the future that ``stream.write`` makes; returns the rest.

    Nothing is sent while earlier data waits in the stream; TLS, and whatever is wrong with the socket, is left to it.
    """
    if stream.closed() or stream.writing() or isinstance(stream, SSLIOStream):
        return data
    try:
        return data[stream.socket.send(data) :]
    except OSError:
        return data


def tune(stream: IOStream) -> None:
    """Make the stream of a websocket fit for many small messages, and for clients that send or read too much."""
    stream.read_chunk_size = READ_CHUNK_BYTES
    read_in_turns(stream)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # systems other than Linux may not have it
        stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


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


def end_websocket(handler: WebSocketHandler, code: int, reason: str) -> None:
    """End a websocket. Nothing more of what it sends is handled, whether or not its client says goodbye."""
    connection = handler.ws_connection
    if isinstance(connection, WebSocketProtocol13):
        connection.client_terminated = True  # else Tornado waits for five seconds, and hands over what comes meanwhile
        handler.close(code, reason)
    elif isinstance(handler.request.connection, HTTP1Connection) and handler.request.connection.stream is not None:
        handler.request.connection.stream.close()  # the handshake is under way
