"""One bare connection to a room: messages out, messages in, and how it ended. No document."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from jupyter_collab.protocol import SUBPROTOCOL, Message, build, parse

from ..servers import RunningServer
from .waiting import DEADLINE_SECONDS

__all__ = ["GUESTS", "Closed", "Wire", "connecting", "room_url"]

M = TypeVar("M")


@dataclass(frozen=True)
class Closed:
    """How a connection ended."""

    code: int
    reason: str


SERVERS_OWN = "api/collab"
GUESTS = "collab/api"
"""Where a room's address begins, for users of the server and for others."""


def room_url(server: RunningServer, room: str, mount: str = SERVERS_OWN, **query: str | None) -> str:
    """The websocket address of ``room``; ``room`` is used as it is, tricks and all."""
    present = {name: value for name, value in query.items() if value is not None}
    return f"{server.ws_url}{mount}/room/{room}" + (f"?{urlencode(present)}" if present else "")


def connecting(
    server: RunningServer,
    room: str,
    *,
    v1: bool = True,
    headers: dict[str, str] | None = None,
    origin: str | None = None,
    role: str | None = None,
    epoch: str | None = None,
    port: int | None = None,
    mount: str = SERVERS_OWN,
) -> connect:
    """A connection in the making: with the server's token or ``headers``, perhaps by way of another ``port``."""
    place: dict[str, Any] = {} if port is None else {"host": "127.0.0.1", "port": port}
    return connect(
        room_url(server, room, mount, role=role, epoch=epoch),
        additional_headers=server.headers if headers is None else headers,
        subprotocols=[Subprotocol(SUBPROTOCOL)] if v1 else None,
        origin=None if origin is None else Origin(origin),
        compression=None,
        proxy=None,
        max_size=None,
        ping_interval=None,
        close_timeout=1,
        **place,
    )


class Wire:
    """A connection that does nothing by itself. Use :meth:`open`.

    ``messages`` holds all that was received, ``closed`` how the connection ended, once it has.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.messages: list[Message] = []
        self.closed: Closed | None = None
        self._taken = 0
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        server: RunningServer,
        room: str,
        *,
        v1: bool = True,
        headers: dict[str, str] | None = None,
        origin: str | None = None,
        role: str | None = None,
        epoch: str | None = None,
        mount: str = SERVERS_OWN,
    ) -> AsyncIterator["Wire"]:
        """Connect with the server's token, or with ``headers`` instead; the handshake's refusal is raised."""
        async with (
            connecting(
                server, room, v1=v1, headers=headers, origin=origin, role=role, epoch=epoch, mount=mount
            ) as socket,
            cls(socket) as wire,
        ):
            yield wire

    async def __aenter__(self) -> "Wire":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.socket.close()
        await self._reader

    async def _read(self) -> None:
        try:
            async for data in self.socket:
                assert isinstance(data, bytes), "the server sends binary frames only"
                self.messages.append(parse(data))
                self._news.set()
        except ConnectionClosed:
            pass  # what it ended with is read below
        self.closed = Closed(self.socket.close_code or 1006, self.socket.close_reason or "")
        self._news.set()

    async def send(self, *messages: Message | bytes | str) -> None:
        """Send messages; bytes and text go out as they are. What cannot leave a closed connection is dropped."""
        with contextlib.suppress(ConnectionClosed):
            for message in messages:
                await self.socket.send(message if isinstance(message, (bytes, str)) else build(message))

    def forget(self) -> None:
        """Drop what was received so far."""
        self.messages.clear()
        self._taken = 0

    async def send_fragments(self, fragments: Iterable[bytes]) -> None:
        """Send one message in many frames."""
        with contextlib.suppress(ConnectionClosed):
            await self.socket.send(fragments)

    async def receive(
        self, kind: type[M], accept: Callable[[M], bool] = lambda message: True, *, seconds: float = DEADLINE_SECONDS
    ) -> M:
        """The next message of that kind that ``accept`` takes; those before it are skipped."""
        return await asyncio.wait_for(self._next(kind, accept), seconds)

    async def _next(self, kind: type[M], accept: Callable[[M], bool]) -> M:
        while True:
            while self._taken < len(self.messages):
                message = self.messages[self._taken]
                self._taken += 1
                if isinstance(message, kind) and accept(message):
                    return message
            assert self.closed is None, f"closed while waiting for {kind.__name__}: {self.closed}"
            self._news.clear()
            await self._news.wait()

    async def end(self, *, seconds: float = DEADLINE_SECONDS) -> Closed:
        """Wait until the server closes the connection."""
        await asyncio.wait_for(asyncio.shield(self._reader), seconds)
        assert self.closed is not None
        return self.closed
