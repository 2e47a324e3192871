"""Outputs in the room's document: edits that touch only what changed, and what others do meanwhile."""

from collections.abc import Callable

import nbformat.v4
import pytest
from pycrdt import Array, Map, Text

from jupyter_collab.document import RoomDocument

from .outputs import CELL, Room, clear, display, error, result, stream, update

OLD = [nbformat.v4.new_output("stream", name="stdout", text="old\n"), nbformat.v4.new_output("display_data", {})]


def test_the_first_write_removes_what_the_run_before_left() -> None:
    room = Room(outputs=OLD).write()
    assert (room.outputs, room.cell["execution_count"]) == ([], None)


def test_outputs_have_the_shape_that_jupyterlab_binds_to() -> None:
    room = Room(outputs=OLD).write(("execute_input", {"execution_count": 3}), stream("a"), display("b"), error())
    assert [output["output_type"] for output in room.outputs] == ["stream", "display_data", "error"]
    assert room.cell["execution_count"] == 3
    (cell,) = room.document.doc.get("cells", type=Array)
    assert isinstance(cell["outputs"], Array)
    assert [type(output) for output in cell["outputs"]] == [Map, Map, Map]
    assert isinstance(cell["outputs"][0]["text"], Text)


def test_a_stream_grows_by_what_is_new() -> None:
    room = Room().write(stream("x" * 10_000))
    room.updates.clear()
    for number in range(20):
        room.write(stream(f"{number}\n"))
    assert room.text.startswith("xxx")
    assert room.text.endswith("18\n19\n")
    assert sum(map(len, room.updates)) < 20 * 100


def test_a_progress_bar_changes_its_own_line_only() -> None:
    room = Room().write(stream("y" * 10_000 + "\n"))
    room.updates.clear()
    for percent in range(101):
        room.write(stream(f"\r{percent:3}% 😀"))
    assert room.text == "y" * 10_000 + "\n100% 😀"
    assert sum(map(len, room.updates)) < 101 * 150


def test_what_is_there_already_is_not_written_again() -> None:
    room = Room().write(display({"text/plain": "z" * 100_000}), stream("a"))
    room.updates.clear()
    room.write()
    assert room.updates == []
    room.write(stream("b"), display("c"), result("d", 1))
    assert [output["output_type"] for output in room.outputs] == [
        "display_data",
        "stream",
        "display_data",
        "execute_result",
    ]
    assert sum(map(len, room.updates)) < 1_000


def test_an_update_of_a_display_reaches_it_wherever_it_is() -> None:
    room = Room().write(stream("before"), display("1", "x"), stream("after"))
    room.write(update("2", "x"))
    assert [output.get("text") or output["data"]["text/plain"] for output in room.outputs] == ["before", "2", "after"]
    room.write(stream("wards"), update("3", "x"))
    assert [output.get("text") or output["data"]["text/plain"] for output in room.outputs] == [
        "before",
        "3",
        "afterwards",
    ]


def test_clearing_and_showing_again_leaves_just_that() -> None:
    room = Room().write(stream("1"))
    for number in range(2, 5):
        room.write(clear(wait=True), stream(str(number)), display(str(number)))
        assert [output["output_type"] for output in room.outputs] == ["stream", "display_data"]
        assert room.outputs[0]["text"] == str(number)
    assert room.write(clear()).outputs == []


def test_what_others_wrote_among_the_outputs_gives_way() -> None:
    room = Room().write(stream("a"), display("b"))
    (cell,) = room.document.doc.get("cells", type=Array)
    cell["outputs"].insert(0, Map({"output_type": "display_data", "data": {}, "metadata": {}}))
    room.write(stream("c"))
    assert [output.get("text") for output in room.outputs] == ["a", None, "c"]
    cell["outputs"][2]["text"].insert(0, "typed by somebody")
    assert room.write(stream("d")).text == "cd"


def test_what_somebody_clears_does_not_come_back() -> None:
    room = Room().write(stream("a"), display("b"))
    (cell,) = room.document.doc.get("cells", type=Array)
    cell["outputs"].clear()
    room.write(display("c"))
    room.write(stream("d"))
    assert [output.get("text") or output["data"]["text/plain"] for output in room.outputs] == ["c", "d"]


def test_a_write_that_did_not_stay_is_made_again() -> None:
    room = Room(outputs=OLD)
    lost = RoomDocument()
    lost.doc.apply_update(room.document.doc.get_update())
    room.take(stream("a"), display("b")).run.write(lost)
    room.run.rewrite()
    room.write(stream("c"))
    assert [output.get("text") for output in room.outputs] == ["a", None, "c"]


def test_a_document_that_was_made_anew_is_written_on() -> None:
    room = Room().write(stream("a"))
    healed = RoomDocument()
    healed.doc.apply_update(room.document.doc.get_update())
    room.document = healed
    assert room.write(stream("b")).text == "ab"


def test_a_cell_that_was_moved_is_written_on() -> None:
    room = Room().write(stream("a"))
    room.document.insert_cell(0, "code", "new")
    room.document.move_cell(CELL, 0)
    assert room.write(stream("b")).text == "ab"


def test_a_cell_that_is_gone_or_no_code_any_more_is_left_alone() -> None:
    room = Room().write(stream("a"))
    room.document.set_cell_type(CELL, "markdown")
    assert "outputs" not in room.write(stream("b")).cell
    room.document.delete_cell(CELL)
    room.write(stream("c"))
    assert room.document.cells == []


@pytest.mark.parametrize("outputs", ["no outputs", ["no output"], None])
def test_what_is_no_list_of_outputs_becomes_one(outputs: object) -> None:
    room = Room()
    (cell,) = room.document.doc.get("cells", type=Array)
    cell["outputs"] = Array(outputs) if isinstance(outputs, list) else outputs
    assert room.write(stream("a")).text == "a"


def test_a_cell_is_found_wherever_others_put_it() -> None:
    room = Room()
    document = room.document
    document.watch()
    changes: list[Callable[[], object]] = [
        lambda: None,
        lambda: document.insert_cell(0, "code", "before"),
        lambda: document.insert_cell(0, "markdown", "before both"),
        lambda: document.move_cell(CELL, 0),
        lambda: document.delete_cell(document.cell_ids[1]),
    ]
    for number, change in enumerate(changes):
        change()
        document.check_cells()
        assert document.is_code(CELL)
        assert room.write(stream(f"{number}")).text == "01234"[: number + 1]
    document.delete_cell(CELL)
    document.check_cells()
    assert not document.is_code(CELL)
