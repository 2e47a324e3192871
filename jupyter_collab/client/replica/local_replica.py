"""What this client has of a room, and how much of that the server is known to have.

No I/O: messages in (:meth:`~LocalReplica.receive`), messages out (:meth:`~LocalReplica.take_messages`). The rules are
those of ``docs/wire.md``: edits wait here until the server says that they are durable, and a document is never merged
with one of another epoch.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pycrdt import merge_updates

from ...document import RoomDocument
from ...errors import (
    CausalGap,
    CellDeleted,
    CollabError,
    DocumentDiverged,
    EpochMismatch,
    MessageTooLarge,
    PermissionDenied,
)
from ...protocol import (
    EMPTY_UPDATE,
    Ack,
    Check,
    Event,
    Hello,
    HelloInfo,
    Message,
    Rejection,
    SyncStep1,
    SyncStep2,
    Update,
    build,
    shown_name,
)
from ..http.refusal import error_of_reason
from .agreement import Agreement
from .changes import RoomChange, UnsentCell, UnsentText
from .outbox import Outbox
from .watched_document import WatchedDocument

__all__ = ["LocalReplica", "StartAnew"]

FRAME_BYTES = 64
"""What a message needs besides the update that it carries, at most."""

DEFAULT_MESSAGE_BYTES = 10 * 1024 * 1024

GAPS_BEFORE_REFUSAL = 3


class StartAnew(Exception):  # not a failure: a turn that the connection must take
    """The document was put aside; connect again, with the new and empty one."""


class LocalReplica:
    """A document, and what is known of the server's.

    Parameters
    ----------
    on_change
        Called after each change of the document.
    on_news
        Called after anything else changed: what is pending, the role, the title, what is to be sent.
    clock
        Returns seconds.
    """

    def __init__(
        self,
        on_change: Callable[[RoomChange], None],
        on_news: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_change = on_change
        self._on_news = on_news
        self._outgoing: deque[Message] = deque()
        self._outbox = Outbox()
        self._dirty: set[str] = set()
        self._edited: set[str] = set()
        self._may_send_edits = False
        self._gaps = 0
        self._has_missed = False
        self._agreement = Agreement(clock)
        self._differs = False
        self._diverged: UnsentText | None = None
        self.hello: HelloInfo | None = None
        self.title = ""
        self.role = ""
        self.capabilities: frozenset[str] = frozenset()
        self.is_in_sync = False
        self.not_saved: str | None = None
        self.mended = ""
        self.unsent: UnsentText | None = None
        self.kernel: Mapping[str, Any] = {}
        """The last state of the room's kernel: the event ``kernel`` of ``docs/wire.md``."""
        self._synced = WatchedDocument(self._take_change, self._take_own_update)
        self.document: RoomDocument = self._synced.room

    # The document

    @property
    def epoch(self) -> str | None:
        """The history that what we sync belongs to; ``None`` before the first sync."""
        return self._synced.room.epoch

    @property
    def client_id(self) -> int:
        """The Yjs client id by which we edit and are present."""
        return self._synced.client_id

    @property
    def is_being_renewed(self) -> bool:
        """Whether :attr:`document` was put aside, and shows until the room's is here. It must not be edited."""
        return self.document is not self._synced.room

    def _take_change(self, change: RoomChange) -> None:
        self._agreement.changed()
        if change.local:
            self._dirty |= change.cells
            self._edited |= change.cells
        if not self.is_being_renewed:
            self._on_change(change)

    def _take_own_update(self, update: bytes) -> None:
        self._outbox.add(update)
        self._on_news()

    # What is known of the server

    @property
    def due_in(self) -> float | None:
        """In how many seconds there is something to send, if nothing happens until then."""
        return 0.0 if self._differs else self._agreement.due_in

    @property
    def pending(self) -> int:
        """How many edits are here and not known to be durable."""
        return len(self._outbox)

    @property
    def own_name(self) -> str:
        """What people call us here, as a guest if we are one."""
        return shown_name(self.hello["user"]) if self.hello else ""

    @property
    def has_late_edits(self) -> bool:
        """Whether a cell that was edited here is deleted, and holds text that nobody deleted knowingly."""
        return not self._edited.isdisjoint(self._synced.late)

    @property
    def may_edit(self) -> bool:
        """Whether our role includes editing."""
        return "edit" in self.capabilities

    @property
    def queued_runs(self) -> set[int]:
        """The cells' runs that have not ended, as far as the server has told."""
        return {run["run"] for run in self.kernel.get("queue", [])}

    @property
    def message_bytes(self) -> int:
        """How long a message to the server may be."""
        return self.hello["limits"]["message_bytes"] if self.hello else DEFAULT_MESSAGE_BYTES

    def disconnect(self) -> None:
        """The connection ended: edits that are not known to be durable will be sent again."""
        self._outgoing.clear()
        self._outbox.reconnect()
        self._may_send_edits = False
        self._gaps = 0
        self.is_in_sync = self._has_missed = False
        self._agreement.stop()
        self._on_news()

    def keep_unsent(self, error: CollabError) -> None:
        """Offer the text of edits that are not durable, and will not be, because of ``error``, in :attr:`unsent`."""
        if self.pending:
            self.unsent = UnsentText(self.epoch, self._edited_cells(), error).joined_with(self.unsent)

    def put_aside(self, error: CollabError) -> None:
        """Start again with the room's document; the text of edits that are not durable is kept in :attr:`unsent`.

        What was there goes on to show until the room's document is here.
        """
        self.keep_unsent(error)
        self._outbox.clear()
        self._outgoing.clear()
        self._dirty.clear()
        self._edited.clear()
        self.is_in_sync = False
        self._agreement.stop()
        self._synced.close()
        self._synced = WatchedDocument(self._take_change, self._take_own_update)
        self._on_news()

    def _put_diverged_aside(self) -> None:
        """Start again with the room's document, and keep the text that turns out to be in here only."""
        self._differs = False
        error = DocumentDiverged("The document here had come to differ from the room's, which was fetched again.")
        self._diverged = UnsentText(self.epoch, _texts_in(self._synced.room), error)
        self._start_anew(error)

    def _keep_what_the_room_lacks(self) -> None:
        diverged, self._diverged = self._diverged, None
        if diverged is None:
            return
        saved = {"", *(cell.source for cell in _texts_in(self._synced.room))}
        cells = tuple(cell for cell in diverged.cells if cell.source not in saved)
        if cells:
            self.unsent = replace(diverged, cells=cells).joined_with(self.unsent)

    def _edited_cells(self) -> tuple[UnsentCell, ...]:
        return tuple(cell for cell in _texts_in(self._synced.room) if cell.id in self._dirty)

    # Messages

    def receive(self, message: Message) -> None:
        """Take in one message.

        Raises
        ------
        StartAnew
            When the document was put aside.
        InvalidUpdate
            When the server sent an update that is none, or that would end this process.
        """
        match message:
            case Update(update):
                self._take_in(update)
            case Ack(count, _):
                self._settle(count)
            case SyncStep1(state_vector):
                self._answer(state_vector)
            case SyncStep2(update):
                self._apply_all(update)
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

    def _take_in(self, update: bytes) -> None:
        """Take in what others did; what builds on edits that are not here is fetched together with them."""
        try:
            self._synced.apply(update)
        except CausalGap:
            if self.is_in_sync:
                self.resync()
            else:
                self._has_missed = True

    def _apply_all(self, update: bytes) -> None:
        """Take in what we lacked, and keep the text that we typed in cells which were cleared out meanwhile."""
        typed = self._edited_cells() if self._dirty else ()
        self._synced.apply(update)
        room = self._synced.room
        there = {*room.cell_ids, *(cell["id"] for cell in room.deleted_cells)} if typed else set()
        lost = tuple(cell for cell in typed if cell.id not in there)
        if lost:
            error = CellDeleted("Text that was typed here belongs to a cell that was deleted for good long ago.")
            self.unsent = UnsentText(self.epoch, lost, error).joined_with(self.unsent)

    def _end_sync(self) -> None:
        self.is_in_sync = True
        if self._has_missed:
            self.resync()
            return
        self._keep_what_the_room_lacks()
        if self.hello is not None and self.hello.get("checks"):
            self._agreement.start()
        if self.is_being_renewed:
            self.document = self._synced.room
            everything = frozenset(self._synced.cell_ids)
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
        self._outgoing.append(SyncStep1(self._synced.state_vector))

    def resync(self) -> None:
        """Ask the server for whatever it has and we lack."""
        self.is_in_sync = self._has_missed = False
        self._outgoing.append(SyncStep1(self._synced.state_vector))
        self._on_news()

    def _answer(self, state_vector: bytes) -> None:
        """Tell the server what it lacks: one message, or, if that is too long, the edits one after another."""
        if not self.may_edit:
            return
        self._may_send_edits = True
        update = self._synced.update_since(state_vector)
        if len(update) + FRAME_BYTES > self.message_bytes:
            self._send(SyncStep2(EMPTY_UPDATE), [])
        else:
            self._send(SyncStep2(update), self._outbox.take_all())

    def _send(self, message: SyncStep2 | Update, updates: list[bytes]) -> None:
        self._outbox.sent(updates)
        self._outgoing.append(message)

    def take_messages(self) -> list[bytes]:
        """What is to be sent now, in this order.

        Raises
        ------
        StartAnew
            When there is an edit that is too long to be sent, or the document is no longer the room's:
                it was put aside.
        """
        while self._may_send_edits and self._outbox.is_due:
            updates = self._next_updates()
            self._send(Update(updates[0] if len(updates) == 1 else merge_updates(*updates)), updates)
        if self._agreement.ask(may_ask=self.is_in_sync and not self.pending):
            self._synced.room.forget_digests()
            self._outgoing.append(Check(self._synced.room.digest))
        if self._differs and not self._outgoing:
            self._put_diverged_aside()  # the server has been told
        messages = [build(message) for message in self._outgoing]
        self._outgoing.clear()
        return messages

    def _next_updates(self) -> list[bytes]:
        updates = self._outbox.take(self.message_bytes - FRAME_BYTES)
        if not updates:
            limit = f"{self.message_bytes:,} bytes"
            self._start_anew(MessageTooLarge(f"An edit is longer than a message may be ({limit}): split it."))
        return updates

    def _settle(self, count: int) -> None:
        self._outbox.settle(count)
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
        self._outbox.put_back(rejection.count)

    def _take_event(self, event: Any) -> None:
        match event:
            case {"type": "not_saved"}:
                self.not_saved = str(event.get("message") or "The server cannot save at present.")
            case {"type": "saved"}:
                self.not_saved = None
            case {"type": "kernel", "queue": list()}:
                self.kernel = event
            case {"type": "check", "digest": str() | None as digest, "agrees": bool() | None as agrees}:
                if self._agreement.hear(digest, agrees=bool(agrees)):
                    self._differs = True
                    self._outgoing.append(Check(self._synced.room.digest, differs=True))
            case {"type": "mended", "message": str(message)}:
                self.mended = message
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


def _texts_in(document: RoomDocument) -> tuple[UnsentCell, ...]:
    """The text of each cell: of the deleted ones, only what nobody deleted knowingly."""
    late = set(document.late_cells)
    cells = document.cells + [cell for cell in document.deleted_cells if cell["id"] in late]
    return tuple(UnsentCell(cell["id"], cell["cell_type"], cell["source"]) for cell in cells)
