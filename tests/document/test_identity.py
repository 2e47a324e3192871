"""A cell keeps its identity and its text for life, whatever is done to it while others type in it."""

from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from pycrdt import Array, Doc, Map, Text

from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import InvalidUpdate

from .test_notebooks import code, exchange, markdown, notebook, record_updates, replica, sources

HOUR_MS = 60 * 60 * 1000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def ada() -> RoomDocument:
    cells = [code("cell p", id="p"), code("cell q", id="q"), markdown("cell r", id="r")]
    return replica(RoomDocument.create("epoch", notebook(*cells)))


@pytest.fixture
def ben(ada: RoomDocument) -> RoomDocument:
    return replica(ada)


def in_order(document: RoomDocument) -> list[tuple[str, str, str]]:
    return [(cell["id"], cell["cell_type"], cell["source"]) for cell in document.cells]


def delete_and_bring_back(document: RoomDocument) -> None:
    document.delete_cell("p")
    document.restore_cell("p")


STEPS: dict[str, tuple[Callable[[RoomDocument], None], list[str]]] = {
    "move": (lambda document: document.move_cell("p", 2), ["q", "r", "p"]),
    "type": (lambda document: document.set_cell_type("p", "markdown"), ["p", "q", "r"]),
    "import": (
        lambda document: document.set_notebook(
            notebook(code("cell q", id="q"), markdown("cell p", id="p"), markdown("cell r", id="r"))
        ),
        ["q", "p", "r"],
    ),
    "delete and bring back": (delete_and_bring_back, ["p", "q", "r"]),
}


@pytest.mark.parametrize("step", STEPS)
def test_what_somebody_types_meanwhile_is_in_the_cell(ada: RoomDocument, ben: RoomDocument, step: str) -> None:
    change, order = STEPS[step]
    change(ada)
    ben.append_text("p", " TYPED 😀")
    exchange(ada, ben)
    assert ada.cell_ids == ben.cell_ids == order
    assert ada.source("p") == ben.source("p") == "cell p TYPED 😀"


def test_a_move_a_change_of_type_and_an_edit_at_once_all_take_effect(ada: RoomDocument, ben: RoomDocument) -> None:
    cleo = replica(ada)
    ada.move_cell("p", 1)
    ben.set_cell_type("p", "raw")
    cleo.append_text("p", "!")
    for one, other in ((ada, ben), (ben, cleo), (cleo, ada), (ada, ben)):
        exchange(one, other)
    assert in_order(ada) == in_order(ben) == in_order(cleo)
    assert in_order(ada)[1] == ("p", "raw", "cell p!")


def test_two_who_move_one_cell_at_once_get_one_cell_at_one_place(ada: RoomDocument, ben: RoomDocument) -> None:
    ada.move_cell("p", 2)
    ben.move_cell("p", 1)
    exchange(ada, ben)
    assert ada.cell_ids == ben.cell_ids
    assert sorted(ada.cell_ids) == ["p", "q", "r"]


def test_two_who_change_the_type_at_once_get_one_cell(ada: RoomDocument, ben: RoomDocument) -> None:
    ada.set_cell_type("r", "code")
    ben.set_cell_type("r", "code")
    ada.set_cell_type("p", "markdown")
    ben.set_cell_type("p", "raw")
    exchange(ada, ben)
    assert in_order(ada) == in_order(ben)
    assert len(ada.cells) == 3
    nbformat.validate(ada.to_notebook())


def test_two_who_insert_at_one_place_at_once_get_both_in_one_order(ada: RoomDocument, ben: RoomDocument) -> None:
    for name in "abc":
        ada.insert_cell(1, source=f"ada {name}")
        ben.insert_cell(1, source=f"ben {name}")
    exchange(ada, ben)
    assert sources(ada) == sources(ben)
    assert sorted(sources(ada)[1:-2]) == [f"{who} {name}" for who in ("ada", "ben") for name in "abc"]
    between = ada.insert_cell(3, source="between")
    assert ada.index_of(between) == 3


def test_a_change_of_type_takes_the_outputs_away_and_not_the_array(ada: RoomDocument) -> None:
    outputs = ada.outputs("p")
    assert outputs is not None
    outputs.update(None, [{"output_type": "stream", "name": "stdout", "text": "1"}])
    ada.set_cell_type("p", "markdown")
    ada.set_cell_type("p", "code")
    assert ada.cell("p")["outputs"] == []
    again = ada.outputs("p")
    assert again is not None
    again.update([], [{"output_type": "stream", "name": "stdout", "text": "2"}])
    assert ada.cell("p")["outputs"][0]["text"] == "2"


# Deleting


def test_text_typed_in_a_cell_that_somebody_deletes_is_late_for_both(ada: RoomDocument, ben: RoomDocument) -> None:
    ada.delete_cell("p", by="Ada")
    ben.append_text("p", " TYPED")
    exchange(ada, ben)
    for document in (ada, ben):
        assert document.cell_ids == ["q", "r"]
        assert document.late_cells == ["p"]
        assert document.deleted_cells[0]["source"] == "cell p TYPED"
    ben.restore_cell("p")
    exchange(ada, ben)
    assert sources(ada) == sources(ben) == ["cell p TYPED", "cell q", "cell r"]
    assert ada.late_cells == []


