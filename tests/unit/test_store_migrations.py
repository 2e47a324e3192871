"""Stores of earlier versions are brought up to date, and have the tables that the code knows."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from jupyter_collab.access import Role, hash_code
from jupyter_collab.store import Blob, SQLStore, sqlite_url
from jupyter_collab.store.schema import metadata
from tests.postgresql import Databases

from .scenarios import scenario
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
        assert (await store.read_log("demo")).entries == tuple(entries(b"1"))
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
        assert (log.state, log.entries, log.seq) == (b"state", tuple(entries(b"1")), 3)
        await store.put_keyframe("demo", EPOCH, 3, b"state of 3", "note")
        assert (await store.read_past("demo", 2)).state == b"state"
        assert (await store.read_past("demo", 3)).state == b"state of 3"


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
