"""How long a deleted cell keeps its text is judged by the server's clock, whatever that of the person said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Map

from jupyter_collab.document import RoomDocument
from jupyter_collab.rooms import clock as rooms_clock

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, settle, until

MINUTE_MS = 60 * 1000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

WRONG_MARKS: dict[str, Callable[[int], Any]] = {
    "eight days slow": lambda now_ms: {"at": now_ms - 8 * DAY_MS, "by": "Ada"},
    "an hour slow": lambda now_ms: {"at": now_ms - HOUR_MS, "by": "Ada"},
    "a year fast": lambda now_ms: {"at": now_ms + 365 * DAY_MS, "by": "Ada"},
    "no time": lambda _: {},
    "a word": lambda _: {"at": "yesterday"},
    "no number": lambda _: {"at": float("nan")},
    "the end of time": lambda _: {"at": float("inf")},
    "no mark that anybody knows": lambda _: True,
}


class Clock:
    """The server's clock."""

    def __init__(self) -> None:
        self.now_ms = rooms_clock.now_ms()

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rooms_clock, "now_ms", clock)
    return clock


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    return faulty_store(tmp_path)


async def type_in_cell(peer: ScriptedPeer) -> "Map[Any]":
    """The room's cell, with a text of its own."""
    await until(lambda: len(peer.cells) == 1)
    cell = peer.cells[0]
    cell["source"].insert(0, "text")
    return cell


async def look(store: FaultyStore) -> "Map[Any] | None":
    """The room's cell, as somebody finds it who joins when the room was closed."""
    async with serving(store) as manager:
        ben = await ScriptedPeer("ben").join(manager)
        await until(lambda: ben.hello is not None and RoomDocument(ben.doc).epoch is not None)
        await settle()
        return ben.cells[0] if len(ben.cells) else None


def text_of(cell: "Map[Any] | None") -> str:
    assert cell is not None
    return str(cell["source"])


@pytest.mark.parametrize("mark", WRONG_MARKS)
@scenario
async def test_the_text_stays_for_seven_days_and_not_longer(store: FaultyStore, clock: Clock, mark: str) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        cell = await type_in_cell(ada)
        with ada.doc.transaction():
            cell["deleted"] = WRONG_MARKS[mark](clock.now_ms)
            cell["dropped"] = 999008199  # of `text`
        await ada.until_saved()
    for later_ms in (0, 2 * HOUR_MS, 7 * DAY_MS - 2 * HOUR_MS - MINUTE_MS):
        clock.now_ms += later_ms
        assert text_of(await look(store)) == "text"
    clock.now_ms += MINUTE_MS
    assert text_of(await look(store)) == ""
    clock.now_ms += 7 * DAY_MS
    assert await look(store) is None


@scenario
async def test_a_wrong_clock_is_answered_once(store: FaultyStore, clock: Clock) -> None:
    async with serving(store) as manager:
        ada, ben = await ScriptedPeer("ada").join(manager), await ScriptedPeer("ben").join(manager)
        cell = await type_in_cell(ada)
        await ada.until_saved()
        before = len(ada.updates)
        cell["deleted"] = {"at": clock.now_ms - 8 * DAY_MS, "by": "Ada"}
        await until(lambda: "noticed" in ben.cells[0])
        cell["source"].insert(0, "more")
        await ada.until_saved()
        assert len(ada.updates) == before + 1
        assert cell["deleted"] == {"at": clock.now_ms - 8 * DAY_MS, "by": "Ada"}
        assert cell["noticed"] == clock.now_ms


@scenario
async def test_of_a_clock_that_is_about_right_nothing_is_said(store: FaultyStore, clock: Clock) -> None:
    async with serving(store) as manager:
        ada, ben = await ScriptedPeer("ada").join(manager), await ScriptedPeer("ben").join(manager)
        await type_in_cell(ada)
        await ada.until_saved()
        before = len(ada.updates)
        clock.now_ms += MINUTE_MS
        RoomDocument(ada.doc).delete_cell(ada.cells[0]["id"])
        await until(lambda: "deleted" in ben.cells[0])
        await settle()
        assert len(ada.updates) == before


@scenario
async def test_what_a_client_says_that_the_server_noticed_does_not_count(store: FaultyStore, clock: Clock) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        cell = await type_in_cell(ada)
        with ada.doc.transaction():
            cell["deleted"] = {"at": clock.now_ms}
            cell["dropped"] = 999008199
            cell["noticed"] = clock.now_ms - 8 * DAY_MS
        await ada.until_saved()
    assert text_of(await look(store)) == "text"


@scenario
async def test_a_time_that_is_changed_within_the_mark_does_not_count(store: FaultyStore, clock: Clock) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        cell = await type_in_cell(ada)
        mark = Map({"at": clock.now_ms})
        with ada.doc.transaction():
            cell["deleted"] = mark
            cell["dropped"] = 999008199
        await ada.until_saved()
        mark["at"] = clock.now_ms - 8 * DAY_MS
        await ada.until_saved()
    assert text_of(await look(store)) == "text"
    clock.now_ms += 7 * DAY_MS
    assert text_of(await look(store)) == ""


@scenario
async def test_the_time_of_a_former_deletion_does_not_count(store: FaultyStore, clock: Clock) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        cell = await type_in_cell(ada)
        cell["deleted"] = {"at": 1}
        await until(lambda: "noticed" in cell)
        del cell["deleted"]
        await until(lambda: "noticed" not in cell)
        cell["deleted"] = {"at": 1}
        clock.now_ms += 8 * DAY_MS
        RoomDocument(ada.doc).dismiss_late_text(cell["id"])
        await ada.until_saved()
        await until(lambda: cell.get("noticed") == clock.now_ms)
    assert text_of(await look(store)) == "text"


@pytest.mark.parametrize("mark", ["a year fast", "no time", "no number"])
def test_a_room_that_exists_has_its_clock_put_right_when_it_is_opened(mark: str) -> None:
    now_ms = rooms_clock.now_ms()
    document = RoomDocument()
    cell_id = document.insert_cell(0, "code", "text")
    document.delete_cell(cell_id)
    document.doc["cells"][0]["deleted"] = WRONG_MARKS[mark](now_ms)
    for later_ms, text in [(0, "text"), (7 * DAY_MS - 1, "text"), (7 * DAY_MS, "")]:
        document.clear_out(now_ms + later_ms)
        assert document.deleted_cells[0]["source"] == text
