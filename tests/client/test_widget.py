"""The widget's Python side: live traits, nothing secret in its state, and a clean end."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from jupyter_collab import __version__
from jupyter_collab.client import Room
from jupyter_collab.client.replica.person import Person
from jupyter_collab.client.widget.shared_editor import SharedEditor
from jupyter_collab.errors import CellDeleted, ContentError, EditsNotSaved, PermissionDenied, ServerUnreachable
from jupyter_collab.protocol import AwarenessEntry, AwarenessMessage, build_awareness

from .doubles import TOKEN
from .test_sync import OtherThread

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def other() -> Iterator[OtherThread]:
    other = OtherThread("first", "second")
    yield other
    other.loop.wait(other.server.stop)


@pytest.fixture
def editors(other: OtherThread) -> Iterator[Any]:
    made: list[SharedEditor] = []

    def make(cell: int | None = None, **options: Any) -> SharedEditor:
        made.append(SharedEditor("demo", cell, create=False, url=other.server.server.url, token=TOKEN, **options))
        return made[-1]

    yield make
    for editor in made:
        editor.close()


def test_it_shows_the_room(editors: Any) -> None:
    editor = editors()
    assert editor.value == "first\n\nsecond"
    assert [cell["source"] for cell in editor.cells] == ["first", "second"]
    assert editor.status == "synced"
    assert repr(editor) == "SharedEditor('demo', status='synced')"


def test_it_shows_one_cell(editors: Any) -> None:
    editor = editors(cell=1)
    assert editor.value == "second"
    assert repr(editor) == "SharedEditor('demo', cell=1, status='synced')"


def test_its_value_can_be_set(editors: Any, other: OtherThread) -> None:
    editor = editors(cell=1)
    editor.value = "edited in Python"
    editor.room.wait_saved(5)
    assert other.server.texts == ["first", "edited in Python"]
    assert editor.value == "edited in Python"


def test_what_may_not_be_set_stays_what_it_was(editors: Any, other: OtherThread) -> None:
    other.server.role = "viewer"
    editor = editors(cell=0, role="viewer")
    with pytest.raises(PermissionDenied):
        editor.value = "x"
    assert editor.value == "first"
    for name in ("cells", "people", "status", "room_id", "cell", "cell_id", "role"):
        with pytest.raises(Exception, match="read-only"):
            setattr(editor, name, None)


def test_the_value_of_a_room_of_several_cells_cannot_be_set(editors: Any, other: OtherThread) -> None:
    editor = editors()
    with pytest.raises(ContentError, match="has 2 cells"):
        editor.value = "precious"
    assert editor.value == "first\n\nsecond"
    assert other.server.texts == ["first", "second"]


def test_observers_without_an_event_loop_run_in_a_thread_of_the_room(editors: Any, other: OtherThread) -> None:
    editor = editors(cell=0)
    heard: list[tuple[str, threading.Thread]] = []
    done = threading.Event()

    def hear(change: Any) -> None:
        heard.append((change["new"], threading.current_thread()))
        done.set()

    editor.observe(hear, "value")
    other.edit("c0", "!")
    assert done.wait(5)
    [(text, thread)] = heard
    assert text == "first!"
    assert thread is not threading.main_thread()
    assert editor.value == "first!"


def test_observers_run_on_the_event_loop_on_which_it_was_made(editors: Any, other: OtherThread) -> None:
    async def notebook() -> list[tuple[str, threading.Thread]]:
        editor = editors(cell=0)
        heard: list[tuple[str, threading.Thread]] = []
        done = asyncio.Event()

        def hear(change: Any) -> None:
            heard.append((change["new"], threading.current_thread()))
            done.set()

        editor.observe(hear, "value")
        await asyncio.to_thread(other.edit, "c0", "!")
        await asyncio.wait_for(done.wait(), 5)
        return heard

    assert asyncio.run(notebook()) == [("first!", threading.main_thread())]


def test_a_cell_that_keeps_the_kernel_busy_still_reads_what_is_new(editors: Any, other: OtherThread) -> None:
    async def notebook() -> list[str]:
        editor = editors(cell=0)
        heard: list[str] = []
        editor.observe(lambda change: heard.append(change["new"]), "value")
        other.edit("c0", "!")  # blocks the event loop, as a long-running cell does
        deadline = time.monotonic() + 5
        while editor.value != "first!":
            assert time.monotonic() < deadline
        return heard

    assert asyncio.run(notebook()) == ["first!"]


def test_a_busy_kernel_is_not_flooded(editors: Any, other: OtherThread) -> None:
    async def notebook() -> tuple[int, str]:
        editor = editors(cell=0)
        scheduled: list[object] = []
        editor._on_main = scheduled.append
        assert editor.value == "first"  # who reads takes what is new
        for _ in range(30):
            other.edit("c0", "!")
        other.wait(lambda: editor.room.text.count("!") == 30 and scheduled)
        return len(scheduled), editor.value

    times, text = asyncio.run(notebook())
    assert times <= 2  # once for what came before somebody read, such as the status, and once for all that came after
    assert text == "first" + "!" * 30


def test_an_edit_while_the_widget_is_being_made_is_seen(
    editors: Any, other: OtherThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe = Room.on_change

    def edit_first(room: Room, callback: Any) -> Any:
        other.edit("c0", "!")
        room.wait_for(lambda: "!" in room.text, 5)
        return subscribe(room, callback)

    monkeypatch.setattr(Room, "on_change", edit_first)
    editor = editors(cell=0)
    other.wait(lambda: editor.value == "first!")


def test_an_observer_may_edit(editors: Any, other: OtherThread) -> None:
    first, second = editors(cell=0), editors(cell=1)

    def copy(change: Any) -> None:
        second.value = change["new"].upper()

    first.observe(copy, "value")
    other.edit("c0", "!")
    other.wait(lambda: other.server.texts == ["first!", "FIRST!"])


def test_the_kernels_connection_is_nobody(editors: Any, other: OtherThread) -> None:
    editor = editors()
    assert editor.people == []
    zoe = AwarenessEntry(5, 1, '{"user": {"name": "Zoe"}}')
    other.loop.wait(lambda: other.server.send(AwarenessMessage(build_awareness([zoe]))))
    other.wait(lambda: [(type(person), person.name) for person in editor.people] == [(Person, "Zoe")])
    assert other.server.presence == []


def test_people_and_status_can_be_observed(editors: Any, other: OtherThread) -> None:
    editor = editors()
    statuses: list[str] = []
    editor.observe(lambda change: statuses.append(change["new"]), "status")
    other.loop.wait(other.server.stop)
    other.wait(lambda: "offline" in statuses)
    other.loop.wait(other.server.start)
    other.wait(lambda: statuses[-1] == "synced")


def test_cells_that_did_not_change_are_not_read_again(editors: Any, other: OtherThread) -> None:
    editor = editors()
    before = editor.cells
    other.edit("c1", "!")
    other.wait(lambda: editor.cells[1]["source"] == "second!")
    assert editor.cells[0] is before[0]


def test_an_index_without_a_cell_is_empty_until_there_is_one(editors: Any, other: OtherThread) -> None:
    editor = editors(cell=2)
    assert editor.value == ""
    with pytest.raises(IndexError):
        editor.value = "x"
    other.loop.wait(lambda: other.server.edit(lambda document: document.insert_cell(2, "code", "third")))
    other.wait(lambda: editor.value == "third")


def test_it_stays_at_its_cell_when_another_is_inserted_above(editors: Any, other: OtherThread) -> None:
    editor = editors(cell=0)
    other.change(lambda document: document.insert_cell(0, "code", "a colleague's first cell"))
    editor.room.wait_for(lambda: len(editor.room.cells) == 3, 5)
    assert editor.value == "first"
    editor.value = "first, changed"
    editor.room.wait_saved(5)
    assert other.server.texts == ["a colleague's first cell", "first, changed", "second"]
    assert (editor.cell, editor.cell_id) == (0, "c0")


def test_a_cell_may_be_named_by_its_id(editors: Any, other: OtherThread) -> None:
    editor = editors(cell="c1")
    assert editor.value == "second"
    assert repr(editor) == "SharedEditor('demo', cell='c1', status='synced')"
    with pytest.raises(KeyError, match="has no cell 'nope'"):
        editors(cell="nope")


@pytest.mark.parametrize(("cell", "cell_id"), [(0, "c0"), ("c1", "c1")])
def test_setting_its_value_keeps_what_others_wrote_since_it_was_read(
    editors: Any, other: OtherThread, cell: int | str, cell_id: str
) -> None:
    editor = editors(cell=cell)
    text = editor.value
    other.edit(cell_id, "\nhuman_line = 42")
    editor.room.wait_for(lambda: "human" in editor.room.read(lambda document: document.source(cell_id)), 5)
    editor.value = text.upper()
    assert editor.value == f"{text.upper()}\nhuman_line = 42"
    editor.value += "\nread again"
    assert editor.value == f"{text.upper()}\nhuman_line = 42\nread again"


def test_an_observer_has_read_what_it_is_told(editors: Any, other: OtherThread) -> None:
    editor = editors(cell=0)
    assert editor.value == "first"
    observed = threading.Event()

    def shout(change: Any) -> None:
        if change["new"].endswith("!"):
            editor.value = change["new"].upper() + " told"
            observed.set()

    editor.observe(shout, "value")
    other.edit("c0", "!")
    assert observed.wait(5)
    other.wait(lambda: other.server.texts[0] == "FIRST! told")


def test_text_for_its_deleted_cell_is_not_lost(editors: Any, other: OtherThread) -> None:
    editor = editors(cell=0)
    other.change(lambda document: document.delete_cell("c0"))
    editor.room.wait_for(lambda: len(editor.room.cells) == 1, 5)
    other.wait(lambda: repr(editor).endswith("whose cell was deleted"))
    assert editor.value == "first"
    with pytest.raises(CellDeleted, match="was deleted") as caught:
        editor.value = "precious"
    assert caught.value.text == "precious"
    assert editor.value == "first"
    assert editor.room.text == "second"


def test_its_state_holds_the_rooms_name_and_nothing_secret(editors: Any, other: OtherThread) -> None:
    editor = editors(cell=1, role="writer", height="300px")
    state = editor.get_state()
    own = {name: state[name] for name in ("room_id", "cell", "cell_id", "role", "height")}
    assert own == {"room_id": "demo", "cell": 1, "cell_id": "c1", "role": "writer", "height": "300px"}
    assert {name: state[name] for name in state if name.startswith(("_model", "_view"))} == {
        "_model_module": "jupyter-collab",
        "_model_module_version": f"^{__version__}",
        "_model_name": "SharedEditorModel",
        "_view_module": "jupyter-collab",
        "_view_module_version": f"^{__version__}",
        "_view_name": "SharedEditorView",
        "_view_count": None,
    }
    base = {"_dom_classes", "layout", "tabbable", "tooltip", "_view_count"}
    assert set(state) - base == set(own) | {name for name in state if name.startswith(("_model", "_view"))} - base
    everything = json.dumps([state, editor._repr_mimebundle_()], default=repr)
    assert TOKEN not in everything
    assert str(other.server.port) not in everything


def test_where_it_cannot_be_shown_it_says_what_it_is(editors: Any) -> None:
    bundle = editors(cell=1)._repr_mimebundle_()
    first, advice = bundle["text/plain"].split("\n")
    assert first == "SharedEditor('demo', cell=1, status='synced')"
    assert ".value" in advice
    assert WIDGET_MIME in bundle


def test_what_a_notebook_saves_holds_no_text_of_the_room(editors: Any) -> None:
    editor = editors()
    saved = json.dumps([editor.get_state(), editor._repr_mimebundle_()], default=repr)
    assert "first" not in saved
    assert "second" not in saved


def test_closing_it_leaves_the_room(editors: Any, other: OtherThread) -> None:
    editor = editors(cell=0)
    editor.value = "saved"
    editor.close()
    editor.close()
    other.wait(lambda: not other.server.connections)
    assert other.server.texts[0] == "saved"
    assert (editor.value, editor.status) == ("saved", "offline")
    with pytest.raises(RuntimeError, match="is closed"):
        editor.value = "x"


def test_a_cell_that_runs_again_opens_no_other_connection(editors: Any, other: OtherThread) -> None:
    first, second = editors(cell=0), editors(cell=1)
    assert len(other.server.queries) == 1
    first.value = "by the first"
    assert second.room.text == "by the first\n\nsecond"
    first.close()
    assert (first.status, second.status) == ("offline", "synced")
    second.value = "by the second"
    other.wait(lambda: other.server.texts == ["by the first", "by the second"])
    second.close()
    other.wait(lambda: not other.server.connections)
    third = editors()
    assert (third.status, len(other.server.queries)) == ("synced", 2)


def test_editors_in_other_roles_have_connections_of_their_own(editors: Any, other: OtherThread) -> None:
    editors(role="viewer")
    editors(role="owner")
    assert [parse_qs(query).get("role") for query in other.server.queries] == [["viewer"], ["owner"]]


def test_an_editor_does_not_share_a_connection_that_failed(editors: Any, other: OtherThread) -> None:
    first = editors(cell=0)
    other.loop.wait(other.server.stop)
    other.wait(lambda: first.status == "offline")
    with pytest.raises(ServerUnreachable):
        editors(cell=0)
    first.room.close()
    other.loop.wait(other.server.start)
    assert editors(cell=0).status == "synced"


def test_closing_one_of_two_says_what_was_not_saved(editors: Any, other: OtherThread) -> None:
    other.server.reject = "permission_denied"
    first, second = editors(cell=0), editors(cell=0)
    first.value = "refused"
    with pytest.raises(EditsNotSaved, match=r"see \.unsent"):
        first.close()
    second.room.wait_for(lambda: second.room.status == "synced", 5)
    second.room.discard_unsent()


def test_closing_it_says_what_was_not_saved(editors: Any, other: OtherThread) -> None:
    other.server.reject = "permission_denied"
    editor = editors(cell=0)
    editor.value = "refused"
    with pytest.raises(EditsNotSaved, match=r"see \.unsent"):
        editor.close()
    other.wait(lambda: not other.server.connections)
