"""Somebody with a link writes under the Yjs client id of somebody else, while servers come and go."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pycrdt import Array, Doc

from jupyter_collab.protocol import Rejection, SyncStep1, SyncStep2, Update

from ..peers import RawClient, Wire, eventually
from ..servers import RunningServer, start_server
from ..unit.scenarios import scenario
from .guests import cookie_of, guest
from .test_guests import connecting
from .troubles import server_on


@asynccontextmanager
async def writer(server: RunningServer, room: str) -> AsyncIterator[Wire]:
    """The connection of a guest who may write."""
    with guest(server, room, role="writer") as eve:
        async with connecting(server, room, cookie_of(eve)) as socket, Wire(socket) as wire:
            yield wire


async def forge(wire: Wire, client_id: int) -> Rejection:
    """Write into the first cell under ``client_id``, behind all that the room has; returns what the room says."""
    doc: Doc[Any] = Doc(client_id=client_id)
    await wire.send(SyncStep1(doc.get_state()))
    doc.apply_update((await wire.receive(SyncStep2)).update)
    before = doc.get_state()
    doc.get("cells", type=Array)[0]["source"].insert(0, "FORGED")
    await wire.send(Update(doc.get_update(before)))
    return await wire.receive(Rejection)


@scenario
async def test_who_wrote_offline_while_the_server_restarted_finds_their_id_untouched(tmp_path: Path) -> None:
    with start_server(tmp_path) as server:
        room = server.create_room()["id"]
        async with RawClient(server, room, "ada") as ada:
            await ada.joined()
            ada.write("online ")
            await eventually(lambda: not ada.unacked, "it is saved")
        ada.write("offline ")
        server.restart()
        async with writer(server, room) as wire:
            assert "client id of somebody else" in (await forge(wire, ada.doc.client_id)).message
            async with RawClient(server, room, "ada", document=ada.doc) as back, RawClient(server, room) as other:
                await back.joined()
                await other.joined()
                back.write("back")
                await eventually(lambda: other.text == back.text == "online offline back", "all of it is there")
                assert back.rejections == []


@scenario
async def test_an_id_of_one_server_is_nobody_elses_on_another(tmp_path: Path) -> None:
    store = tmp_path / "rooms.sqlite"
    folders = tmp_path / "one", tmp_path / "two"
    for folder in folders:
        folder.mkdir()
    with server_on(folders[0], store) as one, server_on(folders[1], store) as two:
        room = one.create_room()["id"]
        async with RawClient(one, room, "ada") as ada, RawClient(two, room) as other, writer(two, room) as wire:
            await ada.joined()
            await other.joined()
            ada.write("here ")
            await eventually(lambda: other.text == "here ", "it has crossed over")
            assert "client id of somebody else" in (await forge(wire, ada.doc.client_id)).message
            ada.write("and on")
            await eventually(lambda: other.text == "here and on", "that has, too")
