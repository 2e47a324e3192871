"""A room's document as this process holds it: takes edits in, says what they changed, tells a peer what it lacks."""

import logging
import zlib
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Set
from itertools import chain, count
from typing import Any, TypeVar

from pycrdt import Doc, TransactionEvent

from ..access import User
from ..document import CellRecord, RoomDocument, Word
from ..errors import InvalidUpdate, ProtocolError, RoomTooLarge
from ..gate import Admission, Author, Deleted, Gate, SharedType, Stride, deletions_in
from ..protocol import SyncStep2, build
from ..store import LogSlice
from ..yjs import UpdateReader, check_update, server_client_id, state_vector
from .efforts import Efforts, expected_seconds
from .integrate import beginners, deleted_in, integrate, is_known
from .life import unheard
from .loading import loading, opening

__all__ = ["Replica"]

log = logging.getLogger(__name__)

Found = TypeVar("Found")

Touched = tuple[SharedType, Word, bool]
"""A cell that somebody edited, what it said of its runs before, and whether its outputs have changed."""

Unit = tuple[int, int]
"""A client of Yjs, and its clock."""

IN_KEYFRAME = -1
"""The place in the log of all that is in its keyframe."""

ENTRY_OVERHEAD_BYTES = 64
"""About what a log entry takes in the store besides its update."""

MIN_COMPACTED_BYTES = 256 * 2**10
"""A log shorter than this is not worth a keyframe."""

MAX_LOW_CLIENT_ID = 2**16

MAX_ANSWERS = 4
"""So many different questions are remembered with their answers, each as large as the room at most."""


