"""Bytes that are no messages, and messages that are no edits: told, never applied, never sent on."""

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Array, Doc, Text

from jupyter_collab.depths import MAX_TYPES_DEEP
from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import (
    Ack,
    AwarenessEntry,
    AwarenessMessage,
    Hello,
    Message,
    Rejection,
    SyncStep1,
    SyncStep2,
    Update,
    build,
    build_awareness,
)
from jupyter_collab.yjs import state_vector

from ..peers import RawClient, Wire, eventually
from ..servers import RunningServer
from ..unit.scenarios import scenario
from .bystanders import bystanders
from .memory import MIB, resident_bytes

GROWTH_BYTES = 15 * MIB
FUZZ_SEED = 20260131
FUZZ_MESSAGES = 2_000


def _nested_list(depth: int) -> bytes:
    """An update that puts a list, nested so deep, into a map; as bytes, since writing it as a value is as dangerous."""
    key = b"\x04root\x01k"
    value = b"\x75\x01" * depth + b"\x75\x00"
    return b"\x01\x01\x07\x00\x28\x01" + key + b"\x01" + value + b"\x00"


GARBAGE = {
    "a hundred million clients": b"\x80\xc2\xd7\x2f\x01\x01\x01",
    "deletions of a hundred million clients": b"\x00\x80\xc2\xd7\x2f\x01\x01",
    "a hundred million edits": b"\x01\x80\xc2\xd7\x2f\x01\x00",
    "nested 20,000 deep": _nested_list(20_000),
    "nested 200,000 deep": _nested_list(200_000),
    "text": b"hello, world",
    "nothing": b"",
    "the end is missing": b"\x01\x01\x07\x00\x04\x01\x05notes\x05hel",
    "noise": random.Random(1).randbytes(1_000),
}


@pytest.mark.parametrize("update", GARBAGE.values(), ids=GARBAGE.keys())
@scenario
async def test_garbage_for_an_edit_is_refused_and_kept_from_all(
    server: RunningServer, room: str, update: bytes
) -> None:
    before = resident_bytes(server)
    async with bystanders(server, room) as people:
        async with Wire.open(server, room) as attacker:
            for message in (Update(update), SyncStep2(update)):
                await attacker.send(message)
                rejection = await attacker.receive(Rejection)
                assert rejection.reason in ("invalid_update", "causal_gap")
                assert rejection.message
            assert attacker.closed is None, "who understands the refusal may stay"
        async with Wire.open(server, room, v1=False) as plain:
            await plain.send(Update(update))
            end = await plain.end()
            assert (end.code, end.reason.split(":")[0]) in [(1007, "invalid_update"), (1007, "causal_gap")]
        await people.still_talk()
    assert resident_bytes(server) - before < GROWTH_BYTES


MALFORMED = {
    "a text frame": ("hello", CloseCode.UNSUPPORTED),
    "a text frame with a message in it": (build(Update(b"\x00\x00")).decode(), CloseCode.UNSUPPORTED),
    "an unknown type": (b"\x07\x00", CloseCode.UNSUPPORTED),
    "an unknown kind of sync": (b"\x00\x09\x00", CloseCode.UNSUPPORTED),
    "the server's hello": (build(Hello({})), CloseCode.UNSUPPORTED),  # type: ignore[typeddict-item]  # it is a lie
    "nothing at all": (b"", CloseCode.MALFORMED),
    "half a number": (b"\x80", CloseCode.MALFORMED),
    "a number without end": (b"\xff" * 1_000, CloseCode.MALFORMED),
    "more than a message": (build(Update(b"\x00\x00")) + b"\x00", CloseCode.MALFORMED),
    "a state vector of lies": (build(SyncStep1(b"\x80\xc2\xd7\x2f\x01\x01")), CloseCode.MALFORMED),
    "a state vector of nothing": (build(SyncStep1(b"")), CloseCode.MALFORMED),
    "presence that is no presence": (build(AwarenessMessage(b"\x05hello")), CloseCode.MALFORMED),
}


