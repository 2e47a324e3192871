"""A peer may write anything anywhere: reading answers a valid notebook, and setting one makes the document good."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map

from jupyter_collab.document import ContentFormat, RoomDocument, read_content, write_content
from jupyter_collab.document.values import plain_line_breaks
from jupyter_collab.errors import ContentError, InvalidUpdate

from .strategies import JUNK_METADATA, NOTEBOOKS, SHARED_JUNK, WRONG_CELLS
from .test_notebooks import code, markdown, notebook, record_updates

VECTORS: dict[str, str] = json.loads((Path(__file__).parent / "junk.json").read_text())
"""Updates, as hex, that yjs made: see junk.mjs."""

UNEDITABLE = ("cells as text", "cells as text and as array")
"""Those that leave text among the cells, with characters that pycrdt cannot pass."""

NO_WHOLE_CELLS = (
    *UNEDITABLE,
    "cells as XML",
    "values among cells",
    "wrong types in a cell",
    "embedded in a source",
)

AFTER = notebook(markdown("after 😀", id="after"), code("1", id="one"))


def check_reading(document: RoomDocument) -> None:
    """Everything that reads answers, and trust can be taken out."""
    exported = document.to_notebook()
    nbformat.validate(exported)
    assert [cell["id"] for cell in exported["cells"]] == document.cell_ids
    assert document.kind in ("note", "notebook")
    for content_format in ContentFormat:
        read_content(write_content(document, content_format), content_format)
    document.watch()
    document.strip_trust()
    assert not document.strip_trust()
    assert document.to_notebook() == exported


def check(document: RoomDocument) -> None:
    """Everything that reads reads, and then everything that writes writes."""
    check_reading(document)
    exported = document.to_notebook()
    for cell in exported["cells"]:
        cell["source"] = plain_line_breaks(cell["source"])
    document.set_notebook(exported)
    assert document.to_notebook() == exported
    updates = record_updates(document)
    document.set_notebook(exported)
    assert updates == []
    new = document.insert_cell(1, "markdown", "new")
    document.move_cell(new, 0)
    for cell_id in document.cell_ids:
        document.set_source(cell_id, "ü" + document.source(cell_id))
        document.set_cell_type(cell_id, "raw")
    document.set_notebook(AFTER)
    assert document.to_notebook() == nbformat.from_dict(AFTER)
    assert document.doc["cells"].to_py() is not None


@pytest.mark.parametrize("name", VECTORS)
@pytest.mark.parametrize("content", [None, notebook(markdown("é😀", id="a"), markdown("b", id="b"))])
def test_what_a_javascript_peer_may_write(name: str, content: dict[str, Any] | None) -> None:
    document = RoomDocument()
    if content is not None:
        document.doc.apply_update(RoomDocument.create("epoch", content).doc.get_update())
    document.watch()
    document.doc.apply_update(bytes.fromhex(VECTORS[name]))
    if name not in UNEDITABLE:
        check(document)
        return
    check_reading(document)
    edits: list[Callable[[], object]] = [lambda: document.set_notebook(AFTER), lambda: document.insert_cell(0)]
    for edit in edits:
        updates = record_updates(document)
        with pytest.raises(ContentError, match="Export the room"):
            edit()
        assert updates == []


@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize("name", VECTORS)
def test_what_is_no_whole_cell_among_the_cells_is_found(name: str, watched: bool) -> None:
    document = RoomDocument.create("epoch", AFTER)
    if watched:
        document.watch()
    document.check_cells()
    document.doc.apply_update(bytes.fromhex(VECTORS[name]))
    document.set_source("after", "so far so good")
    if name not in NO_WHOLE_CELLS:
        document.check_cells()
        return
    for _ in range(2):
        with pytest.raises(InvalidUpdate, match="no cell"):
            document.check_cells()


@given(st.lists(st.one_of(SHARED_JUNK, WRONG_CELLS), max_size=4), JUNK_METADATA, st.booleans())
def test_what_a_python_peer_may_write(cells: list[Any], metadata: dict[str, Any], plain: bool) -> None:
    doc: Doc[Any] = Doc()
    doc["cells"] = Array(cells)
    doc["meta"] = Map({"nbformat": "x", "metadata": metadata if plain else Map(metadata)})
    check(RoomDocument(doc))


@given(NOTEBOOKS, st.lists(WRONG_CELLS, max_size=3), st.data())
def test_cells_among_junk_stay_as_they_are(original: dict[str, Any], junk: list[Any], data: st.DataObject) -> None:
    document = RoomDocument.create("epoch", original)
    for item in junk:
        cells = document.doc["cells"]
        cells.insert(data.draw(st.integers(0, len(cells))), item)
    exported = {cell["id"]: cell for cell in document.to_notebook()["cells"]}
    for cell in original["cells"]:
        assert exported[cell["id"]]["source"] == cell["source"]
    check(document)


def test_root_types_of_another_kind_are_read_as_empty() -> None:
    document = RoomDocument()
    document.doc.apply_update(bytes.fromhex(VECTORS["meta and state of other types"]))
    assert (document.metadata, document.epoch, document.cells) == ({}, None, [])


@pytest.mark.parametrize(("source", "text"), [("plain", "plain"), (5, ""), (Array(["x"]), "")])
def test_a_source_that_is_no_text_becomes_one_when_it_is_edited(source: Any, text: str) -> None:
    document = RoomDocument()
    document.doc["cells"].append(Map({"id": "a", "cell_type": "raw", "source": source}))
    assert document.source("a") == text
    document.append_text("a", " and more")
    assert document.source("a") == str(document.source_type("a")) == f"{text} and more"