def test_what_was_deleted_knowingly_is_not_late(ada: RoomDocument, ben: RoomDocument) -> None:
    ben.append_text("p", " SEEN")
    exchange(ada, ben)
    ada.delete_cell("p")
    exchange(ada, ben)
    assert (ada.late_cells, ben.late_cells) == ([], [])
    with pytest.raises(KeyError):
        ben.append_text("p", "x")


def test_late_text_can_be_dismissed(ada: RoomDocument, ben: RoomDocument) -> None:
    ada.delete_cell("p")
    ben.append_text("p", " TYPED")
    exchange(ada, ben)
    ada.dismiss_late_text("p")
    exchange(ada, ben)
    assert (ada.late_cells, ben.late_cells) == ([], [])


def test_an_import_that_leaves_a_cell_out_says_so_to_who_types_in_it(ada: RoomDocument, ben: RoomDocument) -> None:
    ada.set_notebook(notebook(code("cell q", id="q")))
    ben.append_text("p", " TYPED")
    exchange(ada, ben)
    assert (sources(ada), ada.late_cells) == (["cell q"], ["p"])


def test_an_import_of_a_deleted_cell_brings_it_back_and_keeps_late_text(ada: RoomDocument, ben: RoomDocument) -> None:
    whole = ada.to_notebook()
    ada.delete_cell("p")
    ben.append_text("p", " TYPED")
    exchange(ada, ben)
    ada.set_notebook(whole)
    exchange(ada, ben)
    assert ada.to_notebook() == ben.to_notebook() == whole
    [late] = ben.late_cells
    assert [cell["source"] for cell in ben.deleted_cells if cell["id"] == late] == ["cell p TYPED"]


# What peers write


def test_ids_that_two_made_at_once_are_told_apart_for_good(ada: RoomDocument, ben: RoomDocument) -> None:
    ada.insert_cell(0, source="ada", id="same")
    ben.insert_cell(0, source="ben", id="same")
    exchange(ada, ben)
    known = {cell["source"]: cell["id"] for cell in ada.cells}
    assert sorted(ada.cell_ids) == ["p", "q", "r", "same", "same-2"]
    ada.complete()
    exchange(ada, ben)
    ben.move_cell("same", 4)
    exchange(ada, ben)
    assert {cell["source"]: cell["id"] for cell in ben.cells} == known
    assert {cell["source"]: cell["id"] for cell in ada.cells} == known


def test_cells_with_one_key_can_have_another_between_them(ada: RoomDocument) -> None:
    cells: Array[Any] = ada.doc.get("cells", type=Array)
    for index in range(3):
        cells[index]["pos"] = "a1"
    assert ada.cell_ids == ["p", "q", "r"]
    new = ada.insert_cell(1)
    assert ada.cell_ids == ["p", new, "q", "r"]
    ada.move_cell("r", 0)
    assert ada.cell_ids == ["r", "p", new, "q"]


@pytest.mark.parametrize("key", ["", "0", "a", "zz", "a10", "é", "a0 ", "a" * 2000, 7, None, Map({"a": 1})])
def test_a_key_that_is_none_counts_as_missing(ada: RoomDocument, key: object) -> None:
    cells: Array[Any] = ada.doc.get("cells", type=Array)
    cells[0]["pos"] = key
    assert ada.cell_ids == ["q", "r", "p"]
    ada.complete()
    assert ada.cell_ids == ["q", "r", "p"]
    assert ada.is_complete
    ada.move_cell("p", 0)
    assert ada.cell_ids == ["p", "q", "r"]


def test_keys_that_leave_no_room_are_made_again(ada: RoomDocument) -> None:
    cells: Array[Any] = ada.doc.get("cells", type=Array)
    for index, key in enumerate(["a1" + "V" * 998, "a1" + "V" * 997 + "W", "b00"]):
        cells[index]["pos"] = key
    new = ada.insert_cell(1)
    assert ada.cell_ids == ["p", new, "q", "r"]


def test_many_insertions_into_one_gap_stay_in_order(ada: RoomDocument) -> None:
    made = [ada.insert_cell(1, source=str(number)) for number in range(300)]
    assert ada.cell_ids == ["p", *reversed(made), "q", "r"]


def test_a_move_is_small() -> None:
    document = replica(RoomDocument.create("epoch", notebook(*(code(str(n), id=f"c{n}") for n in range(2000)))))
    updates = record_updates(document)
    document.move_cell("c7", 1500)
    assert sum(map(len, updates)) <= 100


# Rooms from before cells had an order of their own


