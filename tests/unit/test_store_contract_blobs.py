"""What every store promises (``store/blobs/contract.py``) of blobs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jupyter_collab.errors import BlobNotFound, RoomNotFound
from jupyter_collab.store import Blob
from tests.simulation.disk import Disk

from .scenarios import scenario
from .stores import EPOCH, StoreMaker, opened

PNG = Blob.of(b"\x89PNG\x00\xff", "image/png")
TEXT = Blob.of("größer".encode(), "text/plain")


class Clock:
    """The moment that the stores see."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment = datetime.now(UTC)
        monkeypatch.setattr("jupyter_collab.store.blobs.sql.now", lambda: self.moment)
        monkeypatch.setattr(Disk, "now", lambda _: self.moment)

    def pass_seconds(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@scenario
async def test_a_blob_is_found_by_its_digest_in_its_room_only(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        for room_id in ("demo", "other"):
            await store.create_room(room_id, "Demo", EPOCH, "note", b"")
        await store.put_blobs("demo", [PNG, TEXT])
        assert await store.get_blob("demo", PNG.digest) == PNG
        assert await store.get_blob("demo", TEXT.digest) == TEXT
        for room_id, digest in (("demo", "0" * 64), ("other", PNG.digest), ("none", PNG.digest)):
            with pytest.raises(BlobNotFound):
                await store.get_blob(room_id, digest)


@scenario
async def test_blobs_are_there_after_a_restart(make_store: StoreMaker, tmp_path: Path) -> None:
    async with opened(store := make_store(tmp_path)):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        await store.put_blobs("demo", [PNG])
    async with opened(store := make_store(tmp_path)):
        assert await store.get_blob("demo", PNG.digest) == PNG


@scenario
async def test_a_room_that_is_gone_takes_no_blobs(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        await store.delete_room("demo")
        for room_id in ("demo", "none"):
            with pytest.raises(RoomNotFound):
                await store.put_blobs(room_id, [PNG])


@scenario
async def test_old_blobs_that_nothing_refers_to_are_dropped(
    make_store: StoreMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    store = make_store(tmp_path)
    async with opened(store):
        for room_id in ("demo", "other"):
            await store.create_room(room_id, "Demo", EPOCH, "note", b"")
            await store.put_blobs(room_id, [PNG, TEXT])
        clock.pass_seconds(61)
        assert await store.collect_blobs("demo", {TEXT.digest}) == 1
        assert await store.collect_blobs("none", ()) == 0
        assert await store.get_blob("demo", TEXT.digest) == TEXT
        assert await store.get_blob("other", PNG.digest) == PNG
        with pytest.raises(BlobNotFound):
            await store.get_blob("demo", PNG.digest)


@scenario
async def test_new_blobs_stay_and_those_put_again_are_new(
    make_store: StoreMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        await store.put_blobs("demo", [PNG, TEXT])
        clock.pass_seconds(40)
        await store.put_blobs("demo", [PNG])
        assert await store.collect_blobs("demo", ()) == 2
        clock.pass_seconds(40)
        assert await store.collect_blobs("demo", ()) == 1
        assert await store.get_blob("demo", PNG.digest) == PNG


@scenario
async def test_a_purged_room_leaves_no_blobs_to_one_of_its_name(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        await store.put_blobs("demo", [PNG])
        await store.delete_room("demo")
        await store.purge_room("demo")
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        with pytest.raises(BlobNotFound):
            await store.get_blob("demo", PNG.digest)
