"""What an edit costs does not depend on how many cells others, or the server, put there before it."""

from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Doc, Map

from jupyter_collab.document import RoomDocument, cell_list, room_document
from jupyter_collab.document.cells import is_whole

from .rooms import GatedRoom

CELLS = 200


def add_cells(document: RoomDocument) -> None:
    """As an import does."""
    for number in range(CELLS):
        document.insert_cell(number, "code", f"x = {number}", id=f"cell{number}")


def by_the_server(room: GatedRoom) -> None:
    """The server itself adds cells."""
    room.replica.edit(add_cells, lambda size: None)


def by_another_server(room: GatedRoom) -> None:
    """They come in the log."""
    other = RoomDocument(Doc())
    other.doc.apply_update(room.replica.encode())
    before = other.doc.get_state()
    add_cells(other)
    room.replica.take(other.doc.get_update(before))


@pytest.mark.parametrize("add", [by_the_server, by_another_server])
def test_cells_that_somebody_else_put_there_are_not_looked_at_for_an_edit(
    monkeypatch: pytest.MonkeyPatch, add: Callable[[GatedRoom], None]
) -> None:
    room = GatedRoom()
    add(room)
    looked_at: list[Map[Any]] = []

    def look(cell: "Map[Any]") -> bool:
        looked_at.append(cell)
        return is_whole(cell)

    for module in (cell_list, room_document):
        monkeypatch.setattr(module, "is_whole", look)
    room.joined().send(lambda eve: eve.cell()["metadata"].__setitem__("tags", ["a"]))
    assert len(looked_at) <= 1
