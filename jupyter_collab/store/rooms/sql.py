"""Rooms in the SQL store."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from ...access import Role, writer_of
from ...errors import EpochMismatch, RoomError, RoomExists, RoomNotInBin, StoreUnavailable
from ..database import Database
from ..moments import aware, now
from ..people.contract import MemberRecord
from ..schema import (
    blobs,
    clients,
    events,
    invites,
    kernel_leases,
    keyframes,
    members,
    origins,
    retired_epochs,
    rooms,
    runs,
    updates,
)
from ..sqlite import shrink
from .appends import Append
from .contract import NOBODY, Head, LogEntry, LogSlice, Reader, RoomRecord, RoomStore
from .origin import Origin
from .rows import find_room, origin_of, room_record

__all__ = ["SQLRooms"]

MAX_IDS_IN_QUERY = 500
"""Values in one statement; databases accept some thousand. Larger queries are split."""


OF_ROOMS = (updates, origins, clients, keyframes, blobs, runs, kernel_leases, members, invites, events)
"""What goes with a room, besides its own row."""


HEADS = select(
    rooms.c.id, rooms.c.epoch, rooms.c.head_seq, rooms.c.title, rooms.c.deleted_at, rooms.c.access_version
).where(rooms.c.id.in_(sa.bindparam("room_ids", expanding=True)))
"""Made once: each making leaves garbage, and it is asked many times a second."""


class SQLRooms(RoomStore):
    """Rooms in ``database``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create_room(
        self,
        room_id: str,
        title: str,
        epoch: str,
        kind: str,
        state: bytes,
        *,
        server_role: Role | None = Role.OWNER,
        owner: MemberRecord | None = None,
    ) -> RoomRecord:
        moment = now()
        record = RoomRecord(room_id, title, epoch, kind, 0, moment, moment, None, server_role)

        def create(connection: Connection) -> RoomRecord:
            if connection.scalar(select(rooms.c.id).where(rooms.c.id == room_id)) is not None:
                raise RoomExists(f"There is a room '{room_id}' already (perhaps in the bin); choose another id.")
            connection.execute(rooms.insert().values(asdict(record)))
            connection.execute(keyframes.insert().values(room_id=room_id, seq=0, data=state, at=moment))
            if owner is not None:
                connection.execute(members.insert().values({**asdict(owner), "added_at": moment}))
            return record

        return await self._database.write(create)

    async def get_room(self, room_id: str, *, deleted: bool = False) -> RoomRecord:
        return await self._database.read(lambda connection: find_room(connection, room_id, deleted=deleted))

    async def list_rooms(
        self, search: str, deleted: bool, limit: int, offset: int, reader: Reader | None = None
    ) -> tuple[list[RoomRecord], int]:
        chosen: sa.ColumnElement[bool] = rooms.c.deleted_at.is_not(None) if deleted else rooms.c.deleted_at.is_(None)
        if search:
            matches = [column.icontains(search, autoescape=True) for column in (rooms.c.title, rooms.c.id)]
            chosen = sa.and_(chosen, sa.or_(*matches))
        if reader is not None:
            chosen = sa.and_(chosen, _may_see(reader))
        page = select(rooms).where(chosen).order_by(rooms.c.changed_at.desc(), rooms.c.id).limit(limit).offset(offset)
        count = select(func.count()).select_from(rooms).where(chosen)

        def look(connection: Connection) -> tuple[list[RoomRecord], int]:
            found = [room_record(row) for row in connection.execute(page).mappings()]
            return found, connection.scalar(count) or 0

        return await self._database.read(look)

    async def rename_room(self, room_id: str, title: str) -> RoomRecord:
        def rename(connection: Connection) -> RoomRecord:
            find_room(connection, room_id)
            connection.execute(rooms.update().where(rooms.c.id == room_id).values(title=title))
            return find_room(connection, room_id)

        return await self._database.write(rename, room_id)

    async def delete_room(self, room_id: str) -> RoomRecord:
        return await self._set_deleted(room_id, now())

    async def restore_room(self, room_id: str) -> RoomRecord:
        return await self._set_deleted(room_id, None)

    async def _set_deleted(self, room_id: str, deleted_at: datetime | None) -> RoomRecord:
        def change(connection: Connection) -> RoomRecord:
            find_room(connection, room_id, deleted=deleted_at is None)
            connection.execute(rooms.update().where(rooms.c.id == room_id).values(deleted_at=deleted_at))
            return find_room(connection, room_id, deleted=True)

        return await self._database.write(change, room_id)

    async def purge_room(self, room_id: str) -> None:
        def purge(connection: Connection) -> None:
            record = find_room(connection, room_id, deleted=True)
            if record.deleted_at is None:
                raise RoomNotInBin(f"The room '{room_id}' is not in the bin; delete it first.")
            for table in OF_ROOMS:
                connection.execute(table.delete().where(table.c.room_id == room_id))
            connection.execute(rooms.delete().where(rooms.c.id == room_id))
            connection.execute(retired_epochs.insert().values(room_id=room_id, epoch=record.epoch))
            shrink(connection)

        await self._database.write(purge, room_id)

    async def retired_epochs(self, room_id: str) -> tuple[str, ...]:
        query = select(retired_epochs.c.epoch).where(retired_epochs.c.room_id == room_id)
        return await self._database.read(lambda connection: tuple(connection.scalars(query)))

    async def append(
        self,
        room_id: str,
        epoch: str,
        entries: Sequence[LogEntry],
        after_seq: int = 0,
        clients: Mapping[int, Origin] = NOBODY,
    ) -> int:
        return await self._database.append(Append(room_id, epoch, entries, now(), after_seq, clients))

    async def clients(self, room_id: str) -> dict[int, Origin]:
        def look(connection: Connection) -> dict[int, Origin]:
            known = _origins(connection, room_id, select(clients.c.origin_id).where(clients.c.room_id == room_id))
            rows = connection.execute(
                select(clients.c.client_id, clients.c.origin_id).where(clients.c.room_id == room_id)
            )
            return {row.client_id: known[row.origin_id] for row in rows}

        return await self._database.read(look)

    async def writers(self, room_id: str, client_ids: Collection[int] | None = None) -> dict[int, str]:
        who = (clients.c.room_id == origins.c.room_id) & (clients.c.origin_id == origins.c.id)
        query = select(clients.c.client_id, origins.c.principal).where(who, clients.c.room_id == room_id)
        if client_ids is not None and len(client_ids) <= MAX_IDS_IN_QUERY:
            query = query.where(clients.c.client_id.in_(client_ids))

        def look(connection: Connection) -> dict[int, str]:
            names: dict[str | None, str] = {}  # one text for each person, however many ids they had
            found = connection.execute(query)
            return {client: names.setdefault(who, writer_of(who)) for client, who in found}

        return await self._database.read(look)

    async def read_log(self, room_id: str, after_seq: int | None = None) -> LogSlice:
        return await self._database.read(lambda connection: _read_log(connection, room_id, after_seq))

    async def read_updates(self, room_id: str, epoch: str) -> tuple[int, list[bytes]]:
        return await self._database.read(lambda connection: _read_updates(connection, room_id, epoch))

    async def put_keyframe(self, room_id: str, epoch: str, seq: int, state: bytes, kind: str) -> None:
        def put(connection: Connection) -> None:
            newest = _newest_keyframe(room_id, None)
            current = connection.scalar(
                select(rooms.c.id).where(rooms.c.id == room_id, rooms.c.epoch == epoch, rooms.c.head_seq >= seq)
            )
            if current is None or (connection.scalar(newest) or 0) > seq:
                return
            connection.execute(keyframes.delete().where(keyframes.c.room_id == room_id, keyframes.c.seq == seq))
            connection.execute(keyframes.insert().values(room_id=room_id, seq=seq, data=state, at=now()))
            connection.execute(rooms.update().where(rooms.c.id == room_id).values(kind=kind))

        await self._database.write(put, room_id)

    async def drop_entries(self, room_id: str, epoch: str, up_to_seq: int) -> None:
        def drop(connection: Connection) -> None:
            if connection.scalar(select(rooms.c.id).where(rooms.c.id == room_id, rooms.c.epoch == epoch)) is None:
                return
            seq = connection.scalar(_newest_keyframe(room_id, up_to_seq))
            if seq is None:
                return
            connection.execute(updates.delete().where(updates.c.room_id == room_id, updates.c.seq <= seq))
            connection.execute(keyframes.delete().where(keyframes.c.room_id == room_id, keyframes.c.seq < seq))
            used = sa.union(
                *(select(table.c.origin_id).where(table.c.room_id == room_id) for table in (updates, clients))
            )
            connection.execute(origins.delete().where(origins.c.room_id == room_id, origins.c.id.not_in(used)))
            shrink(connection)

        await self._database.write(drop, room_id)

    async def read_past(self, room_id: str, seq: int) -> LogSlice:
        return await self._database.read(lambda connection: _read_past(connection, room_id, seq))

    async def heads(self, room_ids: Collection[str]) -> dict[str, Head]:
        def look(connection: Connection) -> dict[str, Head]:
            return {
                row.id: Head(row.epoch, row.head_seq, row.title, row.deleted_at is not None, row.access_version)
                for row in connection.execute(HEADS, {"room_ids": list(room_ids)})
            }

        return await self._database.read(look)


