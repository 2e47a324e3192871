"""npm's own y-websocket client, as it is, is at home in a room."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from pycrdt import Array, Map, Text

from jupyter_collab.errors import CloseCode

from ..peers import RawClient, eventually
from ..servers import RunningServer
from ..unit.scenarios import scenario
from .npm import NpmPeer

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("npm")]


@scenario
async def test_two_of_them_and_a_client_of_ours_converge(server: RunningServer, room: str) -> None:
    async with (
        NpmPeer.join(server, room) as ada,
        NpmPeer.join(server, room) as ben,
        RawClient(server, room, "cy") as cy,
    ):
        await asyncio.gather(ada.event("synced"), ben.event("synced"), cy.joined())
        for number in range(50):
            await ada.ask("insert", at=0, text=f"<a{number}>")
            await ben.ask("append", text=f"<b{number} 🦜>")
            cy.write(f"<c{number} é>", 0)
        await cy.saved()
        expected = {f"<a{n}>" for n in range(50)} | {f"<b{n} 🦜>" for n in range(50)}
        expected |= {f"<c{n} é>" for n in range(50)}

        async def has_all() -> bool:
            texts = [await ada.text(), await ben.text(), cy.text]
            return texts[0] == texts[1] == texts[2] and all(token in texts[0] for token in expected)

        await eventually(has_all, "all three have the same text, with everything in it")
        text = await ada.text()
        assert sorted(text) == sorted("".join(expected)), "something is there twice"


@scenario
async def test_what_one_deletes_is_gone_for_all(server: RunningServer, room: str) -> None:
    async with NpmPeer.join(server, room) as ada, RawClient(server, room) as ben:
        await asyncio.gather(ada.event("synced"), ben.joined())
        await ada.ask("insert", at=0, text="keep 🦜 drop 🦜 keep")
        await eventually(lambda: ben.text == "keep 🦜 drop 🦜 keep", "the text has arrived")
        await ada.ask("delete", at=8, length=8)
        await eventually(lambda: ben.text == "keep 🦜 keep", f"the deletion has arrived: {ben.text}")


@scenario
async def test_presence_is_seen_by_all_and_says_who_it_is(server: RunningServer, room: str) -> None:
    async with (
        NpmPeer.join(server, room) as ada,
        NpmPeer.join(server, room) as ben,
        RawClient(server, room, "cy") as cy,
    ):
        await asyncio.gather(ada.event("synced"), ben.event("synced"), cy.joined())
        await ada.ask("present", state={"cursor": {"cell": "x"}, "user": {"name": "Mallory", "username": "root"}})
        cy.present({"cursor": {"cell": "y"}})
        cursors = await eventually(lambda: _with_cursor(cy.people.values(), 1), "the v1 client sees the other's cursor")
        (state,) = cursors
        assert state["cursor"] == {"cell": "x"}
        assert state["user"]["username"] != "root", "the server says who it is"
        assert state["user"]["name"] != "Mallory"
        states = await eventually(lambda: _cursors(ben, 2), "y-websocket sees both")
        assert {state["cursor"]["cell"] for state in states} == {"x", "y"}

        await ada.ask("disconnect")
        await eventually(lambda: len(cy.people) == 1, "who has left is gone for the v1 client")
        states = await eventually(lambda: _cursors(ben, 1), "who has left is gone for y-websocket")
        assert states[0]["cursor"]["cell"] == "y"


@scenario
async def test_who_returns_is_seen_again(server: RunningServer, room: str) -> None:
    """It comes back with the clock it had, and, with a token and no cookie, as somebody else."""
    async with (
        NpmPeer.join(server, room) as ada,
        NpmPeer.join(server, room) as ben,
        RawClient(server, room, "cy") as cy,
    ):
        await asyncio.gather(ada.event("synced"), ben.event("synced"), cy.joined())
        await ada.ask("present", state={"cursor": {"cell": "x"}})
        await eventually(lambda: _with_cursor(cy.people.values(), 1), "the v1 client sees it")
        await eventually(lambda: _cursors(ben, 1), "y-websocket sees it")
        await ada.ask("disconnect")
        await eventually(lambda: len(cy.people) == 1, "who has left is gone for the v1 client")
        await ada.ask("connect")
        await eventually(lambda: _with_cursor(cy.people.values(), 1), "the v1 client sees it again", seconds=8)
        await eventually(lambda: _cursors(ben, 1), "y-websocket sees it again", seconds=8)


async def _cursors(peer: NpmPeer, count: int) -> list[dict[str, Any]]:
    return _with_cursor(await peer.states(), count)


def _with_cursor(states: Iterable[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Those of ``states`` that have a cursor, if it is that many."""
    found = [state for state in states if "cursor" in state]
    return found if len(found) == count else []


