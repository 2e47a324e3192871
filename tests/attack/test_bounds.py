"""What many small things add up to: questions, visits, rooms and people."""

import asyncio
from pathlib import Path

from pycrdt import Doc, Map

from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import (
    Ack,
    AwarenessEntry,
    AwarenessMessage,
    SyncStep1,
    SyncStep2,
    Update,
    build_awareness,
    write_varuint,
)

from ..peers import RawClient, Wire, eventually
from ..servers import RunningServer, start_server
from ..unit.scenarios import scenario
from .bystanders import bystanders
from .memory import MIB, resident_bytes

GROWTH_BYTES = 40 * MIB


@scenario
async def test_each_question_different_and_each_answer_large(server: RunningServer, room: str) -> None:
    """An answer that is kept for the next who asks the same must not be kept for everyone who asks something else."""
    async with RawClient(server, room, "author") as author:
        await author.joined()
        author.write("x" * MIB)
        await author.saved()
        async with Wire.open(server, room, v1=False) as attacker:
            for number in range(1, 11):
                await _ask(attacker, number)
            before = resident_bytes(server)
            for number in range(11, 211):
                await _ask(attacker, number)
        assert resident_bytes(server) - before < GROWTH_BYTES


async def _ask(wire: Wire, number: int) -> None:
    vector = b"\x01" + write_varuint(number) + b"\x01"
    await wire.send(SyncStep1(vector))
    assert len((await wire.receive(SyncStep2)).update) > MIB
    wire.forget()


@scenario
async def test_a_thousand_short_visits_leave_nothing_behind(server: RunningServer, room: str) -> None:
    async with bystanders(server, room) as people:
        await _visits(server, room, 200)
        before = resident_bytes(server)
        await _visits(server, room, 1_000)
        await people.still_talk()
        await eventually(lambda: _count_people(server, room) == 2, "all visitors are gone from the list")
        await eventually(lambda: not people.ada.people, "and from everybody's presence")
        assert resident_bytes(server) - before < GROWTH_BYTES


async def _visits(server: RunningServer, room: str, count: int) -> None:
    for _ in range(count // 20):
        await asyncio.gather(*(_visit(server, room) for _ in range(20)))


async def _visit(server: RunningServer, room: str) -> None:
    """Join, show oneself, scribble a little and hang up without a word."""
    doc: Doc[Map[str]] = Doc()
    doc.get("scribbles", type=Map)[str(doc.client_id)] = "was here"
    presence = AwarenessMessage(build_awareness([AwarenessEntry(doc.client_id, 1, '{"cursor": null}')]))
    async with Wire.open(server, room) as wire:
        await wire.send(SyncStep1(b"\x00"), presence, Update(doc.get_update()))
        await wire.receive(Ack)
        wire.socket.transport.abort()


def _count_people(server: RunningServer, room: str) -> int:
    return len(server.request("GET", f"rooms/{room}").json()["people"])


@scenario
async def test_a_full_room_and_a_full_server_say_so_and_let_people_in_again(tmp_path: Path) -> None:
    bounds = {"max_peers_per_room": 2, "max_rooms_per_server": 2, "idle_seconds": 0.2}
    with start_server(tmp_path, CollabExtension=bounds) as server:
        first, second, third = (server.create_room()["id"] for _ in range(3))
        async with bystanders(server, first):
            assert await _refusal(server, first) == (CloseCode.TRY_AGAIN_LATER, "room_full")
            async with RawClient(server, second) as other:
                await other.joined()
                assert await _refusal(server, third) == (CloseCode.TRY_AGAIN_LATER, "server_full")
            async with RawClient(server, third) as patient:
                await patient.joined()  # a room without people makes place, and trying again is all it takes
        async with RawClient(server, first) as back:
            await back.joined()


async def _refusal(server: RunningServer, room: str) -> tuple[int, str]:
    async with Wire.open(server, room) as wire:
        end = await wire.end()
    return end.code, end.reason.split(":")[0]
