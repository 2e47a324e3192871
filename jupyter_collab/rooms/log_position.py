"""How far a live room has come in its log, to which other server processes write as well."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar

from ..errors import EpochMismatch, StoreError
from ..store import LogEntry, LogSlice, Store

__all__ = ["LogPosition"]

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0

Found = TypeVar("Found")


class LogPosition:
    """Everything up to ``seq`` is in the room's document; ``head_seq`` entries are there, as far as is known.

    ``life`` names this life of the room; its own entries are marked with it.
    """

    def __init__(self, store: Store, room_id: str, epoch: str, seq: int) -> None:
        self.seq = self.head_seq = seq
        self.life = secrets.token_hex(8)
        self._store = store
        self._room_id = room_id
        self._epoch = epoch

    @property
    def is_behind(self) -> bool:
        """Whether something in the log is not in the document, as far as is known."""
        return self.seq < self.head_seq

    def wrote(self, count: int, seq: int) -> bool:
        """This room's own ``count`` entries end at ``seq``; answers whether nobody else has written before them."""
        self.head_seq = max(self.head_seq, seq)
        is_next = seq - count == self.seq
        if is_next:
            self.seq = seq
        return is_next

    def heard(self, head_seq: int) -> bool:
        """Record that the log ends at ``head_seq``; returns whether that is new."""
        self.head_seq = max(self.head_seq, head_seq)
        return head_seq > self.seq

    def take(self, log_slice: LogSlice) -> tuple[bytes | None, Sequence[LogEntry]]:
        """Go on to the end of ``log_slice``; returns what of it was not read before.

        That is a state if it has entries that were dropped meanwhile, and the entries that are left.
        """
        first_seq = log_slice.seq - len(log_slice.entries)
        state = log_slice.state if first_seq > self.seq else None
        unseen = log_slice.entries[max(0, self.seq - first_seq) :]
        self.seq = max(self.seq, log_slice.seq)
        return state, unseen

    def is_own(self, entry: LogEntry) -> bool:
        """Whether this life of the room wrote ``entry``."""
        return entry.life == self.life

    async def read(self, after_seq: int | None) -> LogSlice:
        """Read the log, however long it takes until the store answers; ``EpochMismatch`` if it is another one now."""
        log_slice = await self._patiently(lambda: self._store.read_log(self._room_id, after_seq))
        if log_slice.record.epoch != self._epoch:
            raise EpochMismatch("The room has a new history; join it with an empty document.")
        return log_slice

    async def writers(self, client_ids: Collection[int] | None) -> dict[int, str]:
        """Who writes under ``client_ids``, or under all, however long it takes until the store answers."""
        return await self._patiently(lambda: self._store.writers(self._room_id, client_ids))

    async def _patiently(self, look: Callable[[], Awaitable[Found]]) -> Found:
        while True:
            try:
                return await look()
            except StoreError as error:
                log.warning("Room %s cannot be read, trying again: %s", self._room_id, error)
                await asyncio.sleep(RETRY_SECONDS)
