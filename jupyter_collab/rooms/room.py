"""A room: one shared document, the peers around it, and what makes their edits durable.

Everything that a room does with a message it does at once, in the event loop's thread; only the journal, the reading
of the store and a peer that sends too fast are waited for.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import AsyncExitStack
from enum import Enum
from time import thread_time
from typing import Protocol, TypeVar

from ..access import Capability, Role, User
from ..background import Background
from ..depths import MAX_TYPES_DEEP
from ..document import RoomDocument
from ..errors import (
    CausalGap,
    CloseCode,
    CollabError,
    ContentChanged,
    EpochMismatch,
    InvalidUpdate,
    MessageTooLarge,
    NotSaved,
    PermissionDenied,
    RoomFull,
    RoomTooLarge,
    StoreError,
    StoreUnavailable,
    TooManyUpdates,
    UnsupportedMessage,
)
from ..gate import Author, parts_of_own
from ..protocol import (
    EMPTY_UPDATE,
    Ack,
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
from ..store import BY_SERVER, Head, LogEntry, LogSlice, Origin, OriginKind, Store
from ..yjs import epoch_client_id, state_vector
from .admission import check_share, who_gives_way
from .audience import Audience
from .budget import Budget
from .colors import choose_color
from .integrate import beginners
from .journal import Batch, Journal
from .leases import Leases
from .limits import Limits
from .log_position import LogPosition
from .peer import Peer
from .presence import Presence
from .replica import Replica
from .reservations import Reservations
from .turns import NO_REST, in_turns, rest_after

__all__ = ["Room", "RoomState"]

log = logging.getLogger(__name__)

Found = TypeVar("Found")


class Reworked(Protocol):
    """What was made of a copy of a document."""

    @property
    def update(self) -> bytes:
        """The edit, as a Yjs update; empty for none."""


Result = TypeVar("Result", bound=Reworked)

MAX_ECHO_BYTES = 2**16
"""An edit of somebody who may not edit is looked into only if it is not larger."""

MAX_EDIT_BYTES_AT_ONCE = 2**14
"""A larger edit is looked at in small steps, and taken in in parts."""

MAX_VECTOR_BYTES = 2**16
"""A state vector may be so much larger than that of the room: some 5,000 clients that the room does not know."""

MAX_REWORKS = 4
"""How often an edit that must build on the present content is begun again, because others were faster."""

MAX_GAPS = 3
"""How many edits with a causal gap a peer may send before it is not asked again."""

GAP_SECONDS = 0.3
"""What a person pays for an edit with a causal gap: the store's log is read, and they are asked for all they have."""

SENT_BYTES_PER_SECOND = 100 * 2**20
"""Whoever asks for the document pays for sending it, too."""


MENDED = (
    f"This room held shared types more than {MAX_TYPES_DEEP} deep in each other, which some program put there. "
    "Deleting them would have ended the server, so what lay deeper was taken out. No text of a cell lies so deep."
)


class RoomState(Enum):
    """``LIVE`` <-> ``HEALING`` (the document is being made anew) -> ``CLOSED``."""

    LIVE = "live"
    HEALING = "healing"
    CLOSED = "closed"


