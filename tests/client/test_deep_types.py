"""What lies so deep in other shared types that its deletion would end the process is taken in from no server."""

import contextlib
import subprocess
import sys
from typing import Any

import pytest
from pycrdt import Array, Doc
from websockets.exceptions import ConnectionClosed

from jupyter_collab.depths import MAX_TYPES_DEEP, TypeDepths
from jupyter_collab.errors import CausalGap, InvalidUpdate
from jupyter_collab.protocol import SyncStep1, SyncStep2, Update
from tests.gate.test_hostile_edits import deep
from tests.gate.test_raw_updates import NOTHING_DELETED, in_root, in_type, items

from .doubles import ScriptedServer, scripted_server
from .rooms import joined
from .test_replica import Desk

DELETION = bytes((0, 1, 5, 1, 0, 1))
"""Deletes the first unit of client 5: the outermost of the types that ``deep`` makes."""

pytestmark = pytest.mark.anyio


async def attack(server: ScriptedServer, kind: type[Update] | type[SyncStep2]) -> None:
    """Send them, and what makes yrs delete them."""
    await server.send(kind(deep(60_000)))
    with contextlib.suppress(ConnectionClosed):  # by a client that has read the first by now
        await server.send(Update(DELETION))


HOSTILE = """
import asyncio, sys
from jupyter_collab.protocol import SyncStep2, Update, build
from tests.client.doubles import scripted_server, until
from tests.client.rooms import joined
from tests.client.test_deep_types import attack

async def main():
    async with scripted_server("a") as server, joined(server) as room:
        server.acks = False
        before = len(server.edits)
        room.cell(0).append(" of mine")
        await until(lambda: len(server.edits) > before)
        await attack(server, {kind})
        await room.wait_for(lambda: room.status == "refused", 10)
        assert "deep into each other" in room.problem, room.problem
        assert room.cell(0).source == "a of mine"
        assert [cell.source for cell in room.unsent.cells] == ["a of mine"]
        await until(lambda: not server.connections)

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", ["Update", "SyncStep2"])
def test_a_server_that_sends_them_is_left_for_good_and_what_was_typed_is_kept(kind: str) -> None:
    end = subprocess.run([sys.executable, "-c", HOSTILE.format(kind=kind)], capture_output=True, text=True)
    assert end.returncode == 0, end.stderr


WIDGET = """
from jupyter_collab.client.widget.shared_editor import SharedEditor
from jupyter_collab.protocol import Update
from tests.client.doubles import TOKEN
from tests.client.test_deep_types import attack
from tests.client.test_sync import OtherThread

other = OtherThread("first")
editor = SharedEditor("demo", create=False, url=other.server.server.url, token=TOKEN)
other.loop.wait(lambda: attack(other.server, Update))
editor.room.wait_for(lambda: editor.room.status == "refused", 10)
assert editor.value == "first"
editor.close()
other.loop.wait(other.server.stop)
"""


def test_an_editor_in_a_cell_leaves_such_a_server_too() -> None:
    end = subprocess.run([sys.executable, "-c", WIDGET], capture_output=True, text=True)
    assert end.returncode == 0, end.stderr


def test_so_deep_as_the_server_allows_is_taken_in_and_not_deeper() -> None:
    TypeDepths().take(deep(MAX_TYPES_DEEP))
    with pytest.raises(InvalidUpdate, match="deep"):
        TypeDepths().take(deep(MAX_TYPES_DEEP + 1))


def test_they_are_counted_from_one_update_to_the_next() -> None:
    depths = TypeDepths()
    doc: Doc[Any] = Doc(client_id=5)
    holder = doc.get("mine", type=Array)

    def put_another() -> bytes:
        nonlocal holder
        before = doc.get_state()
        holder.append("beside which it stands")
        holder.append(Array())
        holder = holder[1]
        return doc.get_update(before)

    for _ in range(MAX_TYPES_DEEP):
        depths.take(put_another())
    known = depths.end(5)
    with pytest.raises(InvalidUpdate, match="deep"):
        depths.take(put_another())
    assert depths.end(5) == known


def test_what_is_made_here_is_counted_but_not_refused() -> None:
    depths = TypeDepths()
    depths.take(deep(1_000), is_own=True)
    with pytest.raises(InvalidUpdate, match="deep"):
        depths.take(items(6, 0, b"\x07" + in_type((5, 999)) + b"\x01") + NOTHING_DELETED)


@pytest.mark.parametrize("in_sync", [True, False])
def test_what_builds_on_what_is_not_here_is_not_kept_aside_but_fetched_whole(in_sync: bool) -> None:
    desk = Desk("hello")
    if in_sync:
        desk.join()
    else:
        desk.greet()
        desk.said()
    states = [desk.server.doc.get_state()]
    for word in (" brave", " new", " world"):
        desk.server.append_text("c0", word)
        states.append(desk.server.doc.get_state())
    desk.replica.receive(Update(desk.server.doc.get_update(states[2])))
    if not in_sync:  # the answer to what was asked before may lack it
        desk.replica.receive(SyncStep2(desk.server.doc.get_update(b"\x00")))
    assert not desk.replica.is_in_sync
    [asked] = [message for message in desk.said() if isinstance(message, SyncStep1)]
    desk.replica.receive(SyncStep2(desk.server.doc.get_update(asked.state_vector)))
    assert desk.source() == "hello brave new world"
    assert desk.replica.is_in_sync


def test_a_server_that_leaves_things_out_when_it_is_asked_for_all_breaks_the_protocol() -> None:
    desk = Desk("hello")
    desk.join()
    with pytest.raises(CausalGap):
        desk.replica.receive(SyncStep2(items(9, 3, b"\x04" + in_root("mine") + b"\x01x") + NOTHING_DELETED))


async def test_people_are_told_that_the_server_mended_the_room() -> None:
    async with scripted_server("a") as server, joined(server) as room:
        assert room.mended == ""
        await server.say(type="mended", message="Something was taken out.")
        await room.wait_for(lambda: room.mended, 5)
        assert room.mended == "Something was taken out."