@pytest.mark.parametrize(("message", "code"), MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("v1", [True, False], ids=["v1", "plain"])
@scenario
async def test_what_is_no_message_ends_the_connection(
    server: RunningServer, room: str, v1: bool, message: bytes | str, code: CloseCode
) -> None:
    before = resident_bytes(server)
    async with bystanders(server, room) as people, Wire.open(server, room, v1=v1) as attacker:
        await attacker.send(message)
        end = await attacker.end()
        assert end.code == code
        assert len(end.reason) > len("malformed: "), "it is told why"
        await people.still_talk()
    assert resident_bytes(server) - before < GROWTH_BYTES


STATES = {
    "no JSON": "{",
    "a number": "1",
    "a list": "[]",
    "not a number": '{"x": NaN}',
    "half a character": '{"x": "\\ud800"}',
    "deep": "[" * 8_000 + "]" * 8_000,
    "deep in an object": '{"x": ' * 2_000 + "1" + "}" * 2_000,
    "infinite": '{"x": 1e999}',
    "a number of 10,000 digits": '{"x": ' + "9" * 10_000 + "}",
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
@scenario
async def test_presence_that_others_could_not_read_reaches_nobody(server: RunningServer, room: str, state: str) -> None:
    async with bystanders(server, room) as people, Wire.open(server, room) as attacker:
        people.ben.present({"cursor": None})
        await attacker.send(AwarenessMessage(build_awareness([AwarenessEntry(1, 1, state)])))
        async with RawClient(server, room, "later") as later:
            await later.joined()
            await eventually(lambda: people.ben.doc.client_id in later.people, "who joins sees those who are here")
            people.ada.present({"cursor": None})
            await eventually(lambda: people.ada.doc.client_id in later.people, "presence goes on")
            for person in (later, people.ben):
                json.dumps(person.people, allow_nan=False).encode()


def _as_text(doc: Doc[Any]) -> None:
    doc.get("cells", type=Text).insert(0, "x😀y")


def _numbers(doc: Doc[Any]) -> None:
    doc.get("cells", type=Array).extend([1, "two", None, [3], {"id": 4}])


def _nested(doc: Doc[Any], root: str = "cells", levels: int = 3_000) -> None:
    here = doc.get(root, type=Array)
    for _ in range(levels):
        here.insert(0, Array())
        here = here[0]


@pytest.mark.parametrize("mischief", [_as_text, _numbers, _nested])
@scenario
async def test_what_is_no_cell_does_not_get_among_the_cells(
    server: RunningServer, room: str, mischief: Callable[[Doc[Any]], None]
) -> None:
    doc: Doc[Any] = Doc()
    mischief(doc)
    async with bystanders(server, room) as people, Wire.open(server, room) as attacker:
        await attacker.send(Update(doc.get_update()))
        assert (await attacker.receive(Rejection)).reason == "invalid_update"
        await people.still_talk()
        content = await asyncio.to_thread(server.request, "GET", f"rooms/{room}/content?format=ipynb")
        assert len(content.json()["cells"]) == 1
        assert doc.client_id not in state_vector(people.ben.doc.get_state())


@scenario
async def test_types_so_deep_in_each_other_that_their_deletion_would_end_the_server_are_refused(
    server: RunningServer, room: str
) -> None:
    doc: Doc[Any] = Doc()
    with doc.transaction():
        _nested(doc, "scribbles", 60_000)
    async with bystanders(server, room) as people, Wire.open(server, room) as attacker:
        await attacker.send(Update(doc.get_update()))
        rejection = await attacker.receive(Rejection)
        assert rejection.reason == "invalid_update"
        await people.still_talk()


@scenario
async def test_a_root_of_ones_own_may_have_an_odd_shape(server: RunningServer, room: str) -> None:
    doc: Doc[Any] = Doc()
    _nested(doc, "scribbles", MAX_TYPES_DEEP)
    async with bystanders(server, room) as people, Wire.open(server, room) as author:
        await author.send(Update(doc.get_update()))
        await author.receive(Ack, lambda ack: ack.count == 1)
        before = doc.get_state()
        doc.get("scribbles", type=Array).clear()
        await author.send(Update(doc.get_update(before)))
        await author.receive(Ack, lambda ack: ack.count == 2)
        for form in ("ipynb", "md", "py"):
            await asyncio.to_thread(server.request, "GET", f"rooms/{room}/content?format={form}")
        await people.still_talk()


def _mutated(rng: random.Random, valid: list[bytes]) -> bytes:
    kind = rng.random()
    if kind < 0.1:
        return rng.randbytes(rng.randint(0, 200))
    message = bytearray(rng.choice(valid))
    if kind < 0.2:
        return bytes(message[: rng.randint(0, len(message))])
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        at = rng.randrange(len(message))
        match rng.randint(0, 2):
            case 0:
                message[at] = rng.randrange(256)
            case 1:
                message[at:at] = rng.randbytes(rng.randint(1, 4))
            case _:
                del message[at : at + rng.randint(1, 4)]
        if not message:
            break
    return bytes(message)


def _valid_messages(room_state: bytes) -> list[bytes]:
    doc: Doc[Any] = Doc()
    doc.apply_update(room_state)
    before = doc.get_state()
    doc.get("cells", type=Array)[0]["source"].insert(0, "héllo 🦜 ")
    doc.get("cells", type=Array)[0]["metadata"]["tags"] = [{"a": [1, 2.5, None, True]}]
    update = doc.get_update(before)
    presence = AwarenessMessage(build_awareness([AwarenessEntry(doc.client_id, 1, '{"cursor": {"cell": "x"}}')]))
    messages: list[Message] = [
        Update(update),
        SyncStep2(doc.get_update()),
        SyncStep1(before),
        SyncStep1(doc.get_state()),
        presence,
    ]
    return [build(message) for message in messages]


@scenario
async def test_two_thousand_malformed_messages(server: RunningServer, room: str) -> None:
    rng = random.Random(FUZZ_SEED)
    before = resident_bytes(server)
    log_before = len(server.log)
    async with bystanders(server, room) as people:
        valid = _valid_messages(people.ada.doc.get_update())
        sent = 0
        while sent < FUZZ_MESSAGES:
            async with Wire.open(server, room, v1=rng.random() < 0.7) as attacker:
                while sent < FUZZ_MESSAGES and attacker.closed is None:
                    await attacker.send(_mutated(rng, valid))
                    sent += 1
                if attacker.closed is not None:
                    assert attacker.closed.code not in (CloseCode.INTERNAL_ERROR, 1006), attacker.closed
        await people.still_talk()
    said = server.log[log_before:]
    assert "Traceback" not in said, said[said.index("Traceback") - 300 :][:3000]
    assert resident_bytes(server) - before < 3 * GROWTH_BYTES
