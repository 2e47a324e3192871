"""One peer sends as much as it can; the others go on as before."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pycrdt import Doc, Map, TransactionEvent

from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import (
    AwarenessEntry,
    AwarenessMessage,
    QueryAwareness,
    SyncStep1,
    Update,
    build,
    build_awareness,
)

from ..peers import RawClient, Wire, eventually
from ..servers import RunningServer, start_server
from ..unit.scenarios import scenario
from .bystanders import bystanders
from .memory import MIB, resident_bytes
from .troubles import Lock

FLOOD_SECONDS = 3.0
HELD_UP = 20_000
GROWTH_BYTES = 40 * MIB
TOMBSTONE_BYTES = 512
"""What a value that was overwritten leaves behind in yrs, and more."""


async def _flood(wire: Wire, messages: Iterator[bytes]) -> int:
    """Send as fast as the server takes it; answers how many."""
    deadline = time.monotonic() + FLOOD_SECONDS
    for count, message in enumerate(messages):
        await wire.send(message)
        if count % 100 == 0:
            await asyncio.sleep(0)  # the others share this event loop
        if wire.closed is not None or time.monotonic() > deadline:
            return count
    raise AssertionError("the flood ran dry")


def _presence(client_id: int, clock: int) -> bytes:
    state = f'{{"cursor": {{"cell": "{clock}"}}, "padding": "{"x" * 1000}"}}'
    return build(AwarenessMessage(build_awareness([AwarenessEntry(client_id, clock, state)])))


@pytest.mark.parametrize("v1", [True, False], ids=["v1", "plain"])
@scenario
async def test_a_flood_of_presence_is_sent_on_as_a_trickle(server: RunningServer, room: str, v1: bool) -> None:
    before = resident_bytes(server)
    async with bystanders(server, room) as people, Wire.open(server, room, v1=v1) as attacker:
        flood = asyncio.create_task(_flood(attacker, (_presence(7, clock) for clock in itertools.count(1))))
        while not flood.done():
            await people.still_talk()
        count = await flood
        assert count > 1_000, "that was no flood"
        last = str(count + 1)
        await eventually(lambda: people.ada.people[7]["cursor"]["cell"] == last, "its last word counts")
        assert people.ada.presence_messages < count / 10
    assert resident_bytes(server) - before < GROWTH_BYTES


@scenario
async def test_a_peer_has_a_bounded_number_of_faces(server: RunningServer, room: str) -> None:
    before = resident_bytes(server)
    async with bystanders(server, room) as people, Wire.open(server, room) as attacker:
        await _flood(attacker, (_presence(client_id, 1) for client_id in itertools.count(1)))
        assert (await attacker.end()).code == CloseCode.TOO_LARGE
        await people.still_talk()
        await eventually(lambda: not people.ada.people, "all of them are gone with it")
    assert resident_bytes(server) - before < GROWTH_BYTES


@pytest.mark.parametrize(
    "message", [build(QueryAwareness()), build(SyncStep1(b"\x00"))], ids=["for presence", "for the whole document"]
)
@scenario
async def test_a_flood_of_questions_leaves_the_others_alone(server: RunningServer, room: str, message: bytes) -> None:
    before = resident_bytes(server)
    async with bystanders(server, room) as people, Wire.open(server, room) as attacker:
        flood = asyncio.create_task(_flood(attacker, itertools.repeat(message)))
        while not flood.done():
            await people.still_talk()
        await flood
    assert resident_bytes(server) - before < GROWTH_BYTES


class Writer:
    """Edits by somebody with a document of their own, in a map of their own, ready to be sent."""

    def __init__(self) -> None:
        self.doc: Doc[Map[int]] = Doc()
        self._updates: list[bytes] = []
        self._observer = self.doc.observe(self._keep)

    def _keep(self, event: TransactionEvent) -> None:
        self._updates.append(event.update)

    def edits(self) -> Iterator[bytes]:
        """One small edit after another."""
        scribbles: Map[int] = self.doc.get("scribbles", type=Map)
        for number in itertools.count():
            scribbles["last"] = number
            yield build(Update(self._updates.pop()))


@scenario
async def test_a_flood_of_edits_is_taken_in_and_the_others_get_their_turn(server: RunningServer, room: str) -> None:
    before = resident_bytes(server)
    writer = Writer()
    async with bystanders(server, room) as people, Wire.open(server, room, v1=False) as attacker:
        flood = asyncio.create_task(_flood(attacker, writer.edits()))
        while not flood.done():
            await people.still_talk()
        count = await flood
        assert count > 1_000, "that was no flood"
        last = writer.doc.get("scribbles", type=Map)["last"]
        mirror = people.ada.doc
        await eventually(
            lambda: mirror.get("scribbles", type=Map).get("last") == last, "all of it has arrived", seconds=60
        )
        assert attacker.closed is None
    assert resident_bytes(server) - before < GROWTH_BYTES + count * TOMBSTONE_BYTES


@scenario
async def test_a_peer_that_never_slows_down_is_sent_away(tmp_path: Path) -> None:
    bounds = {"max_updates_per_second_per_peer": 200, "max_flood_seconds": 1}
    with start_server(tmp_path, CollabExtension=bounds) as server:
        room = server.create_room()["id"]
        async with bystanders(server, room) as people, Wire.open(server, room) as attacker:
            await _flood(attacker, Writer().edits())
            end = await attacker.end()
            assert end.code == CloseCode.TOO_MANY_UPDATES
            assert end.reason.startswith("too_many_updates: ")
            await people.still_talk()


@scenario
async def test_a_flood_that_the_store_held_up_goes_on_quickly(tmp_path: Path) -> None:
    """What waited for the disk is shown at once, and must not be merged at a cost that grows with its square."""
    with Lock.happens(tmp_path) as lock:
        server = lock.server
        room = server.create_room()["id"]
        async with RawClient(server, room) as reader, Wire.open(server, room) as attacker:
            await reader.joined()
            writer = Writer()
            lock.begin()
            for message in itertools.islice(writer.edits(), HELD_UP):
                await attacker.send(message)
            lock.end()
            last = writer.doc.get("scribbles", type=Map)["last"]
            mirror = reader.doc
            await eventually(
                lambda: mirror.get("scribbles", type=Map).get("last") == last, "all of it has arrived", seconds=60
            )