class Room:
    """One live room of this server process. Made by :meth:`load`, ended by :meth:`close`.

    ``on_lost(room, error)`` is called when the room cannot go on, ``on_grown(room_id)`` when it has written to its log
    and nobody else has meanwhile, ``on_changed(room, entries)`` when it has what is durable, its own or that of others.
    ``divergences`` counts the connections whose document came to differ from the room's.
    """

    def __init__(
        self,
        log_slice: LogSlice,
        retired_epochs: Iterable[str],
        store: Store,
        limits: Limits,
        on_lost: Callable[["Room", Exception], None],
        on_grown: Callable[[str], None],
        on_changed: Callable[["Room", Sequence[LogEntry]], None],
    ) -> None:
        record = log_slice.record
        self.id = record.id
        self.title = record.title
        self.epoch = record.epoch
        self.access_version = record.access_version
        self.divergences = 0
        self._store = store
        self._limits = limits
        self._on_grown = on_grown
        self._on_changed = on_changed
        self._loop = asyncio.get_running_loop()
        self._retired_clients = {epoch_client_id(epoch) for epoch in retired_epochs}
        self._audience = Audience()
        self._parts = Background(f"room {self.id}")  # what fails here does not end the room
        self._leases = Leases(self._parts)
        self._state = RoomState.LIVE
        self._live = asyncio.Event()
        self._live.set()
        self._replica = Replica(log_slice, limits.room_bytes)
        self._presence = Presence(limits, self._audience.peers, self._parts, self._loop.time, self._replica.writer_of)
        self._reservations = Reservations(self._replica.check_size, limits, self._loop.time)
        self._reworks = asyncio.Lock()
        self._position = LogPosition(store, self.id, self.epoch, log_slice.seq)
        self._background = Background(f"room {self.id}", lambda error: on_lost(self, error))
        self._journal = Journal(
            store,
            self.id,
            self.epoch,
            log_slice.seq,
            self._position.life,
            limits.unsaved_bytes,
            on_committed=self._committed,
            on_failing=self._failing,
            on_recovered=lambda: self._audience.tell(Event({"type": "saved"})),
            on_lost=lambda error: on_lost(self, error),
        )

    async def _open(self) -> None:
        """Get to know the document, and put it in order."""
        self._replica.know_writers(await self._store.writers(self.id))
        await in_turns(self._replica.understand(), rests=NO_REST)
        self._prune()
        self._journal.add(self._replica.convert(), BY_SERVER, clients=self._replica.take_new_clients())
        await in_turns(self._replica.clear_out(_now_ms(), self._tidy), rests=NO_REST)

    def _prune(self) -> None:
        """Mend a room that somebody made dangerous when that was still possible, and tell the people in it."""
        if changes := self._replica.prune():
            log.warning("Room %s: %s", self.id, MENDED)
            self._audience.announce(Event({"type": "mended", "message": MENDED}), Capability.READ)
            self._tidy(changes)

    @classmethod
    async def load(
        cls,
        room_id: str,
        store: Store,
        limits: Limits,
        on_lost: Callable[["Room", Exception], None],
        on_grown: Callable[[str], None],
        on_changed: Callable[["Room", Sequence[LogEntry]], None],
    ) -> "Room":
        """Read a room from the store; ``RoomNotFound`` if it is not there, before anything is made."""
        log_slice = await store.read_log(room_id)
        room = cls(log_slice, await store.retired_epochs(room_id), store, limits, on_lost, on_grown, on_changed)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(room.close, CloseCode.INTERNAL_ERROR, "internal_error: the room cannot be opened")
            await room._open()
            undo.pop_all()
        return room

    @property
    def state(self) -> RoomState:
        """Whether the room takes edits."""
        return self._state

    @property
    def size_bytes(self) -> int:
        """About how large the document is; not less than it is."""
        return self._replica.size_bytes

    def _is_live(self) -> bool:
        return self._state is RoomState.LIVE

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
        return not self._audience.peers and not self._journal.has_unsaved and self._state is RoomState.LIVE

    def join(self, peer: Peer) -> None:
        """Let ``peer`` in and greet it.

        Raises
        ------
        StoreUnavailable, TooManyConnections, RoomFull, EpochMismatch
            The peer is not in the room then, and was sent nothing.
        """
        self._require_open()
        if peer.epoch is not None and peer.epoch != self.epoch:
            raise EpochMismatch(f"The room '{self.id}' has a new history; join it with an empty document.")
        self._make_place(peer)
        peer.author = Author(peer.user.writer, self._presence.owner_of)
        peer.attach(
            self._limits,
            self._loop.time(),
            on_ready=self._caught_up,
            on_failed=lambda error: self._expel(peer, error),
        )
        peer.color = choose_color(peer.user, self._presence.owners)
        self._audience.add(peer)
        peer.tell(self._hello(peer))
        self._audience.catch_up(peer, peer.role.capabilities)
        self._ask_for_edits(peer)
        self._presence.greet(peer)
        if self._journal.failing is not None:
            peer.tell(_not_saved(self._journal.failing))

    def _require_open(self) -> None:
        if self._state is RoomState.CLOSED:
            raise StoreUnavailable(f"The room '{self.id}' has just been closed; try again.")

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
            peer.detach()
            self._presence.leave(peer)
            self._leases.leave(peer)
            self._reservations.leave(peer)
            peer.complaints.close(self.id)

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
                "seq": self._position.head_seq,
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

    def _caught_up(self, peer: Peer) -> None:
        if peer.missed_presence:
            self._presence.catch_up(peer)

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
        budget = peer.budget
        if budget is None:
            return self._receive(peer, data)
        if budget.wait_seconds:
            return self._receive_later(peer, data, budget)
        return budget.measure(lambda: self._receive(peer, data), len(data))

    async def _receive_later(self, peer: Peer, data: bytes, budget: Budget) -> None:
        try:
            await budget.turn(len(data))
        except TooManyUpdates as error:
            self.expel(peer, error)
        else:
            again = self.receive(peer, data)
            if again is not None:
                await again

    def _receive(self, peer: Peer, data: bytes) -> Awaitable[None] | None:
        """Handle one message; whatever is wrong with it is between the room and this peer."""
        if peer not in self._audience.peers:
            return None
        seconds = None
        try:
            seconds = peer.pace.take(self._loop.time())
            if self._state is RoomState.HEALING:
                return self._receive_when_live(peer, data)
            again = self._handle(peer, data)
            if again is not None:
                return again if seconds is None else _with_rest(again, seconds)
        except Exception as error:  # noqa: BLE001  # it is between the room and this peer
            self._answer_failure(peer, error)
        return None if seconds is None else asyncio.sleep(seconds)

    def _answer_failure(self, peer: Peer, error: Exception) -> None:
        """Tell ``peer`` what is wrong with a message. Nothing that may happen reaches anybody else."""
        if isinstance(error, CollabError):
            self._refuse(peer, error)
        else:  # the boundary of one message: it ends the connection that it came over, and no other
            log.error("Room %s failed on a message of %s.", self.id, peer.name, exc_info=error)
            self._expel(peer, CollabError("The server failed on your message; its log says why. Reconnect."))

    async def _receive_when_live(self, peer: Peer, data: bytes) -> None:
        await self._until_live()
        again = self._receive(peer, data)
        if again is not None:
            await again

    def _handle(self, peer: Peer, data: bytes) -> Awaitable[None] | None:
        """Do what a message says; returns what is still to be waited for, if anything."""
        if len(data) > self._limits.message_bytes:
            raise MessageTooLarge(f"A message of {len(data)} bytes; at most {self._limits.message_bytes} are allowed.")
        match message := parse(data):
            case Update(update) | SyncStep2(update):
                return self._edit(peer, update, is_own=isinstance(message, Update))
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
        self._require_own_history(state_vector(vector))
        message = self._replica.step2(vector)
        peer.pay(len(message) / SENT_BYTES_PER_SECOND)
        self._journal.when_saved(lambda: peer.outbox.send_document(message))

    async def _check(self, peer: Peer, check: Check) -> None:
        """Answer a check; what changed since the last one is read in small steps."""
        try:
            await in_turns(self._replica.digesting())
            if peer in self._audience.peers:
                (self._note_difference if check.differs else self._compare)(peer, check.digest)
        except Exception as error:  # noqa: BLE001  # it is between the room and this peer
            self._answer_failure(peer, error)

    def _compare(self, peer: Peer, digest: str) -> None:
        """Say whether ``peer`` has what the room has; not now if anything is still on its way to ``peer``."""
        is_behind = not self._is_live() or self._journal.has_unsaved or peer.outbox.busy
        own = None if is_behind else self._replica.digest
        peer.tell(Event({"type": "check", "digest": own, "agrees": None if own is None else own == digest}))

    def _note_difference(self, peer: Peer, digest: str) -> None:
        """Take note, once for each connection, that ``peer`` found its document to be another than the room's."""
        if not peer.differs:
            peer.differs = True
            self.divergences += 1
            own = self._replica.digest
            log.warning("Room %s: the document of %s (%r) is not the room's (%r).", self.id, peer.name, digest, own)

    def _require_own_history(self, clients: Collection[int]) -> None:
        if not self._retired_clients.isdisjoint(clients):
            raise EpochMismatch(f"Your document is of a former room '{self.id}'; join with an empty document.")

    def _edit(self, peer: Peer, update: bytes, *, is_own: bool) -> Awaitable[None] | None:
        peer.edits_received += 1
        if update == EMPTY_UPDATE:
            self._acknowledge(peer)
            return None
        if not peer.role.may(Capability.EDIT):
            self._hear_reader(peer, update)
            return None
        if peer.was_refused:
            raise InvalidUpdate("An edit before this one was refused; fetch the room's document again.")
        if self._retired_clients:
            self._require_own_history(beginners(update))
        self._journal.check_space(len(update))
        is_deletion = update[:1] == b"\x00"  # an edit that only deletes is never too large
        self._reservations.admit(len(update), peer, adds=not is_deletion)
        author = peer.author if is_own else peer.author._replace(is_own=False)
        if len(update) > MAX_EDIT_BYTES_AT_ONCE:
            return self._take_in_parts(peer, update, author)
        if (changes := self._apply_text(update, author)) is not None:
            self._keep(peer, changes)
            return None
        if not self._replica.is_light(update):
            return self._take_in_parts(peer, update, author)
        self._take_part(peer, update, author)
        return None

    async def _take_in_parts(self, peer: Peer, update: bytes, author: Author) -> None:
        """Look at a large edit as a whole, and take it in in parts; everybody else has their turn meanwhile."""
        try:
            parts = await in_turns(self._replica.cut(update, author))
            count = peer.edits_received
            try:
                part: bytes | None = next(parts, EMPTY_UPDATE)
                while part is not None:
                    following = next(parts, None)
                    await self._until_live()
                    if peer not in self._audience.peers:
                        return  # they send the rest when they are back
                    peer.require(Capability.EDIT)
                    peer.edits_received = count if following is None else count - 1  # all of it must be durable
                    began = thread_time()
                    self._take_part(peer, part, author)
                    await rest_after(thread_time() - began)
                    part = following
            finally:
                peer.edits_received = max(peer.edits_received, count)
        except Exception as error:  # noqa: BLE001  # it is between the room and this peer
            self._answer_failure(peer, error)

    def _take_part(self, peer: Peer, update: bytes, author: Author) -> None:
        changes = self._apply(update, author)
        self._keep(peer, changes, self._replica.take_new_clients())
        if stripped := self._replica.strip_trust():
            peer.complaints.add(
                "trusted_outputs", "Room %s: %s marked outputs as trusted; the mark was taken out.", self.id, peer.name
            )
            self._tidy(stripped)
        self._see_to_cells(peer.user)

    def _keep(self, peer: Peer, changes: list[bytes], clients: Sequence[int] = ()) -> None:
        """Make what an edit of ``peer`` changed durable; then they are told so, and the others are shown it."""
        if not changes:
            self._acknowledge(peer)
            return
        self._journal.add(changes, peer.origin, peer, clients=clients)
        if self._journal.failing is not None:
            self._tell_unsaved(peer, self._journal.failing)

    def _see_to_cells(self, by: User) -> None:
        """Give cells what they lack after an edit ``by`` a person, and let them say who ran them.

        Nobody is shown the edit without that.
        """
        if self._is_live():
            self._tidy(self._replica.complete(_now_ms()))
            self._tidy(self._replica.keep_word(by))

    def _hear_reader(self, peer: Peer, update: bytes) -> None:
        """Refuse an edit of ``peer``, who may not edit; but pycrdt's Provider sends back all that it hears.

        What is large is not looked into: that would cost more than a reader may. From a client that cannot be told so
        it is taken for such an echo, and ignored.
        """
        is_small = len(update) <= MAX_ECHO_BYTES
        if is_small and self._replica.knows(update):
            self._acknowledge(peer)
        elif is_small or peer.speaks_v1:
            peer.require(Capability.EDIT)

    def _tidy(self, changes: list[bytes]) -> None:
        """Keep what the server did to the cells of its own accord, and show it to everybody."""
        if changes:
            self._journal.add(changes, BY_SERVER)

    def _failing(self, error: StoreError) -> None:
        self._audience.tell(_not_saved(error))
        for author in self._journal.unsaved_authors:
            self._tell_unsaved(author, error)

    def _tell_unsaved(self, author: Peer, error: StoreError) -> None:
        """A plain client cannot be told by a message that its edit is not saved; it resends what is missing later."""
        if not author.speaks_v1 and author in self._audience.peers:
            self._expel(author, NotSaved(str(error)))

    def _apply_text(self, update: bytes, author: Author) -> list[bytes] | None:
        try:
            return self._replica.apply_text(update, author)
        finally:
            self._heal_if_spoiled()

    def _apply(self, update: bytes, author: Author) -> list[bytes]:
        try:
            return self._replica.apply(update, author)
        finally:
            self._heal_if_spoiled()

    def _take(self, update: bytes) -> list[bytes]:
        try:
            return self._replica.take(update)
        finally:
            self._heal_if_spoiled()

    def _acknowledge(self, peer: Peer) -> None:
        """Ack an edit that changed nothing, after all before it."""
        if self._journal.has_unsaved:
            self._journal.add((), peer.origin, peer)
        else:
            peer.tell(Ack(peer.edits_received, self._position.head_seq))

    def _refuse(self, peer: Peer, error: CollabError) -> None:
        """Say no: to the edit if the peer can be told so, else by ending the connection."""
        rejection = Rejection(peer.edits_received, error.reason, str(error))
        if isinstance(error, CausalGap) and peer.gaps < MAX_GAPS:
            log.warning("Room %s asks %s to sync again: %s", self.id, peer.name, error)
            peer.gaps += 1
            peer.pay(GAP_SECONDS)
            peer.tell(rejection)
            self._ask_for_edits(peer)
            self._background.run_once("catch up", self._catch_up)  # another server may have what is missing
        elif _is_about_an_edit(error) and peer.speaks_v1:
            peer.complaints.add(
                error.reason, "Room %s refuses an edit of %s: %s: %s", self.id, peer.name, error.reason, error
            )
            peer.was_refused = peer.was_refused or isinstance(error, InvalidUpdate)
            peer.tell(rejection)
        else:
            self._expel(peer, error)

    # -- the document ------------------------------------------------------------------------------------------------

    async def change(self, edit: Callable[[RoomDocument], None], origin: Origin, *, by: User | None = None) -> None:
        """Let ``edit`` change the document, as an edit that comes from ``origin``; returns when it is durable.

        It says what the person ``by`` wants to be there; without one, what the server knows. If ``edit`` raises, or the
        room would become too large, nothing of it stays.

        Raises
        ------
        NotSaved
            The store fails. If it began to while this waited, the edit is made durable later all the same.
        """
        await self._until_editable()
        try:
            changes = self._replica.edit(edit, self._reservations.admit, by)
        finally:
            self._heal_if_spoiled()
        self._journal.add(changes, origin)
        await self._journal.flush()

    async def rework(
        self, work: Callable[[bytes], Awaitable[Result]], user: User, kind: OriginKind, *, is_exact: bool = False
    ) -> Result:
        """Let ``work`` edit a copy of the document, while others edit the room; returns when it is durable.

        ``work`` is given the whole document as a Yjs update and makes another one, which is merged as an edit by
        ``user`` that came about as ``kind`` says. What it returns is returned. One after the other is done, so that
        each builds on those before.
        If ``is_exact``, nobody may have edited the room meanwhile: then ``work`` begins again.

        Raises
        ------
        NotSaved
            As for :meth:`change`.
        ContentChanged
            It had to be exact, and others were faster again and again.
        """
        async with self._reworks:
            result = await self._reworked(work, is_exact)
            if result.update:
                self._reservations.admit(len(result.update))
                await self._take_work(result.update, user, Origin.by(user, kind))
        await self._journal.flush()
        return result

    async def _take_work(self, update: bytes, user: User, origin: Origin) -> None:
        """Take in what was done to a copy for ``user``, as if they had sent it."""
        author = Author(user.writer, lambda _client_id: None)
        parts = await in_turns(parts_of_own(update), rests=NO_REST)
        for part in parts:
            await self._until_editable()
            began = thread_time()
            changes = self._apply(part, author)
            self._journal.add(changes, origin, clients=self._replica.take_new_clients())
            self._tidy(self._replica.strip_trust())
            self._see_to_cells(user)
            await rest_after(thread_time() - began, NO_REST)

    async def _reworked(self, work: Callable[[bytes], Awaitable[Result]], is_exact: bool) -> Result:
        for _ in range(MAX_REWORKS):
            await self._until_editable()
            revision = self._replica.revision
            result = await work(self._replica.encode())
            await self._until_editable()
            if not (is_exact and result.update) or self._replica.revision == revision:
                return result
        raise ContentChanged("Others edit the room all the time: read its content again, or merge with POST.")

    async def _until_editable(self) -> None:
        """Wait until the document may be edited; raises why that will not be."""
        await self._until_live()
        self._require_open()
        if self._journal.failing is not None:
            raise self._journal.failing.with_traceback(None)  # it is raised again and again

    async def look_into(self, look: Callable[[RoomDocument], Found]) -> Found:
        """What ``look`` finds in the document, which it must not change; it may be not durable yet."""
        await self._until_live()
        self._require_open()
        return self._replica.look_into(look)

    async def snapshot(self) -> bytes:
        """The document as an update, of which nothing can be lost any more; ``NotSaved`` while the store fails."""
        await self._until_live()
        self._require_open()
        state = self._replica.encode()
        await self._journal.flush()
        return state

    async def _until_live(self) -> None:
        """Wait while the document is being made anew, and again if another refusal comes before our turn."""
        while not self._live.is_set():
            await self._live.wait()

    def _heal_if_spoiled(self) -> None:
        if self._replica.spoiled and self._state is RoomState.LIVE:
            self._state = RoomState.HEALING
            self._live.clear()
            self._background.run_once("heal", self._heal)

    async def _heal(self) -> None:
        """Make the document anew, from what was accepted."""
        position = self._position
        log_slice = await position.read(None)
        while log_slice.seq < position.head_seq:  # what was committed after this was read is no longer in the journal
            log_slice = await position.read(None)
        self._replica.rebuild(log_slice, self._journal.unsaved_updates)
        await in_turns(self._replica.understand(), rests=NO_REST)
        self._replica.know_writers(await position.writers(None))
        self._state = RoomState.LIVE
        self._live.set()
        state, entries = position.take(log_slice)
        foreign = [entry for entry in entries if not position.is_own(entry)]
        self._show_foreign([*([] if state is None else [state]), *(entry.update for entry in foreign)])
        if state is not None or foreign:
            self._on_changed(self, foreign)

    # -- the log -----------------------------------------------------------------------------------------------------

    def _committed(self, batch: Batch, seq: int) -> None:
        """Everything in ``batch`` is durable: say so to its authors, and show it to the others."""
        self._audience.show(batch.shown, batch.sole_origin)  # first, for a cell may have got another id
        for author, count in batch.authors.items():
            author.tell(Ack(count, seq))
        if not batch.entries:
            return
        if self._position.wrote(len(batch.entries), seq):
            self._replica.settle(entry.update for entry in batch.entries)
            self._on_grown(self.id)
        else:
            self._background.run_once("catch up", self._catch_up)
        self._replica.logged(entry.update for entry in batch.entries)
        if self._replica.wants_keyframe:
            self._background.run_once("compact", self.compact)
        self._on_changed(self, batch.entries)

    async def compact(self) -> None:
        """Replace the log so far, if there is any, by a keyframe.

        It is not written before all that it says is in the log: what is in a keyframe is no news to other server
        processes when it comes in the log, so they would show it to nobody.
        """
        if not (self._is_live() and self._replica.has_log):
            return
        await in_turns(self._replica.clear_out(_now_ms(), self._tidy), rests=NO_REST)
        if self._replica.is_bloated:
            await in_turns(self._replica.understand(), rests=NO_REST)
        if not self._is_live():
            return
        state, seq = self._replica.keyframe(), self._position.seq
        try:
            await self._journal.flush(patient=True)
            await self._store.put_keyframe(self.id, self.epoch, seq, state, self.kind)
            await self._store.drop_entries(self.id, self.epoch, seq)
        except StoreError as error:
            log.warning("Room %s keeps its long log, as the store fails: %s", self.id, error)

    def retitle(self, title: str) -> None:
        """Tell everybody the room's new title."""
        if title != self.title:
            self.title = title
            self._audience.tell(Event({"type": "renamed", "title": title}))

    def look(self, head: Head) -> None:
        """Take in what other server processes did to the room, if anything."""
        self.retitle(head.title)
        if self._position.heard(head.seq):
            self._background.run_once("catch up", self._catch_up)

    async def _catch_up(self) -> None:
        """Read the log, at least once, until there is nothing in it that the document does not have."""
        position = self._position
        is_behind = True
        while is_behind:
            log_slice = await position.read(position.seq)
            await self._meet_writers(log_slice)
            await self._until_live()
            if log_slice.state is not None:  # it may have what we wrote, too
                self._replica.settle_all_but(lambda: self._journal.unsaved_updates)
            state, entries = position.take(log_slice)
            foreign = [entry for entry in entries if not position.is_own(entry)]
            changes = [] if state is None else self._take(state)
            for entry in entries:
                if position.is_own(entry):
                    self._replica.settle([entry.update])
                else:
                    changes += self._take(entry.update)
            if completed := self._replica.complete(_now_ms()):  # two of us gave one id at once
                self._journal.add(completed, BY_SERVER, along=changes)
            else:
                self._show_foreign(changes)
            self._replica.logged(changes)
            if state is not None or foreign:
                self._on_changed(self, foreign)
            is_behind = position.is_behind
        self._replica.settle_all_but(lambda: self._journal.unsaved_updates)

    async def _meet_writers(self, log_slice: LogSlice) -> None:
        """Learn who writes under the client ids that ``log_slice`` brings, before anybody here can write under them."""
        is_whole = log_slice.state is not None
        foreign = (entry.update for entry in log_slice.entries if not self._position.is_own(entry))
        newcomers = None if is_whole else self._replica.newcomers(foreign)
        if newcomers is None or newcomers:
            self._replica.know_writers(await self._position.writers(newcomers))

    def _show_foreign(self, changes: list[bytes]) -> None:
        """Send what other server processes wrote.

        Who moved there from here may have left us edits that are not durable yet and that this builds on, and who
        moved here from there may have built on this since. So it takes its place among what waits: yrs does not always
        recover from an edit that comes before those that it needs.
        """
        if changes and self._journal.has_unsaved:
            self._journal.accompany(changes)
        elif changes:
            self._audience.show(changes, None)

    # -- the end -----------------------------------------------------------------------------------------------------

    async def flush(self, *, patient: bool = False) -> None:
        """Wait until all edits are durable; raises what :meth:`Journal.flush` does."""
        await self._journal.flush(patient=patient)

    async def close(self, code: CloseCode, reason: str) -> None:
        """End the room here: everybody is disconnected with ``code`` and ``reason``. The store keeps it."""
        if self._state is RoomState.CLOSED:
            return
        self._state = RoomState.CLOSED
        self._live.set()
        async with AsyncExitStack() as exits:  # whatever fails, the rest is done
            exits.push_async_callback(in_turns, self._replica.freeing(), rests=NO_REST)
            exits.callback(self._replica.close)
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


def _now_ms() -> int:
    return int(time.time() * 1000)


def _not_saved(error: StoreError) -> Event:
    return Event({"type": "not_saved", "message": str(error)})


def _names(role: Role) -> list[str]:
    return sorted(capability.value for capability in role.capabilities)
