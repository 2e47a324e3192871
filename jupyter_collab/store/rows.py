"""Rows as records, and the moments in them."""

from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Connection, RowMapping, select

from ..access import Role
from ..errors import RoomNotFound
from .contract import RoomRecord
from .schema import rooms

Moment = TypeVar("Moment", datetime, datetime | None)

__all__ = ["aware", "find_room", "now", "room_record"]


def find_room(connection: Connection, room_id: str, *, deleted: bool = False, lock: bool = False) -> RoomRecord:
    """One room; ``RoomNotFound`` if there is none, or, unless ``deleted``, if it lies in the bin.

    With ``lock``, other transactions about it wait for this one; SQLite lets all writers wait anyhow.
    """
    query = select(rooms).where(rooms.c.id == room_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise RoomNotFound(f"There is no room '{room_id}'. Create it first, or check its name.")
    record = room_record(row)
    if record.deleted_at is not None and not deleted:
        raise RoomNotFound(f"The room '{room_id}' lies in the bin. Restore it first.")
    return record


def room_record(row: RowMapping) -> RoomRecord:
    """The facts of a room."""
    facts = dict(row)
    for name in ("created_at", "changed_at", "deleted_at"):
        facts[name] = aware(facts[name])
    if facts["server_role"] is not None:
        facts["server_role"] = Role(facts["server_role"])
    return RoomRecord(**facts)


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def aware(moment: Moment) -> Moment:
    """SQLite forgets the time zone; what we store is UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
