"""Stores for tests: opened and closed around a scenario, all on one file if it names the same one."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from jupyter_collab.store import LogEntry, SQLStore, Store

__all__ = ["EPOCH", "OTHER_EPOCH", "StoreMaker", "entries", "opened", "sqlite_store", "store_bytes"]

EPOCH = "e" * 32
OTHER_EPOCH = "f" * 32

StoreMaker = Callable[[Path], Store]


def sqlite_store(folder: Path) -> SQLStore:
    """A store in ``folder``; two of them share the file."""
    return SQLStore(f"sqlite:///{folder / 'rooms.sqlite'}")


@asynccontextmanager
async def opened(*stores: Store) -> AsyncIterator[None]:
    """Open ``stores``, and close them in the end, whatever happened."""
    async with AsyncExitStack() as stack:
        for store in stores:
            await store.open()
            stack.push_async_callback(store.close)
        yield


def entries(*updates: bytes, username: str = "ada", server: str = "s1") -> list[LogEntry]:
    """Log entries; a store does not look into them, so any bytes do."""
    return [LogEntry(update, username, server) for update in updates]


def store_bytes(folder: Path) -> int:
    """What the SQLite store in ``folder`` takes on the disk, with its write-ahead log."""
    return sum(path.stat().st_size for path in folder.glob("rooms.sqlite*"))
