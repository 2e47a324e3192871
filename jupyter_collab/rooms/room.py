"""A room: one shared document, the peers around it, and what makes their edits durable.

Everything that a room does with a message it does at once, in the event loop's thread; only the journal, the reading
of the store and a peer that sends too fast are waited for.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import TypeVar

from ..access import Capability, Role, User
from ..background import Background
from ..depths import MAX_TYPES_DEEP
from ..document import RoomDocument
from ..errors import (
    CausalGap,
    CloseCode,
    CollabError,
    EpochMismatch,
    InvalidUpdate,
    MessageTooLarge,
    NotSaved,
    PermissionDenied,
    RoomFull,
    RoomTooLarge,
    TooManyUpdates,
    UnsupportedMessage,
)
from ..gate import Author
from ..protocol import (
    AwarenessMessage,
    Check,
    ConnectedUser,
    Event,
    Hello,
    Lease,
    Pieces,
    QueryAwareness,
    Rejection,
    SyncStep1,
    SyncStep2,
    Update,
    parse,
)
from ..store import BY_SERVER, Head, LogEntry, LogSlice, Store
from ..yjs import epoch_client_id, state_vector
from . import clock
from .admission import check_share, who_gives_way
from .agreement import Agreement
from .audience import Audience
from .budget import Budget
from .colors import choose_color
from .complaints import Complaints
from .counts import Counts
from .edits import Edits
from .efforts import DEAR_SECONDS
from .journal import Journal
from .leases import Leases
from .life import Life, RoomState
from .limits import Limits
from .log_position import LogPosition
from .peer import Peer
from .presence import Presence
from .replica import Replica
from .reservations import Reservations
from .room_log import RoomLog, not_saved
from .traffic import Rates, Traffic
from .turns import NO_REST, in_turns

__all__ = ["Room"]

log = logging.getLogger(__name__)

Found = TypeVar("Found")


MAX_VECTOR_BYTES = 2**16
"""A state vector may be so much larger than that of the room: some 5,000 clients that the room does not know."""

GAP_SECONDS = 0.3
"""What a person pays for an edit with a causal gap: the store's log is read, and they are asked for all they have."""

SENT_BYTES_PER_SECOND = 100 * 2**20
"""Whoever asks for the document pays for sending it, too."""


MENDED = (
    f"This room held shared types more than {MAX_TYPES_DEEP} deep in each other, which some program put there. "
    "Deleting them would have ended the server, so what lay deeper was taken out. No text of a cell lies so deep."
)


DEAR = (
    "To open it takes the server {:.1f} s more than its size explains, and every page several times as long, as very "
    "much was put where others wrote at the same time. Copy its content to another room, and delete this one."
)


