"""All rooms of one server process: found, opened when somebody comes, closed when nobody is left."""

import asyncio
import logging
import re
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import Context
from dataclasses import replace
from functools import partial
from typing import Any

from ..access import Role, User
from ..background import Background
from ..backplane import EVERYWHERE, Backplane, MessageListener
from ..document import FirstContent, NotebookContent, RoomDocument
from ..errors import (
    ClientIdTaken,
    CloseCode,
    CollabError,
    EpochMismatch,
    InvalidRoomId,
    LogCutShort,
    RoomError,
    RoomNotFound,
    RoomTooLarge,
    ServerFull,
    StoreError,
)
from ..names import clean_name
from ..protocol import ConnectedUser
from ..store import Head, LogEntry, MemberRecord, Origin, OriginKind, Reader, RoomRecord, ServerMessage, Store
from . import presence_relay
from .admission import check_share
from .budget import Budgets
from .counts import Counts
from .limits import Limits
from .loading import loading
from .peer import Peer
from .presence_relay import PresenceRelays
from .room import Room
from .turns import NO_REST, in_turns
from .watcher import RoomWatcher

__all__ = ["RoomManager"]

log = logging.getLogger(__name__)

ROOM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

NO_ROOM = ":"
"""No room has this id: a backplane rests while nobody subscribes to anything but ``EVERYWHERE``."""

MAX_TITLE_CHARACTERS = 200
FLUSH_SECONDS = 10.0
"""How long a stopping server waits for a store that fails."""

LOOK = "look"
"""The topic of messages that say: the facts of the room have changed, look at them."""

MIN_RECHECK_SECONDS = 1.0
"""How often, at most, a room is looked at that is kept although nobody is in it."""


