"""Appending to the logs of many rooms at once: three statements, however many rooms and edits there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from ...errors import EpochMismatch, RoomError
from ..schema import rooms, updates
from .contract import LogEntry
from .rows import no_room, room_in_bin

__all__ = ["Append", "append_all"]


@dataclass(frozen=True, slots=True)
class Append:
    """Entries that are to be appended to a room's log, all or nothing."""

    room_id: str
    epoch: str
    entries: Sequence[LogEntry]
    at: datetime


@dataclass(slots=True)
class _LogEnd:
    epoch: str
    seq: int
    is_deleted: bool
    changed_at: datetime | None = None


_ENDS = (
    select(rooms.c.id, rooms.c.epoch, rooms.c.head_seq, rooms.c.deleted_at)
    .where(rooms.c.id.in_(bindparam("room_ids", expanding=True)))
    .order_by(rooms.c.id)
    .with_for_update()
)
"""Locks the rooms, for all servers in the same order. SQLite has one lock for all, which the transaction holds."""

_GROW = (
    rooms.update()
    .where(rooms.c.id == bindparam("room"))
    .values(head_seq=bindparam("head"), changed_at=bindparam("moment"))
)
_INSERT = updates.insert()


def append_all(connection: Connection, appends: Sequence[Append]) -> list[int | RoomError]:
    """Do ``appends`` in order. Returns for each its last entry's ``seq``, or why its room refuses it."""
    found = connection.execute(_ENDS, {"room_ids": list({append.room_id for append in appends})})
    ends = {row.id: _LogEnd(row.epoch, row.head_seq, row.deleted_at is not None) for row in found}
    results: list[int | RoomError] = []
    rows: list[dict[str, object]] = []
    for append in appends:
        end = _end_for(append, ends)
        if isinstance(end, RoomError):
            results.append(end)
            continue
        rows.extend(_row(append, entry, seq) for seq, entry in enumerate(append.entries, end.seq + 1))
        end.seq += len(append.entries)
        end.changed_at = append.at
        results.append(end.seq)
    if rows:
        grown = [(room_id, end) for room_id, end in ends.items() if end.changed_at is not None]
        connection.execute(
            _GROW, [{"room": room_id, "head": end.seq, "moment": end.changed_at} for room_id, end in grown]
        )
        connection.execute(_INSERT, rows)
    return results


def _end_for(append: Append, ends: Mapping[str, _LogEnd]) -> _LogEnd | RoomError:
    end = ends.get(append.room_id)
    if end is None:
        return no_room(append.room_id)
    if end.is_deleted:
        return room_in_bin(append.room_id)
    if end.epoch != append.epoch:
        return EpochMismatch(f"The room '{append.room_id}' has a new history ({end.epoch}, not {append.epoch}).")
    return end


def _row(append: Append, entry: LogEntry, seq: int) -> dict[str, object]:
    return {
        "room_id": append.room_id,
        "seq": seq,
        "data": entry.update,
        "username": entry.username,
        "server": entry.server,
        "at": append.at,
    }
