"""What this client has of a room, and how much of that the server is known to have.

No I/O: messages in (:meth:`Replica.receive`), messages out (:meth:`Replica.take_messages`). The rules are those of
``docs/wire.md``: edits wait here until the server says that they are durable, and a document is never merged with
one of another epoch.
"""

import secrets
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pycrdt import Array, Doc, Map, merge_updates

from ..document import RoomDocument
from ..errors import CollabError, EpochMismatch, InvalidUpdate, MessageTooLarge, PermissionDenied
from ..protocol import (
    EMPTY_UPDATE,
    Ack,
    Event,
    Hello,
    HelloInfo,
    Message,
    Rejection,
    SyncStep1,
    SyncStep2,
    Update,
    build,
)
from .cell import CellType
from .errors import error_of_reason

__all__ = ["Replica", "RoomChange", "StartAnew", "UnsentCell", "UnsentText"]

MESSAGES_IN_FLIGHT = 4
"""So many messages with edits may be without the server's word at once; later edits are merged meanwhile."""

EDITS_PER_MESSAGE = 1_000
"""Merging takes time that grows with the square of this: 2 ms for so many."""

FRAME_BYTES = 64
"""What a message needs besides the update that it carries, at most."""

DEFAULT_MESSAGE_BYTES = 10 * 1024 * 1024

GAPS_BEFORE_REFUSAL = 3


@dataclass(frozen=True)
class RoomChange:
    """What happened to the document.

    Attributes
    ----------
    cells
        The ids of cells that are new or not what they were.
    order
        Whether cells were added, removed or moved.
    metadata
        Whether the notebook's own metadata changed.
    local, remote
        Whether this client, or somebody else, did some of it.
    """

    cells: frozenset[str] = frozenset()
    order: bool = False
    metadata: bool = False
    local: bool = False
    remote: bool = False

    def __or__(self, other: "RoomChange") -> "RoomChange":
        return RoomChange(
            self.cells | other.cells,
            self.order or other.order,
            self.metadata or other.metadata,
            self.local or other.local,
            self.remote or other.remote,
        )


@dataclass(frozen=True)
class UnsentCell:
    """The text of a cell that holds edits which are not in the room."""

    id: str
    cell_type: CellType
    source: str


@dataclass(frozen=True)
class UnsentText:
    """Text that was typed here and is kept out of the room.

    Attributes
    ----------
    epoch
        The history that it was written in.
    cells
        The cells that were edited, as they were here; none where something was only deleted, moved or described.
    error
        Why the room did not take the edits.
    """

    epoch: str | None
    cells: tuple[UnsentCell, ...]
    error: CollabError

    def joined_with(self, earlier: "UnsentText | None") -> "UnsentText":
        """This and what was kept before."""
        return self if earlier is None else UnsentText(self.epoch, earlier.cells + self.cells, self.error)


class StartAnew(Exception):  # not a failure: a turn that the connection must take
    """The document was put aside; connect again, with the new and empty one."""


@dataclass
class _InFlight:
    """Edits that the server has not answered for yet; ``count`` is the number of the message that carried them."""

    count: int
    updates: list[bytes] = field(default_factory=list)