class RoomManager:
    """The rooms of one server process, over a ``store`` that other processes may share.

    A room without peers is closed after ``idle_seconds``, unless one of the ``watchers`` needs it. What other servers
    say of a live room, or of no room, is told to the one of the ``listeners`` that is there for the message's topic.
    """

    def __init__(self, store: Store, backplane: Backplane, limits: Limits, idle_seconds: float = 60.0) -> None:
        self.limits = limits
        self.counts = Counts()
        self.budgets = Budgets(limits.loop_seconds_per_minute_per_person)
        self._relays = PresenceRelays(backplane)
        self.watchers: list[RoomWatcher] = [self._relays]
        self.listeners: dict[str, MessageListener] = {presence_relay.TOPIC: self._relays.hear, LOOK: self._look_soon}
        self._store = store
        self._backplane = backplane
        self._idle_seconds = idle_seconds
        self._rooms: dict[str, Room] = {}
        self._uses: Counter[str] = Counter()
        self._opening: dict[str, asyncio.Task[Room]] = {}
        self._idle_timers: dict[str, asyncio.TimerHandle] = {}
        self._background = Background("rooms")
        self._starting = asyncio.Lock()
        self._started = False
        self._stopped = False

    @property
    def store(self) -> Store:
        """Where the rooms are kept."""
        return self._store

    async def start(self) -> None:
        """Open the store and begin to listen for other processes; again does nothing.

        Raises
        ------
        StoreUnavailable
            Try again later.
        """
        if self._started:
            return
        async with self._starting:
            if not self._started:
                await self._store.open()
                await self._backplane.start(self._look)
                self._backplane.subscribe(EVERYWHERE, self._hear)
                self._started = True

    async def stop(self) -> None:
        """Make everything durable, disconnect everybody and close the store."""
        self._stopped = True
        if not self._started:
            return
        async with AsyncExitStack() as exits:  # whatever fails, the rest is done
            exits.push_async_callback(self._store.close)
            exits.push_async_callback(self._stop_rooms)
            exits.push_async_callback(self._backplane.stop)
            await self._relays.close()

    async def _stop_rooms(self) -> None:
        for room_id in tuple(self._idle_timers):
            self._keep(room_id)
        for opening in self._opening.values():  # some take minutes
            opening.cancel()
        await asyncio.gather(*self._opening.values(), return_exceptions=True)
        for room in self._rooms.values():
            self._background.run(f"stopping {room.id}", partial(self._stop_room, room))
        await self._background.wait()

    async def _stop_room(self, room: Room) -> None:
        try:
            await asyncio.wait_for(room.flush(patient=True), FLUSH_SECONDS)
            await room.log.compact()
        except (TimeoutError, CollabError) as error:
            reason = str(error) or "the store does not answer"
            log.error("Room %s: its last edits stay with their authors' clients: %s", room.id, reason)
        await room.close(CloseCode.GOING_AWAY, "server is stopping: reconnect in a moment")

    # -- other servers -----------------------------------------------------------------------------------------------

    def say(self, room_id: str, topic: str, data: bytes = b"") -> None:
        """Tell the other servers where the room is live, or all for ``EVERYWHERE``; see :class:`Backplane`."""
        self._backplane.publish(room_id, topic, data)

    def listen(self, *, always: bool) -> None:
        """Say whether to hear what others say ``EVERYWHERE`` also while no room is live here."""
        if always:
            self._backplane.subscribe(NO_ROOM, self._hear)
        else:
            self._backplane.unsubscribe(NO_ROOM)

    def facts_changed(self, room_id: str) -> None:
        """Let other servers look at what has just been changed, sooner than they would by themselves."""
        self.say(room_id, LOOK)

    def has_others(self, room_id: str) -> bool:
        """Whether people at other servers are known to be in the room, which is live here."""
        return self._relays.has_others(room_id)

    def _hear(self, message: ServerMessage) -> None:
        """Another server says something; of what this version does not know it need not hear."""
        if (listener := self.listeners.get(message.topic)) is not None:
            listener(message)

    def _look_soon(self, message: ServerMessage) -> None:
        look = partial(self._look_now, message.room_id)
        self._background.run(f"looking at {message.room_id}", look)

    async def _look_now(self, room_id: str) -> None:
        heads = await self._store.heads([room_id])
        self._look(room_id, heads.get(room_id))

    # -- peers -------------------------------------------------------------------------------------------------------

    async def join(self, room_id: str, peer: Peer) -> Room:
        """Let ``peer`` into a room; raises ``RoomNotFound``, ``ServerFull`` and what :meth:`Room.join` does."""
        room = await self._open(room_id)
        try:
            connections = sum(each.connections_of(peer.user) for each in self._rooms.values())
            check_share(peer, connections, self.limits.connections_per_person, "this server")
            room.join(peer, self.budgets.of(peer.user))
        finally:
            self._close_when_idle(room)
        self._tell(lambda watcher: watcher.joined(room, peer))
        return room

    def leave(self, room: Room, peer: Peer) -> None:
        """``peer``'s connection has ended."""
        room.leave(peer)
        self._tell(lambda watcher: watcher.left(room, peer))
        self._close_when_idle(room)

    def live(self, room_id: str) -> Room | None:
        """The room, if it is live in this server process."""
        return self._rooms.get(room_id)

    @property
    def live_rooms(self) -> Sequence[Room]:
        """All rooms that are live in this server process."""
        return tuple(self._rooms.values())

    def people(self, room_id: str) -> list[ConnectedUser]:
        """Who is in the room now; those at other servers as well if anybody is here."""
        room = self._rooms.get(room_id)
        return room.people if room is not None else []

    def divergences(self, room_id: str) -> int:
        """How many connections came to differ from the room since it was loaded by this server process."""
        room = self._rooms.get(room_id)
        return room.agreement.divergences if room is not None else 0

    # -- rooms -------------------------------------------------------------------------------------------------------

    async def create_room(
        self,
        *,
        room_id: str | None = None,
        title: str | None = None,
        content: Mapping[str, Any] | NotebookContent | None = None,
        first: FirstContent | None = None,
        server_role: Role | None = Role.OWNER,
        owner: User | None = None,
    ) -> RoomRecord:
        """Make a room from a notebook (nbformat 4), from ``first``, or with one empty code cell.

        ``server_role`` is what every user of the server is in it, ``None`` for a private room; ``owner`` owns it.

        Raises
        ------
        InvalidRoomId, RoomExists, RoomError, ContentError, RoomTooLarge
            Nothing was made then.
        """
        room_id = _new_id(title) if room_id is None else check_room_id(room_id)
        title = room_id if title is None else check_title(title)
        if first is None:
            first = await asyncio.to_thread(FirstContent.of, secrets.token_hex(16), content)
        check_room_bytes(len(first.state), self.limits)
        place = None if owner is None else MemberRecord(room_id, owner.principal, owner.display_name, Role.OWNER)
        access: dict[str, Any] = {"server_role": server_role, "owner": place}
        return await self._store.create_room(room_id, title, first.epoch, first.kind, first.state, **access)

    async def list_rooms(
        self,
        *,
        search: str = "",
        deleted: bool = False,
        limit: int = 100,
        offset: int = 0,
        reader: Reader | None = None,
    ) -> tuple[list[RoomRecord], int]:
        """A page of the rooms, last changed first, and how many there are in all; those in the bin if ``deleted``."""
        records, total = await self._store.list_rooms(search, deleted, limit, offset, reader)
        return [self._current(record) for record in records], total

    async def get_room(self, room_id: str) -> RoomRecord:
        """One room; ``RoomNotFound`` if there is none or it lies in the bin."""
        return self._current(await self._store.get_room(check_room_id(room_id)))

    async def rename_room(self, room_id: str, title: str) -> RoomRecord:
        """Give a room another title; everybody in it sees it."""
        record = await self._store.rename_room(check_room_id(room_id), check_title(title))
        if (room := self._rooms.get(room_id)) is not None:
            room.retitle(record.title)
        self.facts_changed(room_id)
        return self._current(record)

    async def delete_room(self, room_id: str) -> None:
        """Put a room into the bin; everybody in it is told and disconnected."""
        room = self._rooms.get(check_room_id(room_id))
        if room is not None:
            await room.flush()
        await self._store.delete_room(room_id)
        self.facts_changed(room_id)
        if room is not None:
            self._end(room, CloseCode.ROOM_DELETED, f"room_deleted: the room '{room_id}' was put into the bin")

    async def restore_room(self, room_id: str) -> RoomRecord:
        """Take a room out of the bin."""
        return await self._store.restore_room(check_room_id(room_id))

    async def purge_room(self, room_id: str) -> None:
        """Forget for good a room that lies in the bin."""
        await self._store.purge_room(check_room_id(room_id))

    async def read(self, room_id: str) -> RoomDocument:
        """A copy of the room's document; nothing in it can be lost any more."""
        async with self.using(room_id) as room:
            updates = await room.snapshot()
        document = RoomDocument()
        await in_turns(loading(document.doc, updates), rests=NO_REST)
        return document

    async def edit(self, room_id: str, change: Callable[[RoomDocument], None], user: User) -> RoomRecord:
        """Let ``change`` put in what ``user`` wants to be there, durably. See :meth:`Room.change`."""
        async with self.using(room_id) as room:
            await room.edits.change(change, Origin.by(user, OriginKind.IMPORT), by=user)
        return await self.get_room(room_id)

    @asynccontextmanager
    async def using(self, room_id: str) -> AsyncIterator[Room]:
        """The live room; raises ``RoomNotFound`` and ``ServerFull``."""
        room = await self._open(check_room_id(room_id))
        self._uses[room_id] += 1
        try:
            yield room
        finally:
            self._uses[room_id] -= 1
            if not self._uses[room_id]:
                del self._uses[room_id]
            self._close_when_idle(room)

    def _current(self, record: RoomRecord) -> RoomRecord:
        """``record`` with what the live room, if there is one, knows better."""
        room = self._rooms.get(record.id)
        return record if room is None else replace(record, kind=room.kind)

    # -- lives -------------------------------------------------------------------------------------------------------

    async def _open(self, room_id: str) -> Room:
        """The live room; all who ask for it at once wait for one reading of the store."""
        while True:
            room = await self._find_or_load(room_id)
            if self._rooms.get(room_id) is room:  # else it was closed while we waited for our turn
                return room

    async def _find_or_load(self, room_id: str) -> Room:
        self._keep(room_id)
        room = self._rooms.get(room_id)
        if room is not None:
            return room
        self._require_running()
        opening = self._opening.get(room_id)
        if opening is None:
            if len(self._rooms) + len(self._opening) >= self.limits.rooms_per_server:
                raise ServerFull(f"The server has {len(self._rooms)} rooms open, as many as it may; try again later.")
            opening = asyncio.create_task(  # all who ask for the room wait for what it returns, or raises
                self._load(room_id),
                name=f"jupyter_collab opening {room_id}",
                context=Context(),  # else all that lives as long as the room holds the request that it was opened for
            )
            self._opening[room_id] = opening
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            if opening.cancelled():  # not the one who waits for it
                self._require_running()
            raise

    def _require_running(self) -> None:
        if self._stopped:
            raise ServerFull("The server is stopping; reconnect in a moment.")

    async def _load(self, room_id: str) -> Room:
        try:
            told = (self._lost, self._backplane.grown, self._changed)
            room = await Room.load(room_id, self._store, self.limits, self.counts, *told)
        finally:
            del self._opening[room_id]
        self._rooms[room_id] = room
        self._backplane.watch(room_id)
        self._backplane.subscribe(room_id, self._hear)
        self._tell(lambda watcher: watcher.opened(room))
        self._close_when_idle(room)
        return room

    def _keep(self, room_id: str) -> None:
        timer = self._idle_timers.pop(room_id, None)
        if timer is not None:
            timer.cancel()

    def _close_when_idle(self, room: Room) -> None:
        if not room.peers and self._rooms.get(room.id) is room and not self._stopped:
            self._keep(room.id)
            self._look_again(room, self._idle_seconds)

    def _look_again(self, room: Room, seconds: float) -> None:
        look = partial(self._close_if_idle, room)
        self._idle_timers[room.id] = self._background.later(seconds, f"looking whether {room.id} is idle", look)

    def _close_if_idle(self, room: Room) -> None:
        del self._idle_timers[room.id]
        if room.is_idle and room.id not in self._uses and not self._is_needed(room):
            self._end(room, CloseCode.NORMAL, "nobody was here")
        elif not room.peers:
            self._look_again(room, max(self._idle_seconds, MIN_RECHECK_SECONDS))

    def _end(self, room: Room, code: CloseCode, reason: str) -> None:
        """Take ``room`` out of the live ones at once, and close it."""
        if self._rooms.get(room.id) is not room:
            return
        del self._rooms[room.id]
        self._keep(room.id)
        self._backplane.unwatch(room.id)
        self._backplane.unsubscribe(room.id)
        self._tell(lambda watcher: watcher.ended(room, code))
        self._background.run(f"closing {room.id}", partial(self._close, room, code, reason))

    async def _close(self, room: Room, code: CloseCode, reason: str) -> None:
        if code is CloseCode.NORMAL:
            await room.log.compact()
        await room.close(code, reason)

    def _lost(self, room: Room, error: Exception) -> None:
        """The room cannot go on: nobody may type into it as if it could."""
        if isinstance(error, RoomNotFound):
            self._end(room, CloseCode.ROOM_DELETED, f"room_deleted: {error}")
        elif isinstance(error, (EpochMismatch, LogCutShort, ClientIdTaken, StoreError)):
            self._end(room, error.code, f"{error.reason}: {error}")
        else:  # it is no fault of those who are here
            self._end(room, CloseCode.INTERNAL_ERROR, "internal_error: the server's log says why; reconnect")

    def _changed(self, room: Room, entries: Sequence[LogEntry]) -> None:
        if self._rooms.get(room.id) is room:
            self._tell(lambda watcher: watcher.changed(room, entries))

    def _look(self, room_id: str, head: Head | None) -> None:
        room = self._rooms.get(room_id)
        if room is None:
            return
        if head is None or head.deleted:
            self._lost(room, RoomNotFound(f"the room '{room_id}' was put into the bin"))
        elif head.epoch != room.epoch:
            self._lost(room, EpochMismatch(f"the room '{room_id}' has a new history"))
        else:
            room.look(head)
            if head.access_version != room.access_version:
                room.access_version = head.access_version
                self._tell(lambda watcher: watcher.access_changed(room))

    def _tell(self, tell: Callable[[RoomWatcher], None]) -> None:
        """Let each watcher hear of something; one that fails harms neither the room nor the others."""
        for watcher in self.watchers:
            with self._background.boundary(f"telling {type(watcher).__name__}"):
                tell(watcher)

    def _is_needed(self, room: Room) -> bool:
        """Whether ``room`` must stay open although nobody is in it; so it is if that cannot be told."""
        with self._background.boundary(f"asking who needs {room.id}"):
            return any(watcher.needs(room.id) for watcher in self.watchers)
        return True


def check_room_id(room_id: str) -> str:
    """``room_id``, or :class:`InvalidRoomId`."""
    if not ROOM_ID.fullmatch(room_id):
        raise InvalidRoomId(
            "A room id has 1 to 128 characters, letters (a-z), digits, '.', '_' and '-', the first a letter or digit."
        )
    return room_id


def check_title(title: str) -> str:
    """``title`` without blanks around it, or :class:`RoomError`."""
    cleaned = clean_name(title, MAX_TITLE_CHARACTERS)
    if cleaned is None:
        raise RoomError(f"A title has 1 to {MAX_TITLE_CHARACTERS} characters, none of them a control character.")
    return cleaned


def check_room_bytes(size: int, limits: Limits) -> None:
    """Raise ``RoomTooLarge`` if a room may not have so many bytes."""
    if size > limits.room_bytes:
        raise RoomTooLarge(f"The room would have {size} bytes; at most {limits.room_bytes} are allowed.")


def _new_id(title: str | None) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", (title or "room").lower()).strip("-")[:40] or "room"
    return f"{slug}-{secrets.token_hex(4)}"
