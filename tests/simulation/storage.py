"""What the simulated servers keep their room on: a disk in memory, or a real SQLite file."""

import asyncio
import random
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from jupyter_collab.errors import NotSaved, StoreUnavailable
from jupyter_collab.store import NOBODY, LogEntry, LogSlice, Origin, SQLStore

from .disk import Disk, MemoryStore

__all__ = ["MemoryStorage", "MortalSQLStore", "SQLiteStorage", "Storage"]


class Storage(Protocol):
    """What outlives the servers. ``fails_to_write`` and ``fails_to_read`` are its troubles."""

    fails_to_write: bool
    fails_to_read: bool

    def new_store(self, rng: random.Random) -> "MemoryStore | MortalSQLStore":
        """The way of one more server process to it."""

    def is_durable(self, token: str) -> bool:
        """Whether an edit is on the disk, by its token."""


class MemoryStorage(Disk):
    """A disk in memory, for virtual time."""

    def new_store(self, rng: random.Random) -> MemoryStore:
        return MemoryStore(self, rng)

    def is_durable(self, token: str) -> bool:
        return token in self.tokens


class SQLiteStorage:
    """A real file, for real time."""

    def __init__(self, folder: Path) -> None:
        self.fails_to_write = False
        self.fails_to_read = False
        self._path = folder / "rooms.sqlite"

    def new_store(self, rng: random.Random) -> "MortalSQLStore":
        return MortalSQLStore(self, self._path)

    def is_durable(self, token: str) -> bool:
        with closing(sqlite3.connect(self._path)) as connection:
            query = "SELECT EXISTS (SELECT 1 FROM {} WHERE instr(data, CAST(? AS BLOB)))"
            return any(
                connection.execute(query.format(table), (token,)).fetchone()[0] for table in ("keyframes", "updates")
            )


class MortalSQLStore(SQLStore):
    """A store that shares the troubles of its ``storage``, of a process that can be killed."""

    def __init__(self, storage: SQLiteStorage, path: Path) -> None:
        super().__init__(f"sqlite:///{path}")
        self._storage = storage
        self._dead = False

    def die(self) -> None:
        self._dead = True

    async def bury(self) -> None:
        await super().close()

    def _check(self, fails: bool, error: Exception) -> None:
        if self._dead:
            raise asyncio.CancelledError
        if fails:
            raise error

    async def append(
        self,
        room_id: str,
        epoch: str,
        entries: Sequence[LogEntry],
        after_seq: int = 0,
        clients: Mapping[int, Origin] = NOBODY,
    ) -> int:
        self._check(self._storage.fails_to_write, NotSaved("The disk is full."))
        return await super().append(room_id, epoch, entries, after_seq, clients)

    async def put_keyframe(self, room_id: str, epoch: str, seq: int, state: bytes, kind: str) -> None:
        self._check(self._storage.fails_to_write, NotSaved("The disk is full."))
        await super().put_keyframe(room_id, epoch, seq, state, kind)

    async def drop_entries(self, room_id: str, epoch: str, up_to_seq: int) -> None:
        self._check(self._storage.fails_to_write, NotSaved("The disk is full."))
        await super().drop_entries(room_id, epoch, up_to_seq)

    async def read_log(self, room_id: str, after_seq: int | None = None) -> LogSlice:
        self._check(self._storage.fails_to_read, StoreUnavailable("The disk cannot be read."))
        return await super().read_log(room_id, after_seq)
