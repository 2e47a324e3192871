"""A room's log in the store: what this process has written there is shown, what others wrote is taken in."""

import logging
from collections.abc import Callable, Sequence

from ..access import writer_of
from ..background import Background
from ..errors import CollabError, InvalidUpdate, NotSaved, StoreError
from ..protocol import Ack, Event
from ..store import BY_SERVER, LogEntry, LogSlice, Store
from . import clock
from .audience import Audience
from .barred import Barred
from .counts import Counts
from .journal import Batch, Journal
from .life import Life, unheard
from .log_position import LogPosition
from .peer import Peer
from .replica import Replica
from .turns import NO_REST, in_turns

__all__ = ["RoomLog", "not_saved"]

log = logging.getLogger(__name__)

MAX_ENCODED_BYTES = 2**18
"""So much of a document is encoded within two milliseconds."""


class RoomLog:
    """Keeps one room and its log together.

    Parameters
    ----------
    room_id, epoch
        The room, and its history.
    position
        How far the document has come in the log.
    expel
        Ends the connection of a peer, saying why.
    on_grown
        Is called when the room has written to its log and nobody else has meanwhile.
    on_changed
        Is told of the entries that the room has and that are durable, its own or those of others.

    Attributes
    ----------
    barred
        Those who may not edit for a while.
    """

    def __init__(
        self,
        room_id: str,
        epoch: str,
        store: Store,
        life: Life,
        replica: Replica,
        position: LogPosition,
        audience: Audience,
        background: Background,
        counts: Counts,
        expel: Callable[[Peer, CollabError], None],
        on_grown: Callable[[], None],
        on_changed: Callable[[Sequence[LogEntry]], None],
    ) -> None:
        self._room_id = room_id
        self._epoch = epoch
        self._store = store
        self._life = life
        self._replica = replica
        self._position = position
        self._audience = audience
        self._background = background
        self._counts = counts
        self._expel = expel
        self.barred = Barred()
        self._healings = 0
        self._on_grown = on_grown
        self._on_changed = on_changed
        self._journal: Journal

    def attach(self, journal: Journal) -> None:
        """Write to the log through ``journal``, which tells this log what has become of it."""
        self._journal = journal

    @property
    def head_seq(self) -> int:
        """How many entries the log has, as far as is known."""
        return self._position.head_seq

    async def updates(self) -> list[bytes]:
        """All of which the document is made, in order.

        A large room is read from the store, with all that has come to it up to now: everybody would wait while it is
        encoded. Not so one of which the log holds what does not fit.

        Raises
        ------
        StoreError
            The store fails.
        """
        if self._replica.size_bytes <= MAX_ENCODED_BYTES or self._replica.misfits:
            return [self._replica.encode()]
        await self._journal.flush()
        seq, updates = await self._store.read_updates(self._room_id, self._epoch)
        if self._position.heard(seq):  # others have written there, on whose edits one may be built now
            await self._background.run_once("catch up", self.catch_up)
        return updates

    def tidy(self, changes: list[bytes]) -> None:
        """Keep what the server did to the cells of its own accord, and show it to everybody."""
        if changes:
            self._journal.add(changes, BY_SERVER)

    def failing(self, error: StoreError) -> None:
        """The store fails: say that nothing is saved."""
        self._audience.tell(not_saved(error))
        for author in self._journal.unsaved_authors:
            self.tell_unsaved(author, error)

    def tell_unsaved(self, author: Peer, error: StoreError) -> None:
        """A plain client cannot be told by a message that its edit is not saved; it resends what is missing later."""
        if not author.speaks_v1 and author in self._audience.peers:
            self._expel(author, NotSaved(str(error)))

    def committed(self, batch: Batch, seq: int) -> None:
        """Everything in ``batch`` is durable: say so to its authors, and show it to the others."""
        self._audience.show(batch.shown, batch.sole_origin)  # first, for a cell may have got another id
        for author, count in batch.authors.items():
            author.tell(Ack(count, seq))
        if not batch.entries:
            return
        if self._position.wrote(len(batch.entries), seq):
            self._replica.settle(entry.update for entry in batch.entries)
            self._on_grown()
        else:
            self._background.run_once("catch up", self.catch_up)
        self._replica.logged(entry.update for entry in batch.entries)
        if self._replica.wants_keyframe:
            self._background.run_once("compact", self.compact)
        self._on_changed(batch.entries)

    async def compact(self) -> None:
        """Replace the log so far, if there is any, by a keyframe.

        It is not written before all that it says is in the log: what is in a keyframe is no news to other server
        processes when it comes in the log, so they would show it to nobody. Nor is it if others wrote something before
        that, and the document turns out to contradict it.
        """
        if not (self._life.is_live() and self._replica.has_log):
            return
        await in_turns(self._replica.clear_out(clock.now_ms(), self.tidy))
        if self._replica.is_bloated:
            await in_turns(self._replica.understand())
        if not (self._life.is_live() and self._replica.is_understood):
            return
        healings = self._healings
        state, seq = self._replica.keyframe(), self._position.seq
        try:
            await self._journal.flush(patient=True)
            if self._position.is_behind:
                await self._background.run_once("catch up", self.catch_up)
            if self._position.is_behind or self._healings > healings:
                return
            await self._store.put_keyframe(self._room_id, self._epoch, seq, state, self._replica.kind)
            await self._store.drop_entries(self._room_id, self._epoch, seq)
            if self._healings == healings:
                self._replica.misfits = frozenset()
        except StoreError as error:
            log.warning("Room %s keeps its long log, as the store fails: %s", self._room_id, error)

    def heard(self, head_seq: int) -> None:
        """The log ends at ``head_seq``: take in what other server processes wrote, if anything."""
        if self._position.heard(head_seq):
            self._background.run_once("catch up", self.catch_up)

    async def catch_up(self) -> None:
        """Read the log, at least once, until there is nothing in it that the document does not have."""
        position = self._position
        is_behind = True
        while is_behind:
            log_slice = await position.read(position.seq)
            await self._meet_writers(log_slice)
            await self._life.until_live()
            if not await self._agrees(log_slice):
                log.warning("Room %s: somebody wrote two things under one client id at two servers.", self._room_id)
                self.heal()
                return
            await self._life.until_live()
            if log_slice.state is not None:  # it may have what we wrote, too
                self._replica.settle_all_but(lambda: self._journal.unsaved_updates)
            before = position.seq
            state, entries = position.take(log_slice)
            foreign = [entry for entry in entries if not position.is_own(entry)]
            try:
                changes = self._taken(state, entries)
            except InvalidUpdate as error:  # it builds on what somebody else wrote, and that does not count
                log.warning("Room %s: what another server wrote does not fit: %s", self._room_id, error)
                position.seq = before  # of what was taken nobody has been shown anything
                self.heal()
                return
            if completed := self._replica.complete(clock.now_ms()):  # two of us gave one id at once
                self._journal.add(completed, BY_SERVER, along=changes)
            else:
                self._show_foreign(changes)
            self._replica.logged(changes)
            if state is not None or foreign:
                self._on_changed(foreign)
            is_behind = position.is_behind
        self._replica.settle_all_but(lambda: self._journal.unsaved_updates)

    def _taken(self, state: bytes | None, entries: Sequence[LogEntry]) -> list[bytes]:
        """Take in what others wrote; if it does not fit, raise ``InvalidUpdate``: the document is made anew then."""
        changes = [] if state is None else self._replica.take(state)
        for entry in entries:
            if self._position.is_own(entry):
                self._replica.settle([entry.update])
            else:
                changes += self._replica.take(entry.update)
        return changes

    async def _agrees(self, log_slice: LogSlice) -> bool:
        """Whether what others wrote says the same as the document of what both have.

        If somebody wrote two things under one client id at two servers at once, what is first in the log counts.
        """
        agrees = log_slice.state is None or await in_turns(self._replica.comparing(log_slice.state), rests=NO_REST)
        for entry in log_slice.entries:
            if self._position.is_own(entry) or await in_turns(self._replica.comparing(entry.update), rests=NO_REST):
                continue
            self.barred.add(writer_of(entry.origin.principal))
            agrees = False
        return agrees

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

    async def _heal(self) -> None:
        """Make the document anew, from what was accepted."""
        position = self._position
        log_slice = await position.read(None)
        while log_slice.seq < position.head_seq:  # what was committed after this was read is no longer in the journal
            log_slice = await position.read(None)
        await in_turns(self._replica.loading(log_slice, self._journal.unsaved_updates), rests=NO_REST)
        await in_turns(self._replica.understand(), rests=NO_REST)
        self._replica.know_writers(await position.writers(None))
        self._life.healed()
        state, entries = position.take(log_slice)
        misfits = self._replica.misfits
        foreign = [entry for entry in entries if not position.is_own(entry) and entry.update not in misfits]
        self._show_foreign([*([] if state is None else [state]), *(entry.update for entry in foreign)])
        if state is not None or foreign:
            self._on_changed(foreign)

    def close(self) -> None:
        """The room has ended: nobody is told of anything any more."""
        self._expel = self._on_grown = self._on_changed = unheard

    def heal(self) -> None:
        """Make the document anew; it takes no edits until it is whole."""
        if self._life.begin_healing():
            self._counts.healings += 1
            self._healings += 1
            self._background.run_once("heal", self._heal)


def not_saved(error: StoreError) -> Event:
    """What people are told while the store fails."""
    return Event({"type": "not_saved", "message": str(error)})
