"""A message that is too large is its sender's problem alone."""

from collections.abc import Iterator

import pytest

from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import AwarenessEntry, AwarenessMessage, Update, build, build_awareness

from ..peers import Wire
from ..servers import RunningServer
from ..unit.scenarios import scenario
from .bystanders import bystanders
from .memory import MIB, resident_bytes

GROWTH_BYTES = 60 * MIB

TOO_LARGE_OR_RESET = {CloseCode.TOO_LARGE, 1006}
"""Who is still sending when the server hangs up may find the connection reset before the reason is read."""


@pytest.mark.parametrize("v1", [True, False], ids=["v1", "plain"])
@scenario
async def test_100_mb_in_one_frame_end_the_connection_they_come_over(
    server: RunningServer, room: str, v1: bool
) -> None:
    before = resident_bytes(server)
    async with bystanders(server, room) as people, Wire.open(server, room, v1=v1) as attacker:
        await attacker.send(bytes(100 * MIB))
        assert (await attacker.end()).code in TOO_LARGE_OR_RESET
        await people.still_talk()
    assert resident_bytes(server) - before < GROWTH_BYTES


@scenario
async def test_100_mb_in_a_thousand_fragments_too(server: RunningServer, room: str) -> None:
    before = resident_bytes(server)
    async with bystanders(server, room) as people, Wire.open(server, room) as attacker:
        await attacker.send_fragments(bytes(100 * 1024) for _ in range(1024))
        assert (await attacker.end()).code in TOO_LARGE_OR_RESET
        await people.still_talk()
    assert resident_bytes(server) - before < GROWTH_BYTES


@pytest.mark.parametrize("v1", [True, False], ids=["v1", "plain"])
@scenario
async def test_who_stops_to_listen_is_told_that_the_message_is_too_large(
    server: RunningServer, room: str, v1: bool
) -> None:
    async with Wire.open(server, room, v1=v1) as attacker:
        attacker.socket.transport.write(b"\x82\xff" + (100 * MIB).to_bytes(8, "big"))  # a frame's header, and no more
        assert (await attacker.end()).code == CloseCode.TOO_LARGE


def _claims() -> Iterator[bytes]:
    """Messages that claim to hold far more than they do."""
    huge = b"\xff\xff\xff\xff\xff\xff\xff\x0f"  # 2**53 - 1
    yield b"\x00\x02" + huge
    yield b"\x00\x00" + huge
    yield b"\x01" + huge
    yield b"\x01\x0a" + huge + b"\x01\x00"
    yield build(AwarenessMessage(b"\x80\xc2\xd7\x2f" + b"\x01\x01\x02{}"))
    yield build(AwarenessMessage(b"\x01\x01\x01" + huge))


@pytest.mark.parametrize("message", [*_claims()], ids=lambda message: message.hex())
@scenario
async def test_a_claim_to_be_large_allocates_nothing(server: RunningServer, room: str, message: bytes) -> None:
    before = resident_bytes(server)
    async with bystanders(server, room) as people, Wire.open(server, room) as attacker:
        await attacker.send(message)
        assert (await attacker.end()).code in (CloseCode.MALFORMED, CloseCode.TOO_LARGE)
        await people.still_talk()
    assert resident_bytes(server) - before < GROWTH_BYTES / 4


@scenario
async def test_presence_has_a_size(server: RunningServer, room: str) -> None:
    async with bystanders(server, room) as people, Wire.open(server, room) as attacker:
        entry = AwarenessEntry(1, 1, '{"cursor": "' + "x" * 20_000 + '"}')
        await attacker.send(AwarenessMessage(build_awareness([entry])))
        assert (await attacker.end()).code == CloseCode.TOO_LARGE
        assert not people.ada.people


@scenario
async def test_an_edit_that_is_garbage_of_nearly_10_mb_is_refused(server: RunningServer, room: str) -> None:
    async with bystanders(server, room) as people, Wire.open(server, room, v1=False) as attacker:
        await attacker.send(Update(b"\x01" + b"\xfe" * (10 * MIB - 100)))
        assert (await attacker.end()).code == CloseCode.MALFORMED
        await people.still_talk()
