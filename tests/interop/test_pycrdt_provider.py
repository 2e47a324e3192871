"""pycrdt's own Provider, over a channel of a dozen lines, is at home in a room."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pycrdt import Array, Awareness, Doc, Provider, Text, create_awareness_message
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from jupyter_collab.errors import CloseCode

from ..peers import RawClient, eventually, room_url
from ..servers import RunningServer
from ..unit.scenarios import scenario
from .npm import NpmPeer

pytestmark = pytest.mark.interop


class WebsocketChannel:
    """What pycrdt's ``Provider`` asks of a transport."""

    def __init__(self, socket: ClientConnection) -> None:
        self.path = "room"
        self._socket = socket

    def __aiter__(self) -> "WebsocketChannel":
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self.recv()
        except ConnectionClosed:
            raise StopAsyncIteration from None

    async def send(self, message: bytes) -> None:
        await self._socket.send(message)

    async def recv(self) -> bytes:
        message = await self._socket.recv()
        assert isinstance(message, bytes)
        return message


@asynccontextmanager
async def provided(
    server: RunningServer, room: str, role: str | None = None
) -> AsyncIterator[tuple[Doc[Any], ClientConnection]]:
    """A document that pycrdt keeps in step with the room, and its connection."""
    doc: Doc[Any] = Doc()
    async with (
        connect(room_url(server, room, role=role), additional_headers=server.headers, proxy=None) as socket,
        Provider(doc, WebsocketChannel(socket)) as provider,
    ):
        await asyncio.wait_for(provider.synced.wait(), 20)
        yield doc, socket


def source(doc: Doc[Any]) -> Text:
    text = doc.get("cells", type=Array)[0]["source"]
    assert isinstance(text, Text)
    return text


@scenario
async def test_it_converges_with_another_and_with_a_client_of_ours(server: RunningServer, room: str) -> None:
    async with (
        provided(server, room) as (ada, _),
        provided(server, room) as (ben, _),
        RawClient(server, room) as cy,
    ):
        await cy.joined()
        for number in range(50):
            source(ada).insert(0, f"<a{number}>")
            source(ben).insert(len(source(ben)), f"<b{number} 🦜>")
            cy.write(f"<c{number}>", 0)
            await asyncio.sleep(0)  # lets the provider send
        tokens = [f"<a{n}><b{n} 🦜><c{n}>" for n in range(50)]

        def converged() -> bool:
            texts = {str(source(ada)), str(source(ben)), cy.text}
            return len(texts) == 1 and sorted(texts.pop()) == sorted("".join(tokens))

        await eventually(converged, "all three have everything, once")


@pytest.mark.usefixtures("npm")
@scenario
async def test_it_converges_with_npms_client_also_in_types_of_its_own(server: RunningServer, room: str) -> None:
    async with provided(server, room) as (ada, _), NpmPeer.join(server, room) as ben:
        await ben.event("synced")
        ada["essay"] = Text("from Python 🐍")
        await ben.ask("write", root="notes", text="from JavaScript")
        await eventually(lambda: _has(ben, "essay", "from Python 🐍"), "what pycrdt wrote is in y-websocket")
        await eventually(
            lambda: str(ada.get("notes", type=Text)) == "from JavaScript", "what y-websocket wrote is in pycrdt"
        )


async def _has(peer: NpmPeer, root: str, text: str) -> bool:
    return bool(await peer.ask("json", root=root, type="text") == text)


@scenario
async def test_its_presence_is_seen(server: RunningServer, room: str) -> None:
    async with RawClient(server, room) as ada:
        await ada.joined()
        async with provided(server, room) as (doc, socket):
            awareness = Awareness(doc)
            awareness.set_local_state_field("cursor", {"cell": "x"})
            await socket.send(create_awareness_message(awareness.encode_awareness_update([doc.client_id])))
            await eventually(lambda: ada.people, "its presence has arrived")
            assert ada.people[doc.client_id]["cursor"] == {"cell": "x"}
            assert ada.people[doc.client_id]["user"]["username"]
        await eventually(lambda: not ada.people, "it is gone when its connection is")


@scenario
async def test_as_viewer_it_reads_along_and_is_closed_with_4403_when_it_edits(server: RunningServer, room: str) -> None:
    async with RawClient(server, room) as ada:
        await ada.joined()
        ada.write("read me, and this")
        async with provided(server, room, role="viewer") as (viewer, socket):
            for length in range(len("read me, and this"), len("read me"), -1):
                ada.edit(f"shorter {length}", lambda doc: ada.source.__delitem__(slice(length - 1, length)))  # noqa: B023
                await eventually(lambda: str(source(viewer)) == ada.text, "it follows")
                await ada.saved()
            ada.write(" too")
            await eventually(lambda: str(source(viewer)) == "read me too", "it still follows")
            codes = [socket.close_code]
            source(viewer).insert(0, "NO ")
            await asyncio.wait_for(socket.wait_closed(), 20)
            codes.append(socket.close_code)
            assert codes == [None, CloseCode.FORBIDDEN], "it may send back what it hears, but not edit"
        ada.write(".")
        await ada.saved()
        assert ada.text == "read me too."
