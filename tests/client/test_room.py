"""Reading and editing a joined room."""

import json
from typing import Any

import anyio.lowlevel
import anyio.to_thread
import pytest

from jupyter_collab.client import connect_async
from jupyter_collab.client.replica import connection
from jupyter_collab.client.replica.changes import RoomChange
from jupyter_collab.errors import ContentError, RoomClosed
from jupyter_collab.protocol import AwarenessEntry, AwarenessMessage, QueryAwareness, build_awareness, parse_awareness

from .doubles import QUICK, TOKEN, ScriptedServer, notebook, scripted_server, until
from .rooms import joined

pytestmark = pytest.mark.anyio


async def test_a_joined_room_shows_what_is_in_it() -> None:
    async with scripted_server("a = 1", "b = 2") as server, joined(server) as room:
        assert (room.id, room.title, room.role, room.epoch) == ("demo", "Demo", "owner", "epoch-1")
        assert [(cell.id, cell.cell_type, cell.source) for cell in room.cells] == [
            ("c0", "code", "a = 1"),
            ("c1", "code", "b = 2"),
        ]
        assert room.text == "a = 1\n\nb = 2"
        assert room.status == "synced"
        assert not room.read_only
        assert room.notebook().cells[1].source == "b = 2"


async def test_an_edit_reaches_the_server_and_is_saved() -> None:
    async with scripted_server("") as server, joined(server) as room:
        room.text = "héllo 😀"
        before = (room.status, room.pending)
        await room.wait_saved(5)
        assert server.texts == ["héllo 😀"]
        assert (before, room.status, room.pending) == (("saving", 1), "synced", 0)


async def test_setting_text_leaves_what_is_the_same_alone() -> None:
    async with scripted_server("one two three") as server, joined(server) as room:
        room.text = "one 2 three"
        await room.wait_saved(5)
        update = server.edits[-1].update  # type: ignore[union-attr]  # an edit has one
        assert b"three" not in update
        assert server.texts == ["one 2 three"]


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (lambda cell: cell.insert(1, "X"), "日X本😀!"),
        (lambda cell: cell.insert(3, "X"), "日本😀X!"),
        (lambda cell: cell.delete(1, 3), "日!"),
        (lambda cell: cell.replace(2, 3, "né"), "日本né!"),
        (lambda cell: cell.append("é"), "日本😀!é"),
        (lambda cell: cell.insert(99, "X"), "日本😀!X"),
    ],
)
async def test_positions_are_characters(edit: Any, text: str) -> None:
    async with scripted_server("日本😀!") as server, joined(server) as room:
        edit(room.cells[0])
        await room.wait_saved(5)
        assert server.texts == [text]


async def test_cells_come_and_go() -> None:
    async with scripted_server("a", "b") as server, joined(server) as room:
        new = room.insert_cell(1, "# Title", "markdown")
        last = room.append_cell("z")
        assert [cell.source for cell in room.cells] == ["a", "# Title", "b", "z"]
        room.move_cell(last, 0)
        room.set_cell_type("c1", "raw")
        room.delete_cell(0)
        room.delete_cell(new)
        await room.wait_saved(5)
        assert [(cell["cell_type"], cell["source"]) for cell in server.document.cells] == [("code", "a"), ("raw", "b")]


async def test_a_cell_stays_the_same_when_others_move() -> None:
    async with scripted_server("a", "b") as server, joined(server) as room:
        cell = room.cell("c1")
        await server.edit(lambda document: document.delete_cell("c0"))
        await room.wait_for(lambda: len(room.cells) == 1, 5)
        assert (cell.index, cell.source) == (0, "b")
        assert cell == room.cell(0)


async def test_a_cell_that_is_gone_says_so() -> None:
    async with scripted_server("a", "b") as server, joined(server) as room:
        cell = room.cell(-1)
        room.delete_cell(cell)
        with pytest.raises(KeyError):
            _ = cell.source
        with pytest.raises(KeyError):
            cell.source = "x"
        assert "no longer in the room" in repr(cell)
        with pytest.raises(KeyError):
            room.cell("c1")
        with pytest.raises(IndexError, match="has 1 cells, and none at index 3"):
            room.cell(3)


async def test_the_text_of_several_cells_cannot_be_set_at_once() -> None:
    async with scripted_server("a", "b") as server, joined(server) as room:
        with pytest.raises(ContentError, match="2 cells"):
            room.text = "x"