def _may_see(reader: Reader) -> sa.ColumnElement[bool]:
    is_theirs = (members.c.principal == reader.principal) & (members.c.status == "active")
    joined = rooms.c.id.in_(select(members.c.room_id).where(is_theirs))
    return joined | rooms.c.server_role.is_not(None) if reader.is_server_user else joined


def _newest_keyframe(room_id: str, up_to_seq: int | None) -> sa.Select[int]:
    query = select(func.max(keyframes.c.seq)).where(keyframes.c.room_id == room_id)
    return query if up_to_seq is None else query.where(keyframes.c.seq <= up_to_seq)


def _read_log(connection: Connection, room_id: str, after_seq: int | None) -> LogSlice:
    record = find_room(connection, room_id)
    frame_seq = connection.execute(_newest_keyframe(room_id, None)).scalar_one()
    wants_state = after_seq is None
    if after_seq is not None and after_seq < frame_seq:
        first = select(func.min(updates.c.seq)).where(updates.c.room_id == room_id, updates.c.seq > after_seq)
        wants_state = connection.scalar(first) != after_seq + 1
    return _slice(connection, record, frame_seq, None if wants_state else after_seq, record.head_seq)


def _read_updates(connection: Connection, room_id: str, epoch: str) -> tuple[int, list[bytes]]:
    record = find_room(connection, room_id)
    if record.epoch != epoch:
        raise EpochMismatch(f"The room '{room_id}' has a new history.")
    frame_seq = connection.execute(_newest_keyframe(room_id, None)).scalar_one()
    frame = (keyframes.c.room_id == room_id) & (keyframes.c.seq == frame_seq)
    chosen = (updates.c.room_id == room_id) & (updates.c.seq > frame_seq) & (updates.c.seq <= record.head_seq)
    entries = connection.scalars(select(updates.c.data).where(chosen).order_by(updates.c.seq)).all()
    _require_all(room_id, frame_seq, len(entries), record.head_seq)
    return record.head_seq, [connection.execute(select(keyframes.c.data).where(frame)).scalar_one(), *entries]


