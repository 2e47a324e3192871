"""Who ran what in rooms, and when."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from .contract import MAX_RUN_SOURCE_CHARACTERS, MAX_RUNS, RunRecord
from .rows import aware, find_room, now
from .schema import runs

__all__ = ["add_run", "change_run", "list_runs"]


def add_run(connection: Connection, room_id: str, facts: dict[str, str]) -> RunRecord:
    """Note a run that is queued now, and drop the oldest beyond ``MAX_RUNS``."""
    find_room(connection, room_id, lock=True)  # one id at a time
    newest = connection.scalar(select(func.max(runs.c.id)).where(runs.c.room_id == room_id)) or 0
    facts = {**facts, "source": facts["source"][:MAX_RUN_SOURCE_CHARACTERS]}
    run = RunRecord(id=newest + 1, queued_at=now(), started_at=None, ended_at=None, status="queued", **facts)
    connection.execute(runs.insert().values(room_id=room_id, **asdict(run)))
    if (excess := run.id - MAX_RUNS) > 0:
        connection.execute(runs.delete().where(runs.c.room_id == room_id, runs.c.id <= excess))
    return run


def change_run(connection: Connection, room_id: str, run_id: int, facts: dict[str, Any]) -> None:
    """Note what has become of a run, if it is still remembered."""
    if "source" in facts:
        facts = {**facts, "source": facts["source"][:MAX_RUN_SOURCE_CHARACTERS]}
    connection.execute(runs.update().where(runs.c.room_id == room_id, runs.c.id == run_id).values(facts))


def list_runs(connection: Connection, room_id: str, limit: int, before: int | None) -> list[RunRecord]:
    """The newest runs of a room, or the newest before one of them."""
    columns = [column for column in runs.c if column.name != "room_id"]
    query = select(*columns).where(runs.c.room_id == room_id).order_by(runs.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(runs.c.id < before)
    return [_record(row) for row in connection.execute(query).mappings()]


def _record(row: RowMapping) -> RunRecord:
    facts = dict(row)
    for name in ("queued_at", "started_at", "ended_at"):
        facts[name] = aware(facts[name])
    return RunRecord(**facts)
