"""The store fails while people type: authors are told, nobody sees what is not saved, and it recovers."""

import asyncio
from pathlib import Path

import httpx
import pytest
from pycrdt import Array, Doc

from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import Update

from ..crash.typists import durable_text
from ..peers import RawClient, Wire, eventually
from ..servers import PLAIN, RunningServer
from ..unit.scenarios import scenario
from .troubles import TROUBLES, disk, remount, server_on


def _told(client: RawClient, kind: str) -> bool:
    return kind in [event["type"] for event in client.events]


@pytest.mark.parametrize("name", TROUBLES)
@scenario
async def test_what_cannot_be_saved_is_not_shown_and_comes_when_it_can(tmp_path: Path, name: str) -> None:
    with TROUBLES[name](tmp_path) as trouble:
        server = trouble.server
        room = server.create_room()["id"]
        async with RawClient(server, room, "author") as author, RawClient(server, room, "reader") as reader:
            await asyncio.gather(author.joined(), reader.joined())
            author.write("before")
            await eventually(lambda: reader.text == "before", "the reader sees it")
            trouble.begin()
            author.write(", during")
            await eventually(lambda: _told(author, "not_saved"), "the author is told")
            await eventually(lambda: _told(reader, "not_saved"), "so is the reader")
            async with RawClient(server, room, "later") as later:
                await eventually(lambda: later.hello, "who comes now gets an answer")
                await _closes_plain_authors(server, room, author)
                assert author.unacked == {", during"}
                assert reader.text == "before"
                assert later.text in ("", "before")
                trouble.end()
                await author.saved()
                await eventually(lambda: _told(author, "saved"), "the author is told that it is over")
                await eventually(lambda: reader.text == later.text == author.text, "all have the same")
            assert reader.text.startswith("before")
            assert ", during" in reader.text
            assert not author.ends, author.ends
            assert not reader.ends, reader.ends
        assert server.is_running
        assert server.request("GET", f"rooms/{room}/content?format=md").status_code == 200


async def _closes_plain_authors(server: RunningServer, room: str, like: RawClient) -> None:
    """Who cannot be told by a message is told by the end of the connection, and keeps the edit."""
    doc: Doc[Array[object]] = Doc()
    doc.get("scribbles", type=Array).append("plain")
    async with Wire.open(server, room, v1=False) as plain:
        await plain.send(Update(doc.get_update()))
        end = await plain.end()
        assert end.code == CloseCode.NOT_SAVED
        assert end.reason.startswith("not_saved: ")


@scenario
async def test_typing_until_the_disk_is_full(tmp_path: Path) -> None:
    with disk(tmp_path / "disk") as place, server_on(tmp_path, place / "rooms.sqlite") as server:
        room = server.create_room()["id"]
        async with RawClient(server, room, "author") as author, RawClient(server, room, "reader") as reader:
            await asyncio.gather(author.joined(), reader.joined())
            letters = iter("abcdefghijklmnopqrstuvwxyz" * 100)
            while not _told(author, "not_saved"):
                author.write(next(letters) * 10_000)
                await asyncio.sleep(0.01)
            for letter in "ABC":
                author.write(letter * 10_000)
            durable = durable_text(place / "rooms.sqlite", room, running=True)
            assert reader.text == durable
            assert len(author.text) > len(durable), "there is something that was not saved"
            remount(place, "size=64m")
            await author.saved()
            await eventually(lambda: reader.text == author.text, "the reader has all of it")
            assert reader.text.endswith("A" * 10_000 + "B" * 10_000 + "C" * 10_000)


@scenario
async def test_a_folder_that_cannot_be_written_to_is_said_and_mended_without_a_restart(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", "size=8m,ro") as place, server_on(tmp_path, place / "rooms.sqlite") as server:
        async with Wire.open(server, "demo") as wire:
            end = await wire.end()
            assert end.code == CloseCode.TRY_AGAIN_LATER
            assert end.reason.startswith("store_unavailable: ")
        answer = await asyncio.to_thread(_list, server)
        assert answer.status_code == 503
        assert answer.json()["reason"] == "store_unavailable"
        assert "store_url" in answer.json()["message"], "it says what to do"
        remount(place, "rw")
        room = server.create_room()["id"]
        async with RawClient(server, room) as client:
            await client.joined()
            client.write("works")
            await client.saved()


def _list(server: RunningServer) -> httpx.Response:
    return httpx.get(f"{server.url}api/collab/rooms", headers=server.headers, timeout=20, verify=PLAIN)