class Room:
    """One live room of this server process. Made by :meth:`load`, ended by :meth:`close`.

    ``on_lost(room, error)`` is called when the room cannot go on, ``on_grown(room_id)`` when it has written to its log
    and nobody else has meanwhile, ``on_changed(room, entries)`` when it has what is durable, its own or that of others.

    Attributes
    ----------
    edits
        How programs edit the document.
    log
        Keeps the document and the room's log in the store together.
    agreement
        Whether those who are here have the document that the room has.
    """

    def __init__(
        self,
        log_slice: LogSlice,
        retired_epochs: Iterable[str],
        store: Store,
        limits: Limits,
        counts: Counts,
        on_lost: Callable[["Room", Exception], None],
        on_grown: Callable[[str], None],
        on_changed: Callable[["Room", Sequence[LogEntry]], None],
    ) -> None:
        record = log_slice.record
        self.id = record.id
        self.title = record.title
        self.epoch = record.epoch
        self.access_version = record.access_version
        self._store = store
        self._limits = limits
        self._counts = counts
        self._loop = asyncio.get_running_loop()
        self._life = Life(self.id)
        self._audience = Audience()
        self._parts = Background(f"room {self.id}")  # what fails here does not end the room
        self._leases = Leases(self._parts)
        self._replica = Replica(limits.room_bytes, on_spoiled=lambda: self.log.heal())
        self._presence = Presence(limits, self._audience.peers, self._parts, self._loop.time, self._replica.writer_of)
        self._traffic = Traffic(limits, self._loop.time)
        self._complaints = Complaints(self.id)
        self._reservations = Reservations(self._replica.check_size, limits, self._loop.time)
        self._background = Background(f"room {self.id}", lambda error: on_lost(self, error))
        position = LogPosition(store, self.id, self.epoch, log_slice.seq)
        self.log = RoomLog(
            self.id,
            self.epoch,
            store,
            self._life,
            self._replica,
            position,
            self._audience,
            self._background,
            counts,
            expel=self._expel,
            on_grown=lambda: on_grown(self.id),
            on_changed=lambda entries: on_changed(self, entries),
        )
        self._journal = Journal(
            store,
            self.id,
            self.epoch,
            log_slice.seq,
            position.life,
            limits.unsaved_bytes,
            on_committed=self.log.committed,
            on_failing=self.log.failing,
            on_recovered=lambda: self._audience.tell(Event({"type": "saved"})),
            on_lost=lambda error: on_lost(self, error),
        )
        self.log.attach(self._journal)
        self.edits = Edits(
            self.id,
            self.epoch,
            store,
            [epoch_client_id(epoch) for epoch in retired_epochs],
            self._life,
            self._replica,
            self._journal,
            self.log,
            self._audience,
            self._reservations,
            counts,
            self._complaints,
            on_failed=self._answer_failure,
        )
        self.agreement = Agreement(self.id, self._life, self._replica, self._journal, counts)

    async def _open(self, log_slice: LogSlice) -> None:
        """Make the document, get to know it, and put it in order."""
        await in_turns(self._replica.loading(log_slice, ()), rests=NO_REST)
        if (seconds := self._replica.opening_seconds) > DEAR_SECONDS:
            log.warning("Room %s: %s", self.id, DEAR.format(seconds))
        self._replica.know_writers(await self._store.writers(self.id))
        await in_turns(self._replica.understand(), rests=NO_REST)
        self._prune()
        converted = await in_turns(self._replica.converting(), rests=NO_REST)
        self._journal.add(converted, BY_SERVER, clients=self._replica.take_new_clients())
        await in_turns(self._replica.clear_out(clock.now_ms(), self.log.tidy), rests=NO_REST)

    def _prune(self) -> None:
        """Mend a room that somebody made dangerous when that was still possible, and tell the people in it."""
        if changes := self._replica.prune():
            log.warning("Room %s: %s", self.id, MENDED)
            self._audience.announce(Event({"type": "mended", "message": MENDED}), Capability.READ)
            self.log.tidy(changes)

    @classmethod
    async def load(
        cls,
        room_id: str,
        store: Store,
        limits: Limits,
        counts: Counts,
        on_lost: Callable[["Room", Exception], None],
        on_grown: Callable[[str], None],
        on_changed: Callable[["Room", Sequence[LogEntry]], None],
    ) -> "Room":
        """Read a room from the store; ``RoomNotFound`` if it is not there, before anything is made."""
        log_slice = await store.read_log(room_id)
        retired = await store.retired_epochs(room_id)
        room = cls(log_slice, retired, store, limits, counts, on_lost, on_grown, on_changed)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(room.close, CloseCode.INTERNAL_ERROR, "internal_error: the room cannot be opened")
            await room._open(log_slice)
            undo.pop_all()
        return room

    @property
    def state(self) -> RoomState:
        """Whether the room takes edits."""
        return self._life.state

    @property
    def size_bytes(self) -> int:
        """About how large the document is; not less than it is."""
        return self._replica.size_bytes

    @property
    def unsaved_bytes(self) -> int:
        """How much is not durable yet."""
        return self._journal.unsaved_bytes

    @property
    def kind(self) -> str:
        """``note`` or ``notebook``."""
        return self._replica.kind

    # -- peers -------------------------------------------------------------------------------------------------------

    @property
    def peers(self) -> frozenset[Peer]:
        """Who is connected now."""
        return frozenset(self._audience.peers)

    @property
    def presence(self) -> Presence:
        """Who is to be seen here, and where."""
        return self._presence

    @property
    def people(self) -> list[ConnectedUser]:
        """The users who are connected now, each once, in the best of their roles."""
        return self._presence.people

    @property
    def is_idle(self) -> bool:
        """Whether nobody is here and everything is durable."""
        return not self._audience.peers and not self._journal.has_unsaved and self._life.is_live()

    def join(self, peer: Peer, budget: Budget | None = None) -> None:
        """Let ``peer`` in, whose person has this ``budget``, and greet it.

        Raises
        ------
        StoreUnavailable, TooManyConnections, RoomFull, EpochMismatch
            The peer is not in the room then, and was sent nothing.
        """
        self._life.require_open()
        if peer.epoch is not None and peer.epoch != self.epoch:
            raise EpochMismatch(f"The room '{self.id}' has a new history; join it with an empty document.")
        self._make_place(peer)
        peer.attach(
            self._limits.outbox_bytes,
            on_ready=self._presence.catch_up,
            on_failed=lambda error: self._expel(peer, error),
        )
        peer.color = choose_color(peer.user, self._presence.owners)
        self._audience.add(peer, self._loop.time())
        self._traffic.join(peer, budget)
        self.edits.join(peer, Author(peer.user.writer, self._presence.owner_of))
        peer.tell(self._hello(peer))
        self._audience.catch_up(peer, peer.role.capabilities)
        self._ask_for_edits(peer)
        self._presence.greet(peer)
        if self._journal.failing is not None:
            peer.tell(not_saved(self._journal.failing))

    def _make_place(self, peer: Peer) -> None:
        check_share(peer, self.connections_of(peer.user), self._limits.room_connections_per_person, "this room")
        if (leaving := who_gives_way(self._audience, peer, self._limits)) is not None:
            self._expel(leaving, RoomFull("The room is full, and somebody else needs the place; try again later."))

    def connections_of(self, user: User) -> int:
        """How many connections to this room somebody has."""
        return self._audience.connections[user.principal]

    def leave(self, peer: Peer) -> None:
        """Let go of ``peer``, whose connection has ended; again does nothing."""
        if peer in self._audience.peers:
            self._audience.remove(peer)
            peer.outbox.close()
            for part in (
                self._traffic,
                self.edits,
                self._presence,
                self._leases,
                self._reservations,
                self.agreement,
                self._complaints,
            ):
                part.leave(peer)

    def set_role(self, peer: Peer, role: Role) -> None:
        """Give a connected peer another role, from its next message on."""
        gained = role.capabilities - peer.role.capabilities
        peer.role = role
        peer.tell(Event({"type": "role", "role": role.value, "capabilities": _names(role)}))
        self._audience.catch_up(peer, gained)
        self._ask_for_edits(peer)
        self._presence.restamp(peer)
        self._leases.look_again(peer)

    def expel(self, peer: Peer, error: CollabError) -> None:
        """End ``peer``'s connection, saying why."""
        if peer in self._audience.peers:
            self._expel(peer, error)

    def _ask_for_edits(self, peer: Peer) -> None:
        """Ask ``peer`` what it has that the room lacks; one that may not edit is not asked."""
        if peer.role.may(Capability.EDIT):
            peer.send(SyncStep1(self._replica.state_vector))

    def _hello(self, peer: Peer) -> Hello:
        return Hello(
            {
                "version": 1,
                "room": self.id,
                "title": self.title,
                "epoch": self.epoch,
                "seq": self.log.head_seq,
                "role": peer.role.value,
                "capabilities": _names(peer.role),
                "user": peer.info,
                "checks": True,
                "pieces": True,
                "limits": {
                    "message_bytes": self._limits.message_bytes,
                    "room_bytes": self._limits.room_bytes,
                    "awareness_bytes": self._limits.awareness_bytes,
                    "updates_per_second": self._limits.updates_per_second_per_peer,
                },
            }
        )

    def _expel(self, peer: Peer, error: CollabError) -> None:
        log.warning("Room %s closes %s: %s: %s", self.id, peer.name, error.reason, error)
        self.leave(peer)
        peer.close(error)

    def announce(self, event: Event, to: Capability = Capability.READ) -> None:
        """Tell ``event`` to all who have the capability ``to``.

        And to whoever joins or is given that later, until there is a newer one of its type.
        """
        self._audience.announce(event, to)

    # -- messages ----------------------------------------------------------------------------------------------------

    def receive(self, peer: Peer, data: bytes) -> Awaitable[None] | None:
        """Handle one message, or do so when the person may send again.

        Answers what to wait for before the peer's next message is read, if anything.
        """
        rates = self._traffic.of.get(peer)
        if rates is None:  # they have left
            return None
        budget = rates.budget
        if budget is None:
            return self._receive(peer, data, rates)
        if budget.wait_seconds:
            return self._receive_later(peer, data, budget)
        return budget.measure(lambda: self._receive(peer, data, rates), len(data))

    async def _receive_later(self, peer: Peer, data: bytes, budget: Budget) -> None:
        try:
            await budget.turn(len(data))
        except TooManyUpdates as error:
            self.expel(peer, error)
        else:
            again = self.receive(peer, data)
            if again is not None:
                await again

    def _receive(self, peer: Peer, data: bytes, rates: Rates) -> Awaitable[None] | None:
        """Handle one message; whatever is wrong with it is between the room and this peer."""
        seconds = None
        try:
            seconds = rates.pace.take(self._loop.time())
            if self._life.state is RoomState.HEALING:
                return self._receive_when_live(peer, data, rates)
            again = self._handle(peer, data)
            if again is not None:
                return again if seconds is None else _with_rest(again, seconds)
        except Exception as error:  # noqa: BLE001  # it is between the room and this peer
            self._answer_failure(peer, error)
        return None if seconds is None else asyncio.sleep(seconds)

    def _answer_failure(self, peer: Peer, error: Exception) -> None:
        """Tell ``peer``, if they are still here, what is wrong with a message. Whatever it is reaches nobody else."""
        if not isinstance(error, CollabError):  # the boundary of one message: it ends the connection that it came over
            log.error("Room %s failed on a message of %s.", self.id, peer.name, exc_info=error)
        if peer not in self._audience.peers:
            return
        if isinstance(error, CollabError):
            self._refuse(peer, error)
        else:
            self._expel(peer, CollabError("The server failed on your message; its log says why. Reconnect."))

    async def _receive_when_live(self, peer: Peer, data: bytes, rates: Rates) -> None:
        await self._life.until_live()
        again = self._receive(peer, data, rates) if peer in self._audience.peers else None
        if again is not None:
            await again

    def _handle(self, peer: Peer, data: bytes) -> Awaitable[None] | None:
        """Do what a message says; returns what is still to be waited for, if anything."""
        if len(data) > self._limits.message_bytes:
            raise MessageTooLarge(f"A message of {len(data)} bytes; at most {self._limits.message_bytes} are allowed.")
        match message := parse(data):
            case Update(update) | SyncStep2(update):
                return self.edits.take(peer, update, is_own=isinstance(message, Update))
            case SyncStep1(vector):
                self._answer(peer, vector)
            case AwarenessMessage(payload):
                self._presence.receive(peer, payload)
            case QueryAwareness():
                self._presence.greet(peer)
            case Lease(key, wanted=True):
                self._leases.ask(peer, key)
            case Lease(key, wanted=False):
                self._leases.let_go(peer, key)
            case Pieces():
                self._reservations.announce(peer, message)
            case Check():
                return self._check(peer, message)
            case _:
                raise UnsupportedMessage("Only the server sends messages of this type.")
        return None

    def _answer(self, peer: Peer, vector: bytes) -> None:
        """Send step 2, as soon as all that it says is durable."""
        if len(vector) > MAX_VECTOR_BYTES and len(vector) > MAX_VECTOR_BYTES + len(self._replica.state_vector):
            raise MessageTooLarge("The state vector names many more clients than ever wrote in this room.")
        self.edits.require_own_history(state_vector(vector))
        message = self._replica.step2(vector)
        self._traffic.pay(peer, len(message) / SENT_BYTES_PER_SECOND)
        self._journal.when_saved(lambda: peer.outbox.send_document(message))

    async def _check(self, peer: Peer, check: Check) -> None:
        """Answer a check, if the peer is still here then."""
        try:
            await self.agreement.learn()
            if peer in self._audience.peers:
                self.agreement.answer(peer, check)
        except Exception as error:  # noqa: BLE001  # it is between the room and this peer
            self._answer_failure(peer, error)

    def _refuse(self, peer: Peer, error: CollabError) -> None:
        """Say no: to the edit if the peer can be told so, else by ending the connection."""
        if isinstance(error, (PermissionDenied, InvalidUpdate, RoomTooLarge, NotSaved)):
            self._counts.edits_refused += 1
        sender = self.edits.sender(peer)
        rejection = Rejection(sender.received, error.reason, str(error))
        if isinstance(error, CausalGap) and sender.may_sync_again():
            log.warning("Room %s asks %s to sync again: %s", self.id, peer.name, error)
            self._traffic.pay(peer, GAP_SECONDS)
            peer.tell(rejection)
            self._ask_for_edits(peer)
            self._background.run_once("catch up", self.log.catch_up)  # another server may have what is missing
        elif _is_about_an_edit(error) and peer.speaks_v1:
            self._complaints.add(
                peer, error.reason, "Room %s refuses an edit of %s: %s: %s", self.id, peer.name, error.reason, error
            )
            sender.was_refused = sender.was_refused or isinstance(error, InvalidUpdate)
            peer.tell(rejection)
        else:
            self._expel(peer, error)

    # -- the document ------------------------------------------------------------------------------------------------

    async def look_into(self, look: Callable[[RoomDocument], Found]) -> Found:
        """What ``look`` finds in the document, which it must not change; it may be not durable yet."""
        await self._life.until_live()
        self._life.require_open()
        return self._replica.look_into(look)

    async def snapshot(self) -> list[bytes]:
        """The document as updates, of which nothing can be lost any more; ``StoreError`` while the store fails."""
        await self._life.until_live()
        self._life.require_open()
        updates = await self.log.updates()
        await self._journal.flush()
        return updates

    # -- the log -----------------------------------------------------------------------------------------------------

    def look(self, head: Head) -> None:
        """Take in what other server processes did to the room, if anything."""
        self.retitle(head.title)
        self.log.heard(head.seq)

    def retitle(self, title: str) -> None:
        """Tell everybody the room's new title."""
        if title != self.title:
            self.title = title
            self._audience.tell(Event({"type": "renamed", "title": title}))

    # -- the end -----------------------------------------------------------------------------------------------------

    async def flush(self, *, patient: bool = False) -> None:
        """Wait until all edits are durable; raises what :meth:`Journal.flush` does."""
        await self._journal.flush(patient=patient)

    async def close(self, code: CloseCode, reason: str) -> None:
        """End the room here: everybody is disconnected with ``code`` and ``reason``. The store keeps it."""
        if not self._life.end():
            return
        async with AsyncExitStack() as exits:  # whatever fails, the rest is done
            exits.push_async_callback(in_turns, self._replica.freeing(), rests=NO_REST)
            exits.callback(self._replica.close)
            exits.callback(self.edits.close)
            exits.callback(self.log.close)
            exits.callback(self._presence.close)
            exits.push_async_callback(self._parts.close)
            exits.push_async_callback(self._background.close)
            exits.push_async_callback(self._journal.close)
            for peer in tuple(self._audience.peers):
                with self._parts.boundary(f"disconnecting {peer.name}"):
                    self.leave(peer)
                    peer.disconnect(code, reason)


async def _with_rest(waiting: Awaitable[None], seconds: float) -> None:
    await waiting
    await asyncio.sleep(seconds)


def _is_about_an_edit(error: CollabError) -> bool:
    """Whether the connection may go on after the refusal, if the peer understands it."""
    return isinstance(error, (PermissionDenied, InvalidUpdate, RoomTooLarge)) and not isinstance(error, CausalGap)


def _names(role: Role) -> list[str]:
    return sorted(capability.value for capability in role.capabilities)
