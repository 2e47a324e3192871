"""What every store promises (``store/runs/contract.py``) of who ran what."""

from pathlib import Path

import pytest

from jupyter_collab.errors import RoomNotFound
from jupyter_collab.store import RunRecord, Store
from jupyter_collab.store.runs.contract import MAX_RUN_SOURCE_CHARACTERS

from .scenarios import scenario
from .stores import EPOCH, StoreMaker, opened


async def add_runs(store: Store, *cells: tuple[str, str], room_id: str = "demo") -> list[RunRecord]:
    return await store.add_runs(room_id, cells, username="ada", display_name="Ada", kind="server")


async def add_run(store: Store, room_id: str = "demo", source: str = "1 + 2") -> RunRecord:
    (run,) = await add_runs(store, ("ab12", source), room_id=room_id)
    return run


@scenario
async def test_a_run_is_queued_then_starts_and_ends(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "notebook", b"")
        added = await add_run(store)
        assert (added.id, added.source, added.status) == (1, "1 + 2", "queued")
        assert added.started_at is added.ended_at is None
        assert await store.list_runs("demo", 10) == [added]
        await store.start_run("demo", 1, kernel_name="python3")
        (started,) = await store.list_runs("demo", 10)
        assert (started.kernel_name, started.source, started.status) == ("python3", "1 + 2", "running")
        assert started.started_at is not None
        assert started.started_at >= started.queued_at == added.queued_at
        await store.end_run("demo", 1, "ok")
        (ended,) = await store.list_runs("demo", 10)
        assert (ended.cell_id, ended.username, ended.display_name, ended.status) == ("ab12", "ada", "Ada", "ok")
        assert ended.ended_at is not None
        assert ended.ended_at >= started.started_at


@scenario
async def test_runs_are_listed_newest_first_page_by_page(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        for room_id in ("demo", "other"):
            await store.create_room(room_id, "Demo", EPOCH, "notebook", b"")
        await add_run(store, room_id="other")
        for number in range(1, 6):
            assert (await add_run(store)).id == number
        assert [run.id for run in await store.list_runs("demo", 2)] == [5, 4]
        assert [run.id for run in await store.list_runs("demo", 2, before=4)] == [3, 2]
        assert [run.id for run in await store.list_runs("demo", 2, before=2)] == [1]
        assert await store.list_runs("none", 2) == []


@scenario
async def test_runs_that_are_asked_for_together_are_numbered_in_their_order(
    make_store: StoreMaker, tmp_path: Path
) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "notebook", b"")
        await add_run(store)
        added = await add_runs(store, ("c0", "a"), ("c1", "b"), ("c2", "c"))
        assert [(run.id, run.cell_id, run.source) for run in added] == [(2, "c0", "a"), (3, "c1", "b"), (4, "c2", "c")]
        assert await add_runs(store) == []
        assert await store.list_runs("demo", 3) == added[::-1]


@scenario
async def test_only_the_newest_runs_of_a_room_are_kept(
    make_store: StoreMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("jupyter_collab.store.runs.sql", "tests.simulation.disk"):
        monkeypatch.setattr(f"{module}.MAX_RUNS", 3)
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "notebook", b"")
        for _ in range(5):
            await add_run(store)
        assert [run.id for run in await store.list_runs("demo", 10)] == [5, 4, 3]
        await store.start_run("demo", 1, kernel_name="python3")
        await store.end_run("demo", 1, "ok")
        assert [run.id for run in await store.list_runs("demo", 10)] == [5, 4, 3]
        await add_runs(store, ("c0", ""), ("c1", ""))
        assert [run.id for run in await store.list_runs("demo", 10)] == [7, 6, 5]


@scenario
async def test_a_long_source_is_cut(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    long, cut = "é" * (MAX_RUN_SOURCE_CHARACTERS + 1), "é" * MAX_RUN_SOURCE_CHARACTERS
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "notebook", b"")
        await add_run(store, source=long)
        assert [run.source for run in await store.list_runs("demo", 10)] == [cut]


@scenario
async def test_runs_are_there_after_a_restart_and_gone_with_their_room(make_store: StoreMaker, tmp_path: Path) -> None:
    async with opened(store := make_store(tmp_path)):
        await store.create_room("demo", "Demo", EPOCH, "notebook", b"")
        run = await add_run(store)
    async with opened(store := make_store(tmp_path)):
        assert await store.list_runs("demo", 10) == [run]
        await store.delete_room("demo")
        await store.purge_room("demo")
        with pytest.raises(RoomNotFound):
            await add_run(store)
        await store.create_room("demo", "Demo", EPOCH, "notebook", b"")
        assert await store.list_runs("demo", 10) == []