def former_room() -> "Doc[Any]":
    """A document as it was made before: the order is that of the array."""
    doc: Doc[Any] = Doc(client_id=5)
    cells: Array[Any] = doc.get("cells", type=Array)
    doc.get("state", type=Map)["epoch"] = "epoch"
    for name, kind in (("p", "code"), ("q", "markdown"), ("r", "raw")):
        cell: dict[str, Any] = {"id": name, "cell_type": kind, "source": Text(f"cell {name}"), "metadata": Map({})}
        if kind == "code":
            cell |= {"outputs": Array([Map({"output_type": "stream", "name": "stdout", "text": Text("1")})])}
            cell |= {"execution_count": 1}
        cells.append(Map(cell))
    return doc


def test_a_former_room_has_its_order_before_and_after_it_is_converted() -> None:
    document = RoomDocument(former_room())
    before = document.to_notebook()
    assert [cell["id"] for cell in before["cells"]] == ["p", "q", "r"]
    document.complete()
    assert document.to_notebook() == before
    assert document.is_complete


def test_two_servers_that_convert_a_room_at_once_choose_alike() -> None:
    one, other = replica(RoomDocument(former_room())), replica(RoomDocument(former_room()))
    one.complete()
    other.complete()
    exchange(one, other)
    assert one.to_notebook() == other.to_notebook()
    assert one.is_complete


def test_what_was_typed_offline_in_a_former_room_is_in_it_when_it_is_converted() -> None:
    document = RoomDocument(former_room())
    author = replica(document)
    document.complete()
    author.append_text("q", " TYPED")
    author.append_text("r", " TYPED")
    exchange(document, author)
    assert sources(document) == sources(author) == ["cell p", "cell q TYPED", "cell r TYPED"]


# What is taken away


def take_cell(cells: "Array[Any]") -> None:
    del cells[1]


def take_source(cells: "Array[Any]") -> None:
    cells[1]["source"] = Text("mine")


def take_id(cells: "Array[Any]") -> None:
    cells[1]["id"] = "mine"


def take_metadata(cells: "Array[Any]") -> None:
    cells[1]["metadata"] = Map()


def take_outputs(cells: "Array[Any]") -> None:
    cells[0]["outputs"] = Array()


@pytest.mark.parametrize("take", [take_cell, take_source, take_id, take_metadata, take_outputs])
def test_a_peer_cannot_take_from_a_cell_what_it_keeps_for_life(
    ada: RoomDocument, take: Callable[["Array[Any]"], None]
) -> None:
    ada.watch()
    ada.check_cells()
    take(ada.doc.get("cells", type=Array))
    with pytest.raises(InvalidUpdate, match="away"):
        ada.check_cells()


def test_a_watched_document_knows_its_order_within_one_edit(ada: RoomDocument) -> None:
    ada.watch()
    assert ada.cell_ids == ["p", "q", "r"]
    with ada.doc.transaction():
        ada.move_cell("p", 2)
        assert ada.cell_ids == ["q", "r", "p"]
        ada.delete_cell("q")
        new = ada.insert_cell(0)
        assert ada.cell_ids == [new, "r", "p"]
    assert ada.cell_ids == [new, "r", "p"]


# Clearing out


def test_what_deleted_cells_hold_is_cleared_out_step_by_step(ada: RoomDocument) -> None:
    outputs = ada.outputs("p")
    assert outputs is not None
    outputs.update(None, [{"output_type": "stream", "name": "stdout", "text": "x" * 1000}])
    ada.delete_cell("p")
    deleted_ms = ada.doc.get("cells", type=Array)[0]["deleted"]["at"]
    ada.clear_out(int(deleted_ms + HOUR_MS - 1))
    assert ada.deleted_cells[0]["outputs"] != []
    ada.clear_out(int(deleted_ms + HOUR_MS))
    assert (ada.deleted_cells[0]["outputs"], ada.deleted_cells[0]["source"]) == ([], "cell p")
    ada.clear_out(int(deleted_ms + 7 * DAY_MS))
    assert (ada.deleted_cells[0]["source"], ada.late_cells) == ("", [])
    ada.clear_out(int(deleted_ms + 14 * DAY_MS))
    assert ada.ids() == (["q", "r"], ["q", "r"])
    assert sources(ada) == ["cell q", "cell r"]


def test_a_merged_cell_that_is_cleared_out_still_says_where_its_text_went(ada: RoomDocument) -> None:
    ada.delete_cell("p", by="Ben")
    cell = ada.doc.get("cells", type=Array)[0]
    cell["deleted"] = mark = {**cell["deleted"], "into": "q"}
    ada.clear_out(int(mark["at"] + 7 * DAY_MS))
    assert (ada.deleted_cells[0]["source"], ada.late_cells) == ("", [])
    assert cell["deleted"] == mark


def test_late_text_is_not_cleared_out_however_late_it_comes(ada: RoomDocument, ben: RoomDocument) -> None:
    ada.delete_cell("p")
    deleted_ms = ada.doc.get("cells", type=Array)[0]["deleted"]["at"]
    ada.clear_out(int(deleted_ms + 8 * DAY_MS))
    ben.append_text("p", " TYPED")
    exchange(ada, ben)
    ada.clear_out(int(deleted_ms + 99 * DAY_MS))
    exchange(ada, ben)
    assert ada.late_cells == ben.late_cells == ["p"]
    assert ben.deleted_cells[0]["source"] == " TYPED"