class Replica:
    """A document of at most ``max_bytes``; ``on_spoiled`` is called when it is to be healed.

    It is empty until :meth:`loading` is done. Each method that changes it returns the changes as Yjs updates: just what
    is new, and nothing for what was known.

    Attributes
    ----------
    spoiled
        A refused edit may have left parts behind: :meth:`loading` must make the document again.
    revision
        A number that changes whenever the document does.
    is_understood
        Whether the gate could read the whole document.
    misfits
        The entries of the log that do not fit to those before them, and of which the document has nothing.
    """

    def __init__(self, max_bytes: int, on_spoiled: Callable[[], None] = lambda: None) -> None:
        self._max_bytes = max_bytes
        self._on_spoiled = on_spoiled
        self._changes: list[bytes] = []
        """What the document says that it changed, and nobody has been told yet."""
        self._learnt = 0
        """How many of these changes the gate knows."""
        self._touched: list[Touched] = []
        """Whose word on their runs is to be looked at; see :meth:`keep_word`."""
        self._unheard: dict[Gate, list[bytes]] = {}
        """For each gate that gets to know the document now, what changed meanwhile."""
        self._log: list[bytes] = []
        """The log from which the document was made, until the claims of its cells are in order."""
        self._unsettled: dict[bytes, list[CellRecord]] = {}
        """The cells that were put in by updates of which the place in the log is not known yet."""
        self._gate = Gate(lambda _vector: b"")
        self._efforts = Efforts()
        self._step2: dict[bytes, bytes] = {}
        """Answers to state vectors, for this revision."""
        self._digest: str | None = None
        """The digest of this revision, once somebody has asked for it."""
        self._deleted: Deleted | None = None
        """What is deleted, once somebody has asked whether something is; until the next keyframe."""
        self.spoiled = False
        self.revision = 0
        self.is_understood = False
        self.misfits: frozenset[bytes] = frozenset()
        self._document = RoomDocument(Doc(client_id=server_client_id()))
        self._observing = self._document.doc.observe(self._observe)
        self._keyframe_bytes = self._log_bytes = self._size_bytes = 0
        self._is_measured = False
        """Whether :attr:`size_bytes` was measured since the last change."""

    def close(self) -> None:
        """Let go of the document, which is never freed while it is observed."""
        self._document.doc.unobserve(self._observing)
        self._document.unwatch()

    def freeing(self) -> Generator[None, None, None]:
        """Forget, after :meth:`close`, what is known of the document, in small steps."""
        self._on_spoiled = unheard
        yield from self._gate.freeing()

    def understand(self) -> Generator[None, None, None]:
        """Get to know the document, in small steps, and what changes meanwhile.

        Without it, the gate refuses all edits, and until then nobody may edit the document otherwise. Later it frees
        what the gate remembers of what is gone.
        """
        document = self._document
        if not document.is_watched:
            yield from document.watching()
            yield from self._order_claims(document)
        gate = self._gate.renewed(document.doc.get_update)
        unheard = self._unheard[gate] = []
        try:
            yield from gate.learning(self.encode())
            while unheard and self._document is document:  # else it was made again meanwhile
                yield from gate.learning(unheard.pop(0))
            if self._document is document:
                former, self._gate = self._gate, gate
                self.is_understood = True
                yield from former.freeing()
        except InvalidUpdate:
            self.is_understood = False
            log.exception("The room's document cannot be read as a whole; edits of it will be refused.")
        finally:
            del self._unheard[gate]

    def writer_of(self, client_id: int) -> str | None:
        """Who writes under a client id, as :class:`~..gate.Author` names them, if that is known."""
        return self._gate.writer_of(client_id)

    def know_writers(self, writers: Mapping[int, str]) -> None:
        """Take note of who writes under client ids, as the store says."""
        self._gate.know_writers(writers)

    def newcomers(self, updates: Iterable[bytes]) -> set[int]:
        """The clients that are in the document not before ``updates``, and of whom it is not known who they are."""
        found = (client for update in updates for client in beginners(update))
        return {client for client in found if self.writer_of(client) is None}

    @property
    def is_bloated(self) -> bool:
        """Whether :meth:`understand` would free much."""
        return self._gate.is_bloated

    def _order_claims(self, document: RoomDocument) -> Iterator[None]:
        """Let of cells that claim one id the one hold it that is first in the log; where that is, all servers know."""
        log, self._log = self._log, []
        contested = document.contested_cells()
        if contested:
            places: dict[Unit, int] = {}
            for place, update in enumerate(log):
                items = UpdateReader(update, is_ours=True).items()
                spans = [(item.client, item.clock, item.clock + item.length) for item in items]
                for client, clock in contested:
                    if any(who == client and start <= clock < stop for who, start, stop in spans):
                        places.setdefault((client, clock), place)
                yield
            numbers = {record: places.get(unit, IN_KEYFRAME) for unit, record in contested.items()}
            document.order_claims(numbers, lambda record: numbers[record])

    def loading(self, log_slice: LogSlice, unsaved: Collection[bytes]) -> Generator[None, None, None]:
        """Make the document from the log and what was accepted since, in small steps.

        Until then it is what it was, and nobody may edit it. Then :meth:`understand` is to be done.
        """
        entries = [*(entry.update for entry in log_slice.entries), *unsaved]
        opened = yield from opening(lambda: Doc(client_id=server_client_id()), log_slice.state, entries)
        document = RoomDocument(opened.doc)
        self._efforts.opened(opened.excess)
        self.close()
        self._observing = document.doc.observe(self._observe)
        self._document = document
        self._log = opened.entries
        self.misfits = opened.misfits
        self._unsettled.clear()
        former, self._gate = self._gate, self._gate.renewed(document.doc.get_update)
        self._changes.clear()
        self._learnt = 0
        self._touched.clear()
        self._deleted = None
        self._forget_answers()
        self._keyframe_bytes = log_slice.keyframe_bytes
        self._log_bytes = sum(len(entry.update) + ENTRY_OVERHEAD_BYTES for entry in log_slice.entries)
        self._size_bytes = self._keyframe_bytes + self._log_bytes + sum(map(len, unsaved))
        self._is_measured = False
        self.spoiled = False
        yield from former.freeing()

    @property
    def kind(self) -> str:
        """``note`` or ``notebook``."""
        return self._document.kind

    @property
    def opening_seconds(self) -> float:
        """How much longer :meth:`loading` took than the size of the document explains."""
        return self._efforts.opening_seconds

    @property
    def state_vector(self) -> bytes:
        """What this replica has, as Yjs encodes it."""
        return self._document.doc.get_state()

    @property
    def digest(self) -> str:
        """What a copy with the same texts has, too; made once for each state of the document.

        It takes long if many cells changed since it was asked last, unless :meth:`digesting` is done.
        """
        if self._digest is None:
            self._digest = self._document.digest
        return self._digest

    def digesting(self) -> Generator[None, None, None]:
        """Get :attr:`digest` ready, in small steps."""
        document = None
        while document is not self._document:  # it may be made again meanwhile
            document = self._document
            yield from document.digesting()

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

    def apply_text(self, update: bytes, author: Author) -> list[bytes] | None:
        """Take in an edit, if it changes no more than one text at one place; else return ``None``."""
        admission = self._gate.check_text(update, author)
        if admission is None:
            return None
        self._take_in(update, admission, author)
        self._gate.commit_text(admission)
        self._learnt = len(self._changes)
        return self._take_changes()

    def admit(self, update: bytes, author: Author) -> Admission:
        """What an edit does, which may be given to :meth:`apply` at once; raises what that does."""
        return self._gate.check(update, author)

    def unclaimed(self, admission: Admission, author: Author) -> Set[int]:
        """The client ids of an edit of which it is not known who writes under them; see :meth:`Gate.unclaimed`."""
        return self._gate.unclaimed(admission, author)

    def apply(self, update: bytes, author: Author, admission: Admission | None = None) -> list[bytes]:
        """Take in an edit that the :class:`~..gate.Gate` admits, or has just admitted.

        Raises
        ------
        InvalidUpdate, CausalGap
            It does not, or edits of ``author`` took much too long; nothing of the edit is in the document.
        """
        admission = admission or self._gate.check(update, author)
        before = [(cell, self._word_of(cell), puts) for cell, puts in admission.touched.items()]
        self._take_in(update, admission, author)
        cut = self._gate.commit(admission, self._changes, author)
        self._learnt = len(self._changes)
        self._touched += [(cell, word, puts or cell in cut) for cell, word, puts in before]
        for cell in cut - admission.touched.keys():
            # A new cell says what its author wrote, be it the id of a cell that was run.
            self._touched.append((cell, Word() if admission.brings(cell) else self._word_of(cell), True))
        return self._take_changes()

    def take_new_clients(self) -> list[int]:
        """The Yjs client ids that are now known to be those of who made what was applied, or converted, last."""
        return self._gate.take_new_clients()

    def _take_in(self, update: bytes, admission: Admission, author: Author) -> None:
        self._efforts.require_little(author.name)
        expected = expected_seconds(1, admission.items, len(update), self._gate.clients)
        try:
            seconds = integrate(self._document.doc, update, is_simple=admission.is_text)
            if not admission.is_text:
                self._document.check_cells()
            if admission.is_news and not self._changes:
                raise InvalidUpdate("The edit changed nothing, though it should have. Take the room's document again.")
        except InvalidUpdate:
            log.exception("An edit was admitted that the document does not take; it is made again without that edit.")
            self._spoil()
            raise
        self._efforts.note(author.name, seconds - expected)

    def is_light(self, update: bytes) -> bool:
        """Whether :meth:`apply` takes a few milliseconds at most, as far as can be told; see :meth:`cut`."""
        return self._gate.is_light(update)

    def cut(self, update: bytes, author: Author, stride: Stride) -> Generator[None, None, Iterator[bytes]]:
        """Look at a large edit in small steps; returns parts of it, to be applied one after the other."""
        return self._gate.cut(update, author, stride)

    def _word_of(self, cell: SharedType) -> Word:
        """What a cell says of its runs; nothing if it has no id yet."""
        return Word() if cell.cell_id is None else self._document.word(cell.cell_id)

    def keep_word(self, by: User) -> list[bytes]:
        """Let cells say what is true of their runs, after ``by`` has edited them."""
        if not self._touched:
            return []
        touched, self._touched = self._touched, []
        self._keep_word(touched, by)
        return self._take_changes()

    def _keep_word(self, touched: Iterable[Touched], by: User) -> None:
        edited: dict[str, tuple[Word, bool]] = {}
        for cell, before, puts in touched:
            if cell.cell_id is not None:  # what a cell said before the first of several edits counts
                word, has_new = edited.get(cell.cell_id, (before, False))
                edited[cell.cell_id] = (word, has_new or puts)
        if edited:
            self._document.keep_words(edited, {"by": by.display_name, "username": by.username, "kind": by.kind.value})
            self._document.accept()

    def comparing(self, update: bytes) -> Generator[None, None, bool]:
        """Find out, in small steps, whether ``update`` says the same as the document of what both have.

        Somebody may have written two things under one client id at two servers at once.
        """
        try:
            yield from self._gate.comparing(update)
        except InvalidUpdate:
            return False
        except ProtocolError:  # :meth:`take` says what is wrong
            return True
        return True

    def take(self, update: bytes) -> list[bytes]:
        """Take in an edit that another server process has taken in already; raises as :func:`integrate` does."""
        try:
            check_update(update)
            integrate(self._document.doc, update)
        except InvalidUpdate:
            self._spoil()
            raise
        self._document.accept()
        if self._unsettled:
            unsettled = {record for records in self._unsettled.values() for record in records}
            self._document.order_claims(self._document.take_newcomers(), lambda record: record in unsettled)
        self._document.take_newcomers()
        return self._take_changes()

    def settle(self, updates: Iterable[bytes]) -> None:
        """Some of what was edited here has come into the log; what :meth:`take` takes later is behind it there."""
        if self._unsettled:
            for update in updates:
                self._unsettled.pop(update, None)

    def settle_all_but(self, unsaved: Callable[[], Collection[bytes]]) -> None:
        """All that was edited here is in the log, and known to be there, but for what is not saved."""
        if self._unsettled:
            self.settle(self._unsettled.keys() - set(unsaved()))

    def _spoil(self) -> None:
        """A refused edit may have left parts behind; nobody is shown them."""
        self._changes.clear()
        self._learnt = 0
        self._mark_spoiled()

    def _mark_spoiled(self) -> None:
        self.spoiled = True
        self._on_spoiled()

    def knows(self, update: bytes) -> bool:
        """Whether an edit would change nothing, because all that it says is here already."""
        return is_known(self._document.doc, update, self._deleted_here)

    def _deleted_here(self) -> Deleted:
        if self._deleted is None:
            self._deleted = deleted_in(self._document.doc)
        return self._deleted

    def edit(
        self, change: Callable[[RoomDocument], None], admit: Callable[[int], None], by: User | None = None
    ) -> list[bytes]:
        """Let ``change`` edit the document, and ``admit`` say whether so many bytes more may be.

        It is an edit ``by`` a person, or the server's own. If one of them raises after it began to edit, the replica is
        spoiled.
        """
        before = {} if by is None else self._document.words
        try:
            with self._document.doc.transaction():
                change(self._document)
            self._document.strip_trust()
            admit(sum(map(len, self._changes)))
        except BaseException:
            if self._changes:
                self._mark_spoiled()
            raise
        self._document.accept()
        touched = self._learn()
        if by is not None:
            known = ((cell, before.get(cell.cell_id or "", Word()), puts) for cell, puts in touched.items())
            self._keep_word(known, by)
        return self._take_changes()

    def look_into(self, look: Callable[[RoomDocument], Found]) -> Found:
        """What ``look`` finds in the document, which it must not change."""
        return look(self._document)

    def prune(self) -> list[bytes]:
        """Take away what lies so deep in other shared types that its deletion would end the process."""
        for deletion in self._gate.prunings():
            self._document.doc.apply_update(deletion)
        self._document.accept()
        return self._take_changes()

    def converting(self) -> Generator[None, None, list[bytes]]:
        """Bring a room from before cells had keys up to date: :meth:`complete` for a room that is just opened.

        In small steps, between which nobody may edit the document.

        Two servers that open the same room at once make the very same edit, by the same client id. That is a low one:
        of two values that are set at once that of the higher id counts, so what a person did offline stands. It is the
        servers' own: one under which nobody has written, and from then on nobody but they may.
        """
        self._document.give_ids()
        if self._document.is_complete:
            return self._take_changes()
        client_id = self._low_client_id()
        self._gate.claim(client_id)
        scratch_doc: Doc[Any] = Doc(client_id=client_id)
        scratch = RoomDocument(scratch_doc)
        yield from loading(scratch_doc, [self.encode()])
        before = scratch.doc.get_state()
        scratch.complete()
        self._document.doc.apply_update(scratch.doc.get_update(before))
        self._document.accept()
        return self._take_changes()

    def _low_client_id(self) -> int:
        """A client id that stands for the state of the document, and is not in it; clients choose theirs among 2**32.

        Somebody who foresees it, and takes it, makes it another one.
        """
        clocks = state_vector(self.state_vector)
        start = 1 + zlib.crc32(repr(sorted(clocks.items())).encode()) % MAX_LOW_CLIENT_ID
        return next(client_id for client_id in count(start) if client_id not in clocks)

    def complete(self, now_ms: int) -> list[bytes]:
        """Give cells what careless peers left out, and to what was deleted ``now_ms`` for a time if theirs is wrong."""
        document = self._document
        if not document.is_complete:
            document.complete()
        if document.has_remarked_cells:
            document.note_deletions(now_ms)
        document.accept()
        return self._take_changes()

    def clear_out(self, now_ms: int, tidy: Callable[[list[bytes]], None]) -> Generator[None, None, None]:
        """Free what deleted cells hold that nobody needs any more, in small steps; ``tidy`` is given what changed.

        ``now_ms`` are milliseconds since 1970.
        """
        document = self._document
        for _ in document.clearing_out(now_ms):
            document.accept()
            tidy(self._take_changes())
            yield
            if self._document is not document or self.spoiled:
                return

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
        self._document.forget_digests()
        self._digest = self._deleted = None
        self._log_bytes = 0
        self._size_bytes = self._keyframe_bytes = len(state)
        return state

    def _observe(self, event: TransactionEvent) -> None:
        self._changes.append(event.update)

    def _forget_answers(self) -> None:
        self.revision += 1
        self._step2.clear()
        self._digest = None

    def _learn(self) -> dict[SharedType, bool]:
        """Let the gate know of the changes that it did not see; returns what :meth:`Gate.learn` does."""
        touched: dict[SharedType, bool] = {}
        new, self._learnt = self._changes[self._learnt :], len(self._changes)
        try:
            for change in new:
                for cell, puts in self._gate.learn(change).items():
                    touched[cell] = puts or touched.get(cell, False)
        except InvalidUpdate:
            log.exception("What the document says that it changed cannot be read; it is made again.")
            self._mark_spoiled()
        return touched

    def _take_changes(self) -> list[bytes]:
        self._learn()
        changes, self._changes, self._learnt = self._changes, [], 0
        if changes:
            if self._deleted is not None:
                for deletion in chain.from_iterable(map(deletions_in, changes)):
                    self._deleted.add(deletion)
            if newcomers := self._document.take_newcomers():
                self._unsettled[changes[-1]] = newcomers
            for unheard in self._unheard.values():
                unheard += changes
            self._forget_answers()
            self._size_bytes += sum(map(len, changes))
            self._is_measured = False
        return changes
