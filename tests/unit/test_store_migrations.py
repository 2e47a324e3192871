"""Stores of earlier versions are brought up to date, and have the tables that the code knows."""

import hashlib
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from jupyter_collab.access import Role, hash_code
from jupyter_collab.store import Blob
from jupyter_collab.store.schema import metadata

from .scenarios import scenario
from .stores import EPOCH, entries, opened, sqlite_store


def stop_at(revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stores be as an earlier version would leave them."""
    upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", lambda config, _: upgrade(config, revision))


def fill_as_before(folder: Path) -> None:
    """A room with one edit, as the first version wrote it."""
    moment = "2026-01-01 00:00:00.000000"
    with sqlite3.connect(folder / "rooms.sqlite") as connection:
        connection.execute(
            "INSERT INTO rooms VALUES ('demo', 'Demo', ?, 'notebook', 1, ?, ?, NULL)", (EPOCH, moment, moment)
        )
        connection.execute("INSERT INTO keyframes VALUES ('demo', 0, ?, ?)", (b"state", moment))
        connection.execute("INSERT INTO updates VALUES ('demo', 1, ?, 'ada', 's1', ?)", (b"1", moment))
    connection.close()


@scenario
async def test_a_store_of_the_first_version_keeps_its_rooms_and_takes_blobs_and_runs(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as earlier:
        stop_at("0001", earlier)
        async with opened(sqlite_store(tmp_path)):
            pass
    fill_as_before(tmp_path)
    blob = Blob.of(b"large", "text/plain")
    async with opened(store := sqlite_store(tmp_path)):
        assert (await store.read_log("demo")).entries == tuple(entries(b"1"))
        await store.put_blobs("demo", [blob])
        assert await store.get_blob("demo", blob.digest) == blob
        assert await store.list_runs("demo", 10) == []
        assert (await store.get_room("demo")).server_role is Role.OWNER
        assert (await store.people.access("demo", "server:ada")).server_role is Role.OWNER


@scenario
async def test_codes_of_before_go_on_to_work_and_are_kept_by_a_slow_hash(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as earlier:
        stop_at("0004", earlier)
        async with opened(sqlite_store(tmp_path)):
            pass
    moment, gone = "2026-01-01 00:00:00.000000", "2026-01-02 00:00:00.000000"
    codes = {"open": "7KQM2XPD", "revoked": "00000000", "expired": "11111111"}
    fast = {name: hashlib.sha256(f"code {code}".encode()).hexdigest() for name, code in codes.items()}
    with sqlite3.connect(tmp_path / "rooms.sqlite") as connection:
        for name in codes:
            ends = (gone if name == "expired" else None, gone if name == "revoked" else None)
            connection.execute(
                "INSERT INTO invites VALUES"
                " (?, 'demo', 'viewer', 'server:ada', 'Ada', ?, ?, NULL, 0, NULL, 0, ?, ?, ?)",
                (name, name, fast[name], moment, *ends),
            )
    connection.close()
    async with opened(store := sqlite_store(tmp_path)):
        salt = await store.people.secret("invite_code_salt", "another")
        assert salt != "another"
        assert (await store.people.find_invite(hash_code("7kqm-2xpd", salt))).id == "open"
        assert (await store.people.find_invite("revoked")).id == "revoked", "a link goes on to say what is wrong"
    kept = (tmp_path / "rooms.sqlite").read_bytes()
    assert not any(one.encode() in kept for one in fast.values())


@scenario
async def test_the_migrations_make_the_tables_of_the_schema(tmp_path: Path) -> None:
    async with opened(sqlite_store(tmp_path)):
        pass
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'rooms.sqlite'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
