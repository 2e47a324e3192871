"""Designed doubles: rooms in memory, with scripted peers and a store that fails, or waits, on command."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from pycrdt import Array, Doc, Map, Text, TransactionEvent

from jupyter_collab.access import Role, User, UserKind
from jupyter_collab.backplane import PollingBackplane
from jupyter_collab.errors import CloseCode, NotSaved, StoreUnavailable
from jupyter_collab.protocol import (
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
from jupyter_collab.rooms import Limits, Peer, Room, RoomManager
from jupyter_collab.store import NOBODY, LogEntry, LogSlice, Origin, SQLStore

from .scenarios import until

__all__ = ["FaultyStore", "MemoryTransport", "ScriptedPeer", "faulty_store", "serving", "user"]

POLL_SECONDS = 0.01

_servers = itertools.count(1)


def user(name: str, kind: UserKind = UserKind.SERVER) -> User:
    """A user of that name."""
    return User(username=name, name=name, display_name=name.title(), initials=name[:1].upper(), kind=kind)


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

    @property
    def close_code(self) -> CloseCode | None:
        """Why the room closed the connection, if it did."""
        return None if self.closed is None else self.closed[0]


class ScriptedPeer:
    """A Yjs client over a :class:`MemoryTransport`: keeps a document, syncs as y-protocols say, records the rest."""

    def __init__(
        self,
        name: str,
        role: Role = Role.OWNER,
        *,
        speaks_v1: bool = True,
        doc: "Doc[Any] | None" = None,
        kind: UserKind = UserKind.SERVER,
    ) -> None:
        self.doc: Doc[Any] = doc if doc is not None else Doc()
        self.role = role
        self.name = name
        self.user = user(name, kind)
        self.speaks_v1 = speaks_v1
        self.room: Room | None = None
        self._connect(None)
        self.doc.observe(self._observe)

    def _connect(self, epoch: str | None) -> None:
        self.transport = MemoryTransport()
        self.transport.on_message = self._read
        self.peer = Peer(self.user, self.role, self.transport, speaks_v1=self.speaks_v1, epoch=epoch)
        self.hello: Hello | None = None
        self.acks: list[Ack] = []
        self.rejections: list[Rejection] = []
        self.events: list[Event] = []
        self.updates: list[bytes] = []
        self.presence: dict[int, AwarenessEntry] = {}
        self.presence_messages: list[list[AwarenessEntry]] = []
        self.edits_sent = 0
        self._inbox: list[bytes] = []
        self._applying = False
        self._waiting: Awaitable[None] | None = None

    async def join(self, manager: RoomManager, room_id: str = "demo", epoch: str | None = None) -> "ScriptedPeer":
        """Join a room, over a new connection if there was one before, and sync."""
        await self.connect(manager, room_id, epoch)
        await self.send(SyncStep1(self.doc.get_state()))
        await self.answer()
        return self

    async def connect(self, manager: RoomManager, room_id: str = "demo", epoch: str | None = None) -> None:
        """Join a room and say nothing yet."""
        self._connect(epoch)
        self.room = await manager.join(room_id, self.peer)

    def leave(self, manager: RoomManager) -> None:
        """The connection ends; what is typed from now on is sent after the next :meth:`join`."""
        assert self.room is not None
        manager.leave(self.room, self.peer)
        self.room = None

    async def send(self, message: Message | bytes) -> None:
        """Send any message, or any bytes."""
        assert self.room is not None
        waiting = self.room.receive(self.peer, message if isinstance(message, bytes) else build(message))
        if waiting is not None:
            await waiting

    async def send_edit(self, update: bytes) -> None:
        """Send an update that the own document does not have."""
        self.edits_sent += 1
        await self.send(Update(update))

    async def answer(self) -> None:
        """Answer what the server asked for since."""
        waiting, self._inbox = self._inbox, []
        for vector in waiting:
            self.edits_sent += 1
            await self.send(SyncStep2(self.doc.get_update(vector)))

    def type(self, text: str, at: int = 0) -> None:
        """Insert into the root text ``text``, and send it."""
        self.text.insert(at, text)

    async def typed(self, text: str) -> None:
        """Append to the root text, and wait until it is saved."""
        self.type(text, len(self.text))
        await self.until_saved()

    async def until_saved(self) -> None:
        """Wait until every edit was acked."""
        await until(lambda: self.saved)

    async def until_text(self, text: str) -> None:
        """Wait until the root text is ``text``."""
        await until(lambda: str(self.text) == text)

    @property
    def text(self) -> Text:
        """The root text that these tests type into."""
        text: Text = self.doc.get("text", type=Text)
        return text

    @property
    def cells(self) -> "Array[Map[Any]]":
        """The cells of the room's document."""
        cells: Array[Map[Any]] = self.doc.get("cells", type=Array)
        return cells

    @property
    def saved(self) -> bool:
        """Whether every edit was acked."""
        return self.edits_sent == max((ack.count for ack in self.acks), default=0)

    @property
    def close_code(self) -> CloseCode | None:
        """Why the room closed the connection, if it did."""
        return self.transport.close_code

    def event_types(self) -> list[str]:
        """What kinds of events came, in order."""
        return [event.info["type"] for event in self.events]

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
            case Update(update):
                self.updates.append(update)
                self._apply(update)
            case SyncStep2(update):
                self._apply(update)
            case SyncStep1(vector):
                self._inbox.append(vector)
            case AwarenessMessage(payload):
                entries = parse_awareness(payload, max_state_bytes=10**6, max_entries=10**4)
                self.presence_messages.append(entries)
                self.presence.update((entry.client_id, entry) for entry in entries)
            case Hello() as hello:
                self.hello = hello
            case Ack() as ack:
                self.acks.append(ack)
            case Rejection() as rejection:
                self.rejections.append(rejection)
            case Event() as event:
                self.events.append(event)

    def _apply(self, update: bytes) -> None:
        self._applying = True
        self.doc.apply_update(update)
        self._applying = False


