"""Text typed in a cell that somebody deletes meanwhile is kept; the program is told, and can bring the cell back."""

import pytest

from jupyter_collab.client import AsyncRoom
from jupyter_collab.document import RoomDocument

from .doubles import ScriptedServer, scripted_server, until
from .rooms import joined

pytestmark = pytest.mark.anyio


async def type_while_somebody_deletes(server: ScriptedServer, room: AsyncRoom) -> None:
    """This program types in c0 before it hears that the cell is deleted."""
    elsewhere = RoomDocument()
    elsewhere.doc.apply_update(server.document.doc.get_update())
    elsewhere.delete_cell("c0", by="Ben")
    room.cell("c0").append(" TYPED")
    await room.wait_saved(5)
    await server.edit(lambda document: document.doc.apply_update(elsewhere.doc.get_update()))
    await until(lambda: room.late_cells)


async def test_what_was_typed_is_late_and_the_status_does_not_say_synced() -> None:
    async with scripted_server("a = 1", "b = 2") as server, joined(server) as room:
        await type_while_somebody_deletes(server, room)
        assert [cell.id for cell in room.cells] == ["c1"]
        assert [(cell.id, cell.source) for cell in room.late_cells] == [("c0", "a = 1 TYPED")]
        assert (room.status, room.pending) == ("in-deleted-cell", 0)


async def test_the_cell_can_be_brought_back() -> None:
    async with scripted_server("a = 1", "b = 2") as server, joined(server) as room:
        await type_while_somebody_deletes(server, room)
        cell = room.restore_cell("c0")
        await room.wait_saved(5)
        assert (cell.index, cell.source) == (0, "a = 1 TYPED")
        assert (room.late_cells, room.status) == ([], "synced")
        assert server.texts == ["a = 1 TYPED", "b = 2"]


async def test_the_text_can_be_let_go_of() -> None:
    async with scripted_server("a = 1", "b = 2") as server, joined(server) as room:
        await type_while_somebody_deletes(server, room)
        room.dismiss_late_text("c0")
        await room.wait_saved(5)
        assert (room.late_cells, room.status) == ([], "synced")
        assert server.texts == ["b = 2"]


async def test_the_late_text_of_others_leaves_our_status_alone() -> None:
    async with scripted_server("a = 1", "b = 2") as server, joined(server) as room:
        ben = RoomDocument()
        ben.doc.apply_update(server.document.doc.get_update())
        ben.append_text("c0", " BEN")
        await server.edit(lambda document: document.delete_cell("c0"))
        await server.edit(lambda document: document.doc.apply_update(ben.doc.get_update()))
        await until(lambda: room.late_cells)
        assert room.status == "synced"


async def test_a_deletion_says_who_made_it() -> None:
    async with scripted_server("a = 1", "b = 2") as server, joined(server) as room:
        room.delete_cell(0)
        await room.wait_saved(5)
        assert server.document.doc["cells"][0]["deleted"]["by"] == "Ada"
        with pytest.raises(KeyError):
            room.restore_cell("nobody")