async def test_outputs_and_metadata_can_be_read() -> None:
    async with scripted_server("1 + 1") as server, joined(server) as room:
        output = {"output_type": "stream", "name": "stdout", "text": "two\n"}
        await server.edit(
            lambda document: document.insert_cell(
                1, "code", "x", outputs=[output], execution_count=3, metadata={"tags": ["t"]}
            )
        )
        await room.wait_for(lambda: len(room.cells) == 2, 5)
        cell = room.cell(1)
        assert cell.outputs == [output]
        assert cell.execution_count == 3
        assert cell.metadata == {"tags": ["t"]}
        assert room.cell(0).outputs == []


async def test_callbacks_are_told_what_changed_and_by_whom() -> None:
    async with scripted_server("a", "b") as server, joined(server) as room:
        changes: list[RoomChange] = []
        unsubscribe = room.on_change(changes.append)
        room.cell("c0").append("!")
        await until(lambda: changes)
        assert changes == [RoomChange(frozenset({"c0"}), local=True)]
        await server.edit(lambda document: document.append_text("c1", "?"))
        await until(lambda: len(changes) == 2)
        assert changes[1] == RoomChange(frozenset({"c1"}), remote=True)
        unsubscribe()
        unsubscribe()
        room.cell("c0").append("!")
        await room.wait_saved(5)
        assert len(changes) == 2


async def test_quick_changes_are_told_as_one() -> None:
    async with scripted_server("a", "b") as server, joined(server) as room:
        changes: list[RoomChange] = []
        room.on_change(changes.append)
        for cell in room.cells:
            for _ in range(10):
                cell.append(".")
        await room.wait_saved(5)
        assert changes == [RoomChange(frozenset({"c0", "c1"}), local=True)]


async def test_a_callback_may_edit() -> None:
    async with scripted_server("", "") as server, joined(server) as room:

        def copy(change: RoomChange) -> None:
            if change.remote:
                room.cell(1).source = room.cell(0).source.upper()

        room.on_change(copy)
        await server.edit(lambda document: document.append_text("c0", "loud"))
        await until(lambda: server.texts == ["loud", "LOUD"])


async def test_a_callback_that_fails_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async with scripted_server("") as server, joined(server) as room:

        def fail(change: RoomChange) -> None:
            raise ZeroDivisionError("a bug of the user's")

        room.on_change(fail)
        room.text = "still works"
        await room.wait_saved(5)
        assert server.texts == ["still works"]
        assert "a bug of the user's" in caplog.text


async def test_statuses_are_told() -> None:
    async with scripted_server("", acks=False) as server, joined(server) as room:
        await server.acknowledge()
        told: list[str] = []
        room.on_status(told.append)
        room.text = "x"
        await until(lambda: told == ["saving"])
        await until(lambda: server.texts == ["x"])
        await server.acknowledge()
        await until(lambda: told == ["saving", "synced"])


async def test_a_new_title_is_shown() -> None:
    async with scripted_server("") as server, joined(server) as room:
        await server.say(type="renamed", title="Another")
        await room.wait_for(lambda: room.title == "Another", 5)


async def test_waiting_for_what_never_comes_ends_in_time() -> None:
    async with scripted_server("") as server, joined(server) as room:
        with pytest.raises(TimeoutError):
            await room.wait_for(lambda: room.text, 0.05)


async def test_wait_for_returns_what_the_condition_said() -> None:
    async with scripted_server("abc") as server, joined(server) as room:
        assert await room.wait_for(lambda: room.text, 5) == "abc"


async def test_leaving_waits_for_the_last_edit() -> None:
    async with scripted_server("") as server:
        async with connect_async("demo", server.server.url, TOKEN, backoff=QUICK) as room:
            room.text = "the last word"
        assert server.texts == ["the last word"]


async def test_a_closed_room_can_be_read_and_not_edited() -> None:
    async with scripted_server("abc") as server:
        room = await connect_async("demo", server.server.url, TOKEN, backoff=QUICK)
        await room.close()
        await room.close()
        assert room.text == "abc"
        assert room.read_only
        with pytest.raises(RoomClosed):
            room.text = "x"
        with pytest.raises(RoomClosed):
            await room.wait_for(lambda: False)
        await until(lambda: not server.connections)


async def test_who_waits_is_told_that_the_room_was_closed() -> None:
    async with scripted_server("abc") as server, joined(server) as room:

        async def wait() -> None:
            with pytest.raises(RoomClosed):
                await room.wait_for(lambda: False, 10)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.lowlevel.checkpoint()
            await room.close()


