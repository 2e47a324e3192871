"""The rows of rooms as records."""

from sqlalchemy import Connection, RowMapping, select

from ...access import Role
from ..absence import no_room, room_in_bin
from ..moments import aware
from ..schema import rooms
from .contract import RoomRecord
from .origin import Origin, OriginKind

__all__ = ["find_room", "origin_of", "room_record"]


def find_room(connection: Connection, room_id: str, *, deleted: bool = False) -> RoomRecord:
    """One room; ``RoomNotFound`` if there is none, or, unless ``deleted``, if it is in the bin."""
    row = connection.execute(select(rooms).where(rooms.c.id == room_id)).mappings().first()
    if row is None:
        raise no_room(room_id)
    if row["deleted_at"] is not None and not deleted:
        raise room_in_bin(room_id)
    return room_record(row)


def origin_of(row: RowMapping) -> Origin:
    """Where an edit comes from."""
    who = (row["principal"], row["display_name"], row["connection"], row["operator"])
    return Origin(OriginKind(row["kind"]), *who, row["run"])


def room_record(row: RowMapping) -> RoomRecord:
    """The facts of a room."""
    return RoomRecord(
        id=row["id"],
        title=row["title"],
        epoch=row["epoch"],
        kind=row["kind"],
        head_seq=row["head_seq"],
        created_at=aware(row["created_at"]),
        changed_at=aware(row["changed_at"]),
        deleted_at=aware(row["deleted_at"]),
        server_role=None if row["server_role"] is None else Role(row["server_role"]),
        access_version=row["access_version"],
    )
