"""Several servers on one database write at once: nobody waits in a circle, and one's trouble is not another's."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from jupyter_collab.access import Role
from jupyter_collab.errors import AccountExists, NotSaved, RoomExists, StoreUnavailable
from jupyter_collab.store import AccountRecord, Blob, EventRecord, MemberRecord, SQLStore, postgresql
from tests.postgresql import Databases

from .scenarios import scenario, until
from .stores import EPOCH, StoreMaker, entries, opened, postgresql_store_maker

ROOMS = [f"room{number:02}" for number in range(20)]


async def _write(store: SQLStore, work: Callable[[Connection], object], room_id: str) -> None:
    """Do ``work`` as one of the writer's jobs."""
    await store._database.write(work, room_id)


@scenario
async def test_servers_that_write_to_the_same_rooms_in_other_orders_all_succeed(
    make_sql_store: StoreMaker, tmp_path: Path
) -> None:
    stores = [make_sql_store(tmp_path) for _ in range(2)]
    rounds = 15
    blob = Blob.of(b"large", "text/plain")

    async def write(number: int) -> None:
        store = stores[number]
        for count in range(rounds):
            ordered = ROOMS if number == 0 else ROOMS[::-1]
            guest = MemberRecord("", f"guest:{number}", "Guest", Role.VIEWER)
            await asyncio.gather(
                *(store.append(room_id, EPOCH, entries(b"%d" % count)) for room_id in ordered),
                *(store.put_blobs(room_id, [blob]) for room_id in ordered[:3]),
                *(
                    store.people.add_events(room_id, [EventRecord(room_id, "ran", guest.principal, "Guest")])
                    for room_id in ordered[:3]
                ),
            )

    async with opened(*stores):
        for room_id in ROOMS:
            await stores[0].create_room(room_id, room_id, EPOCH, "note", b"")
        await asyncio.gather(write(0), write(1))
        heads = await stores[0].heads(ROOMS)
        assert {head.seq for head in heads.values()} == {2 * rounds}
        for room_id in ROOMS[:3]:
            numbers = [event.id for event in await stores[1].people.events(room_id, 1000)]
            assert sorted(numbers, reverse=True) == numbers


@scenario
async def test_what_two_servers_make_at_once_is_made_once_and_disturbs_no_edit(
    make_sql_store: StoreMaker, tmp_path: Path
) -> None:
    stores = [make_sql_store(tmp_path) for _ in range(2)]
    made: Counter[type] = Counter()
    edits: list[int | BaseException] = []

    async def make(store: int, number: int) -> None:
        name = f"new{number}"
        ordered = ROOMS if store == 0 else ROOMS[::-1]
        blob = Blob.of(b"%d" % number, "text/plain")
        *answers, secret, _ = await asyncio.gather(
            stores[store].create_room(name, name, EPOCH, "note", b""),
            stores[store].accounts.add(AccountRecord(f"{store}-{number}", f"{name}@example.org", "Ada")),
            stores[store].people.secret(name, str(store)),
            stores[store].put_blobs(ROOMS[0], [blob]),
            return_exceptions=True,
        )
        made.update(type(answer) for answer in answers)
        assert secret == await stores[1 - store].people.secret(name, "another")
        edits.extend(
            await asyncio.gather(
                *(stores[store].append(room_id, EPOCH, entries(b"x")) for room_id in ordered), return_exceptions=True
            )
        )

    async with opened(*stores):
        for room_id in ROOMS:
            await stores[0].create_room(room_id, room_id, EPOCH, "note", b"")
        for number in range(8):
            await asyncio.gather(make(0, number), make(1, number))
    assert (made[RoomExists], made[AccountExists], made[NotSaved]) == (8, 8, 0)
    assert [edit for edit in edits if not isinstance(edit, int)] == []


