"""What somebody with a link may send over the websocket: messages of all types, nearly messages, and any bytes."""

import random
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from jupyter_collab.access import Capability, Role
from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import (
    AwarenessEntry,
    AwarenessMessage,
    Check,
    Lease,
    Message,
    MessageType,
    Pieces,
    QueryAwareness,
    SyncStep1,
    SyncStep2,
    Update,
    build,
    build_awareness,
    write_bytes,
    write_varuint,
)
from jupyter_collab.yjs import state_vector

from ..gate.differential import mutant
from ..peers import RawClient, Wire
from ..peers.wire import GUESTS
from .edits import Eve
from .histories import ROLES
from .odd import JSON_TEXTS
from .running import FuzzedServer, Plan, require

__all__ = ["PLANS", "play"]

MIB = 2**20
LENGTHS = [0, 1, 2, 50, 2**14, 2**16 + 1, MIB]
LONG_LENGTHS = [10 * MIB - 100, 10 * MIB, 10 * MIB + 1]

NUMBERS = st.one_of(
    st.sampled_from([0, 1, 2, 3, 5, 127, 128, 2**14, 2**31, 2**32, 2**53 - 1]), st.integers(0, 2**53 - 1)
)
BYTES = st.one_of(st.binary(max_size=40), st.just(b"\x00"), st.just(b"\x00\x00"))


def _hex(data: bytes) -> list[Any]:
    return ["bytes", data.hex()]


def _messages() -> st.SearchStrategy[bytes]:
    """Well formed ones, of all types; what is in them is odd."""
    states = st.lists(st.builds(AwarenessEntry, NUMBERS, NUMBERS, JSON_TEXTS), max_size=3)
    texts = JSON_TEXTS.filter(lambda text: len(text) < 70_000)
    digests = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=70)
    ours = [MessageType.HELLO, MessageType.REJECTION, MessageType.EVENT, MessageType.LEASE, MessageType.CHECK]
    fields = {
        MessageType.LEASE: ["key", "wanted"],
        MessageType.CHECK: ["digest", "differs"],
        MessageType.REJECTION: ["count", "reason", "message"],
    }
    objects = st.sampled_from(ours).flatmap(
        lambda kind: st.tuples(
            st.just(kind),
            st.one_of(
                texts,
                st.lists(st.tuples(st.sampled_from(fields.get(kind, ["type"])), JSON_TEXTS), max_size=3).map(_object),
            ),
        )
    )
    vectors = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5).map(_vector)
    return st.one_of(
        st.one_of(
            vectors.map(SyncStep1),
            BYTES.map(SyncStep1),
            BYTES.map(SyncStep2),
            BYTES.map(Update),
            states.map(lambda entries: AwarenessMessage(build_awareness(entries))),
            BYTES.map(AwarenessMessage),
            st.just(QueryAwareness()),
            st.builds(Lease, digests, st.booleans()),
            st.builds(Check, digests, st.booleans()),
            st.builds(Pieces, NUMBERS, NUMBERS),
        ).map(build),
        st.tuples(NUMBERS, NUMBERS).map(lambda two: b"\x65" + write_varuint(two[0]) + write_varuint(two[1])),
        objects.map(lambda found: write_varuint(found[0]) + write_bytes(found[1].encode())),
        st.tuples(NUMBERS, st.binary(max_size=20)).map(lambda found: write_varuint(found[0]) + found[1]),
    )


