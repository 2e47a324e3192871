"""Stores for tests: opened and closed around a scenario, all on one file if it names the same one."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any, cast

from jupyter_collab.store import LogEntry, Origin, OriginKind, SQLStore, Store
from tests.postgresql import Databases

__all__ = [
    "ADA",
    "EPOCH",
    "OTHER_EPOCH",
    "StoreMaker",
    "entries",
    "in_turns",
    "opened",
    "postgresql_store_maker",
    "sqlite_store",
    "store_bytes",
]

EPOCH = "e" * 32
OTHER_EPOCH = "f" * 32

StoreMaker = Callable[[Path], Store]


def sqlite_store(folder: Path) -> SQLStore:
    """A store in ``folder``; two of them share the file."""
    return SQLStore(f"sqlite:///{folder / 'rooms.sqlite'}")


def postgresql_store_maker(databases: Databases) -> Callable[[Path], SQLStore]:
    """What makes stores on PostgreSQL; two for one folder share a database."""
    return lambda folder: SQLStore(databases.url_for(folder))


class _InTurns:
    """Several objects that stand for one: each thing that is asked for is asked of the next one."""

    def __init__(self, *parts: object) -> None:
        self._parts = cycle(parts)

    def __getattr__(self, name: str) -> Any:
        return getattr(next(self._parts), name)


class _StoresInTurns(_InTurns):
    def __init__(self, *stores: Store) -> None:
        super().__init__(*stores)
        self._stores = stores
        self.people = _InTurns(*(store.people for store in stores))
        self.accounts = _InTurns(*(store.accounts for store in stores))

    async def open(self) -> None:
        for store in self._stores:
            await store.open()

    async def close(self) -> None:
        for store in self._stores:
            await store.close()


def in_turns(make: StoreMaker) -> StoreMaker:
    """What makes two stores on one database, as two servers have them, which do in turns what they are asked for."""
    return lambda folder: cast(Store, _StoresInTurns(make(folder), make(folder)))


@asynccontextmanager
async def opened(*stores: Store) -> AsyncIterator[None]:
    """Open ``stores``, and close them in the end, whatever happened."""
    async with AsyncExitStack() as stack:
        for store in stores:
            await store.open()
            stack.push_async_callback(store.close)
        yield


ADA = Origin(OriginKind.PEER, "server:ada", "Ada", connection="c1")
MORNING = datetime(2026, 11, 30, 8, 15, tzinfo=UTC)


def entries(*updates: bytes, origin: Origin = ADA, life: str = "l1", at: datetime = MORNING) -> list[LogEntry]:
    """Log entries; a store does not look into them, so any bytes do."""
    return [LogEntry(update, origin, life, at) for update in updates]


def store_bytes(folder: Path) -> int:
    """What the SQLite store in ``folder`` takes on the disk, with its write-ahead log."""
    return sum(path.stat().st_size for path in folder.glob("rooms.sqlite*"))
