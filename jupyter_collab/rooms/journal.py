"""How a room's edits become durable: in order, in batches, tried again for as long as the store fails.

Edits that come while a batch is being committed form the next batch. So the durable write paces the fan-out, and
the busier a room is, the more edits share one commit and one message to each peer.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..background import Background
from ..errors import NotSaved, StoreError
from ..store import LogEntry, Origin, Store
from .life import unheard
from .peer import Peer

__all__ = ["Batch", "Journal"]

log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS = 0.25
LAST_RETRY_SECONDS = 5.0


@dataclass(slots=True)
class Batch:
    """Edits that are committed together.

    ``authors`` has for each peer the number of its last edit in here, and ``clients`` from where the edits come that
    are made under Yjs client ids which the room has not heard of before. ``at`` is what those have as their time that
    come next: one for all that wait for the same commit, unless the store fails and that takes long.
    ``shown`` are the updates for the others, these and what other server processes made durable meanwhile, in the
    order in which they build on each other. ``waiting`` are called once everything in here, and before it, is durable,
    and before any of it is shown.
    """

    entries: list[LogEntry] = field(default_factory=list)
    authors: dict[Peer, int] = field(default_factory=dict)
    clients: dict[int, Origin] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    shown: list[bytes] = field(default_factory=list)
    waiting: list[Callable[[], None]] = field(default_factory=list)
    size_bytes: int = 0

    @property
    def sole_origin(self) -> Origin | None:
        """Where all that is shown comes from, if that is one place: it has seen it already."""
        origin = self.entries[0].origin if self.entries else None
        is_sole = len(self.shown) == len(self.entries) and all(entry.origin is origin for entry in self.entries)
        return origin if is_sole else None


class Journal:
    """Appends the edits of one ``life`` of a room to ``store``.

    ``on_committed(batch, seq)`` is called in order, after each batch is durable. ``on_failing(error)`` is called
    when the store begins to fail, ``on_recovered()`` when it answers again, ``on_lost(error)`` when the room is no
    longer there to be written to; the journal has ended then.
    """

    def __init__(
        self,
        store: Store,
        room_id: str,
        epoch: str,
        head_seq: int,
        life: str,
        max_unsaved_bytes: int,
        *,
        on_committed: Callable[[Batch, int], None],
        on_failing: Callable[[StoreError], None],
        on_recovered: Callable[[], None],
        on_lost: Callable[[Exception], None],
    ) -> None:
        self._store = store
        self._room_id = room_id
        self._epoch = epoch
        self._head_seq = head_seq
        self._life = life
        self._max_unsaved_bytes = max_unsaved_bytes
        self._on_committed = on_committed
        self._on_failing: Callable[[StoreError], None] = on_failing
        self._on_recovered = on_recovered
        self._on_lost = on_lost
        self._next = Batch()
        self._in_flight: Batch | None = None
        self._wake = asyncio.Event()
        self._failing: StoreError | None = None
        self._ended: Exception | None = None
        self._flushing: dict[asyncio.Future[None], bool] = {}
        self._background = Background(f"journal of room {room_id}", self._lose)
        self._background.run("writing", self._run)

    @property
    def failing(self) -> StoreError | None:
        """Why nothing is saved at the moment, if so."""
        return self._failing

    @property
    def has_unsaved(self) -> bool:
        """Whether anything is not durable yet."""
        return self._in_flight is not None or bool(self._next.entries)

    @property
    def unsaved_bytes(self) -> int:
        """How much is not durable yet."""
        return sum(batch.size_bytes for batch in self._unsaved)

    @property
    def unsaved_updates(self) -> list[bytes]:
        """The updates that are not durable yet, in order."""
        return [entry.update for batch in self._unsaved for entry in batch.entries]

    @property
    def unsaved_authors(self) -> set[Peer]:
        """Whose edits are not durable yet."""
        return {author for batch in self._unsaved for author in batch.authors}

    @property
    def _unsaved(self) -> tuple[Batch, ...]:
        return (self._next,) if self._in_flight is None else (self._in_flight, self._next)

    def check_space(self, size_bytes: int) -> None:
        """Raise :class:`NotSaved` if an edit of this size may not wait, because too much waits already."""
        if self._failing is None:
            return
        if self.unsaved_bytes + size_bytes > self._max_unsaved_bytes:
            raise NotSaved(f"{self._failing} Your edit is not saved; it is sent again when you reconnect.")

    def add(
        self,
        updates: Sequence[bytes],
        origin: Origin,
        author: Peer | None = None,
        number: int = 0,
        *,
        clients: Iterable[int] = (),
        along: Sequence[bytes] = (),
    ) -> None:
        """Make ``updates`` durable, which come from ``origin``; then tell ``author`` so, if there is one.

        ``number`` says which of the author's edits this is, the first, the second and so on. Without updates, only the
        author is told, after all that was added before. ``clients`` are Yjs client ids that are now known to be those
        of ``origin``. The updates may build on ``along``, which is durable, and is shown just before them.
        """
        self._next.shown.extend(along)
        if not self._next.entries or self._failing is not None:
            self._next.at = datetime.now(UTC)
        for update in updates:
            self._next.entries.append(LogEntry(update, origin, self._life, self._next.at))
            self._next.shown.append(update)
            self._next.size_bytes += len(update)
        for client in clients:
            self._next.clients.setdefault(client, origin)
        if author is not None:
            self._next.authors[author] = number
        self._wake.set()

    def accompany(self, updates: Sequence[bytes]) -> None:
        """Show ``updates``, which are durable, after what is being saved, which they may build on.

        There must be something that is not durable yet.
        """
        self._last.shown.extend(updates)

    def when_saved(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` once all that has been added so far is durable; at once if it is."""
        if self.has_unsaved:
            self._last.waiting.append(callback)
        else:
            callback()

    @property
    def _last(self) -> Batch:
        """The batch after which all that has been added so far is durable."""
        return self._next if self._next.entries or self._in_flight is None else self._in_flight

    async def flush(self, *, patient: bool = False) -> None:
        """Wait until all that has been added so far is durable.

        Raises
        ------
        StoreError
            The store fails. What waits is tried again all the same; to wait for that, be ``patient``.
        RoomError
            The room is gone.
        """
        error = self._ended if patient else self._ended or self._failing
        if error is not None:
            raise error.with_traceback(None)  # it is raised again and again
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.when_saved(lambda: None if done.done() else done.set_result(None))
        self._flushing[done] = patient
        try:
            await done
        finally:
            del self._flushing[done]

    def _disappoint(self, error: Exception, *, patient: bool) -> None:
        """Tell those who wait for a flush, but for the patient if not ``patient``, that there is none."""
        for done, is_patient in self._flushing.items():
            if not done.done() and (patient or not is_patient):
                done.set_exception(error)

    def _end(self, error: Exception) -> None:
        if self._ended is None:
            self._ended = error
        self._disappoint(error, patient=True)

    async def close(self) -> None:
        """End; what is not durable by now stays with its authors, who were not told that it is saved.

        Nobody is told of anything from then on.
        """
        self._end(NotSaved("The room was closed before this was saved; try again."))
        await self._background.close()
        self._next, self._in_flight = Batch(), None
        self._on_committed = self._on_failing = self._on_recovered = self._on_lost = unheard

    async def _run(self) -> None:
        """Write batch after batch. If anything fails here, the room must not go on, as if it had a journal."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._next = self._next, Batch()
            self._in_flight = batch
            seq = await self._append(batch)
            self._in_flight = None
            for callback in batch.waiting:
                callback()
            self._on_committed(batch, seq)
            del batch  # else its authors would be kept until there is another one

    def _lose(self, error: Exception) -> None:
        self._end(error)
        self._on_lost(error)

    async def _append(self, batch: Batch) -> int:
        if not batch.entries:
            return self._head_seq
        delay = FIRST_RETRY_SECONDS
        while True:
            try:
                self._head_seq = await self._store.append(
                    self._room_id, self._epoch, batch.entries, self._head_seq, batch.clients
                )
            except StoreError as error:
                self._fail(error)
                await asyncio.sleep(delay)
                delay = min(2 * delay, LAST_RETRY_SECONDS)
            else:
                if self._failing is not None:
                    self._failing = None
                    self._on_recovered()
                return self._head_seq

    def _fail(self, error: StoreError) -> None:
        first = self._failing is None
        self._failing = error
        self._disappoint(error, patient=False)
        if first:
            log.warning("Room %s is not saved, trying again: %s", self._room_id, error)
            self._on_failing(error)