def _object(pairs: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"


def _vector(pairs: list[tuple[int, int]]) -> bytes:
    return write_varuint(len(pairs)) + b"".join(map(write_varuint, (number for pair in pairs for number in pair)))


SEEDS = st.integers(0, 2**32)

HEADS = [b"\x00\x00", b"\x00\x01", b"\x00\x02", b"\x01", b"\x64", b"\x68", b"\x69", b"\x07", b""]
BODIES = [b"\x00", b"\x01", b"\x7e", b"\xfe", b"\x01\x01", b"x", b"[", b"\xff\xff\xff\x0f\x01"]


def _frames(first: str) -> st.SearchStrategy[str]:
    """Frames of one kind, as the bytes of the socket, masked with zeros."""
    return st.binary(max_size=130).map(
        lambda data: (
            first + (f"{0x80 | len(data):02x}" if len(data) < 126 else f"fe{len(data):04x}") + "00" * 4 + data.hex()
        )
    )


STEPS = st.one_of(
    _messages().map(_hex),
    st.tuples(st.just("mutant"), _messages().map(bytes.hex), SEEDS).map(list),
    st.binary(max_size=60).map(_hex),
    st.tuples(st.just("edit"), SEEDS, st.booleans(), st.booleans()).map(list),
    st.tuples(st.just("edit"), SEEDS, st.booleans(), st.booleans()).map(list),
    st.tuples(st.just("long"), st.sampled_from(HEADS), st.sampled_from(BODIES), st.sampled_from(LENGTHS)).map(
        lambda found: [found[0], found[1].hex(), found[2].hex(), found[3]]
    ),
    st.tuples(
        st.just("long"), st.sampled_from(HEADS), st.sampled_from(BODIES), st.sampled_from([*LENGTHS, *LONG_LENGTHS])
    ).map(lambda found: [found[0], found[1].hex(), found[2].hex(), found[3]]),
    st.tuples(st.just("text"), st.text(max_size=20)).map(list),
    st.tuples(st.just("fragments"), st.lists(_messages().map(bytes.hex), max_size=3)).map(list),
    st.tuples(st.just("raw"), st.binary(max_size=30).map(bytes.hex)).map(list),
    st.tuples(
        st.just("raw"), st.sampled_from(["88", "89", "8a", "82", "81", "02", "80", "c2", "8b"]).flatmap(_frames)
    ).map(list),
    st.just(["ada types"]),
    st.just(["again"]),
)


PLANS: st.SearchStrategy[Plan] = st.fixed_dictionaries(
    {
        "kind": st.just("wire"),
        "role": st.sampled_from([str(role) for role in ROLES]),
        "is_guest": st.booleans(),
        "v1": st.booleans(),
        "steps": st.lists(STEPS, min_size=1, max_size=25),
    }
)

MAX_CONNECTIONS = 12
ANSWER_SECONDS = 60.0


def play(fuzzed: FuzzedServer, plan: Plan) -> None:
    """Send all of it to a new room, where Ada types; raises :class:`~tests.fuzz.room.Broken`."""
    fuzzed.run(_play(fuzzed, plan))


async def _play(fuzzed: FuzzedServer, plan: Plan) -> None:
    room = fuzzed.room()
    role = Role(plan["role"])
    cookie = fuzzed.guest(room, role)["Cookie"] if plan["is_guest"] else None
    async with RawClient(fuzzed.server, room, "ada") as ada:
        await ada.joined()
        attack = _Attack(fuzzed, room, role, cookie, v1=plan["v1"], ada=ada)
        authors = {*state_vector(ada.doc.get_state()), ada.doc.client_id}
        await attack.send(plan["steps"])
        await fuzzed.require_one_document(room, ada)
        if not role.may(Capability.EDIT):
            require(state_vector(ada.doc.get_state()).keys() <= authors, f"A {role} changed the document.")


class _Attack:
    """Eve's connections, one after the other."""

    def __init__(
        self, fuzzed: FuzzedServer, room: str, role: Role, cookie: str | None, *, v1: bool, ada: RawClient
    ) -> None:
        self._fuzzed = fuzzed
        self._room = room
        self._role = role
        self._cookie = cookie
        self._v1 = v1
        self._ada = ada

    async def send(self, steps: list[list[Any]]) -> None:
        """All steps, over as many connections as it takes; the server answers to the end, or says why not."""
        left = list(steps)
        for _ in range(MAX_CONNECTIONS):
            if not left:
                return
            async with self._open() as wire:
                is_raw = await self._send_over(wire, left)
                if not is_raw:
                    await _answered(wire)

    def _open(self) -> AbstractAsyncContextManager[Wire]:
        server, room = self._fuzzed.server, self._room
        if self._cookie is None:
            return Wire.open(server, room, v1=self._v1, role=self._role.value)
        return Wire.open(server, room, v1=self._v1, headers={"Cookie": self._cookie}, mount=GUESTS)

    async def _send_over(self, wire: Wire, left: list[list[Any]]) -> bool:
        """Send what is left, until the connection ends; returns whether that was by what is no message at all."""
        while left and wire.closed is None:
            step = left.pop(0)
            match step:
                case ["raw", data]:
                    wire.socket.transport.write(bytes.fromhex(data))
                    return True
                case ["again"]:
                    return False
                case ["ada types"]:
                    self._ada.write("a", 0)
                case ["fragments", parts]:
                    await wire.send_fragments(map(bytes.fromhex, parts)) if parts else None
                case ["text", text]:
                    with suppress(ConnectionClosed):
                        await wire.socket.send(text)
                case _:
                    await wire.send(self._message(step))
        return False

    def _message(self, step: list[Any]) -> bytes | Message:
        match step:
            case ["bytes", data]:
                return bytes.fromhex(data)
            case ["mutant", data, seed]:
                return mutant(bytes.fromhex(data), random.Random(seed)) if data else b""
            case ["long", head, body, length]:
                part = bytes.fromhex(body)
                whole = (part * (length // len(part) + 1))[:length]
                first = bytes.fromhex(head)
                return first + write_bytes(whole) if first else whole
            case ["edit", seed, is_own, is_cut]:
                eve = Eve(random.Random(seed))
                eve.learn(self._ada.doc.get_update())
                update = eve.update()
                message = build(Update(update) if is_own else SyncStep2(update))
                return mutant(message, random.Random(seed)) if is_cut else message
            case _:
                raise ValueError(f"There is no step {step[0]}.")


async def _answered(wire: Wire) -> None:
    """All that was sent was handled: the connection is closed, with a reason, or what is asked last is answered."""
    wire.forget()
    await wire.send(SyncStep1(b"\x00"))
    with suppress(AssertionError):
        await wire.receive(SyncStep2, seconds=ANSWER_SECONDS)
    if wire.closed is not None:
        require(wire.closed.code != CloseCode.INTERNAL_ERROR, f"The server failed on a message: {wire.closed}")
