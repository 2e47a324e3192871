"""Two servers on one store are one place: what is done on one is seen on the other."""

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_collab.errors import CloseCode

from ..crash.typists import RawTypist, check_final, durable_text, typing
from ..peers import RawClient, eventually
from ..servers import RunningServer
from ..unit.scenarios import scenario
from .troubles import server_on

SEED = 20260131


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that both servers use."""
    return tmp_path_factory.mktemp("store") / "rooms.sqlite"


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Iterator[RunningServer]:
    """A server."""
    with server_on(tmp_path_factory.mktemp("one"), store) as running:
        yield running


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Iterator[RunningServer]:
    """Another server."""
    with server_on(tmp_path_factory.mktemp("two"), store) as running:
        yield running


@scenario
async def test_people_on_both_type_at_once_and_have_the_same(
    one: RunningServer, two: RunningServer, store: Path
) -> None:
    room = one.create_room()["id"]
    async with (
        RawClient(one, room, "ada") as ada,
        RawClient(two, room, "ben") as ben,
        RawClient(one, room, "cy") as cy,
        RawClient(two, room, "dee") as dee,
    ):
        clients = (ada, ben, cy, dee)
        typists = [RawTypist(client) for client in clients]
        await asyncio.gather(*(client.joined() for client in clients))
        async with typing(typists, random.Random(SEED)):
            await eventually(lambda: all(len(typist.written) > 200 for typist in typists), "all have typed a lot")
        await asyncio.gather(*(typist.saved() for typist in typists))
        await eventually(lambda: len({client.text for client in clients}) == 1, "all have the same text")
        check_final(typists, {"the store": durable_text(store, room, running=True)})
        assert not any(client.ends for client in clients), "nobody was disconnected"


@scenario
async def test_each_word_crosses_over_before_the_next_is_typed(one: RunningServer, two: RunningServer) -> None:
    room = one.create_room()["id"]
    async with RawClient(one, room, "ada") as ada, RawClient(two, room, "ben") as ben:
        await asyncio.gather(ada.joined(), ben.joined())
        for number in range(20):
            author, reader = (ada, ben) if number % 2 else (ben, ada)
            author.write(f"<{number}>")
            await eventually(lambda: reader.text == author.text, f"word {number} has crossed over")  # noqa: B023
        assert ada.text == "".join(f"<{number}>" for number in range(20))


@scenario
async def test_who_moves_to_the_other_server_with_unsaved_edits_loses_nothing(
    one: RunningServer, two: RunningServer
) -> None:
    room = one.create_room()["id"]
    async with RawClient(one, room, "stays") as stays, RawClient((one, two), room, "moves") as moves:
        await asyncio.gather(stays.joined(), moves.joined())
        for number in range(10):
            moves.write(f"<{number}>")
            stays.write(f"<s{number}>", 0)
            await moves.hang_up()
            moves.write(f"<offline{number}>")
            await moves.joined()
        await asyncio.gather(moves.saved(), stays.saved())
        await eventually(lambda: moves.text == stays.text, "both have the same text")
        for number in range(10):
            for word in (f"<{number}>", f"<s{number}>", f"<offline{number}>"):
                assert stays.text.count(word) == 1, word


@scenario
async def test_a_rename_and_an_import_on_one_are_seen_on_the_other(one: RunningServer, two: RunningServer) -> None:
    room = one.create_room(title="Before")["id"]
    async with RawClient(two, room) as client:
        await client.joined()
        one.request("PATCH", f"rooms/{room}", json={"title": "After"})
        await eventually(lambda: {"type": "renamed", "title": "After"} in client.events, "the title crosses over")
        notebook = json.loads(one.request("GET", f"rooms/{room}/content?format=ipynb").text)
        notebook["cells"][0]["source"] = "imported"
        one.request("PUT", f"rooms/{room}/content?format=ipynb", json=notebook)
        await eventually(lambda: client.text == "imported", "the import crosses over")
    assert two.request("GET", f"rooms/{room}").json()["title"] == "After"


@scenario
async def test_a_room_deleted_on_one_is_closed_on_the_other(one: RunningServer, two: RunningServer) -> None:
    room = one.create_room()["id"]
    async with RawClient(two, room) as client:
        await client.joined()
        client.write("in the bin")
        await client.saved()
        one.request("DELETE", f"rooms/{room}")
        await eventually(lambda: client.ends, "it is closed")
        assert client.ends[-1].code == CloseCode.ROOM_DELETED
    two.request("POST", f"rooms/{room}/restore")
    async with RawClient(one, room) as client:
        await client.joined()
        assert client.text == "in the bin"


@scenario
async def test_a_room_made_anew_on_one_takes_nothing_from_who_had_the_old_one(
    one: RunningServer, two: RunningServer
) -> None:
    room = one.create_room()["id"]
    async with RawClient(two, room) as client:
        await client.joined()
        client.write("of old")
        await client.saved()
        one.request("DELETE", f"rooms/{room}")
        one.request("DELETE", f"rooms/{room}?permanent=true")
        one.create_room(room)
        await eventually(lambda: client.ends, "it is closed")
        assert client.ends[-1].code in (CloseCode.ROOM_DELETED, CloseCode.EPOCH_MISMATCH)
        for server in (one, two):
            async with RawClient(server, room, document=client.doc) as returning:
                await eventually(lambda: returning.ends, "who comes with the old document is sent away")
                assert returning.ends[-1].code == CloseCode.EPOCH_MISMATCH
            async with RawClient(server, room) as new:
                await new.joined()
                assert new.text == ""
