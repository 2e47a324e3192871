"""The audit log of rooms, in the SQL store."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select

from ..moments import aware, now
from ..schema import events
from .contract import COMINGS, MAX_EVENTS, EventRecord

__all__ = ["event_record", "note_events"]


def note_events(connection: Connection, room_id: str, noted: Sequence[EventRecord]) -> None:
    """Add an event of a room, and drop the oldest of its sort beyond ``MAX_EVENTS``."""
    in_room = events.c.room_id == room_id
    newest = connection.scalar(select(func.max(events.c.id)).where(in_room)) or 0
    rows = [
        {
            "room_id": event.room_id,
            "id": number,
            "at": event.at or now(),
            "kind": event.kind,
            "principal": event.principal,
            "display_name": event.display_name,
            "details": event.details,
        }
        for number, event in enumerate(noted, newest + 1)
    ]
    connection.execute(events.insert(), rows)
    if newest + len(rows) > MAX_EVENTS:
        for is_coming in {event.kind in COMINGS for event in noted}:
            _drop_oldest(connection, in_room & (events.c.kind.in_(COMINGS) == is_coming))


def _drop_oldest(connection: Connection, are_of_sort: ColumnElement[bool]) -> None:
    ids = select(events.c.id).where(are_of_sort).order_by(events.c.id.desc())
    newest_to_drop = connection.scalar(ids.offset(MAX_EVENTS).limit(1))
    if newest_to_drop is not None:
        connection.execute(events.delete().where(are_of_sort, events.c.id <= newest_to_drop))


def event_record(row: RowMapping) -> EventRecord:
    """One event."""
    return EventRecord(
        room_id=row["room_id"],
        kind=row["kind"],
        principal=row["principal"],
        display_name=row["display_name"],
        details=row["details"],
        id=row["id"],
        at=aware(row["at"]),
    )