@scenario
async def test_what_a_database_cannot_hold_is_the_trouble_of_its_author_alone(
    make_sql_store: StoreMaker, tmp_path: Path
) -> None:
    store = make_sql_store(tmp_path)
    half_character = "\ud800"
    async with opened(store):
        for room_id in ROOMS:
            await store.create_room(room_id, room_id, EPOCH, "note", b"")
        answers = await asyncio.gather(
            *(store.append(room_id, EPOCH, entries(b"x")) for room_id in ROOMS),
            *(store.rename_room(room_id, "New") for room_id in ROOMS[1:]),
            store.append(ROOMS[0], EPOCH, entries(b"x", life=half_character)),
            store.rename_room(ROOMS[0], half_character),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers[-2:]] == [NotSaved, NotSaved]
        assert not [answer for answer in answers[:-2] if isinstance(answer, BaseException)]
        assert {head.seq for head in (await store.heads(ROOMS)).values()} == {1}


@scenario
async def test_a_log_that_lacks_entries_is_not_taken_for_the_whole(databases: Databases, tmp_path: Path) -> None:
    store = postgresql_store_maker(databases)(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        await store.append("demo", EPOCH, entries(b"1", b"2", b"3"))
        databases.execute("DELETE FROM updates WHERE seq = 2", tmp_path)
        for after_seq in (None, 1):
            with pytest.raises(StoreUnavailable, match="should have"):
                await store.read_log("demo", after_seq)
        assert len((await store.read_log("demo", 2)).entries) == 1


@scenario
async def test_a_server_that_stops_within_a_transaction_is_thrown_out(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "IDLE_IN_TRANSACTION_SECONDS", 1)
    make = postgresql_store_maker(databases)
    stopped, other = make(tmp_path), make(tmp_path)

    has_begun = threading.Event()

    def stop(connection: Connection) -> None:
        connection.execute(text("SELECT 1"))
        has_begun.set()
        time.sleep(3)
        connection.execute(text("SELECT 1"))

    async with opened(stopped, other):
        await other.create_room("demo", "Demo", EPOCH, "note", b"")
        held = asyncio.ensure_future(_write(stopped, stop, "demo"))
        assert await asyncio.to_thread(has_begun.wait, 10)
        assert await other.append("demo", EPOCH, entries(b"x")) == 1
        assert not held.done()
        with pytest.raises(NotSaved, match="idle-in-transaction"):
            await held
        assert await stopped.append("demo", EPOCH, entries(b"x")) == 2


@scenario
async def test_a_statement_that_takes_for_ever_is_not_saved(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "STATEMENT_SECONDS", 1)
    async with opened(store := postgresql_store_maker(databases)(tmp_path)):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        with pytest.raises(NotSaved, match="statement timeout"):
            await _write(store, lambda connection: connection.execute(text("SELECT pg_sleep(30)")), "demo")
        assert await store.append("demo", EPOCH, entries(b"x")) == 1


@scenario
async def test_a_store_that_is_closed_while_somebody_reads_leaves_no_connection(
    databases: Databases, tmp_path: Path
) -> None:
    store = postgresql_store_maker(databases)(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        slow = [asyncio.ensure_future(store._database.read(_read_slowly)) for _ in range(3)]
        await until(lambda: databases.connections(tmp_path) >= len(slow))
        for reading in slow:
            reading.cancel()
    await until(lambda: databases.connections(tmp_path) == 0)
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.get_room("demo")


def _read_slowly(connection: Connection) -> None:
    connection.execute(text("SELECT pg_sleep(0.5)"))


@scenario
async def test_a_server_keeps_few_connections(databases: Databases, tmp_path: Path) -> None:
    async with opened(store := postgresql_store_maker(databases)(tmp_path)):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        await asyncio.gather(*(store.read_log("demo") for _ in range(30)))
        await store.append("demo", EPOCH, entries(b"x"))
        await until(lambda: databases.connections(tmp_path) == postgresql.POOL_SIZE + 1)
