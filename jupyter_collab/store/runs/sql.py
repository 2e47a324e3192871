"""Runs in the SQL store."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, RowMapping, func, select

from ..database import Database
from ..moments import aware, now
from ..rooms.rows import find_room
from ..schema import runs
from .contract import MAX_RUN_SOURCE_CHARACTERS, MAX_RUNS, RunRecord, RunStore

__all__ = ["SQLRuns"]


class SQLRuns(RunStore):
    """Runs in ``database``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_runs(
        self, room_id: str, cells: Sequence[tuple[str, str]], *, username: str, display_name: str, kind: str
    ) -> list[RunRecord]:
        def add(connection: Connection) -> list[RunRecord]:
            find_room(connection, room_id)
            newest = connection.scalar(select(func.max(runs.c.id)).where(runs.c.room_id == room_id)) or 0
            queued_at = now()
            added = [
                RunRecord(
                    id=number,
                    cell_id=cell_id,
                    username=username,
                    display_name=display_name,
                    kind=kind,
                    kernel_name="",
                    source=_kept(source),
                    queued_at=queued_at,
                    started_at=None,
                    ended_at=None,
                    status="queued",
                )
                for number, (cell_id, source) in enumerate(cells, newest + 1)
            ]
            if added:
                connection.execute(runs.insert(), [{"room_id": room_id, **asdict(run)} for run in added])
            if (excess := newest + len(added) - MAX_RUNS) > 0:
                connection.execute(runs.delete().where(runs.c.room_id == room_id, runs.c.id <= excess))
            return added

        return await self._database.write(add, room_id)

    async def start_run(self, room_id: str, run_id: int, *, kernel_name: str) -> None:
        change = (
            runs.update()
            .where(runs.c.room_id == room_id, runs.c.id == run_id)
            .values(kernel_name=kernel_name, status="running", started_at=now())
        )
        await self._database.write(lambda connection: connection.execute(change), room_id)

    async def end_run(self, room_id: str, run_id: int, status: str) -> None:
        change = (
            runs.update().where(runs.c.room_id == room_id, runs.c.id == run_id).values(status=status, ended_at=now())
        )
        await self._database.write(lambda connection: connection.execute(change), room_id)

    async def list_runs(self, room_id: str, limit: int, before: int | None = None) -> list[RunRecord]:
        query = select(runs).where(runs.c.room_id == room_id).order_by(runs.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(runs.c.id < before)
        return await self._database.read(
            lambda connection: [_record(row) for row in connection.execute(query).mappings()]
        )


def _kept(source: str) -> str:
    """What is remembered of a source. PostgreSQL has no text with a null character in it."""
    return source[:MAX_RUN_SOURCE_CHARACTERS].replace("\0", "\N{REPLACEMENT CHARACTER}")


def _record(row: RowMapping) -> RunRecord:
    return RunRecord(
        id=row["id"],
        cell_id=row["cell_id"],
        username=row["username"],
        display_name=row["display_name"],
        kind=row["kind"],
        kernel_name=row["kernel_name"],
        source=row["source"],
        queued_at=aware(row["queued_at"]),
        started_at=aware(row["started_at"]),
        ended_at=aware(row["ended_at"]),
        status=row["status"],
    )