@scenario
async def test_edits_made_while_away_arrive_on_return(server: RunningServer, room: str) -> None:
    async with NpmPeer.join(server, room) as ada, RawClient(server, room) as ben:
        await asyncio.gather(ada.event("synced"), ben.joined())
        await ada.ask("disconnect")
        await ada.event("disconnected")
        await ada.ask("append", text="<away>")
        ben.write("<here>")
        await ben.saved()
        await ada.ask("connect")
        await eventually(lambda: "<away>" in ben.text, "the edit made while away has arrived")
        assert sorted(ben.text) == sorted("<away><here>")
        await eventually(lambda: _same(ada, ben), "both have the same")


async def _same(ada: NpmPeer, ben: RawClient) -> bool:
    return await ada.text() == ben.text


@scenario
async def test_a_viewer_reads_and_is_closed_with_4403_when_it_edits(server: RunningServer, room: str) -> None:
    async with RawClient(server, room) as ada, NpmPeer.join(server, room, role="viewer") as viewer:
        await asyncio.gather(ada.joined(), viewer.event("synced"))
        ada.write("read me")
        await eventually(lambda: _reads(viewer, "read me"), "the viewer sees edits")
        await viewer.ask("append", text=" NO")
        close = await viewer.event("close")
        assert close["code"] == CloseCode.FORBIDDEN
        assert close["reason"].startswith("permission_denied")
        await viewer.event("gave up")
        ada.write(".")
        await ada.saved()
        assert ada.text == "read me."
        async with RawClient(server, room) as later:
            await later.joined()
            assert later.text == "read me."


async def _reads(peer: NpmPeer, text: str) -> bool:
    return await peer.text() == text


@scenario
async def test_root_types_that_the_room_does_not_know_are_synced_and_kept(server: RunningServer, room: str) -> None:
    async with NpmPeer.join(server, room) as ada, RawClient(server, room) as ben:
        await asyncio.gather(ada.event("synced"), ben.joined())
        await ada.ask("set", root="board", key="card", value={"title": "Ünïcode", "done": [True, None, 1.5]})
        await ada.ask("push", root="list", value="one")
        await ada.ask("write", root="notes", text="hello")
        ben.edit("push", lambda doc: doc.get("list", type=Array).append("two"))
        await eventually(lambda: str(ben.doc.get("notes", type=Text)) == "hello", "the text is synced")
        assert ben.doc.get("board", type=Map).to_py() == {"card": {"title": "Ünïcode", "done": [True, None, 1.5]}}
        await ben.saved()
    async with NpmPeer.join(server, room) as later:
        await later.event("synced")
        assert sorted(await later.ask("json", root="list", type="array")) == ["one", "two"]
        assert await later.ask("json", root="notes", type="text") == "hello"


@scenario
async def test_one_that_is_alone_in_a_quiet_room_stays_connected(server: RunningServer, room: str) -> None:
    """It hangs up when it hears nothing for 30 s, and counts on hearing its own presence, renewed every 15 s."""
    async with NpmPeer.join(server, room, haste=10) as ada, RawClient(server, room) as watcher:
        await asyncio.gather(ada.event("synced"), watcher.joined())
        await ada.ask("present", state={"cursor": None})
        own = await ada.ask("client_id")
        await eventually(lambda: watcher.clocks.get(own), "its presence is there")
        first = watcher.clocks[own]
        await eventually(
            lambda: ada.heard("close") or watcher.clocks[own] >= first + 5, "a minute of the client's time passes"
        )
        assert not ada.heard("close"), "the connection has held"


@scenario
async def test_an_unknown_room_is_said_by_4404_and_not_made(server: RunningServer) -> None:
    async with NpmPeer.join(server, "nobody-made-me") as ada:
        assert (await ada.event("gave up"))["code"] == CloseCode.ROOM_NOT_FOUND
    assert server.request("GET", "rooms", params={"search": "nobody-made-me"}).json()["total"] == 0
