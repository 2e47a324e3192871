"""Stores of earlier versions are brought up to date, and have the tables that the code knows."""

import asyncio
import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from jupyter_collab.access import Role, hash_code
from jupyter_collab.store import BY_SERVER, Blob, LogEntry, Origin, OriginKind, SQLStore, sqlite_url
from jupyter_collab.store.schema import metadata
from tests.postgresql import Databases

from .doubles import ScriptedPeer, faulty_store, serving
from .scenarios import scenario, until
from .stores import EPOCH, entries, opened


def stop_at(revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stores be as an earlier version would leave them."""
    upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", lambda config, _: upgrade(config, revision))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "rooms.sqlite")
    databases: Databases = request.getfixturevalue("empty_databases")
    return databases.url_for(tmp_path)


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    """Another program has a transaction on the database."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def fill_as_before(connection: sa.Connection) -> None:
    """A room with one edit, as the first version wrote it."""
    facts = {"epoch": EPOCH, "moment": "2026-01-01 00:00:00.000000", "state": b"state", "update": b"1"}
    for statement in (
        "INSERT INTO rooms VALUES ('demo', 'Demo', :epoch, 'notebook', 1, :moment, :moment, NULL)",
        "INSERT INTO keyframes VALUES ('demo', 0, :state, :moment)",
        "INSERT INTO updates VALUES ('demo', 1, :update, 'ada', 'l1', :moment)",
    ):
        connection.execute(sa.text(statement), facts)


def former_entries(*updates: bytes) -> tuple[LogEntry, ...]:
    """Entries of a log that said only that ada made them, at the beginning of the year."""
    ada = Origin(OriginKind.PEER, "server:ada", "ada")
    return tuple(entries(*updates, origin=ada, at=datetime(2026, 1, 1, tzinfo=UTC)))


@scenario
async def test_a_store_of_the_first_version_keeps_its_rooms_and_takes_blobs_and_runs(url: str) -> None:
    with pytest.MonkeyPatch.context() as earlier:
        stop_at("0001", earlier)
        async with opened(SQLStore(url)):
            pass
    with connected(url) as connection:
        fill_as_before(connection)
    blob = Blob.of(b"large", "text/plain")
    async with opened(store := SQLStore(url)):
        assert (await store.read_log("demo")).entries == former_entries(b"1")
        await store.put_blobs("demo", [blob])
        assert await store.get_blob("demo", blob.digest) == blob
        assert await store.list_runs("demo", 10) == []
        assert (await store.get_room("demo")).server_role is Role.OWNER
        assert (await store.people.access("demo", "server:ada")).server_role is Role.OWNER


@scenario
async def test_a_store_with_one_keyframe_for_each_room_keeps_its_rooms_and_takes_several(url: str) -> None:
    with pytest.MonkeyPatch.context() as earlier:
        stop_at("0005", earlier)
        async with opened(SQLStore(url)):
            pass
    with connected(url) as connection:
        facts = {"epoch": EPOCH, "moment": "2026-01-01 00:00:00.000000", "state": b"state", "update": b"1"}
        for statement in (
            "INSERT INTO rooms VALUES ('demo', 'Demo', :epoch, 'note', 3, :moment, :moment, NULL, 'owner', 0)",
            "INSERT INTO keyframes VALUES ('demo', 2, :state, :moment)",
            "INSERT INTO updates VALUES ('demo', 3, :update, 'ada', 'l1', :moment)",
        ):
            connection.execute(sa.text(statement), facts)
    async with opened(store := SQLStore(url)):
        log = await store.read_log("demo")
        assert (log.state, log.entries, log.seq) == (b"state", former_entries(b"1"), 3)
        await store.put_keyframe("demo", EPOCH, 3, b"state of 3", "note")
        assert (await store.read_past("demo", 2)).state == b"state"
        assert (await store.read_past("demo", 3)).state == b"state of 3"


@scenario
async def test_entries_that_had_a_username_only_are_those_of_whom_that_is_known_to_name(url: str) -> None:
    with pytest.MonkeyPatch.context() as earlier:
        stop_at("0006", earlier)
        async with opened(SQLStore(url)):
            pass
    writers = ["ada", "5f0c77", "0a1b", "ccc", "", "ada"]
    with connected(url) as connection:
        moment = "2026-01-01 00:00:00.000000"
        for statement in (
            f"INSERT INTO rooms VALUES ('demo', 'Demo', '{EPOCH}', 'note', 6, :moment, :moment, NULL, 'owner', 0)",
            "INSERT INTO keyframes VALUES ('demo', 0, :state, :moment)",
            "INSERT INTO members VALUES ('demo', 'guest:5f0c77', 'Gus', 'editor', 'active', NULL, :moment)",
            "INSERT INTO accounts VALUES ('0a1b', 'a@b', 'Ann', NULL, false, :moment, NULL)",
            "INSERT INTO sessions VALUES ('hash', 'guest:ccc', :moment)",
            "INSERT INTO runs VALUES ('demo', 1, 'c', 'ada', 'Ada L.', 'k', '1', :moment, NULL, NULL, 'ok')",
            *(
                f"INSERT INTO updates VALUES ('demo', {seq}, :state, '{name}', 'l1', :moment)"
                for seq, name in enumerate(writers, 1)
            ),
        ):
            connection.execute(sa.text(statement), {"moment": moment, "state": b"x"})
    ada = Origin(OriginKind.PEER, "server:ada", "Ada L.")
    guests = [
        Origin(OriginKind.PEER, f"guest:{username}", name) for username, name in (("5f0c77", "Gus"), ("ccc", "ccc"))
    ]
    async with opened(store := SQLStore(url)):
        log = await store.read_log("demo")
        account = Origin(OriginKind.PEER, "account:0a1b", "Ann")
        assert [entry.origin for entry in log.entries] == [ada, guests[0], account, guests[1], BY_SERVER, ada]


FORMER_LOGS = Path(__file__).with_name("former_logs.sql")
"""A store that the code wrote whose entries had usernames: the room ``compact`` has a keyframe, ``logged`` a log."""


@scenario
async def test_rooms_whose_entries_had_usernames_are_opened_with_all_that_is_in_them(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "rooms.sqlite")) as database:
        database.executescript(FORMER_LOGS.read_text())
        rows = {
            room_id: database.execute(
                "SELECT data, username, server, at FROM updates WHERE room_id = ? ORDER BY seq", (room_id,)
            ).fetchall()
            for room_id in ("logged", "compact")
        }
    store = faulty_store(tmp_path)
    async with serving(store, rooms=()) as manager:
        for room_id, prefix in (("logged", ""), ("compact", "later: ")):
            log = await store.read_log(room_id)
            assert [(entry.update, entry.life, entry.at) for entry in log.entries] == [
                (data, life, datetime.fromisoformat(at).replace(tzinfo=UTC)) for data, _, life, at in rows[room_id]
            ]
            assert [entry.origin.kind for entry in log.entries] == [
                OriginKind.PEER if username else OriginKind.SERVER for _, username, *_ in rows[room_id]
            ]
            ada = await ScriptedPeer("ada").join(manager, room_id)
            await until(lambda ada=ada: len(ada.cells) == 2)  # type: ignore[misc]  # mypy does not infer the default
            assert str(ada.cells[0]["source"]) == f"{prefix}a guest, and ada in {room_id}, by a program"
            await ada.typed("on it goes")
        assert (await store.read_log("logged")).entries[1].origin.display_name == "Gus"


