"""What is too large for the documents of rooms, by content."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import Connection, select

from ..errors import BlobNotFound
from .contract import MIN_BLOB_AGE_SECONDS, Blob
from .rows import aware, find_room, now
from .schema import blobs

__all__ = ["collect_blobs", "get_blob", "put_blob"]


def put_blob(connection: Connection, room_id: str, blob: Blob) -> None:
    """Keep ``blob``; one that is there already is only marked as new."""
    find_room(connection, room_id)
    is_this = (blobs.c.room_id == room_id) & (blobs.c.digest == blob.digest)
    if connection.execute(blobs.update().where(is_this).values(at=now())).rowcount == 0:
        facts = {"digest": blob.digest, "media_type": blob.media_type, "data": blob.data}
        connection.execute(blobs.insert().values(room_id=room_id, at=now(), **facts))


def get_blob(connection: Connection, room_id: str, digest: str) -> Blob:
    """One of a room's blobs, or ``BlobNotFound``."""
    query = select(blobs.c.data, blobs.c.media_type).where(blobs.c.room_id == room_id, blobs.c.digest == digest)
    row = connection.execute(query).first()
    if row is None:
        raise BlobNotFound("This output is not kept any more: its cell was run again, or cleared. Run it again.")
    return Blob(digest, row.data, row.media_type)


def collect_blobs(connection: Connection, room_id: str, kept: Collection[str]) -> tuple[int, int]:
    """Drop the blobs of a room that are not ``kept`` and not new; answers how many, and how many it still has."""
    oldest = now() - timedelta(seconds=MIN_BLOB_AGE_SECONDS)
    present = connection.execute(select(blobs.c.digest, blobs.c.at).where(blobs.c.room_id == room_id)).all()
    dropped = [row.digest for row in present if row.digest not in kept and aware(row.at) < oldest]
    for digest in dropped:
        connection.execute(blobs.delete().where(blobs.c.room_id == room_id, blobs.c.digest == digest))
    return len(dropped), len(present) - len(dropped)
