"""Group commit: what waits while the writer is busy shares one transaction, and is saved or not saved together."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from jupyter_collab.errors import NotSaved, RoomNotFound

from .scenarios import scenario, settle
from .stores import ADA, EPOCH, StoreMaker, entries, opened, sqlite_store


@contextmanager
def counted_commits() -> Iterator[list[object]]:
    """Every transaction that is committed meanwhile."""
    commits: list[object] = []

    def note(connection: object) -> None:
        commits.append(connection)

    event.listen(Engine, "commit", note)
    try:
        yield commits
    finally:
        event.remove(Engine, "commit", note)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Another program writes to the store, and lets nobody else."""
    with closing(sqlite3.connect(folder / "rooms.sqlite", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@scenario
async def test_edits_that_wait_for_a_commit_share_the_next_one(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        with counted_commits() as commits:
            with locked(tmp_path):
                first = asyncio.ensure_future(store.append("demo", EPOCH, entries(b"first")))
                await asyncio.sleep(0.05)  # the writer has begun, and waits for the lock
                rest = [asyncio.ensure_future(store.append("demo", EPOCH, entries(b"%d" % n))) for n in range(500)]
                await settle()
            answered = await asyncio.gather(first, *rest)
        assert answered == list(range(1, 502))
        assert len(commits) <= 3


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Every statement that is executed meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@scenario
async def test_a_group_has_as_few_statements_for_many_rooms_as_for_one(
    make_sql_store: StoreMaker, tmp_path: Path
) -> None:
    async with opened(store := make_sql_store(tmp_path)):
        for number in range(50):
            await store.create_room(f"room{number}", "Demo", EPOCH, "note", b"")
        with counted_statements() as statements:
            await asyncio.gather(*(store.append(f"room{number}", EPOCH, entries(b"x")) for number in range(50)))
        inserts = [statement for statement in statements if statement.startswith("INSERT")]
        assert len(inserts) <= 4, "one group of the first that came, and one of all others, for each of two servers"
        assert len(statements) <= 4 * len(inserts)


@scenario
async def test_a_single_edit_does_not_wait_for_company(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        assert await store.append("demo", EPOCH, entries(b"x")) == 1


@scenario
async def test_an_edit_that_is_refused_leaves_the_rest_of_its_group_alone(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        with locked(tmp_path):
            jobs = [
                asyncio.ensure_future(store.append(room_id, EPOCH, entries(b"x")))
                for room_id in ("demo", "none", "demo")
            ]
            await settle()
        one, refused, two = await asyncio.gather(*jobs, return_exceptions=True)
        assert isinstance(refused, RoomNotFound)
        assert (one, two, (await store.read_log("demo")).seq) == (1, 2, 2)


@scenario
async def test_an_edit_that_the_database_refuses_leaves_the_rest_of_its_group_alone(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        with closing(sqlite3.connect(tmp_path / "rooms.sqlite")) as connection:
            connection.execute(
                "CREATE TRIGGER t BEFORE INSERT ON origins WHEN NEW.principal = 'server:eve' "
                "BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
            connection.commit()
        with locked(tmp_path):
            first = asyncio.ensure_future(store.append("demo", EPOCH, entries(b"first")))
            await asyncio.sleep(0.05)  # the writer has begun with the first, so the next two form a group
            group = [
                asyncio.ensure_future(store.append("demo", EPOCH, entries(b"x", origin=origin)))
                for origin in (ADA, replace(ADA, principal="server:eve"))
            ]
            await settle()
        assert await first == 1
        results = await asyncio.gather(*group, return_exceptions=True)
        assert [type(result) for result in results] == [int, NotSaved]
        assert (await store.read_log("demo")).seq == 2


@scenario
async def test_who_no_longer_waits_does_not_disturb_the_others(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        with locked(tmp_path):
            jobs = [asyncio.ensure_future(store.append("demo", EPOCH, entries(b"%d" % n))) for n in range(3)]
            await settle()
            jobs[1].cancel()
        assert await jobs[0] == 1
        assert await jobs[2] == 3
        with pytest.raises(asyncio.CancelledError):
            await jobs[1]


@scenario
async def test_the_error_tells_what_is_wrong_but_not_what_people_wrote(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        with closing(sqlite3.connect(tmp_path / "rooms.sqlite")) as connection:
            connection.execute(
                "CREATE TRIGGER t BEFORE INSERT ON updates BEGIN SELECT RAISE(ABORT, 'no room left'); END"
            )
            connection.commit()
        with pytest.raises(NotSaved, match="no room left") as refused:
            await store.append("demo", EPOCH, entries(b"my diary"))
        assert "diary" not in str(refused.value)
        assert "ada" not in str(refused.value)
