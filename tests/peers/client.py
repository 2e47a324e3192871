"""A small client of the project's wire: a pycrdt document, and no edit forgotten before the server's ack.

It shares nothing with ``jupyter_collab.client`` but the messages, so that each can show the other's mistakes.
"""

import asyncio
import itertools
import json
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from pycrdt import Array, Doc, Text, TransactionEvent
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import (
    Ack,
    AwarenessEntry,
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
    build_awareness,
    parse,
    parse_awareness,
)

from ..servers import RunningServer
from .waiting import DEADLINE_SECONDS, eventually
from .wire import Closed, connecting

__all__ = ["RawClient"]

RECONNECT_SECONDS = 0.05

FINAL = {
    CloseCode.UNSUPPORTED,
    CloseCode.MALFORMED,
    CloseCode.TOO_LARGE,
    CloseCode.FORBIDDEN,
    CloseCode.ROOM_NOT_FOUND,
    CloseCode.EPOCH_MISMATCH,
    CloseCode.ROOM_DELETED,
}
"""After these the client stays away, for the test to see."""


class RawClient:
    """Somebody in a room. An async context manager that connects, again and again, until its end.

    Parameters
    ----------
    servers
        Where to connect to; each attempt takes the next one.
    name
        For messages.
    document
        What one has from an earlier visit.
    Attributes
    ----------
    acked, unacked
        Labels of the edits that the server said are durable, and of the others.
    people
        Presence of the others, by client id; ``clocks`` has each one's clock.
    ends
        How the connections ended so far.
    on_remote
        Called after each change by others.
    """

    def __init__(
        self,
        servers: RunningServer | Sequence[RunningServer],
        room: str,
        name: str = "raw",
        *,
        role: str | None = None,
        document: Doc[Any] | None = None,
    ) -> None:
        self.doc: Doc[Any] = Doc() if document is None else document
        self.name = name
        self.acked: set[str] = set()
        self.hello: HelloInfo | None = None
        self.people: dict[int, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.rejections: list[Rejection] = []
        self.ends: list[Closed] = []
        self.synced = False
        self.on_remote: Callable[[], None] = lambda: None
        self._servers = (servers,) if isinstance(servers, RunningServer) else tuple(servers)
        self._room = room
        self._role = role
        self._sent_as: dict[str, int | None] = {}
        self._sent = 0
        self._socket: ClientConnection | None = None
        self._outgoing: asyncio.Queue[bytes] | None = None
        self._may_send = False
        self._changes: list[bytes] = []
        self.clocks: dict[int, int] = {}
        self.presence_messages = 0
        self._clock = itertools.count(1)
        self._state: dict[str, Any] | None = None
        self._observer = self.doc.observe(self._observe)

    # -- the document ------------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The text of the first cell; empty before the first sync."""
        cells = self.doc.get("cells", type=Array)
        return str(cells[0]["source"]) if len(cells) else ""

    @property
    def source(self) -> Text:
        """The first cell's shared text; its positions are bytes."""
        source = self.doc.get("cells", type=Array)[0]["source"]
        assert isinstance(source, Text)
        return source

    @property
    def unacked(self) -> set[str]:
        """Labels of the edits that nobody said are durable."""
        return set(self._sent_as)

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as one knows."""
        return self._outgoing is not None

    def edit(self, label: str, change: Callable[[Doc[Any]], None]) -> None:
        """Change the document; ``label`` moves from ``unacked`` to ``acked`` when the change is durable."""
        self._sent_as[label] = None
        with self.doc.transaction():
            change(self.doc)
        changes, self._changes = self._changes, []
        if self._may_send:
            for change_update in changes:
                self._send_edit(Update(change_update))
            self._sent_as[label] = self._sent

    def write(self, text: str, at: int | None = None) -> None:
        """Insert ``text`` into the first cell, at its end or at a byte; it is its own label."""
        self.edit(text, lambda doc: self.source.insert(len(self.source) if at is None else at, text))

    def _observe(self, event: TransactionEvent) -> None:
        self._changes.append(event.update)

    def _apply(self, update: bytes) -> None:
        self.doc.apply_update(update)
        self._changes.clear()
        self.on_remote()

    # -- presence ----------------------------------------------------------------------------------------------------

    def present(self, state: dict[str, Any]) -> None:
        """Tell the others where one is; said again at each reconnect."""
        self._state = state
        self._send_presence()

    def _send_presence(self) -> None:
        if self._state is not None and self._outgoing is not None:
            entry = AwarenessEntry(self.doc.client_id, next(self._clock), json.dumps(self._state))
            self._send(AwarenessMessage(build_awareness([entry])))

    def _hear(self, payload: bytes) -> None:
        self.presence_messages += 1
        for entry in parse_awareness(payload, max_state_bytes=10**6, max_entries=10**4):
            if entry.client_id == self.doc.client_id or self.clocks.get(entry.client_id, -1) >= entry.clock:
                continue
            self.clocks[entry.client_id] = entry.clock
            state = json.loads(entry.state)
            if state is None:
                self.people.pop(entry.client_id, None)
            else:
                self.people[entry.client_id] = state

    # -- the connection ----------------------------------------------------------------------------------------------

    async def __aenter__(self) -> "RawClient":
        self._life = asyncio.create_task(self._live(), name=f"client {self.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._life.cancel()
        await asyncio.wait([self._life])
        if error is None and not self._life.cancelled():
            self._life.result()

    async def joined(self, *, seconds: float = DEADLINE_SECONDS) -> "RawClient":
        """Wait until this client has all that the server has."""
        await eventually(self._is_joined, f"{self.name} has joined (ended so far: {self.ends})", seconds=seconds)
        return self

    def _is_joined(self) -> bool:
        if self._life.done():
            self._life.result()
            raise AssertionError(f"{self.name} was sent away: {self.ends}")
        return self.synced

    async def saved(self, *, seconds: float = DEADLINE_SECONDS) -> None:
        """Wait until all own edits are durable."""
        await eventually(lambda: not self._sent_as, f"{self.name}'s edits are saved", seconds=seconds)

    async def hang_up(self) -> None:
        """Drop the connection without a word; a new one follows."""
        assert self._socket is not None
        self._socket.transport.abort()
        await eventually(lambda: not self.connected, "the connection is gone")

    async def _live(self) -> None:
        for attempt in itertools.count():
            server = self._servers[attempt % len(self._servers)]
            try:
                epoch = self.hello["epoch"] if self.hello else None
                async with connecting(server, self._room, role=self._role, epoch=epoch) as socket:
                    await self._talk(socket)
                    self.ends.append(Closed(socket.close_code or 1006, socket.close_reason or ""))
            except (OSError, InvalidHandshake):
                pass  # the server is away: that is what this client is for
            self.people.clear()
            if self.ends and self.ends[-1].code in FINAL:
                return
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _talk(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._sent = 0
        self._sent_as = dict.fromkeys(self._sent_as)
        self._outgoing = asyncio.Queue()
        self._send(SyncStep1(self.doc.get_state()))
        self._send_presence()
        writer = asyncio.create_task(_write(socket, self._outgoing))
        try:
            async for data in socket:
                assert isinstance(data, bytes)
                self._take(parse(data))
        except ConnectionClosed:
            pass  # the code and reason are kept by who called
        finally:
            self.synced = self._may_send = False
            self._outgoing = None
            writer.cancel()
            await asyncio.wait([writer])

    def _send(self, message: Message) -> None:
        assert self._outgoing is not None
        self._outgoing.put_nowait(build(message))

    def _send_edit(self, message: Message) -> None:
        self._sent += 1
        self._send(message)

    def _take(self, message: Message) -> None:
        match message:
            case Hello(info):
                former, self.hello = self.hello, info
                assert former is None or former["epoch"] == info["epoch"], "the room changed its epoch"
            case SyncStep1(vector):
                self._send_edit(SyncStep2(self.doc.get_update(vector)))
                self._sent_as = dict.fromkeys(self._sent_as, self._sent)
                self._may_send = True
            case SyncStep2(update):
                self._apply(update)
                self.synced = True
            case Update(update):
                self._apply(update)
            case Ack(count, _):
                durable = {label for label, sent in self._sent_as.items() if sent is not None and sent <= count}
                self._sent_as = {label: sent for label, sent in self._sent_as.items() if label not in durable}
                self.acked |= durable
            case AwarenessMessage(payload):
                self._hear(payload)
            case Rejection():
                self.rejections.append(message)
            case Event(event):
                self.events.append(dict(event))
            case _:
                raise AssertionError(f"the server sent {message}")


async def _write(socket: ClientConnection, outgoing: "asyncio.Queue[bytes]") -> None:
    try:
        while True:
            await socket.send(await outgoing.get())
    except ConnectionClosed:
        pass  # what was not sent is still in the document
