"""Appending to the logs of many rooms at once: four or five statements, however many rooms and edits there are."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ...access import writer_of
from ...errors import ClientIdTaken, EpochMismatch, LogCutShort, RoomError
from ..absence import no_room, room_in_bin
from .contract import LogEntry
from .origin import Origin

__all__ = ["Append", "append_all"]


@dataclass(frozen=True, slots=True)
class Append:
    """Entries that are to be appended to a room's log, which has reached ``after_seq``, all or nothing."""

    room_id: str
    epoch: str
    entries: Sequence[LogEntry]
    at: datetime
    after_seq: int
    clients: Mapping[int, Origin]


@dataclass(slots=True)
class _LogEnd:
    epoch: str
    seq: int
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class _Statements:
    """What the database's driver is given, word for word: it prepares it once, and nothing is compiled each time.

    ``ends`` locks the rooms, for all servers in the same order; SQLite has one lock for all, which the transaction
    holds. ``ids`` and ``moment`` turn lists of ids and times into what the driver takes.
    """

    ends: str
    grow: str
    insert: str
    note_origins: str
    note_clients: str
    writers: str
    ids: Callable[[list[Any]], object]
    moment: Callable[[datetime], object]


_SQLITE = _Statements(
    ends="SELECT id, epoch, head_seq, deleted_at IS NOT NULL FROM rooms WHERE id IN (SELECT value FROM json_each(?))",
    grow="UPDATE rooms SET head_seq = ?, changed_at = ? WHERE id = ?",
    insert="INSERT INTO updates (room_id, seq, data, origin_id, life, at) VALUES (?, ?, ?, ?, ?, ?)",
    note_origins="INSERT INTO origins (room_id, id, kind, principal, display_name, connection, operator, run)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    note_clients="INSERT INTO clients (room_id, client_id, origin_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    writers="SELECT client_id, principal FROM clients"
    " JOIN origins ON origins.room_id = clients.room_id AND origins.id = origin_id"
    " WHERE clients.room_id = ? AND client_id IN (SELECT value FROM json_each(?))",
    ids=json.dumps,
    moment=lambda moment: moment.isoformat(" ", "microseconds").removesuffix("+00:00"),
)
_POSTGRESQL = _Statements(
    ends="SELECT id, epoch, head_seq, deleted_at IS NOT NULL FROM rooms WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
    grow="UPDATE rooms SET head_seq = %s, changed_at = %s WHERE id = %s",
    insert="INSERT INTO updates (room_id, seq, data, origin_id, life, at) VALUES (%s, %s, %s, %s, %s, %s)",
    note_origins="INSERT INTO origins (room_id, id, kind, principal, display_name, connection, operator, run)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
    note_clients="INSERT INTO clients (room_id, client_id, origin_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
    writers="SELECT client_id, principal FROM clients"
    " JOIN origins ON origins.room_id = clients.room_id AND origins.id = origin_id"
    " WHERE clients.room_id = %s AND client_id = ANY(%s)",
    ids=lambda ids: ids,
    moment=lambda moment: moment,
)


def append_all(connection: Connection, appends: Sequence[Append]) -> list[int | RoomError]:
    """Do ``appends`` in order. Returns for each its last entry's ``seq``, or why its room refuses it."""
    statements = _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE
    room_ids = list({append.room_id for append in appends})
    found = connection.exec_driver_sql(statements.ends, (statements.ids(room_ids),))
    ends = {room_id: _LogEnd(epoch, seq, bool(is_deleted)) for room_id, epoch, seq, is_deleted in found}
    results: list[int | RoomError] = []
    grown: dict[str, tuple[int, object, str]] = {}
    rows: list[tuple[object, ...]] = []
    origins: dict[tuple[str, int], Origin] = {}
    clients: list[tuple[str, int, int]] = []
    for append in appends:
        end = _end_for(append, ends)
        if append.clients and not isinstance(end, RoomError):
            end = _taken(connection, statements, append) or end
        if isinstance(end, RoomError):
            results.append(end)
            continue
        room_id, origin, at = append.room_id, None, None
        for entry in append.entries:  # most are of the same origin and time as the one before
            if entry.origin is not origin:
                origin = entry.origin
                origins[room_id, origin.id] = origin
            if entry.at is not at:
                at = entry.at
                moment = statements.moment(at)
            end.seq += 1
            rows.append((room_id, end.seq, entry.update, origin.id, entry.life, moment))
        for client_id, origin in append.clients.items():
            origins[room_id, origin.id] = origin
            clients.append((room_id, client_id, origin.id))
        grown[room_id] = (end.seq, statements.moment(append.at), room_id)
        results.append(end.seq)
    for statement, facts in (
        (statements.grow, list(grown.values())),
        (statements.note_origins, [_origin_row(*key, origins[key]) for key in origins]),
        (statements.insert, rows),
        (statements.note_clients, clients),
    ):
        if facts:
            connection.exec_driver_sql(statement, facts)
    return results


def _origin_row(room_id: str, id_: int, origin: Origin) -> tuple[object, ...]:
    who = (origin.principal, origin.display_name, origin.connection, origin.operator)
    return (room_id, id_, origin.kind.value, *who, origin.run)


def _taken(connection: Connection, statements: _Statements, append: Append) -> ClientIdTaken | None:
    """What is wrong if one of the client ids is somebody else's already."""
    facts = (append.room_id, statements.ids(list(append.clients)))
    for client_id, principal in connection.exec_driver_sql(statements.writers, facts):
        if writer_of(principal) != writer_of(append.clients[client_id].principal):
            return ClientIdTaken(
                f"Somebody wrote in the room '{append.room_id}' under the Yjs client id {client_id} of somebody else. "
                "Nothing of it was saved. Reconnect to send again what is yours."
            )
    return None


def _end_for(append: Append, ends: Mapping[str, _LogEnd]) -> _LogEnd | RoomError:
    end = ends.get(append.room_id)
    if end is None:
        return no_room(append.room_id)
    if end.is_deleted:
        return room_in_bin(append.room_id)
    if end.epoch != append.epoch:
        return EpochMismatch(f"The room '{append.room_id}' has a new history ({end.epoch}, not {append.epoch}).")
    if end.seq < append.after_seq:
        return LogCutShort(
            f"The log of the room '{append.room_id}' ends at {end.seq}, but {append.after_seq} was saved. "
            "An older copy of the store was put in its place; reconnect to bring back what you have."
        )
    return end
