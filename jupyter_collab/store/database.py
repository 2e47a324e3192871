"""The database under a SQL store: one writer that commits in groups, and readings that each see one moment."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from ..errors import StoreUnavailable
from . import postgresql, sqlite
from .failures import advice, advice_to_open, brief
from .migrate import migrate
from .rooms.appends import Append
from .writer import GroupWriter

__all__ = ["Database"]

T = TypeVar("T")

READERS = 4
"""So many readings at a time; others wait."""


class Database:
    """The database at a SQLAlchemy URL; until it is open, its methods raise ``StoreUnavailable``."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self._engine: Engine | None = None
        self._reading: Engine | None = None
        self._file: sqlite.OpenFile | None = None
        self._writer: GroupWriter | None = None
        self._readers: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Connect, and bring the schema up to date; ``StoreUnavailable``."""
        try:
            self._engine = await asyncio.to_thread(self._connect)
        except (SQLAlchemyError, OSError, ImportError) as error:  # ImportError: the database's driver is missing
            raise StoreUnavailable(
                f"The store at {self._url.render_as_string()} cannot be opened: {brief(error)}. {advice_to_open(error)}"
            ) from error
        self._readers = ThreadPoolExecutor(READERS, "jupyter_collab store reader")
        self._reading = postgresql.for_reading(self._engine) if self._is_postgresql else self._engine
        self._writer = GroupWriter(self._engine.execution_options(writes=True), sqlite.empty_log, self._check_file)

    def _connect(self) -> Engine:
        connect = {"sqlite": sqlite.connect, "postgresql": postgresql.connect}.get(self._url.get_backend_name())
        if connect is None:
            raise StoreUnavailable(
                f"The store at {self._url.render_as_string()} is neither SQLite nor PostgreSQL. "
                "Set CollabExtension.store_url to one of these."
            )
        engine = connect(self._url)
        try:
            with engine.execution_options(writes=True).begin() as connection:
                migrate(connection)
            if self._url.database and not self._is_postgresql:
                self._file = sqlite.OpenFile(_having_read(engine))
        except BaseException:
            engine.dispose()
            raise
        return engine

    @property
    def _is_postgresql(self) -> bool:
        return self._url.get_backend_name() == "postgresql"

    async def close(self) -> None:
        """Finish the work in progress, and disconnect."""
        if self._writer is not None:
            await self._writer.close()
        await asyncio.to_thread(self._disconnect)

    def _disconnect(self) -> None:
        readers, self._readers = self._readers, None
        if readers is not None:  # a reading goes on when its caller has gone, and its connection is to be closed too
            readers.shutdown(cancel_futures=True)
        if self._file is not None:
            self._file.close()
        if self._engine is not None:
            self._engine.dispose()

    async def write(self, work: Callable[[Connection], T], room_id: str | None = None) -> T:
        """Do ``work``, which changes only the room ``room_id`` or, without one, only data outside of rooms.

        A room that ``work`` creates counts as outside. Returns when the change is durable.
        """
        return await self._open_writer.run(work, room_id)

    async def append(self, append: Append) -> int:
        """Append to a room's log."""
        return await self._open_writer.append(append)

    @property
    def _open_writer(self) -> GroupWriter:
        if self._writer is None:
            raise StoreUnavailable("The store is not open.")
        return self._writer

    async def read(self, work: Callable[[Connection], T]) -> T:
        """What ``work`` finds: all its statements see the same moment."""
        if self._readers is None or self._reading is None:
            raise StoreUnavailable("The store is not open.")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read_now, self._reading, work)

    def _read_now(self, engine: Engine, work: Callable[[Connection], T]) -> T:
        try:
            with engine.begin() as connection:
                found = work(connection)
            self._check_file()
        except (SQLAlchemyError, OSError) as error:
            raise StoreUnavailable(f"The store cannot be read: {brief(error)}. {advice(error)}".rstrip()) from error
        return found

    def _check_file(self) -> None:
        if self._file is not None:
            self._file.check()


def _having_read(engine: Engine) -> Connection:
    """A connection that has the files of its database open."""
    connection = engine.connect()
    with connection.begin():
        connection.execute(sa.text("SELECT count(*) FROM rooms"))
    return connection
