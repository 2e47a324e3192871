"""A server that does what a test tells it to: it speaks ``docs/wire.md`` over real websockets, and keeps one room."""

import asyncio
import contextlib
import http
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
from pycrdt import Doc
from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from jupyter_collab.client.http.server_access import Secret, Server
from jupyter_collab.client.replica.backoff import Backoff
from jupyter_collab.document import RoomDocument
from jupyter_collab.protocol import (
    SUBPROTOCOL,
    Ack,
    AwarenessMessage,
    Event,
    Hello,
    HelloInfo,
    Message,
    Rejection,
    SyncStep1,
    SyncStep2,
    Update,
    build,
    parse,
)
from tests.servers import find_port

QUICK = Backoff(first_seconds=0.01, longest_seconds=0.05, slow_down_seconds=0.05)
TOKEN = "a-secret-token-3f9c"
CAPABILITIES = {
    "viewer": ["read"],
    "writer": ["read", "edit"],
    "owner": ["read", "edit", "run", "manage"],
}


def notebook(*sources: str) -> dict[str, Any]:
    """A notebook of code cells ``c0``, ``c1``, … that hold ``sources``."""
    cells: list[dict[str, Any]] = [
        {"id": f"c{i}", "cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for i, source in enumerate(sources)
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def hello(epoch: str, role: str = "owner", message_bytes: int = 1_000_000) -> HelloInfo:
    """What the server says first."""
    return {
        "version": 1,
        "room": "demo",
        "title": "Demo",
        "epoch": epoch,
        "seq": 1,
        "role": role,
        "capabilities": CAPABILITIES[role],
        "user": {
            "username": "ada",
            "name": "Ada",
            "display_name": "Ada",
            "initials": "A",
            "avatar_url": None,
            "color": "#0b6e4f",
        },
        "limits": {
            "message_bytes": message_bytes,
            "room_bytes": 50_000_000,
            "awareness_bytes": 16_384,
            "updates_per_second": 20_000,
        },
    }


@dataclass
class ScriptedServer:
    """One room, ``demo``, on 127.0.0.1.

    Attributes
    ----------
    document, epoch, role
        The room, and what everybody is in it.
    acks
        Whether edits are acknowledged; set to ``False``, the server takes them in and says nothing.
    reject
        If set, the reason for which edits are refused.
    answer, location
        If set, how the handshake is refused, and where a redirect leads.
    refused
        How many handshakes were refused so.
    is_silent
        Whether it takes connections and then says nothing.
    speaks_v1
        Whether it knows our subprotocol.
    hangs_up
        If set, the close code and reason for whoever connects.
    edits
        Every message with edits that came in, in order.
    queries
        The query strings of the connections, in order.
    presence
        The awareness messages that came in.
    """

    epoch: str = "epoch-1"
    sources: tuple[str, ...] = ("",)
    role: str = "owner"
    message_bytes: int = 1_000_000
    acks: bool = True
    reject: str | None = None
    answer: http.HTTPStatus | None = None
    location: str = "/login"
    refused: int = 0
    is_silent: bool = False
    speaks_v1: bool = True
    hangs_up: tuple[int, str] | None = None
    edits: list[Message] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    presence: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.document = self._new_document()
        self.port = find_port()
        self.connections: dict[ServerConnection, int] = {}
        self._server: WebSocketServer | None = None

    def _new_document(self) -> RoomDocument:
        seeded = RoomDocument.create(self.epoch, notebook(*self.sources))
        doc: Doc[Any] = Doc()
        doc.apply_update(seeded.doc.get_update())
        return RoomDocument(doc)

    @property
    def server(self) -> Server:
        """Where a client finds it."""
        return Server(f"http://127.0.0.1:{self.port}/", Secret(TOKEN))

    @property
    def texts(self) -> list[str]:
        """The cells' texts."""
        return [cell["source"] for cell in self.document.cells]

    async def start(self) -> None:
        """Answer, from now on."""
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            self.port,
            subprotocols=[Subprotocol(SUBPROTOCOL)] if self.speaks_v1 else None,
            process_request=self._answer_http,
            max_size=None,
            ping_interval=None,
        )

    async def stop(self) -> None:
        """Be gone, without a word to anybody, as after ``kill -9``."""
        if self._server is None:
            return
        self.drop()
        self._server.close(close_connections=False)
        await self._server.wait_closed()
        self._server = None

    def drop(self) -> None:
        """Cut every connection."""
        for connection in tuple(self.connections):
            connection.transport.abort()

    async def close(self, code: int, reason: str = "") -> None:
        """Close every connection in an orderly way."""
        for connection in tuple(self.connections):
            await connection.close(code, reason)

    async def send(self, message: Message) -> None:
        """Say something to everybody."""
        for connection in tuple(self.connections):
            await connection.send(build(message))

    async def edit(self, change: Callable[[RoomDocument], object]) -> None:
        """Somebody else edits."""
        before = self.document.doc.get_state()
        change(self.document)
        await self.send(Update(self.document.doc.get_update(before)))

    async def replace_history(self, epoch: str, *sources: str) -> None:
        """The room begins anew; who is connected is told so."""
        self.epoch, self.sources = epoch, sources
        self.document = self._new_document()
        await self.close(4409, "epoch_mismatch: start from an empty document")

    async def acknowledge(self) -> None:
        """Acknowledge all that was taken in."""
        for connection, count in tuple(self.connections.items()):
            await connection.send(build(Ack(count, 2)))

    async def say(self, **event: Any) -> None:
        """Send an event."""
        await self.send(Event(event))

    def _answer_http(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.headers.get("Authorization") != f"token {TOKEN}":
            return connection.respond(http.HTTPStatus.FORBIDDEN, "no")
        if self.answer is not None:
            self.refused += 1
            response = connection.respond(self.answer, "told to")
            response.headers["Location"] = self.location
            return response
        if request.path.startswith("/api/collab/rooms"):
            body = json.dumps({"rooms": [], "total": 0}).encode()
            return Response(200, "OK", Headers({"Content-Length": str(len(body)), "Connection": "close"}), body)
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.queries.append(connection.request.path.partition("?")[2])
        self.connections[connection] = 0
        try:
            if self.hangs_up is not None:
                await connection.close(*self.hangs_up)
            elif not self.is_silent:
                await self._greet(connection)
            async for data in connection:
                assert isinstance(data, bytes)
                await self._take(connection, parse(data))
        except ConnectionClosed:
            return
        finally:
            del self.connections[connection]

    async def _greet(self, connection: ServerConnection) -> None:
        await connection.send(build(Hello(hello(self.epoch, self.role, self.message_bytes))))
        if "edit" in CAPABILITIES[self.role]:
            await connection.send(build(SyncStep1(self.document.doc.get_state())))

    async def _take(self, connection: ServerConnection, message: Message) -> None:
        match message:
            case SyncStep1(state_vector):
                await connection.send(build(SyncStep2(self.document.doc.get_update(state_vector))))
            case SyncStep2(update) | Update(update):
                self.connections[connection] += 1
                self.edits.append(message)
                await self._judge(connection, update)
            case AwarenessMessage(payload):
                self.presence.append(payload)

    async def _judge(self, connection: ServerConnection, update: bytes) -> None:
        count = self.connections[connection]
        if self.reject is not None and update != b"\x00\x00":
            await connection.send(build(Rejection(count, self.reject, "No, because.")))
            return
        self.document.doc.apply_update(update)
        if self.acks:
            await connection.send(build(Ack(count, 2)))


@contextlib.asynccontextmanager
async def scripted_server(*sources: str, **options: Any) -> AsyncIterator[ScriptedServer]:
    """A running scripted server whose room has cells with these texts."""
    server = ScriptedServer(sources=sources or ("",), **options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until ``condition()`` is true; fails after ``seconds``."""
    with anyio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110  # what a test waits for is seldom an event
            await asyncio.sleep(0.002)
