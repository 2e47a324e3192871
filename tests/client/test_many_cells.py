"""What happens in one cell does not make a client read all cells again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pycrdt import Doc, Map, ReadTransaction, Transaction

from jupyter_collab.client.replica.watched_document import WatchedDocument
from jupyter_collab.document import CellRecord, RoomDocument, cell_index
from jupyter_collab.document.digest import CellDigest, cell_digest

from .doubles import notebook

CELLS = 200


@pytest.fixture
def other() -> RoomDocument:
    """The document of somebody else."""
    other = RoomDocument(Doc())
    other.doc.apply_update(RoomDocument.create("one", notebook(*map(str, range(CELLS)))).doc.get_update())
    return other


@pytest.fixture
def watched(other: RoomDocument) -> Iterator[WatchedDocument]:
    """Ours, with the same cells."""
    watched = WatchedDocument(lambda change: None, lambda update: None)
    watched.apply(other.doc.get_update())
    yield watched
    watched.close()


@pytest.fixture
def readings(watched: WatchedDocument, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is read of cells of ours from now on."""
    assert watched.room.digest
    readings: list[str] = []
    read = CellRecord.read

    def counted(record: CellRecord, transaction: Transaction | ReadTransaction) -> None:
        readings.append("record")
        read(record, transaction)

    def digested(cell: "Map[Any]", transaction: Transaction | ReadTransaction) -> CellDigest:
        readings.append("digest")
        return cell_digest(cell, transaction)

    monkeypatch.setattr(CellRecord, "read", counted)
    monkeypatch.setattr(cell_index, "cell_digest", digested)
    return readings


EDITS: dict[str, Callable[[RoomDocument], object]] = {
    "type": lambda document: document.append_text("c3", "x"),
    "run a cell": lambda document: document.set_execution_count("c3", 7),
    "move a cell": lambda document: document.move_cell("c3", 100),
    "delete a cell": lambda document: document.delete_cell("c3"),
    "add a cell": lambda document: document.insert_cell(3),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
@pytest.mark.parametrize("is_ours", [False, True], ids=["others", "we"])
def test_an_edit_makes_nobody_read_all_cells(
    other: RoomDocument,
    watched: WatchedDocument,
    readings: list[str],
    edit: Callable[[RoomDocument], object],
    is_ours: bool,
) -> None:
    if is_ours:
        edit(watched.room)
    else:
        before = other.doc.get_state()
        edit(other)
        update = other.doc.get_update(before)
        readings.clear()
        watched.apply(update)
    digest, cell_ids = watched.room.digest, watched.room.cell_ids
    assert len(readings) < 10
    copy = RoomDocument(Doc())
    copy.doc.apply_update(watched.room.doc.get_update())
    assert (copy.digest, copy.cell_ids) == (digest, cell_ids)
    assert watched.cell_ids == cell_ids


def test_all_cells_are_read_again_for_a_change_that_no_event_named(
    watched: WatchedDocument, readings: list[str]
) -> None:
    watched.room.forget_digests()
    assert watched.room.digest
    assert readings == ["digest"] * CELLS


def test_whoever_lets_go_of_a_document_watches_nothing_any_more(watched: WatchedDocument) -> None:
    assert watched.room.is_watched
    watched.close()
    assert not watched.room.is_watched