class FaultyStore(SQLStore):
    """A real store that fails when it is told to, and whose answers can be held back."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.fails_to_write = False
        self.fails_to_read = False
        self.fails_to_tell_writers = False
        self.writers_asked = 0
        self.reads = 0
        self.reads_done = 0
        self._before_append = asyncio.Event()
        self._before_append.set()
        self._after_read = asyncio.Event()
        self._after_read.set()

    @contextmanager
    def holding_writes(self) -> Iterator[None]:
        """Nothing is appended meanwhile; who wants to append waits."""
        self._before_append.clear()
        yield
        self._before_append.set()

    @contextmanager
    def holding_reads(self) -> Iterator[None]:
        """What is read of a log meanwhile is read now, but answered only afterwards."""
        self._after_read.clear()
        yield
        self._after_read.set()

    async def append(
        self,
        room_id: str,
        epoch: str,
        entries: Sequence[LogEntry],
        after_seq: int = 0,
        clients: Mapping[int, Origin] = NOBODY,
    ) -> int:
        await self._before_append.wait()
        if self.fails_to_write:
            raise NotSaved("The store could not write: disk full.")
        return await super().append(room_id, epoch, entries, after_seq, clients)

    async def put_keyframe(self, room_id: str, epoch: str, seq: int, state: bytes, kind: str) -> None:
        if self.fails_to_write:
            raise NotSaved("The store could not write: disk full.")
        await super().put_keyframe(room_id, epoch, seq, state, kind)

    async def drop_entries(self, room_id: str, epoch: str, up_to_seq: int) -> None:
        if self.fails_to_write:
            raise NotSaved("The store could not write: disk full.")
        await super().drop_entries(room_id, epoch, up_to_seq)

    async def read_log(self, room_id: str, after_seq: int | None = None) -> LogSlice:
        self.reads += 1
        if self.fails_to_read:
            raise StoreUnavailable("The store cannot be read: disk gone.")
        log_slice = await super().read_log(room_id, after_seq)
        self.reads_done += 1
        await self._after_read.wait()
        return log_slice

    async def writers(self, room_id: str, client_ids: Collection[int] | None = None) -> dict[int, str]:
        self.writers_asked += self.fails_to_tell_writers
        if self.fails_to_tell_writers:
            raise StoreUnavailable("The store cannot be read: disk gone.")
        return await super().writers(room_id, client_ids)


def faulty_store(folder: Path) -> FaultyStore:
    """A store in ``folder``; two of them share the file."""
    return FaultyStore(f"sqlite:///{folder / 'rooms.sqlite'}")


@asynccontextmanager
async def serving(
    store: SQLStore,
    limits: Limits | None = None,
    *,
    idle_seconds: float = 60.0,
    poll_seconds: float = POLL_SECONDS,
    rooms: Sequence[str] = ("demo",),
) -> AsyncIterator[RoomManager]:
    """A server process over ``store``, where the rooms ``rooms`` are made if they are not there."""
    backplane = PollingBackplane(store, poll_seconds, f"server {next(_servers)}")
    manager = RoomManager(store, backplane, limits or Limits(), idle_seconds)
    await manager.start()
    try:
        there = {record.id for record in (await manager.list_rooms())[0]}
        for room_id in rooms:
            if room_id not in there:
                await manager.create_room(room_id=room_id, title=room_id.title())
        yield manager
    finally:
        await manager.stop()
