"""What every store promises (``store/rooms/contract.py``) of rooms, the bin and the list."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jupyter_collab.errors import RoomError, RoomExists, RoomNotFound

from .scenarios import scenario
from .stores import EPOCH, OTHER_EPOCH, StoreMaker, entries, opened

# -- rooms ---------------------------------------------------------------------------------------------------------


@scenario
async def test_a_new_room_holds_its_first_state_and_no_log(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        made = await store.create_room("demo", "Dé mo 🚀", EPOCH, "note", b"state")
        log = await store.read_log("demo")
        assert await store.get_room("demo") == made == log.record
        assert (made.id, made.title, made.epoch, made.kind) == ("demo", "Dé mo 🚀", EPOCH, "note")
        assert (made.head_seq, made.deleted_at) == (0, None)
        assert (log.state, log.entries, log.seq, log.keyframe_bytes) == (b"state", (), 0, 5)


@scenario
async def test_times_are_aware_and_in_utc(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        await store.delete_room("demo")
        record = await store.get_room("demo", deleted=True)
        now = datetime.now(UTC)
        for moment in (record.created_at, record.changed_at, record.deleted_at):
            assert moment is not None
            assert moment.utcoffset() == timedelta(0)
            assert abs(now - moment) < timedelta(minutes=1)


@scenario
async def test_an_id_is_given_once_even_while_its_room_lies_in_the_bin(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"first")
        with pytest.raises(RoomExists):
            await store.create_room("demo", "Another", OTHER_EPOCH, "note", b"second")
        await store.delete_room("demo")
        with pytest.raises(RoomExists):
            await store.create_room("demo", "Another", OTHER_EPOCH, "note", b"second")
        await store.restore_room("demo")
        assert (await store.read_log("demo")).state == b"first"


@scenario
async def test_of_two_who_make_the_same_room_at_once_one_wins(make_store: StoreMaker, tmp_path: Path) -> None:
    one, two = make_store(tmp_path), make_store(tmp_path)
    async with opened(one, two):
        made = await asyncio.gather(
            one.create_room("demo", "One", EPOCH, "note", b"one"),
            two.create_room("demo", "Two", OTHER_EPOCH, "note", b"two"),
            return_exceptions=True,
        )
        refused = [result for result in made if isinstance(result, RoomExists)]
        assert len(refused) == 1
        assert [await one.get_room("demo")] == [result for result in made if result not in refused]


@scenario
async def test_what_is_done_to_an_unknown_room_is_refused(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        for attempt in (
            store.get_room("none"),
            store.get_room("none", deleted=True),
            store.rename_room("none", "Title"),
            store.delete_room("none"),
            store.restore_room("none"),
            store.purge_room("none"),
            store.read_log("none"),
            store.append("none", EPOCH, entries(b"x")),
        ):
            with pytest.raises(RoomNotFound):
                await attempt
        assert await store.retired_epochs("none") == ()
        assert await store.list_rooms("", False, 10, 0) == ([], 0)


@scenario
async def test_renaming_changes_the_title_and_nothing_else(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        made = await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        assert await store.rename_room("demo", "数学") == await store.get_room("demo") == replace(made, title="数学")


@scenario
async def test_a_room_in_the_bin_is_neither_read_nor_written_until_it_is_restored(
    make_store: StoreMaker, tmp_path: Path
) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        await store.append("demo", EPOCH, entries(b"before"))
        assert (await store.delete_room("demo")).deleted_at is not None
        for attempt in (
            store.get_room("demo"),
            store.rename_room("demo", "Title"),
            store.delete_room("demo"),
            store.read_log("demo"),
            store.append("demo", EPOCH, entries(b"meanwhile")),
        ):
            with pytest.raises(RoomNotFound):
                await attempt
        assert (await store.restore_room("demo")).deleted_at is None
        assert (await store.restore_room("demo")).deleted_at is None
        assert (await store.read_log("demo")).entries == tuple(entries(b"before"))


@scenario
async def test_only_a_room_in_the_bin_can_be_purged(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        with pytest.raises(RoomError, match="not in the bin"):
            await store.purge_room("demo")
        assert (await store.read_log("demo")).state == b"state"


@scenario
async def test_a_purged_room_leaves_only_its_epoch_behind(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        for epoch in (EPOCH, OTHER_EPOCH):
            await store.create_room("demo", "Demo", epoch, "note", b"state")
            await store.append("demo", epoch, entries(b"x"))
            await store.delete_room("demo")
            await store.purge_room("demo")
        with pytest.raises(RoomNotFound):
            await store.get_room("demo", deleted=True)
        assert sorted(await store.retired_epochs("demo")) == [EPOCH, OTHER_EPOCH]
        assert await store.retired_epochs("other") == ()
        await store.create_room("demo", "Demo", "a" * 32, "note", b"new")
        log = await store.read_log("demo")
        assert (log.state, log.entries, log.seq) == (b"new", (), 0)


# -- the list ------------------------------------------------------------------------------------------------------


@scenario
async def test_rooms_are_listed_last_changed_first_page_by_page(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        for name in ("a", "b", "c"):
            await store.create_room(name, name, EPOCH, "note", b"")
        await store.append("a", EPOCH, entries(b"x"))
        first, total = await store.list_rooms("", False, 2, 0)
        second, total_again = await store.list_rooms("", False, 2, 2)
        assert [record.id for record in first + second] == ["a", "c", "b"]
        assert (total, total_again) == (3, 3)
        assert await store.list_rooms("", False, 2, 4) == ([], 3)


@scenario
async def test_the_bin_has_a_list_of_its_own(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("kept", "Kept", EPOCH, "note", b"")
        await store.create_room("thrown", "Thrown", EPOCH, "note", b"")
        await store.delete_room("thrown")
        for deleted, expected in ((False, ["kept"]), (True, ["thrown"])):
            found, total = await store.list_rooms("", deleted, 10, 0)
            assert [record.id for record in found] == expected
            assert total == 1


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("linear", ["math-1"]),
        ("LINEAR", ["math-1"]),
        ("math", ["math-1", "math_2"]),
        ("100%", ["math_2"]),
        ("%", ["math_2"]),
        ("_", ["math_2"]),
        ("\\", ["path"]),
        ("数", ["cjk"]),
        ("' OR 1=1 --", []),
    ],
)
@scenario
async def test_a_search_looks_for_its_very_characters_in_titles_and_ids(
    make_store: StoreMaker, tmp_path: Path, search: str, expected: list[str]
) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        for room_id, title in (
            ("math-1", "Linear algebra"),
            ("math_2", "Growth of 100%"),
            ("path", "C:\\data"),
            ("cjk", "数学"),
        ):
            await store.create_room(room_id, title, EPOCH, "note", b"")
        found, total = await store.list_rooms(search, False, 10, 0)
        assert sorted(record.id for record in found) == expected
        assert total == len(expected)
