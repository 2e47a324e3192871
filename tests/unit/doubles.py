"""Designed doubles: a room in memory, with scripted peers and a store that fails on command."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pycrdt import Doc, Text, TransactionEvent

from jupyter_collab.access import Role, User
from jupyter_collab.errors import CloseCode, NotSaved, StoreUnavailable
from jupyter_collab.protocol import (
    SUBPROTOCOL,
    Ack,
    AwarenessEntry,
    AwarenessMessage,
    Event,
    Hello,
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
from jupyter_collab.rooms import Peer, Room, RoomManager
from jupyter_collab.store import LogEntry, LogSlice, SQLStore

__all__ = ["SUBPROTOCOL", "FaultyStore", "MemoryTransport", "ScriptedPeer", "user"]


def user(name: str) -> User:
    """A user of that name."""
    return User(username=name, name=name, display_name=name.title(), initials=name[:1].upper())


class MemoryTransport:
    """A connection in memory. While ``stalled`` nothing leaves it, as if the peer did not read."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed: tuple[CloseCode, str] | None = None
        self.stalled = False
        self._drained: list[Callable[[], None]] = []
        self.on_message: Callable[[bytes], None] = lambda message: None

    def send(self, message: bytes) -> bool:
        self.sent.append(message)
        self.on_message(message)
        return not self.stalled

    def on_drained(self, callback: Callable[[], None]) -> None:
        self._drained.append(callback)

    def resume(self) -> None:
        """The peer reads again."""
        self.stalled = False
        waiting, self._drained = self._drained, []
        for callback in waiting:
            callback()

    def close(self, code: CloseCode, reason: str) -> None:
        if self.closed is None:
            self.closed = (code, reason)


class ScriptedPeer:
    """A Yjs client over a :class:`MemoryTransport`: keeps a document, syncs as y-protocols say, records the rest."""

    def __init__(self, name: str, role: Role = Role.OWNER, *, speaks_v1: bool = True, doc: Doc | None = None) -> None:
        self.doc: Doc = doc if doc is not None else Doc()
        self.role = role
        self.name = name
        self.speaks_v1 = speaks_v1
        self.room: Room | None = None
        self._connect()
        self.doc.observe(self._observe)

    def _connect(self) -> None:
        self.transport = MemoryTransport()
        self.transport.on_message = self._read
        self.peer = Peer(user(self.name), self.role, self.transport, speaks_v1=self.speaks_v1)
        self.hello: Hello | None = None
        self.acks: list[Ack] = []
        self.rejections: list[Rejection] = []
        self.events: list[Event] = []
        self.presence: dict[int, AwarenessEntry] = {}
        self.edits_sent = 0
        self._inbox: list[bytes] = []
        self._applying = False
        self._waiting: Awaitable[None] | None = None

    async def join(self, manager: RoomManager, room_id: str) -> "ScriptedPeer":
        """Join a room, over a new connection if there was one before, and sync."""
        if self.room is not None:
            self._connect()
        self.room = await manager.join(room_id, self.peer)
        await self.send(SyncStep1(self.doc.get_state()))
        await self.answer()
        return self

    async def send(self, message: Message | bytes) -> None:
        """Send any message, or any bytes."""
        assert self.room is not None
        waiting = self.room.receive(self.peer, message if isinstance(message, bytes) else build(message))
        if waiting is not None:
            await waiting

    async def answer(self) -> None:
        """Answer what the server asked for since."""
        waiting, self._inbox = self._inbox, []
        for vector in waiting:
            self.edits_sent += 1
            await self.send(SyncStep2(self.doc.get_update(vector)))

    def type(self, text: str, at: int = 0) -> None:
        """Insert into the root text ``text``, and send it."""
        self.text.insert(at, text)

    @property
    def text(self) -> Text:
        """The root text that these tests type into."""
        return self.doc.get("text", type=Text)

    @property
    def saved(self) -> bool:
        """Whether every edit was acked."""
        return self.edits_sent == max((ack.count for ack in self.acks), default=0)

    async def say(self, client_id: int, clock: int, state: str) -> None:
        """Send a presence state."""
        await self.send(AwarenessMessage(build_awareness([AwarenessEntry(client_id, clock, state)])))

    def _observe(self, event: TransactionEvent) -> None:
        if not self._applying and self.room is not None and self.transport.closed is None:
            self.edits_sent += 1
            waiting = self.room.receive(self.peer, build(Update(event.update)))
            if waiting is not None:
                self._waiting = asyncio.ensure_future(waiting)  # a scripted peer does not slow down for it

    def _read(self, data: bytes) -> None:
        match parse(data):
            case Update(update) | SyncStep2(update):
                self._applying = True
                self.doc.apply_update(update)
                self._applying = False
            case SyncStep1(vector):
                self._inbox.append(vector)
            case AwarenessMessage(payload):
                for entry in parse_awareness(payload, max_state_bytes=10**6, max_entries=10**4):
                    self.presence[entry.client_id] = entry
            case Hello() as hello:
                self.hello = hello
            case Ack() as ack:
                self.acks.append(ack)
            case Rejection() as rejection:
                self.rejections.append(rejection)
            case Event() as event:
                self.events.append(event)


class FaultyStore(SQLStore):
    """A real store that fails when it is told to."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.fails_to_write = False
        self.fails_to_read = False

    async def append(self, room_id: str, epoch: str, entries: Sequence[LogEntry]) -> int:
        if self.fails_to_write:
            raise NotSaved("The store could not write: disk full.")
        return await super().append(room_id, epoch, entries)

    async def read_log(self, room_id: str, after_seq: int | None = None) -> LogSlice:
        if self.fails_to_read:
            raise StoreUnavailable("The store cannot be read: disk gone.")
        return await super().read_log(room_id, after_seq)