@scenario
async def test_codes_of_before_go_on_to_work_and_are_kept_by_a_slow_hash(url: str, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as earlier:
        stop_at("0004", earlier)
        async with opened(SQLStore(url)):
            pass
    moment, gone = "2026-01-01 00:00:00.000000", "2026-01-02 00:00:00.000000"
    codes = {"open": "7KQM2XPD", "revoked": "00000000", "expired": "11111111"}
    fast = {name: hashlib.sha256(f"code {code}".encode()).hexdigest() for name, code in codes.items()}
    with connected(url) as connection:
        for name in codes:
            connection.execute(
                sa.text(
                    "INSERT INTO invites VALUES (:name, 'demo', 'viewer', 'server:ada', 'Ada', :name, :code, NULL,"
                    " false, NULL, 0, :moment, :expires, :revoked)"
                ),
                {
                    "name": name,
                    "code": fast[name],
                    "moment": moment,
                    "expires": gone if name == "expired" else None,
                    "revoked": gone if name == "revoked" else None,
                },
            )
    async with opened(store := SQLStore(url)):
        salt = await store.people.secret("invite_code_salt", "another")
        assert salt != "another"
        assert (await store.people.find_invite(hash_code("7kqm-2xpd", salt))).id == "open"
        assert (await store.people.find_invite("revoked")).id == "revoked", "a link goes on to say what is wrong"
    with connected(url) as connection:
        kept = connection.execute(sa.text("SELECT code_hash FROM invites")).scalars().all()
    assert len(kept) == len(fast)
    assert not set(kept) & set(fast.values())
    if (file := tmp_path / "rooms.sqlite").exists():
        assert not any(code.encode() in file.read_bytes() for code in fast.values())


@scenario
async def test_the_migrations_make_the_tables_of_the_schema(url: str) -> None:
    async with opened(SQLStore(url)):
        pass
    with connected(url) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


@scenario
async def test_servers_that_start_at_once_on_an_empty_database_make_its_tables_once(url: str) -> None:
    stores = [SQLStore(url) for _ in range(4)]
    try:
        await asyncio.gather(*(store.open() for store in stores))
        await stores[0].create_room("demo", "Demo", EPOCH, "note", b"")
        assert [(await store.get_room("demo")).id for store in stores] == ["demo"] * 4
    finally:
        await asyncio.gather(*(store.close() for store in stores))
