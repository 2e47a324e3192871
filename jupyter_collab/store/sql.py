"""The store in a SQL database, through SQLAlchemy Core. SQLite is the default, embedded and durable."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event, func, select
from sqlalchemy.exc import SQLAlchemyError

from ..access import Role
from ..errors import EpochMismatch, RoomExists, RoomNotInBin, StoreUnavailable
from .accounts import SQLAccounts
from .blobs import collect_blobs, get_blob, put_blob
from .contract import Blob, Head, LogEntry, LogSlice, Reader, RoomRecord, RunRecord, Store
from .migrate import migrate
from .people import SQLPeople
from .people_contract import MemberRecord
from .rows import find_room, now, room_record
from .runs import add_run, change_run, list_runs
from .schema import blobs, events, invites, keyframes, members, retired_epochs, rooms, runs, updates
from .sqlite import begin, empty_log, make_private_file, set_up, shrink
from .writer import GroupWriter, brief

__all__ = ["SQLStore"]

T = TypeVar("T")

LOCK_WAIT_SECONDS = 5
"""How long a transaction waits for another process that holds SQLite's write lock."""


class SQLStore(Store):
    """A store at a SQLAlchemy database URL, for instance ``sqlite:////home/ada/rooms.sqlite``."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self._engine: Engine | None = None
        self._writer: GroupWriter | None = None
        self._people = SQLPeople(self._write, self._read)
        self._accounts = SQLAccounts(self._write, self._read)

    async def open(self) -> None:
        try:
            self._engine = await asyncio.to_thread(self._connect)
        except (SQLAlchemyError, OSError, ImportError) as error:  # ImportError: the database's driver is missing
            raise StoreUnavailable(
                f"The store at {self._url.render_as_string()} cannot be opened: {brief(error)}. "
                "Make its folder writable or set CollabExtension.store_url to another place."
            ) from error
        self._writer = GroupWriter(self._engine.execution_options(writes=True), empty_log)

    def _connect(self) -> Engine:
        is_sqlite = self._url.get_backend_name() == "sqlite"
        if is_sqlite and self._url.database:
            make_private_file(self._url.database)
        options: dict[str, Any] = {"connect_args": {"timeout": LOCK_WAIT_SECONDS}} if is_sqlite else {}
        # What a statement that fails is logged with must not have anybody's text or session in it.
        engine = sa.create_engine(self._url, hide_parameters=True, **options)
        if is_sqlite:
            event.listen(engine, "connect", set_up)
            event.listen(engine, "begin", begin)
        try:
            with engine.execution_options(writes=True).begin() as connection:
                migrate(connection)
        except BaseException:
            engine.dispose()
            raise
        return engine

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer.close()
        if self._engine is not None:
            await asyncio.to_thread(self._engine.dispose)

    @property
    def people(self) -> SQLPeople:
        return self._people

    @property
    def accounts(self) -> SQLAccounts:
        return self._accounts

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

        def work(connection: Connection) -> RoomRecord:
            if connection.scalar(select(rooms.c.id).where(rooms.c.id == room_id)) is not None:
                raise RoomExists(f"There is a room '{room_id}' already (perhaps in the bin); choose another id.")
            facts = {column: getattr(record, column) for column in RoomRecord.__slots__}
            connection.execute(rooms.insert().values(facts))
            connection.execute(keyframes.insert().values(room_id=room_id, seq=0, data=state, at=moment))
            if owner is not None:
                connection.execute(members.insert().values({**asdict(owner), "added_at": moment}))
            return record

        return await self._write(work)

    async def get_room(self, room_id: str, *, deleted: bool = False) -> RoomRecord:
        return await self._read(lambda connection: find_room(connection, room_id, deleted=deleted))

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

        def work(connection: Connection) -> tuple[list[RoomRecord], int]:
            found = [room_record(row) for row in connection.execute(page).mappings()]
            return found, connection.scalar(count) or 0

        return await self._read(work)

    async def rename_room(self, room_id: str, title: str) -> RoomRecord:
        return await self._change(room_id, deleted=False, title=title)

    async def delete_room(self, room_id: str) -> RoomRecord:
        return await self._change(room_id, deleted=False, deleted_at=now())

    async def restore_room(self, room_id: str) -> RoomRecord:
        return await self._change(room_id, deleted=True, deleted_at=None)

    async def _change(self, room_id: str, *, deleted: bool, **facts: Any) -> RoomRecord:
        def work(connection: Connection) -> RoomRecord:
            find_room(connection, room_id, deleted=deleted)
            connection.execute(rooms.update().where(rooms.c.id == room_id).values(facts))
            return find_room(connection, room_id, deleted=True)

        return await self._write(work)

    async def purge_room(self, room_id: str) -> None:
        def work(connection: Connection) -> None:
            record = find_room(connection, room_id, deleted=True)
            if record.deleted_at is None:
                raise RoomNotInBin(f"The room '{room_id}' is not in the bin; delete it first.")
            for table in (updates, keyframes, blobs, runs, members, invites, events):
                connection.execute(table.delete().where(table.c.room_id == room_id))
            connection.execute(rooms.delete().where(rooms.c.id == room_id))
            connection.execute(retired_epochs.insert().values(room_id=room_id, epoch=record.epoch))
            shrink(connection)

        await self._write(work)

    async def retired_epochs(self, room_id: str) -> tuple[str, ...]:
        query = select(retired_epochs.c.epoch).where(retired_epochs.c.room_id == room_id)
        return await self._read(lambda connection: tuple(connection.scalars(query)))

    async def append(self, room_id: str, epoch: str, entries: Sequence[LogEntry]) -> int:
        moment = now()

        def work(connection: Connection) -> int:
            head = connection.scalar(_GROW, {"id_": room_id, "epoch_": epoch, "by": len(entries), "now": moment})
            if head is None:
                _explain_refusal(connection, room_id, epoch)
            first = head - len(entries) + 1
            connection.execute(
                _INSERT,
                [
                    {
                        "room_id": room_id,
                        "seq": seq,
                        "data": entry.update,
                        "username": entry.username,
                        "server": entry.server,
                        "at": moment,
                    }
                    for seq, entry in enumerate(entries, first)
                ],
            )
            return int(head)

        return await self._write(work)

    async def read_log(self, room_id: str, after_seq: int | None = None) -> LogSlice:
        return await self._read(lambda connection: _read_log(connection, room_id, after_seq))

    async def put_keyframe(self, room_id: str, epoch: str, seq: int, state: bytes, kind: str) -> None:
        def work(connection: Connection) -> None:
            newest = select(keyframes.c.seq).where(keyframes.c.room_id == room_id)
            current = connection.scalar(
                select(rooms.c.id).where(rooms.c.id == room_id, rooms.c.epoch == epoch, rooms.c.head_seq >= seq)
            )
            if current is None or (connection.scalar(newest) or 0) > seq:
                return
            connection.execute(
                keyframes.update().where(keyframes.c.room_id == room_id).values(seq=seq, data=state, at=now())
            )
            connection.execute(updates.delete().where(updates.c.room_id == room_id, updates.c.seq <= seq))
            connection.execute(rooms.update().where(rooms.c.id == room_id).values(kind=kind))
            shrink(connection)

        await self._write(work)

    async def heads(self, room_ids: Collection[str]) -> dict[str, Head]:
        facts = (rooms.c.id, rooms.c.epoch, rooms.c.head_seq, rooms.c.title, rooms.c.deleted_at, rooms.c.access_version)
        query = select(*facts).where(rooms.c.id.in_(room_ids))

        def work(connection: Connection) -> dict[str, Head]:
            return {
                row.id: Head(row.epoch, row.head_seq, row.title, row.deleted_at is not None, row.access_version)
                for row in connection.execute(query)
            }

        return await self._read(work)

    async def put_blobs(self, room_id: str, blobs: Sequence[Blob]) -> None:
        for blob in blobs:  # one job each, so that edits do not wait for all of them
            await self._write(partial(put_blob, room_id=room_id, blob=blob))

    async def get_blob(self, room_id: str, digest: str) -> Blob:
        return await self._read(partial(get_blob, room_id=room_id, digest=digest))

    async def collect_blobs(self, room_id: str, kept: Collection[str]) -> int:
        def work(connection: Connection) -> int:
            dropped, left = collect_blobs(connection, room_id, kept)
            if dropped:
                shrink(connection)
            return left

        return await self._write(work)

    async def add_run(
        self, room_id: str, *, cell_id: str, username: str, display_name: str, kernel_name: str, source: str
    ) -> RunRecord:
        facts = {"cell_id": cell_id, "username": username, "display_name": display_name}
        facts.update(kernel_name=kernel_name, source=source)
        return await self._write(partial(add_run, room_id=room_id, facts=facts))

    async def start_run(self, room_id: str, run_id: int, *, kernel_name: str, source: str) -> None:
        facts = {"kernel_name": kernel_name, "source": source, "status": "running", "started_at": now()}
        await self._write(partial(change_run, room_id=room_id, run_id=run_id, facts=facts))

    async def end_run(self, room_id: str, run_id: int, status: str) -> None:
        facts = {"status": status, "ended_at": now()}
        await self._write(partial(change_run, room_id=room_id, run_id=run_id, facts=facts))

    async def list_runs(self, room_id: str, limit: int, before: int | None = None) -> list[RunRecord]:
        return await self._read(partial(list_runs, room_id=room_id, limit=limit, before=before))

    async def _write(self, work: Callable[[Connection], T]) -> T:
        if self._writer is None:
            raise StoreUnavailable("The store is not open.")
        return await self._writer.run(work)

    async def _read(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self._read_now, work)

    def _read_now(self, work: Callable[[Connection], T]) -> T:
        if self._engine is None:
            raise StoreUnavailable("The store is not open.")
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except (SQLAlchemyError, OSError) as error:
            raise StoreUnavailable(f"The store cannot be read: {brief(error)}. Try again.") from error


_GROW = (
    rooms.update()
    .where(
        rooms.c.id == sa.bindparam("id_"),
        rooms.c.epoch == sa.bindparam("epoch_"),
        rooms.c.deleted_at.is_(None),
    )
    .values(head_seq=rooms.c.head_seq + sa.bindparam("by"), changed_at=sa.bindparam("now"))
    .returning(rooms.c.head_seq)
)
_INSERT = updates.insert()


def _may_see(reader: Reader) -> sa.ColumnElement[bool]:
    is_theirs = (members.c.principal == reader.principal) & (members.c.status == "active")
    joined = rooms.c.id.in_(select(members.c.room_id).where(is_theirs))
    return joined | rooms.c.server_role.is_not(None) if reader.is_server_user else joined


def _explain_refusal(connection: Connection, room_id: str, epoch: str) -> None:
    record = find_room(connection, room_id, deleted=False)
    raise EpochMismatch(f"The room '{room_id}' has a new history ({record.epoch}, not {epoch}).")


def _read_log(connection: Connection, room_id: str, after_seq: int | None) -> LogSlice:
    record = find_room(connection, room_id, deleted=False)
    frame = connection.execute(
        select(keyframes.c.seq, func.length(keyframes.c.data).label("size")).where(keyframes.c.room_id == room_id)
    ).one()
    wants_state = after_seq is None or after_seq < frame.seq
    state = None
    if wants_state:
        state = connection.scalar(select(keyframes.c.data).where(keyframes.c.room_id == room_id))
    start = frame.seq if after_seq is None or wants_state else after_seq
    rows = connection.execute(
        select(updates.c.data, updates.c.username, updates.c.server)
        .where(updates.c.room_id == room_id, updates.c.seq > start)
        .order_by(updates.c.seq)
    )
    entries = tuple(LogEntry(row.data, row.username, row.server) for row in rows)
    return LogSlice(record, state, entries, record.head_seq, frame.size)
