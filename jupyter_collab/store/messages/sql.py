"""Messages between servers in the SQL store."""

from collections.abc import Collection, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, func, select

from ..database import Database
from ..schema import messages as table
from .contract import MAX_MESSAGES, MessageStore, ServerMessage

__all__ = ["SQLMessages"]


class SQLMessages(MessageStore):
    """Messages in ``database``.

    The database counts them, and never uses a number again. Servers add theirs one after another, so whoever has read
    up to a number never finds a lower one later.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_messages(self, messages: Sequence[ServerMessage], drop_up_to: int = 0) -> int:
        def add(connection: Connection) -> int:
            if messages:
                connection.execute(table.insert(), [asdict(message) for message in messages])
            last = _last(connection)
            connection.execute(table.delete().where(table.c.seq <= max(drop_up_to, last - MAX_MESSAGES)))
            return last

        return await self._database.write(add)

    async def messages(
        self, room_ids: Collection[str], after: int, *, reader: str
    ) -> tuple[tuple[ServerMessage, ...], int]:
        chosen = (table.c.seq > after) & table.c.room_id.in_(room_ids) & (table.c.server != reader)
        query = select(table.c.room_id, table.c.topic, table.c.server, table.c.data).where(chosen)

        def look(connection: Connection) -> tuple[tuple[ServerMessage, ...], int]:
            last = _last(connection)
            if last <= after:
                return (), after
            return tuple(ServerMessage(*row) for row in connection.execute(query.order_by(table.c.seq))), last

        return await self._database.read(look)

    async def last_message(self) -> int:
        return await self._database.read(_last)


def _last(connection: Connection) -> int:
    return connection.scalar(select(func.max(table.c.seq))) or 0
