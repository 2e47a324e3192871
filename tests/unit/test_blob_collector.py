"""Large outputs are freed when nothing in the room refers to them any more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import BlobNotFound
from jupyter_collab.kernels.blob_collector import BlobCollector
from jupyter_collab.kernels.blobs import BLOB_TYPE, reference
from jupyter_collab.rooms import RoomManager
from jupyter_collab.store import Blob
from jupyter_collab.workers import Workers, WorkLimits

from .doubles import serving, user
from .scenarios import held_threads, scenario
from .stores import sqlite_store

SHOWN, MORE, GONE = (Blob.of(text.encode(), "text/html") for text in ("shown", "more", "gone"))


async def make_room(manager: RoomManager) -> None:
    """A room that shows two of three blobs."""
    data = {BLOB_TYPE: {**reference(SHOWN, "output"), "also": [reference(MORE, "output")]}, "text/plain": "large"}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    cell = {"id": "c0", "cell_type": "code", "source": "", "metadata": {}, "outputs": [output]}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    await manager.edit("demo", lambda document: document.set_notebook(notebook), user("ada"))
    await manager.store.put_blobs("demo", [SHOWN, MORE, GONE])


async def present(manager: RoomManager) -> list[Blob]:
    """The blobs that the room has."""
    found = []
    for blob in (SHOWN, MORE, GONE):
        try:
            found.append(await manager.store.get_blob("demo", blob.digest))
        except BlobNotFound:
            continue
    return found


@asynccontextmanager
async def at_work() -> AsyncIterator[Workers]:
    workers = Workers(WorkLimits())
    try:
        yield workers
    finally:
        await workers.close()


def clear(document: RoomDocument) -> None:
    document.set_notebook({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})


@scenario
async def test_only_what_the_room_shows_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_collab.store.blobs.sql.MIN_BLOB_AGE_SECONDS", 0)
    async with serving(sqlite_store(tmp_path)) as manager, at_work() as workers:
        await make_room(manager)
        collector = BlobCollector("demo", manager, workers, seconds=0)
        await collector.collect()
        assert await present(manager) == [SHOWN, MORE]
        await manager.edit("demo", clear, user("ada"))
        await collector.collect()
        assert await present(manager) == []


@scenario
async def test_what_is_new_stays_until_it_is_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(sqlite_store(tmp_path)) as manager, at_work() as workers:
        await make_room(manager)
        collector = BlobCollector("demo", manager, workers, seconds=0)
        await collector.collect()
        assert await present(manager) == [SHOWN, MORE, GONE]
        monkeypatch.setattr("jupyter_collab.store.blobs.sql.MIN_BLOB_AGE_SECONDS", 0)
        await collector.collect()
        assert await present(manager) == [SHOWN, MORE]


@scenario
async def test_a_room_without_blobs_is_not_looked_at_until_it_may_have_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_collab.store.blobs.sql.MIN_BLOB_AGE_SECONDS", 0)
    async with serving(sqlite_store(tmp_path)) as manager, at_work() as workers:
        collector = BlobCollector("demo", manager, workers, seconds=0)
        await collector.collect()
        await manager.store.put_blobs("demo", [GONE])
        await collector.collect()
        assert await present(manager) == [GONE]
        collector.touch()
        await collector.collect()
        assert await present(manager) == []


@scenario
async def test_a_room_that_is_gone_is_no_trouble(tmp_path: Path) -> None:
    async with serving(sqlite_store(tmp_path)) as manager, at_work() as workers:
        await BlobCollector("gone", manager, workers, seconds=0).collect()


@scenario
async def test_large_outputs_are_freed_whatever_holds_the_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_collab.store.blobs.sql.MIN_BLOB_AGE_SECONDS", 0)
    async with serving(sqlite_store(tmp_path)) as manager, at_work() as workers:
        await make_room(manager)
        collector = BlobCollector("demo", manager, workers, seconds=0)
        with held_threads():
            await collector.collect()
        assert await present(manager) == [SHOWN, MORE]
