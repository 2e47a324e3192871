"""What a program sets is an edit of what it has read: what others wrote since stays."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from jupyter_collab.client import AsyncRoom
from jupyter_collab.client.replica.changes import RoomChange
from jupyter_collab.errors import CellDeleted

from .doubles import ScriptedServer, scripted_server
from .rooms import joined
from .test_sync import OtherThread, other  # noqa: F401  # a fixture

pytestmark = pytest.mark.anyio


async def colleague_writes(server: ScriptedServer, room: AsyncRoom, line: str, cell_id: str = "c0") -> None:
    """Somebody adds a line, and it is here; looking for it is not reading it."""
    await server.edit(lambda document: document.append_text(cell_id, line))
    await room.wait_for(lambda: line in room.read(lambda document: document.source(cell_id)), 5)


async def test_read_change_set_keeps_a_colleagues_line() -> None:
    async with scripted_server("x=1\n") as server, joined(server) as room:
        text = room.cells[0].source
        await colleague_writes(server, room, "human_line = 42\n")
        room.cells[0].source = text.replace("=", " = ")
        await room.wait_saved(5)
        assert server.texts == ["x = 1\nhuman_line = 42\n"]


@pytest.mark.parametrize(
    "read",
    [
        lambda room: room.text,
        lambda room: room.cells[0].to_dict()["source"],
        lambda room: room.notebook().cells[0].source,
    ],
)
async def test_whatever_shows_the_text_is_reading_it(read: Callable[[AsyncRoom], str]) -> None:
    async with scripted_server("x=1\n") as server, joined(server) as room:
        text = read(room)
        await colleague_writes(server, room, "human_line = 42\n")
        room.text = text + "mine\n"
        await room.wait_saved(5)
        assert server.texts == ["x=1\nhuman_line = 42\nmine\n"]


async def test_what_was_read_again_is_what_counts() -> None:
    async with scripted_server("x=1\n") as server, joined(server) as room:
        cell = room.cells[0]
        first = cell.source
        await colleague_writes(server, room, "human_line = 42\n")
        assert "human_line" in cell.source
        cell.source = first  # it knows of the line, and does without
        await room.wait_saved(5)
        assert server.texts == ["x=1\n"]


async def test_who_never_read_replaces_what_is_there() -> None:
    async with scripted_server("x=1\n") as server, joined(server) as room:
        await colleague_writes(server, room, "human_line = 42\n")
        room.cells[0].source = "mine\n"
        await room.wait_saved(5)
        assert server.texts == ["mine\n"]


async def test_a_program_that_only_sets_counts_on_what_it_has_set() -> None:
    async with scripted_server("") as server, joined(server) as room:
        text = ""
        for number in range(3):
            text += f"line {number}\n"
            room.cells[0].source = text
            await colleague_writes(server, room, f"colleague {number}\n")
        await room.wait_saved(5)
        assert sorted(server.texts[0].splitlines()) == [f"{who} {n}" for who in ("colleague", "line") for n in range(3)]


async def test_a_new_cell_was_read_as_it_was_made() -> None:
    async with scripted_server("") as server, joined(server) as room:
        cell = room.append_cell("x=1\n")
        await room.wait_saved(5)
        await colleague_writes(server, room, "human_line = 42\n", cell.id)
        cell.source = "x = 1\n"
        await room.wait_saved(5)
        assert server.texts[1] == "x = 1\nhuman_line = 42\n"


async def test_two_tasks_do_not_take_each_others_lines_for_their_own() -> None:
    async with scripted_server("start\n") as server, joined(server) as room:
        both_have_read = asyncio.Barrier(2)

        async def add(line: str) -> None:
            text = room.cells[0].source
            await both_have_read.wait()
            room.cells[0].source = text + line

        await asyncio.gather(add("same line\n"), add("same line\n"))
        await room.wait_saved(5)
        assert server.texts == ["start\nsame line\nsame line\n"]


def test_a_thread_that_got_nothing_counts_on_what_another_got_last(
    other: OtherThread,  # noqa: F811  # the fixture
) -> None:
    with other.connect() as room:
        text = room.cell(0).source
        other.edit("c0", "human_line = 42\n")
        room.wait_for(lambda: "human" in room.text, 5)
        assert room.cell(0).source == "human_line = 42\n"

        def set_from_elsewhere() -> None:
            room.cell(0).source = text + "mine\n"

        thread = threading.Thread(target=set_from_elsewhere)
        thread.start()
        thread.join(10)
        room.wait_saved(5)
        assert other.server.texts[0] == "mine\n"  # the main thread knew of the line, and this one does without


async def test_what_a_condition_looks_at_is_not_read_by_the_task_that_waits() -> None:
    async with scripted_server("x=1\n") as server, joined(server) as room:
        text = room.cells[0].source
        await server.edit(lambda document: document.append_text("c0", "human_line = 42\n"))
        await room.wait_for(lambda: "human" in room.text, 5)
        room.cells[0].source = text.replace("=", " = ")
        await room.wait_saved(5)
        assert server.texts == ["x = 1\nhuman_line = 42\n"]


async def test_the_text_that_a_condition_returns_is_read_by_the_task_that_waits() -> None:
    async with scripted_server("x=1\n") as server, joined(server) as room:
        assert room.text == "x=1\n"
        await server.edit(lambda document: document.append_text("c0", "human_line = 42\n"))
        text = await room.wait_for(lambda: room.text if "human" in room.text else "", 5)
        room.text = text + "mine\n"
        await room.wait_saved(5)
        assert server.texts == ["x=1\nhuman_line = 42\nmine\n"]


def test_what_a_condition_looks_at_is_not_read_by_the_thread_that_waits(
    other: OtherThread,  # noqa: F811  # the fixture
) -> None:
    with other.connect() as room:
        text = room.cell(0).source
        other.edit("c0", "human_line = 42\n")
        room.wait_for(lambda: "human" in room.text, 5)
        room.cell(0).source = text + "mine\n"
        room.wait_saved(5)
        assert other.server.texts[0] == "human_line = 42\nmine\n"


def test_the_text_that_a_condition_returns_is_read_by_the_thread_that_waits(
    other: OtherThread,  # noqa: F811  # the fixture
) -> None:
    with other.connect() as room:
        cell = room.cell(0)
        assert cell.source == ""
        other.edit("c0", "human_line = 42\n")
        cell.source = room.wait_for(lambda: cell.source, 5) + "mine\n"
        room.wait_saved(5)
        assert other.server.texts[0] == "human_line = 42\nmine\n"


def test_what_a_callback_reads_is_not_read_by_other_threads(other: OtherThread) -> None:  # noqa: F811  # the fixture
    with other.connect() as room:
        text = room.cell(0).source
        looked = threading.Event()

        def look(change: RoomChange) -> None:
            if change.remote and "human" in room.cell(0).source:
                looked.set()

        room.on_change(look)
        other.edit("c0", "human_line = 42\n")
        assert looked.wait(10)
        room.cell(0).source = text + "mine\n"
        room.wait_saved(5)
        assert other.server.texts[0] == "human_line = 42\nmine\n"


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (lambda cell: cell.insert(4, "X"), "above\none Xtwo\n"),
        (lambda cell: cell.delete(0, 4), "above\ntwo\n"),
        (lambda cell: cell.replace(4, 7, "2"), "above\none 2\n"),
        (lambda cell: cell.append("end\n"), "above\none two\nend\n"),
        (lambda cell: cell.insert(99, "end\n"), "above\none two\nend\n"),
    ],
)
async def test_positions_are_those_of_the_text_that_was_read(edit: Callable[[Any], None], text: str) -> None:
    async with scripted_server("one two\n") as server, joined(server) as room:
        cell = room.cells[0]
        assert cell.source.index("two") == 4
        await server.edit(lambda document: document.replace_text("c0", 0, 0, "above\n"))
        await room.wait_for(lambda: "above" in room.read(lambda document: document.source("c0")), 5)
        edit(cell)
        await room.wait_saved(5)
        assert server.texts == [text]


async def test_positions_count_ones_own_edits() -> None:
    async with scripted_server("ac") as server, joined(server) as room:
        cell = room.cells[0]
        assert cell.source == "ac"
        cell.insert(1, "b")
        cell.insert(3, "d")
        cell.append("f")
        cell.insert(4, "e")
        await room.wait_saved(5)
        assert server.texts == ["abcdef"]


async def test_words_are_replaced_wherever_they_are_by_now() -> None:
    async with scripted_server("old = 1\n") as server, joined(server) as room:
        cell = room.cells[0]
        assert cell.source == "old = 1\n"
        await colleague_writes(server, room, "print(old)\n")
        cell.replace("old", "new")
        cell.replace("nowhere", "x")
        await room.wait_saved(5)
        assert server.texts == ["new = 1\nprint(new)\n"]
        with pytest.raises(ValueError, match="it is empty"):
            cell.replace("", "x")
        with pytest.raises(TypeError, match="two positions, or"):
            cell.replace(1, "x")  # type: ignore[call-overload]  # that is the mistake


async def test_what_is_no_text_is_refused() -> None:
    async with scripted_server("a") as server, joined(server) as room:
        with pytest.raises(TypeError, match="is a str, not NoneType"):
            room.cells[0].source = None  # type: ignore[assignment]  # that is the mistake
        assert room.cells[0].source == "a"


async def test_text_for_a_deleted_cell_is_in_the_error() -> None:
    async with scripted_server("a", "b") as server, joined(server) as room:
        cell = room.cells[0]
        text = cell.source + "\nprecious"
        await server.edit(lambda document: document.delete_cell("c0"))
        await room.wait_for(lambda: len(room.cells) == 1, 5)
        writes: list[Callable[[], None]] = [
            lambda: setattr(cell, "source", text),
            lambda: cell.append(text),
            lambda: cell.insert(0, text),
        ]
        for write in writes:
            with pytest.raises(CellDeleted, match=r"Cell 'c0' of room 'demo' was deleted.*append_cell") as caught:
                write()
            assert caught.value.text == text
        with pytest.raises(CellDeleted, match="was deleted") as reading:
            cell.source += text
        assert reading.value.text is None  # it was to be read first; the program still has the text
        assert room.text == "b"


def test_two_threads_that_add_lines_to_one_cell_keep_all(other: OtherThread) -> None:  # noqa: F811  # the fixture
    with other.connect() as room:
        cell = room.cell(0)

        def add(line: str) -> None:
            for _ in range(100):
                cell.source += line

        threads = [threading.Thread(target=add, args=(line,)) for line in ("a\n", "b\n")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        room.wait_saved(10)
        lines = other.server.texts[0].splitlines()
        assert (len(lines), lines.count("a"), lines.count("b")) == (200, 100, 100)
