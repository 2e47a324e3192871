"""The SQLite file: how large it is, who may read it, and what happens when the disk, its folder or its lock fail."""

import asyncio
import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from jupyter_collab.errors import NotSaved, StoreUnavailable
from jupyter_collab.server.configuration import default_store_url
from jupyter_collab.store import Origin, OriginKind, SQLStore, sqlite, sqlite_url, writer

from .scenarios import scenario, until
from .stores import EPOCH, entries, opened, sqlite_store, store_bytes

MEGABYTE = 2**20
LOG_AHEAD_BYTES = 5 * MEGABYTE
"""What SQLite's write-ahead log may take besides the file: its size limit and what one commit adds."""


@contextmanager
def files_may_not_grow_beyond(size_bytes: int) -> Iterator[None]:
    """As if the disk were full: writing beyond ``size_bytes`` of any file fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@scenario
async def test_of_origins_only_those_that_something_refers_to_are_kept(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    runs = [Origin(OriginKind.KERNEL, "server:ada", "Ada", run=number) for number in range(4)]
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        for origin in runs:
            await store.append("demo", EPOCH, entries(b"x", origin=origin), clients={7: runs[0]})
        await store.put_keyframe("demo", EPOCH, 3, b"", "note")
        await store.drop_entries("demo", EPOCH, 3)
    with closing(sqlite3.connect(tmp_path / "rooms.sqlite")) as database:
        kept = database.execute("SELECT run FROM origins ORDER BY run").fetchall()
    assert kept == [(0,), (3,)]


@scenario
async def test_the_file_shrinks_when_a_keyframe_stands_for_a_long_log(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        for _ in range(30):
            await store.append("demo", EPOCH, entries(os.urandom(MEGABYTE)))
        long_bytes = store_bytes(tmp_path)
        await store.put_keyframe("demo", EPOCH, 30, os.urandom(MEGABYTE), "note")
        await store.drop_entries("demo", EPOCH, 30)
        await store.append("demo", EPOCH, entries(b"x"))
        short_bytes = store_bytes(tmp_path)
    assert long_bytes > 30 * MEGABYTE
    assert short_bytes < 2 * MEGABYTE + LOG_AHEAD_BYTES
    assert store_bytes(tmp_path) < 2 * MEGABYTE


@scenario
async def test_the_write_ahead_log_is_emptied_when_there_is_nothing_to_write(tmp_path: Path) -> None:
    wal = tmp_path / "rooms.sqlite-wal"
    async with opened(store := sqlite_store(tmp_path)):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        await store.append("demo", EPOCH, entries(os.urandom(MEGABYTE)))
        with closing(sqlite3.connect(tmp_path / "rooms.sqlite", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM rooms").fetchall()
            await store.append("demo", EPOCH, entries(os.urandom(MEGABYTE)))
            assert wal.stat().st_size > MEGABYTE
            reader.execute("ROLLBACK")
        await until(lambda: wal.stat().st_size == 0)
        assert store_bytes(tmp_path) < 3 * MEGABYTE
        assert await store.append("demo", EPOCH, entries(b"x")) == 3


@scenario
async def test_a_log_that_somebody_reads_is_emptied_later_and_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "IDLE_SECONDS", 0.01)
    wal = tmp_path / "rooms.sqlite-wal"
    async with opened(store := sqlite_store(tmp_path)):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        with closing(sqlite3.connect(tmp_path / "rooms.sqlite", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM rooms").fetchall()
            for seq in range(1, 50):
                await asyncio.sleep(0.02)  # it is tried in between
                assert await store.append("demo", EPOCH, entries(b"x")) == seq
            assert wal.stat().st_size > 0
            reader.execute("ROLLBACK")
        await until(lambda: wal.stat().st_size == 0)


@scenario
async def test_the_file_shrinks_when_a_room_is_purged(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", os.urandom(20 * MEGABYTE))
        await store.delete_room("demo")
        await store.purge_room("demo")
    assert store_bytes(tmp_path) < MEGABYTE


@scenario
async def test_only_its_owner_can_read_the_file_and_its_new_folder(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    store = sqlite_store(folder)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"secret")
        for path in (folder, *folder.iterdir()):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@scenario
async def test_a_full_disk_is_not_saved_and_goes_on_when_there_is_space_again(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        await store.append("demo", EPOCH, entries(b"1"))
        with files_may_not_grow_beyond(store_bytes(tmp_path) + 64 * 2**10):
            with pytest.raises(NotSaved):
                await store.append("demo", EPOCH, entries(bytes(MEGABYTE)))
            assert (await store.read_log("demo")).entries == tuple(entries(b"1"))
        assert await store.append("demo", EPOCH, entries(b"2")) == 2
        assert (await store.read_log("demo")).entries == tuple(entries(b"1", b"2"))


@scenario
async def test_a_keyframe_that_finds_no_space_drops_nothing(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        await store.append("demo", EPOCH, entries(b"1"))
        with files_may_not_grow_beyond(store_bytes(tmp_path) + 64 * 2**10), pytest.raises(NotSaved):
            await store.put_keyframe("demo", EPOCH, 1, bytes(MEGABYTE), "note")
        log = await store.read_log("demo")
        assert (log.state, log.entries) == (b"state", tuple(entries(b"1")))


@scenario
async def test_a_full_disk_or_a_lock_does_not_keep_new_readers_out(tmp_path: Path) -> None:
    async with opened(store := sqlite_store(tmp_path)):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        with closing(sqlite3.connect(tmp_path / "rooms.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with files_may_not_grow_beyond(1):
                # as many at once as the store has connections, so that new ones are made
                found = await asyncio.gather(*(store.read_log("demo") for _ in range(6)))
        assert {log.state for log in found} == {b"state"}


@scenario
async def test_a_lock_that_another_program_holds_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        with closing(sqlite3.connect(tmp_path / "rooms.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.ensure_future(store.append("demo", EPOCH, entries(b"x")))
            assert (await store.read_log("demo")).seq == 0
            assert not waiting.done()
            other.execute("ROLLBACK")
            assert await waiting == 1


@scenario
async def test_a_lock_that_is_held_for_long_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "LOCK_WAIT_SECONDS", 0.05)
    store = sqlite_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        with closing(sqlite3.connect(tmp_path / "rooms.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(NotSaved, match="locked"):
                await store.append("demo", EPOCH, entries(b"x"))
        assert await store.append("demo", EPOCH, entries(b"x")) == 1


@scenario
async def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
    with closing(sqlite3.connect(tmp_path / "rooms.sqlite")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = (tmp_path / "rooms.sqlite").read_bytes()
    with pytest.raises(StoreUnavailable, match="newer version of jupyter_collab"):
        await sqlite_store(tmp_path).open()
    assert (tmp_path / "rooms.sqlite").read_bytes() == before


@scenario
async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "rooms.sqlite").write_text("Dear diary, " * 1000)
    with pytest.raises(StoreUnavailable, match=r"not a database.*store_url"):
        await sqlite_store(tmp_path).open()
    assert (tmp_path / "rooms.sqlite").read_text() == "Dear diary, " * 1000


@scenario
async def test_a_folder_that_cannot_be_made_says_where_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match=r"file/rooms\.sqlite.*store_url"):
        await sqlite_store(tmp_path / "file").open()


@pytest.mark.parametrize("backend", ["mysql", "postgresql"])
@scenario
async def test_a_password_in_the_url_is_not_told(backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreUnavailable, match="store_url") as refused:
        await SQLStore(f"{backend}://ada:hunter2@127.0.0.1:9/rooms").open()
    assert "ada" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert os.listdir(tmp_path) == []


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody can write into ``folder``; root heeds no permissions, but mounts."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)
        return
    try:
        subprocess.run(["mount", "--bind", folder, folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this root cannot mount")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True, capture_output=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@scenario
async def test_a_read_only_folder_says_what_to_do(tmp_path: Path) -> None:
    with read_only(tmp_path), pytest.raises(StoreUnavailable, match="Make its folder writable"):
        await sqlite_store(tmp_path).open()


@scenario
async def test_a_store_in_a_folder_that_became_read_only_says_what_to_do(tmp_path: Path) -> None:
    async with opened(sqlite_store(tmp_path)):
        pass
    with read_only(tmp_path), pytest.raises(StoreUnavailable, match="Make its folder writable"):
        await sqlite_store(tmp_path).open()
    async with opened(store := sqlite_store(tmp_path)):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")


def test_several_that_make_a_new_file_at_once_wait_for_each_other(tmp_path: Path) -> None:
    """SQLite refuses one of two that turn on its write-ahead log at the same moment: here in one of 400 rounds."""
    refused: list[Exception] = []
    for number in range(100):
        together = threading.Barrier(4)

        def connect(number: int = number, together: threading.Barrier = together) -> None:
            engine = sqlite.connect(make_url(sqlite_url(tmp_path / f"{number}.sqlite")))
            together.wait()
            try:
                engine.connect().close()
            except OperationalError as error:
                refused.append(error)
            engine.dispose()

        threads = [threading.Thread(target=connect) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert refused == []


def delete(folder: Path) -> None:
    for path in folder.glob("rooms.sqlite*"):
        path.unlink()


def replace(folder: Path) -> None:
    shutil.copy(folder / "rooms.sqlite", folder / "copy")
    (folder / "copy").rename(folder / "rooms.sqlite")


def delete_log(folder: Path) -> None:
    (folder / "rooms.sqlite-wal").unlink()


def move_folder(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


@pytest.mark.parametrize("accident", [delete, replace, delete_log, move_folder])
@scenario
async def test_what_is_written_to_a_file_that_nobody_will_find_again_is_not_saved(
    tmp_path: Path, accident: Callable[[Path], None]
) -> None:
    folder = tmp_path / "store"
    async with opened(store := sqlite_store(folder)):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        await store.append("demo", EPOCH, entries(b"x"))
        accident(folder)
        for attempt in (
            store.append("demo", EPOCH, entries(b"x")),
            store.create_room("other", "Other", EPOCH, "note", b""),
            store.people.secret("key", "fresh"),
        ):
            with pytest.raises(NotSaved, match="deleted or replaced while the server used it"):
                await attempt
        with pytest.raises(StoreUnavailable, match="deleted or replaced"):
            await store.read_log("demo")


@scenario
async def test_a_log_that_was_deleted_is_brought_into_the_file_by_a_usual_stop(tmp_path: Path) -> None:
    async with opened(store := sqlite_store(tmp_path)):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        await store.append("demo", EPOCH, entries(b"x"))
        delete_log(tmp_path)
    async with opened(store := sqlite_store(tmp_path)):
        assert (await store.read_log("demo")).entries == tuple(entries(b"x"))


@scenario
async def test_a_folder_that_comes_back_is_written_to_again(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    async with opened(store := sqlite_store(folder)):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        move_folder(folder)
        with pytest.raises(NotSaved):
            await store.append("demo", EPOCH, entries(b"x"))
        folder.with_name("elsewhere").rename(folder)
        seq = await store.append("demo", EPOCH, entries(b"x"))
    async with opened(store := sqlite_store(folder)):
        assert (await store.read_log("demo")).seq == seq


@scenario
async def test_other_servers_and_programs_that_come_and_go_replace_nothing(tmp_path: Path) -> None:
    async with opened(store := sqlite_store(tmp_path)):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        async with opened(sqlite_store(tmp_path)):
            await store.append("demo", EPOCH, entries(b"x"))
        with closing(sqlite3.connect(tmp_path / "rooms.sqlite")) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            other.execute("VACUUM")
        program = await asyncio.create_subprocess_exec(sys.executable, "-c", COUNT_ROOMS, tmp_path / "rooms.sqlite")
        assert await program.wait() == 0
        assert await store.append("demo", EPOCH, entries(b"x")) == 2


COUNT_ROOMS = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM rooms'); c.close()"
)


@scenario
async def test_a_damaged_file_says_how_to_save_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "rooms.sqlite"
    async with opened(store := sqlite_store(tmp_path)):
        await store.create_room("demo", "Demo", EPOCH, "note", os.urandom(MEGABYTE))
        await store.append("demo", EPOCH, entries(*(os.urandom(2000) for _ in range(500))))
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'updates'").fetchone()
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * page_bytes)
        file.write(os.urandom(page_bytes))
    async with opened(store := sqlite_store(tmp_path)):
        with pytest.raises(StoreUnavailable, match=r"malformed.*\.recover.*backup|backup.*\.recover") as unread:
            await store.read_log("demo")
        assert "Try again" not in str(unread.value)
        with pytest.raises(NotSaved, match=r"\.recover"):
            await store.append("demo", EPOCH, entries(b"x"))


@pytest.mark.parametrize("name", ["per%20cent%", "a?b#c", "a b", "größer", "a+b&c=d;e", "back\\slash"])
@scenario
async def test_a_folder_of_any_name_holds_the_store_that_is_kept_in_it(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / name
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(folder))
    async with opened(store := SQLStore(default_store_url())):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        assert (folder / "collab" / "rooms.sqlite").stat().st_size > 0
    assert os.listdir(tmp_path) == [name]


WRITER = """
import asyncio, sys
from jupyter_collab.store import SQLStore
from tests.unit.stores import entries

async def main(url, epoch, life, count):
    store = SQLStore(url)
    await store.open()
    for number in range(count):
        print(await store.append("demo", epoch, entries(b"%d" % number, life=life)))
    await store.close()

asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
"""


@scenario
async def test_two_processes_that_append_at_once_share_one_unbroken_log(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    count = 200
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        url = f"sqlite:///{tmp_path / 'rooms.sqlite'}"
        writers = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", WRITER, url, EPOCH, life, str(count), stdout=subprocess.PIPE
            )
            for life in ("l1", "l2")
        ]
        told = [(await writer.communicate())[0] for writer in writers]
        log = await store.read_log("demo")
    for life, lines in zip(("l1", "l2"), told, strict=True):
        seqs = [int(line) for line in lines.split()]
        assert [log.entries[seq - 1] for seq in seqs] == entries(*(b"%d" % n for n in range(count)), life=life)
    assert log.seq == len(log.entries) == 2 * count
