"""A websocket client that costs next to nothing.

The load generator shares a small machine with the server that it measures, and it plays up to a hundred people: with a
full client library the generator would be what is measured. This one speaks just enough of RFC 6455: the handshake,
binary frames (whole or in fragments), ping and close; no extensions.
"""

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from time import perf_counter

__all__ = ["Closed", "Receiver", "Refused", "Socket", "frame"]

Receiver = Callable[[bytes, float], None]
"""Called with each message and the moment (``perf_counter`` seconds) at which its bytes were read."""

_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING = 0, 1, 2, 8, 9
_NO_MASK = b"\0\0\0\0"  # a client must mask; masking with zero leaves the payload as it is


class Refused(Exception):
    """The server answered the handshake with something else than 101."""


class Closed(Exception):
    """The connection is gone; the message says with which close code and reason."""


def frame(payload: bytes, opcode: int = _BINARY) -> bytes:
    """The bytes on the wire of one whole client message."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
    return head + _NO_MASK + payload


class Socket(asyncio.Protocol):
    """One connection. Open it with :meth:`open`; messages go to ``receiver``, which may be replaced at any time.

    Messages begin with ``prefix`` both ways, which ``receiver`` and who calls :meth:`send` do not see.
    """

    def __init__(self, receiver: Receiver, prefix: bytes = b"") -> None:
        self.receiver = receiver
        self._prefix = prefix
        self.received_bytes = 0
        self.received_frames = 0
        self.close_reason: str | None = None
        loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = loop.create_future()
        self._ended: asyncio.Future[None] = loop.create_future()
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._needed = 0
        self._fragments = bytearray()

    async def open(self, host: str, port: int, target: str, headers: dict[str, str], *, timeout: float = 30.0) -> None:
        """Connect to ``ws://host:port/target``.

        Raises:
            Refused: the server does not open a websocket there.
            TimeoutError: no answer within ``timeout`` seconds.
        """
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: self, host, port)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        transport.write("\r\n".join([*lines, "", ""]).encode())
        await asyncio.wait_for(self._opened, timeout)

    @property
    def closed(self) -> bool:
        return self._ended.done()

    def write(self, data: bytes) -> None:
        """Send bytes that :func:`frame` made.

        Raises:
            Closed: the connection is gone.
        """
        if self._transport is None or self._ended.done():
            raise Closed(self.close_reason or "the connection is closed")
        self._transport.write(data)

    def send(self, payload: bytes) -> None:
        """Send one binary message."""
        self.write(frame(self._prefix + payload))

    async def drain(self) -> None:
        """Wait until the server has taken most of what was written."""
        await self._writable.wait()

    async def wait_closed(self) -> None:
        """Wait until the connection is gone, whoever ended it."""
        await asyncio.shield(self._ended)

    async def close(self) -> None:
        """Say goodbye and hang up."""
        if self._transport is not None and not self._ended.done():
            self._transport.write(frame(struct.pack("!H", 1000), _CLOSE))
            self._transport.close()
            await self._ended

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=1 << 20)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._opened.done():
            self._opened.set_exception(Refused(f"the connection was lost in the handshake: {exc}"))
        self.close_reason = self.close_reason or f"the connection was lost: {exc}"
        self._writable.set()
        self._ended.set_result(None)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        at = perf_counter()
        self.received_bytes += len(data)
        self._buffer += data
        if not self._opened.done() and not self._take_handshake():
            return
        while len(self._buffer) >= self._needed and self._take_frame(at):
            pass

    def _take_handshake(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._buffer[:end]).decode("latin-1")
        del self._buffer[: end + 4]
        status = head.split("\r\n", 1)[0]
        if " 101 " not in f"{status} ":
            self._opened.set_exception(Refused(status))
            return False
        self._opened.set_result(None)
        return True

    def _take_frame(self, at: float) -> bool:
        """Take one frame off the buffer, if it is all there; else note in ``_needed`` how many bytes it takes."""
        buffer = self._buffer
        if len(buffer) < 2:
            self._needed = 2
            return False
        size, start = buffer[1], 2
        if size == 126:
            start = 4
        elif size == 127:
            start = 10
        if len(buffer) < start:
            self._needed = start
            return False
        if start > 2:
            size = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + size:
            self._needed = start + size
            return False
        final, opcode = buffer[0] & 0x80, buffer[0] & 0x0F
        payload = bytes(buffer[start : start + size])
        del buffer[: start + size]
        self._needed = 2
        self.received_frames += 1
        self._dispatch(final != 0, opcode, payload, at)
        return True

    def _dispatch(self, final: bool, opcode: int, payload: bytes, at: float) -> None:
        if opcode == _BINARY and final:
            self.receiver(payload.removeprefix(self._prefix), at)
        elif opcode in (_BINARY, _TEXT, _CONTINUATION):
            self._fragments += payload
            if final:
                whole = bytes(self._fragments)
                self._fragments.clear()
                self.receiver(whole.removeprefix(self._prefix), at)
        elif opcode == _PING:
            self.write(frame(payload, 10))
        elif opcode == _CLOSE:
            code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
            self.close_reason = f"closed by the server: {code} {payload[2:].decode(errors='replace')}"
            if self._transport is not None:
                self._transport.close()
