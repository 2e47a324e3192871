"""The digest by which copies of a document are compared: the same in Python as in the page, for the same texts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map, Text

from jupyter_collab.document import RoomDocument

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "digest.json").read_text(encoding="utf-8"))


def document_of(update: str) -> RoomDocument:
    """The document that an update, as hexadecimal digits, makes."""
    doc: Doc[Any] = Doc()
    doc.apply_update(bytes.fromhex(update))
    return RoomDocument(doc)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_documents_of_the_table_have_its_digests(vector: dict[str, str]) -> None:
    assert document_of(vector["update"]).digest == vector["digest"]


def test_text_that_moves_from_one_cell_to_the_next_is_another_digest() -> None:
    whole = [document_of(VECTORS[0]["update"]) for _ in range(2)]
    for document, sources in zip(whole, (("ab", "c"), ("a", "bc")), strict=True):
        for index, source in enumerate(sources):
            document.insert_cell(index, "code", source, id=f"cell{index}")
    assert whole[0].digest != whole[1].digest


def replace_source(document: RoomDocument) -> None:
    """Exchange a cell's text, and type in the new one."""
    cell: Map[Any] = document.doc["cells"][0]
    cell["source"] = Text("other")
    document.append_text("cell0", " text")


def add_by_another(document: RoomDocument) -> None:
    """Somebody else adds a cell, and types in it."""
    other = RoomDocument(Doc())
    other.doc.apply_update(document.doc.get_update())
    other.insert_cell(1, "markdown", "new", id="new")
    document.doc.apply_update(other.doc.get_update())
    other.append_text("new", "er")
    document.doc.apply_update(other.doc.get_update())


def clear_out(document: RoomDocument) -> None:
    """Delete a cell, until it is gone for good."""
    document.set_source("cell1", "")
    document.delete_cell("cell1")
    document.clear_out(2**50)


CHANGES: dict[str, Callable[[RoomDocument], object]] = {
    "text is typed": lambda document: document.append_text("cell0", "x"),
    "text is deleted": lambda document: document.set_source("cell0", ""),
    "a text is exchanged": replace_source,
    "a cell moves": lambda document: document.move_cell("cell2", 0),
    "a cell gets another type": lambda document: document.set_cell_type("cell0", "markdown"),
    "a cell is deleted": lambda document: document.delete_cell("cell1"),
    "a cell is added": lambda document: document.insert_cell(1, "code", "new"),
    "somebody else adds a cell": add_by_another,
    "a cell is gone for good": clear_out,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_document_that_is_watched_has_the_digest_that_a_copy_of_it_has(
    change: Callable[[RoomDocument], object],
) -> None:
    document = RoomDocument(Doc())
    for index in range(3):
        document.insert_cell(index, "code", f"text {index}", id=f"cell{index}")
    document.watch()
    try:
        before = document.digest
        change(document)
        document.accept()
        assert document.digest == document_of(document.doc.get_update().hex()).digest != before
    finally:
        document.unwatch()


def test_a_digest_tells_where_cells_stand_and_whether_they_are_there() -> None:
    by_name = {vector["name"]: vector["digest"] for vector in VECTORS}
    moved, deleted = "two cells, the first moved behind the second", "two cells, the second deleted"
    assert len({by_name[name] for name in ("two cells with places", moved, deleted)}) == 3
    assert by_name["the same, deleted at another time"] == by_name[deleted]
    assert by_name["outputs and metadata do not count"] == by_name["one cell"]