class Replica:
    """A document, and what is known of the server's.

    Parameters
    ----------
    on_change
        Called after each change of the document.
    on_news
        Called after anything else changed: what is pending, the role, the title, what is to be sent.
    """

    def __init__(self, on_change: Callable[[RoomChange], None], on_news: Callable[[], None]) -> None:
        self._on_change = on_change
        self._on_news = on_news
        self._outgoing: deque[Message] = deque()
        self._waiting: deque[bytes] = deque()
        self._in_flight: deque[_InFlight] = deque()
        self._dirty: set[str] = set()
        self._applying = False
        self._may_send_edits = False
        self._sent_count = 0
        self._gaps = 0
        self.hello: HelloInfo | None = None
        self.title = ""
        self.role = ""
        self.capabilities: frozenset[str] = frozenset()
        self.is_in_sync = False
        self.not_saved: str | None = None
        self.unsent: UnsentText | None = None
        self._subscriptions: list[Any] = []
        self._cell_ids: list[str] = []
        self._document = self.document = self._new_document()

    # The document

    def _new_document(self) -> RoomDocument:
        for subscription in self._subscriptions:
            subscription.drop()
        # Yjs's own client ids have 32 bits; pycrdt's would have 53.
        doc: Doc[Any] = Doc(client_id=secrets.randbits(32))
        document = RoomDocument(doc)
        self._cells = cells = doc.get("cells", type=Array)
        meta = doc.get("meta", type=Map)
        self._cell_ids = []
        self._subscriptions = [
            doc.observe(self._take_own_update),
            cells.observe_deep(self._tell_of_cells),
            meta.observe_deep(lambda events: self._tell(RoomChange(metadata=True))),
        ]
        return document

    @property
    def epoch(self) -> str | None:
        """The history that what we sync belongs to; ``None`` before the first sync."""
        return self._document.epoch

    @property
    def client_id(self) -> int:
        """The Yjs client id by which we edit and are present."""
        return self._document.doc.client_id

    @property
    def is_being_renewed(self) -> bool:
        """Whether :attr:`document` was put aside, and shows until the room's is here. It must not be edited."""
        return self.document is not self._document

    def _tell(self, change: RoomChange) -> None:
        if self.is_being_renewed:
            return
        if self._applying:
            self._on_change(change | RoomChange(remote=True))
        else:
            self._dirty |= change.cells
            self._on_change(change | RoomChange(local=True))

    def _tell_of_cells(self, events: Iterable[Any]) -> None:
        paths = [event.path for event in events]
        order = any(not path for path in paths)
        before = set(self._cell_ids)
        if order or any(path[1:] == [] or path[-1:] == ["id"] for path in paths):
            self._cell_ids = self._document.cell_ids
        changed = {cell_id for path in paths if path for cell_id in self._ids_at(path[0])}
        self._tell(RoomChange(frozenset(changed | (set(self._cell_ids) - before)), order=order))

    def _ids_at(self, position: int) -> Iterable[str]:
        """The id of the cell at ``position`` in the shared array, or all if peers wrote anything else into that."""
        only_cells = len(self._cells) == len(self._cell_ids)
        return self._cell_ids[position : position + 1] if only_cells else self._cell_ids

    def _take_own_update(self, event: Any) -> None:
        if self._applying or event.update == EMPTY_UPDATE:
            return
        self._waiting.append(event.update)
        self._on_news()

    def _apply(self, update: bytes) -> None:
        self._applying = True
        try:
            self._document.doc.apply_update(update)
        except (ValueError, RuntimeError, TypeError) as error:  # what pycrdt raises for bytes that are no update
            raise InvalidUpdate("The server sent an update that cannot be applied.") from error
        finally:
            self._applying = False

    # What is known of the server

    @property
    def pending(self) -> int:
        """How many edits are here and not known to be durable."""
        return len(self._waiting) + sum(len(sent.updates) for sent in self._in_flight)

    @property
    def may_edit(self) -> bool:
        """Whether our role includes editing."""
        return "edit" in self.capabilities

    @property
    def message_bytes(self) -> int:
        """How long a message to the server may be."""
        return self.hello["limits"]["message_bytes"] if self.hello else DEFAULT_MESSAGE_BYTES

    def disconnect(self) -> None:
        """The connection ended: what is not known to be durable will be sent again."""
        self._outgoing.clear()
        for sent in reversed(self._in_flight):
            self._waiting.extendleft(reversed(sent.updates))
        self._in_flight.clear()
        self._may_send_edits = False
        self._sent_count = 0
        self._gaps = 0
        self.is_in_sync = False
        self._on_news()

    def put_aside(self, error: CollabError) -> None:
        """Begin anew with the room's document; the text of edits that are not durable is kept in :attr:`unsent`.

        What was there goes on to show until the room's document is here.
        """
        if self.pending:
            self.unsent = UnsentText(self.epoch, self._edited_cells(), error).joined_with(self.unsent)
        self._waiting.clear()
        self._in_flight.clear()
        self._outgoing.clear()
        self._dirty.clear()
        self.is_in_sync = False
        self._document = self._new_document()
        self._on_news()

    def _edited_cells(self) -> tuple[UnsentCell, ...]:
        return tuple(
            UnsentCell(cell["id"], cell["cell_type"], cell["source"])
            for cell in self._document.cells
            if cell["id"] in self._dirty
        )

    # Messages

    def receive(self, message: Message) -> None:
        """Take in one message.

        Raises
        ------
        StartAnew
            When the document was put aside.
        InvalidUpdate
            When the server sent an update that is none.
        """
        match message:
            case Update(update):
                self._apply(update)
            case Ack(count, _):
                self._settle(count)
            case SyncStep1(state_vector):
                self._answer(state_vector)
            case SyncStep2(update):
                self._apply(update)
                self._end_sync()
            case Hello(info):
                self._greet(info)
            case Rejection():
                self._take_rejection(message)
            case Event(event):
                self._take_event(event)
            case _:
                return
        self._on_news()

    def _end_sync(self) -> None:
        self.is_in_sync = True
        if self.is_being_renewed:
            self.document = self._document
            everything = frozenset(self._cell_ids)
            self._on_change(RoomChange(everything, order=True, metadata=True, remote=True))

    def _greet(self, info: HelloInfo) -> None:
        self.hello = info
        self.title = info["title"]
        self.role = info["role"]
        self.capabilities = frozenset(info["capabilities"])
        self.not_saved = None
        if self.epoch is not None and self.epoch != info["epoch"]:
            self._start_anew(EpochMismatch("The room has a new history, to which these edits do not belong."))
        if self.pending and not self.may_edit:
            self._start_anew(PermissionDenied(f"A {self.role} of this room may not edit."))
        self._outgoing.append(SyncStep1(self._document.doc.get_state()))

    def resync(self) -> None:
        """Ask the server for whatever it has and we lack."""
        self.is_in_sync = False
        self._outgoing.append(SyncStep1(self._document.doc.get_state()))
        self._on_news()

    def _answer(self, state_vector: bytes) -> None:
        """Tell the server what it lacks: one message, or, if that is too long, the edits one after another."""
        if not self.may_edit:
            return
        self._may_send_edits = True
        try:
            update = self._document.doc.get_update(state_vector)
        except (ValueError, RuntimeError) as error:
            raise InvalidUpdate("The server sent a state vector that is none.") from error
        if len(update) + FRAME_BYTES > self.message_bytes:
            self._send(SyncStep2(EMPTY_UPDATE), [])
        else:
            self._send(SyncStep2(update), list(self._waiting))
            self._waiting.clear()

    def _send(self, message: SyncStep2 | Update, updates: list[bytes]) -> None:
        self._sent_count += 1
        self._in_flight.append(_InFlight(self._sent_count, updates))
        self._outgoing.append(message)

    def take_messages(self) -> list[bytes]:
        """What is to be sent now, in this order.

        Raises
        ------
        StartAnew
            When there is an edit that is too long to be sent; the document was put aside.
        """
        while self._may_send_edits and self._waiting and len(self._in_flight) < MESSAGES_IN_FLIGHT:
            updates = self._next_updates()
            self._send(Update(updates[0] if len(updates) == 1 else merge_updates(*updates)), updates)
        messages = [build(message) for message in self._outgoing]
        self._outgoing.clear()
        return messages

    def _next_updates(self) -> list[bytes]:
        """As many of the waiting updates as fit in one message."""
        room = self.message_bytes - FRAME_BYTES
        updates: list[bytes] = []
        while self._waiting and len(updates) < EDITS_PER_MESSAGE and len(self._waiting[0]) <= room:
            room -= len(self._waiting[0])
            updates.append(self._waiting.popleft())
        if not updates:
            limit = f"{self.message_bytes:,} bytes"
            self._start_anew(MessageTooLarge(f"An edit is longer than a message may be ({limit}): split it."))
        return updates

    def _settle(self, count: int) -> None:
        """Messages 1 to ``count`` are durable."""
        while self._in_flight and self._in_flight[0].count <= count:
            self._in_flight.popleft()
        self._gaps = 0
        self.not_saved = None
        if not self.pending:
            self._dirty.clear()

    def _take_rejection(self, rejection: Rejection) -> None:
        error = error_of_reason(rejection.reason, rejection.message)
        if rejection.reason != "causal_gap" or self._gaps >= GAPS_BEFORE_REFUSAL:
            self._start_anew(error)
        # The server lacks something that this edit builds on. It asks (step 1), and the answer holds this edit too.
        self._gaps += 1
        self._may_send_edits = False
        refused = [sent for sent in self._in_flight if sent.count == rejection.count]
        for sent in refused:
            self._in_flight.remove(sent)
            self._waiting.extendleft(reversed(sent.updates))

    def _take_event(self, event: Any) -> None:
        match event:
            case {"type": "not_saved"}:
                self.not_saved = str(event.get("message") or "The server cannot save at present.")
            case {"type": "saved"}:
                self.not_saved = None
            case {"type": "renamed", "title": str(title)}:
                self.title = title
            case {"type": "role", "role": str(role), "capabilities": list(capabilities)}:
                # Whoever could not edit before has nothing that the server lacks: there is no step 1 to wait for.
                self._may_send_edits = self._may_send_edits or not self.may_edit
                self.role = role
                self.capabilities = frozenset(capabilities)

    def _start_anew(self, error: CollabError) -> None:
        self.put_aside(error)
        raise StartAnew
