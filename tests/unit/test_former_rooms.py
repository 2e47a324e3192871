"""Rooms from before cells had an order of their own are converted when they are opened.

``former_rooms.sql`` is a store that the code of that time wrote: the room ``compact`` has a keyframe, ``logged`` a log.
"""

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Array, Doc, Text

from jupyter_collab.access import Role, UserKind
from jupyter_collab.document import RoomDocument
from jupyter_collab.rooms import RoomManager
from jupyter_collab.yjs import state_vector

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


def states(folder: Path, room_id: str) -> list[bytes]:
    """The keyframe and the log of a room that is not open."""
    with closing(sqlite3.connect(folder / "rooms.sqlite")) as database:
        rows = database.execute(
            "SELECT data, seq FROM keyframes WHERE room_id = ? "
            "UNION ALL SELECT data, seq FROM updates WHERE room_id = ? ORDER BY seq",
            (room_id, room_id),
        )
        return [data for data, _ in rows]


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
    offline = ScriptedPeer("offline")
    for state in states(folder, room_id):
        offline.doc.apply_update(state)
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


EVE_ID = 7


def characters_to_take(known: dict[int, int]) -> int:
    """How much to write under :data:`EVE_ID`, so that this would be the id under which a server converts the room."""
    count = 1
    while zlib.crc32(repr(sorted({**known, EVE_ID: count}.items())).encode()) % 2**16 != EVE_ID - 1:
        count += 1
    return count


async def until_converted(peer: ScriptedPeer) -> None:
    await until(lambda: in_order(peer.doc) == CELLS and None not in keys(peer.doc))


@rooms
@scenario
async def test_a_room_is_not_converted_under_an_id_that_somebody_foresaw(folder: Path, room_id: str) -> None:
    eve: Doc[Any] = Doc(client_id=EVE_ID)
    for state in states(folder, room_id):
        eve.apply_update(state)
    before = eve.get_state()
    count = characters_to_take(state_vector(before))
    eve.get("text", type=Text).insert(0, "x" * count)
    with closing(sqlite3.connect(folder / "rooms.sqlite")) as database, database:
        database.execute(
            "INSERT INTO updates SELECT id, head_seq + 1, ?, 'eve', 'life', changed_at FROM rooms WHERE id = ?",
            (eve.get_update(before), room_id),
        )
        database.execute("UPDATE rooms SET head_seq = head_seq + 1 WHERE id = ?", (room_id,))
    async with serving(faulty_store(folder)) as here, serving(faulty_store(folder)) as there:
        ada, ben = await ScriptedPeer("ada").join(here, room_id), await ScriptedPeer("ben").join(there, room_id)
        await until_converted(ada)
        await until_converted(ben)
        assert keys(ada.doc) == keys(ben.doc)
        assert state_vector(ada.doc.get_state())[EVE_ID] == count


async def write_under(client_id: int, manager: RoomManager, room_id: str) -> ScriptedPeer:
    """Somebody writes under ``client_id``; returns who."""
    eve = await ScriptedPeer("eve", Role.WRITER, kind=UserKind.GUEST).join(manager, room_id)
    await until_converted(eve)
    copy: Doc[Any] = Doc(client_id=client_id)
    copy.apply_update(eve.doc.get_update())
    copy.get("text", type=Text).insert(0, "forged")
    await eve.send_edit(copy.get_update(eve.doc.get_state()))
    return eve


@rooms
@scenario
async def test_nobody_goes_on_under_the_id_that_converted_a_room(folder: Path, room_id: str) -> None:
    former: Doc[Any] = Doc()
    for state in states(folder, room_id):
        former.apply_update(state)
    for _ in range(2):  # the second server finds it converted
        async with serving(faulty_store(folder)) as manager:
            converted = (await manager.read(room_id)).doc
            [used] = state_vector(converted.get_state()).keys() - state_vector(former.get_state()).keys()
            eve = await write_under(used, manager, room_id)
            [rejection] = eve.rejections
            assert "client id of somebody else" in rejection.message
