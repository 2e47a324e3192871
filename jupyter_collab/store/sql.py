"""The store in a SQL database, through SQLAlchemy Core. SQLite is the default, embedded and durable."""

from .accounts.sql import SQLAccounts
from .blobs.sql import SQLBlobs
from .contract import Store
from .database import Database
from .kernel_leases.sql import SQLKernelLeases
from .messages.sql import SQLMessages
from .people.sql import SQLPeople
from .rooms.sql import SQLRooms
from .runs.sql import SQLRuns

__all__ = ["SQLStore"]


class SQLStore(SQLRooms, SQLBlobs, SQLRuns, SQLKernelLeases, SQLMessages, Store):
    """A store at a SQLAlchemy database URL, for instance ``sqlite:////home/ada/rooms.sqlite``."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self._people = SQLPeople(self._database)
        self._accounts = SQLAccounts(self._database)

    async def open(self) -> None:
        await self._database.open()

    async def close(self) -> None:
        await self._database.close()

    @property
    def people(self) -> SQLPeople:
        return self._people

    @property
    def accounts(self) -> SQLAccounts:
        return self._accounts