def _require_all(room_id: str, start: int, count: int, seq: int) -> None:
    """Make sure that a log has all its entries after ``start``."""
    if start + count != seq:
        raise StoreUnavailable(
            f"The log of the room '{room_id}' should have {seq - start} entries after {start}, but has {count}. "
            "Put a backup of the store in its place, or delete the room."
        )


def _read_past(connection: Connection, room_id: str, seq: int) -> LogSlice:
    record = find_room(connection, room_id)
    frame_seq = connection.scalar(_newest_keyframe(room_id, seq))
    if frame_seq is None or seq > record.head_seq:
        raise RoomError(f"The state of the room '{room_id}' at {seq} is not kept.")
    return _slice(connection, record, frame_seq, None, seq)


def _origins(connection: Connection, room_id: str, ids: sa.Select[int]) -> dict[int, Origin]:
    rows = connection.execute(select(origins).where(origins.c.room_id == room_id, origins.c.id.in_(ids))).mappings()
    return {row["id"]: origin_of(row) for row in rows}


def _slice(connection: Connection, record: RoomRecord, frame_seq: int, after_seq: int | None, seq: int) -> LogSlice:
    """The log up to ``seq``, after ``after_seq`` or, for ``None``, with and after the keyframe at ``frame_seq``."""
    frame = (keyframes.c.room_id == record.id) & (keyframes.c.seq == frame_seq)
    size = connection.scalars(select(func.length(keyframes.c.data)).where(frame)).one()
    state = connection.scalar(select(keyframes.c.data).where(frame)) if after_seq is None else None
    start = frame_seq if after_seq is None else after_seq
    chosen = (updates.c.room_id == record.id) & (updates.c.seq > start) & (updates.c.seq <= seq)
    known = _origins(connection, record.id, select(updates.c.origin_id).where(chosen))
    rows = connection.execute(
        select(updates.c.data, updates.c.origin_id, updates.c.life, updates.c.at).where(chosen).order_by(updates.c.seq)
    )
    entries = tuple(LogEntry(row.data, known[row.origin_id], row.life, aware(row.at)) for row in rows)
    _require_all(record.id, start, len(entries), seq)
    return LogSlice(record, state, entries, seq, size)
