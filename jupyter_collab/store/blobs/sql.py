"""Blobs in the SQL store."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import Connection, select

from ...errors import BlobNotFound
from ..database import Database
from ..moments import aware, now
from ..rooms.rows import find_room
from ..schema import blobs as table
from ..sqlite import shrink
from .contract import MIN_BLOB_AGE_SECONDS, Blob, BlobStore

__all__ = ["SQLBlobs"]


class SQLBlobs(BlobStore):
    """Blobs in ``database``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_blobs(self, room_id: str, blobs: Sequence[Blob]) -> None:
        for blob in blobs:  # one job each, so that edits do not wait for all of them
            await self._put(room_id, blob)

    async def _put(self, room_id: str, blob: Blob) -> None:
        is_this = (table.c.room_id == room_id) & (table.c.digest == blob.digest)
        row = {"room_id": room_id, "digest": blob.digest, "media_type": blob.media_type, "data": blob.data}

        def put(connection: Connection) -> None:
            find_room(connection, room_id)
            if connection.execute(table.update().where(is_this).values(at=now())).rowcount == 0:
                connection.execute(table.insert().values({**row, "at": now()}))

        await self._database.write(put, room_id)

    async def get_blob(self, room_id: str, digest: str) -> Blob:
        query = select(table.c.data, table.c.media_type).where(table.c.room_id == room_id, table.c.digest == digest)

        def look(connection: Connection) -> Blob:
            row = connection.execute(query).first()
            if row is None:
                raise BlobNotFound(
                    "This output is not kept any more: its cell was run again, or cleared. Run it again."
                )
            return Blob(digest, row.data, row.media_type)

        return await self._database.read(look)

    async def collect_blobs(self, room_id: str, kept: Collection[str]) -> int:
        def collect(connection: Connection) -> int:
            oldest = now() - timedelta(seconds=MIN_BLOB_AGE_SECONDS)
            present = connection.execute(select(table.c.digest, table.c.at).where(table.c.room_id == room_id)).all()
            dropped = [row.digest for row in present if row.digest not in kept and aware(row.at) < oldest]
            for digest in dropped:
                connection.execute(table.delete().where(table.c.room_id == room_id, table.c.digest == digest))
            if dropped:
                shrink(connection)
            return len(present) - len(dropped)

        return await self._database.write(collect, room_id)
