"""Rooms from before cells had an order of their own are converted when they are opened.

``former_rooms.sql`` is a store that the code of that time wrote: the room ``compact`` has a keyframe, ``logged`` a log.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Array, Doc

from jupyter_collab.document import RoomDocument

from .doubles import ScriptedPeer, faulty_store, serving
from .scenarios import scenario, until

FORMER = Path(__file__).with_name("former_rooms.sql")
CELLS = [
    ("p", "code", "cell p"),
    ("s", "code", "cell s"),
    ("q", "markdown", "cell q 😀 word0 word1 word2 word3 word4"),
    ("r", "markdown", "cell r"),
]
rooms = pytest.mark.parametrize("room_id", ["compact", "logged"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "rooms.sqlite")) as database:
        database.executescript(FORMER.read_text())
    return tmp_path


def in_order(doc: "Doc[Any]") -> list[tuple[str, str, str]]:
    return [(cell["id"], cell["cell_type"], cell["source"]) for cell in RoomDocument(doc).cells]


def keys(doc: "Doc[Any]") -> list[object]:
    cells: Array[Any] = doc.get("cells", type=Array)
    return [cell.get("pos") for cell in cells]


@rooms
@scenario
async def test_a_former_room_is_converted_once(folder: Path, room_id: str) -> None:
    async with serving(faulty_store(folder)) as manager:
        ada = await ScriptedPeer("ada").join(manager, room_id)
        await until(lambda: in_order(ada.doc) == CELLS and None not in keys(ada.doc))
        assert RoomDocument(ada.doc).cell("p")["outputs"][0]["text"] == "1\n"
        await manager.edit(room_id, lambda document: document.move_cell("p", 3), ada.peer.user)
        converted = (await manager.get_room(room_id)).head_seq
    async with serving(faulty_store(folder)) as manager:
        ben = await ScriptedPeer("ben").join(manager, room_id)
        await until(lambda: in_order(ben.doc) == [*CELLS[1:], CELLS[0]])
        assert (await manager.get_room(room_id)).head_seq == converted


@rooms
@scenario
async def test_what_was_typed_offline_before_is_in_its_cell_afterwards(folder: Path, room_id: str) -> None:
    with closing(sqlite3.connect(folder / "rooms.sqlite")) as database:
        updates = database.execute(
            "SELECT data, seq FROM keyframes WHERE room_id = ? "
            "UNION ALL SELECT data, seq FROM updates WHERE room_id = ? ORDER BY seq",
            (room_id, room_id),
        ).fetchall()
    offline = ScriptedPeer("offline")
    for update, _ in updates:
        offline.doc.apply_update(update)
    RoomDocument(offline.doc).append_text("q", " OFFLINE")
    async with serving(faulty_store(folder)) as manager:
        ada = await ScriptedPeer("ada").join(manager, room_id)
        await until(lambda: in_order(ada.doc) == CELLS)
        await offline.join(manager, room_id)
        await until(lambda: in_order(ada.doc)[2][2].endswith("OFFLINE"))
        content = (await manager.read(room_id)).cells
        assert [(cell["id"], cell["source"]) for cell in content] == [
            (cell_id, source + " OFFLINE" * (cell_id == "q")) for cell_id, _, source in CELLS
        ]


@rooms
@scenario
async def test_two_servers_that_open_it_at_once_agree(folder: Path, room_id: str) -> None:
    async with serving(faulty_store(folder)) as here, serving(faulty_store(folder)) as there:
        ada = await ScriptedPeer("ada").join(here, room_id)
        ben = await ScriptedPeer("ben").join(there, room_id)
        await until(lambda: len(in_order(ada.doc)) == len(in_order(ben.doc)) == len(CELLS))
        RoomDocument(ada.doc).move_cell("r", 0)
        RoomDocument(ben.doc).append_text("r", " TYPED")
        expected = [("r", "markdown", "cell r TYPED"), *CELLS[:3]]
        await until(lambda: in_order(ada.doc) == in_order(ben.doc) == expected)
        assert keys(ada.doc) == keys(ben.doc)
        assert RoomDocument(ada.doc).is_complete