async def test_who_waits_at_a_refused_room_is_told_that_it_was_closed() -> None:
    async with scripted_server("abc") as server, joined(server) as room:
        await server.close(4404, "room_not_found: create it")
        await room.wait_for(lambda: room.status == "refused", 10)

        async def wait() -> None:
            with pytest.raises(RoomClosed):
                await room.wait_for(lambda: False, 10)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.lowlevel.checkpoint()
            await room.close()


async def test_what_was_imported_is_here_when_the_import_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted_server("old") as server, joined(server) as room:

        async def put(room_id: str, content: str, content_format: str) -> dict[str, list[str]]:
            server.document.set_notebook(notebook(content))  # and the message that says so is still on its way
            return {"changed": ["Cell 1: it was changed."]}

        monkeypatch.setattr(room._core.rest, "import_content", put)
        assert await room.import_content("imported", "md") == ["Cell 1: it was changed."]
        assert room.text == "imported"


async def test_an_async_room_is_for_one_thread() -> None:
    async with scripted_server("abc") as server, joined(server) as room:
        with pytest.raises(RuntimeError, match=r"use jupyter_collab\.connect"):
            await anyio.to_thread.run_sync(lambda: room.text)


async def test_a_long_edit_is_told_to_be_too_long() -> None:
    async with scripted_server("", message_bytes=2_000) as server, joined(server) as room:
        room.text = "x" * 5_000
        await until(lambda: room.unsent is not None)
        assert room.unsent is not None
        assert "split it" in str(room.unsent.error)


async def test_repr_says_where_and_how(caplog: pytest.LogCaptureFixture) -> None:
    async with scripted_server("first line\nsecond") as server, joined(server) as room:
        assert repr(room) == f"<AsyncRoom 'demo' at {server.server.url}: synced>"
        assert repr(room.cells[0]) == "<Cell c0 code: 'first line'>"
        assert TOKEN not in repr(vars(room._core))


async def test_the_token_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with scripted_server("") as server, joined(server) as room:
        room.text = "x"
        await room.wait_saved(5)
    own = [record for record in caplog.records if record.name.startswith(("jupyter_collab", "httpx", "httpcore"))]
    assert own
    assert not any(TOKEN in record.getMessage() for record in own)


async def test_others_are_seen_and_one_shows_oneself() -> None:
    async with scripted_server("abc", "x") as server, joined(server) as room:
        people: list[int] = []
        room.on_people(lambda now: people.append(len(now)))
        state = '{"user": {"username": "zoe", "name": "Zoe", "role": "editor"}, "cell": "c1"}'
        await server.send(AwarenessMessage(build_awareness([AwarenessEntry(5, 1, state)])))
        await until(lambda: people and people[-1] == 2)
        me, zoe = room.people
        assert (me.is_me, me.name) == (True, "Ada")
        assert (zoe.is_me, zoe.name, zoe.role, zoe.cell) == (False, "Zoe", "editor", "c1")
        room.set_cursor(0, 3)
        await until(lambda: states(server)[-1]["cell"] == "c0")
        assert states(server)[-1]["cursor"]["cell"] == "c0"
        room.set_cursor(None)
        await until(lambda: states(server)[-1] == {"cell": None, "cursor": None})


async def test_who_is_not_visible_sees_the_others_and_says_nothing_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RENEW_PRESENCE_SECONDS", 0.01)
    async with scripted_server("abc") as server, joined(server, visible=False) as room:
        await server.send(AwarenessMessage(build_awareness([AwarenessEntry(5, 1, '{"user": {"name": "Zoe"}}')])))
        await until(lambda: [person.name for person in room.people] == ["Zoe"])
        room.set_cursor(0, 3)
        await server.send(QueryAwareness())
        room.text = "edited"
        await room.wait_saved(5)
        assert server.presence == []


async def test_who_is_silent_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RENEW_PRESENCE_SECONDS", 0.02)
    async with scripted_server("") as server, joined(server):
        await until(lambda: len(server.presence) >= 3)
        clocks = [entry.clock for payload in server.presence for entry in entries(payload)]
        assert clocks == sorted(set(clocks))


def entries(payload: bytes) -> list[AwarenessEntry]:
    return parse_awareness(payload, max_state_bytes=10_000, max_entries=10)


def states(server: ScriptedServer) -> list[dict[str, Any]]:
    """What the clients showed of themselves, in order."""
    return [json.loads(entry.state) for payload in server.presence for entry in entries(payload)]


async def test_an_export_holds_every_edit_made_here() -> None:
    async with scripted_server("", acks=False) as server, joined(server) as room:
        room.text = "not durable yet"
        with pytest.raises(TimeoutError):
            await room._core.export_content("md", room.reader, 0.05)
