"""A room's document as this process holds it: takes edits in, says what they changed, answers who lacks what."""

import zlib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pycrdt import Doc, TransactionEvent

from ..document import RoomDocument, TypeDepths, check_update, state_vector
from ..errors import InvalidUpdate, RoomTooLarge
from ..protocol import SyncStep2, build
from ..store import LogSlice
from .integrate import integrate, is_known
from .pairs import PairGuard

__all__ = ["Replica"]

Found = TypeVar("Found")

ENTRY_OVERHEAD_BYTES = 64
"""About what a log entry takes in the store besides its update."""

MIN_COMPACTED_BYTES = 256 * 2**10
"""A log shorter than this is not worth a keyframe."""

MAX_LOW_CLIENT_ID = 2**16

MAX_ANSWERS = 4
"""So many different questions are remembered with their answers, each as large as the room at most."""


class Replica:
    """The document made from ``log_slice``, of at most ``max_bytes``.

    Whatever changes it answers the changes as Yjs updates: just what is new, and nothing for what was known.
    ``spoiled`` says that a refused edit may have left parts behind; :meth:`rebuild` makes the document anew then.
    ``revision`` is another number whenever the document is another.
    """

    def __init__(self, log_slice: LogSlice, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._changes: list[bytes] = []
        self._step2: dict[bytes, bytes] = {}
        self._digest: str | None = None
        self.spoiled = False
        self.revision = 0
        self.rebuild(log_slice, ())
        self._keyframe_bytes = log_slice.keyframe_bytes
        self._log_bytes = sum(len(entry.update) + ENTRY_OVERHEAD_BYTES for entry in log_slice.entries)
        self._size_bytes = self._keyframe_bytes + self._log_bytes
        self._is_measured = False

    def rebuild(self, log_slice: LogSlice, unsaved: Iterable[bytes]) -> None:
        """Make the document anew from the log and what was accepted since."""
        document = RoomDocument()
        with document.doc.transaction():
            for update in (log_slice.state, *(entry.update for entry in log_slice.entries), *unsaved):
                if update is not None:
                    document.doc.apply_update(update)
        document.doc.observe(self._observe)
        document.watch()
        self._document = document
        self._pairs = PairGuard()
        self._depths = TypeDepths()
        state = self.encode()
        self._pairs.learn(state)
        self._depths.learn(state)
        self._changes.clear()
        self._forget_answers()
        self.spoiled = False

    @property
    def kind(self) -> str:
        """``note`` or ``notebook``."""
        return self._document.kind

    @property
    def state_vector(self) -> bytes:
        """What this replica has, as Yjs encodes it."""
        return self._document.doc.get_state()

    @property
    def digest(self) -> str:
        """What a copy with the same texts has, too; made once for each state of the document."""
        if self._digest is None:
            self._digest = self._document.digest
        return self._digest

    @property
    def size_bytes(self) -> int:
        """About how large the document is; not less than it is."""
        return self._size_bytes

    @property
    def wants_keyframe(self) -> bool:
        """Whether the log has grown to more than what it says."""
        return self._log_bytes > max(MIN_COMPACTED_BYTES, self._keyframe_bytes)

    @property
    def has_log(self) -> bool:
        """Whether anything came since the newest keyframe."""
        return self._log_bytes > 0

    def apply(self, update: bytes) -> list[bytes]:
        """Take in an edit; raises ``InvalidUpdate`` and ``CausalGap`` as :func:`integrate` does.

        What puts something that is no cell among the cells is invalid, too: no page could show the room any more. So is
        what takes a cell away instead of marking it as deleted: what others type in it would be lost. So is what cuts a
        character in two: clients would have different texts. So is what puts shared types very deep into each
        other: the deletion of the outermost would end the process.
        """
        check_update(update)
        may_bring_types = self._depths.check(update)
        may_bring_pairs = self._pairs.check(update, lambda: state_vector(self.state_vector))
        try:
            integrate(self._document.doc, update)
            self._document.check_cells()
        except InvalidUpdate as error:
            self.spoiled = self.spoiled or error.spoils_document
            self._changes.clear()
            raise
        return self._take_changes(may_bring_pairs=may_bring_pairs, may_bring_types=may_bring_types)

    def take(self, update: bytes) -> list[bytes]:
        """Take in an edit that another server process has taken in already; raises as :func:`integrate` does."""
        try:
            integrate(self._document.doc, update)
        except InvalidUpdate as error:
            self.spoiled = self.spoiled or error.spoils_document
            self._changes.clear()
            raise
        self._document.accept()
        return self._take_changes()

    def knows(self, update: bytes) -> bool:
        """Whether an edit would change nothing, because all that it says is here already."""
        return is_known(self._document.doc, update)

    def edit(self, change: Callable[[RoomDocument], None], admit: Callable[[int], None]) -> list[bytes]:
        """Let ``change`` edit the document, and ``admit`` say whether so many bytes more may be.

        If one of them raises, the replica is spoiled.
        """
        try:
            with self._document.doc.transaction():
                change(self._document)
            self._document.strip_trust()
            admit(sum(map(len, self._changes)))
        except BaseException:
            self.spoiled = True
            raise
        self._document.accept()
        return self._take_changes()

    def look_into(self, look: Callable[[RoomDocument], Found]) -> Found:
        """What ``look`` finds in the document, which it must not change."""
        return look(self._document)

    def convert(self) -> list[bytes]:
        """Bring a room from before cells had keys up to date: :meth:`complete` for a room that is just opened.

        Two servers that open the same room at once make the very same edit, by the same client id. That is a low one:
        of two values that are set at once that of the higher id counts, so what a person did offline stands.
        """
        if self._document.is_complete:
            return []
        scratch_doc: Doc[Any] = Doc(client_id=self._low_client_id())
        scratch = RoomDocument(scratch_doc)
        scratch.doc.apply_update(self.encode())
        before = scratch.doc.get_state()
        scratch.complete()
        self._document.doc.apply_update(scratch.doc.get_update(before))
        self._document.accept()
        return self._take_changes()

    def _low_client_id(self) -> int:
        """A client id that stands for the state of the document; clients choose theirs among 2**32."""
        known = sorted(state_vector(self.state_vector).items())
        return 1 + zlib.crc32(repr(known).encode()) % MAX_LOW_CLIENT_ID

    def complete(self, now_ms: int) -> list[bytes]:
        """Give cells what careless peers left out, and to what was deleted ``now_ms`` for a time if theirs is wrong."""
        document = self._document
        if not document.is_complete:
            document.complete()
        if document.has_remarked_cells:
            document.note_deletions(now_ms)
        document.accept()
        return self._take_changes()

    def clear_out(self, now_ms: int) -> list[bytes]:
        """Free what deleted cells hold that nobody needs any more; ``now_ms`` are milliseconds since 1970."""
        self._document.clear_out(now_ms)
        self._document.accept()
        return self._take_changes()

    def strip_trust(self) -> list[bytes]:
        """Take out ``metadata.trusted``: trust is each viewer's own and never part of the document."""
        return self._take_changes() if self._document.strip_trust() else []

    def step2(self, vector: bytes) -> bytes:
        """The message that answers a step 1; built once for all who ask from the same state."""
        message = self._step2.get(vector)
        if message is None:
            if len(self._step2) >= MAX_ANSWERS:
                self._step2.clear()
            message = self._step2[vector] = build(SyncStep2(self._document.doc.get_update(vector)))
        return message

    def encode(self) -> bytes:
        """The whole document as one update."""
        return self._document.doc.get_update()

    def check_size(self, grows_bytes: int) -> None:
        """Raise ``RoomTooLarge`` if that many bytes more are more than the room may have."""
        if self._size_bytes + grows_bytes <= self._max_bytes:
            return
        if not self._is_measured:  # something may have been deleted since
            self._size_bytes = len(self.encode())
            self._is_measured = True
        if self._size_bytes + grows_bytes > self._max_bytes:
            raise RoomTooLarge(f"The room would have more than {self._max_bytes} bytes. Delete something first.")

    def logged(self, updates: Iterable[bytes]) -> None:
        """Account for log entries."""
        for update in updates:
            self._log_bytes += len(update) + ENTRY_OVERHEAD_BYTES

    def keyframe(self) -> bytes:
        """The whole document, to stand for the log so far."""
        state = self.encode()
        self._log_bytes = 0
        self._size_bytes = self._keyframe_bytes = len(state)
        return state

    def _observe(self, event: TransactionEvent) -> None:
        self._changes.append(event.update)

    def _forget_answers(self) -> None:
        self.revision += 1
        self._step2.clear()
        self._digest = None

    def _take_changes(self, *, may_bring_pairs: bool = True, may_bring_types: bool = True) -> list[bytes]:
        changes, self._changes = self._changes, []
        if changes:
            for change in changes if may_bring_pairs else ():
                self._pairs.learn(change)
            for change in changes if may_bring_types else ():
                self._depths.learn(change)
            self._forget_answers()
            self._size_bytes += sum(map(len, changes))
            self._is_measured = False
        return changes
