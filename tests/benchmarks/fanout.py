"""Time from an edit to every reader, and what a delivery costs the server, with presence on.

N people are in one room. Up to ten of them type, so many edits a second in all, at fixed moments (an open loop: a
slow server does not slow the typing down). With each edit goes an awareness message with the author's new cursor. Every
other member is a reader; a delivery is the first time that one reader gets the bytes of one edit, alone or merged with
others.
"""

import asyncio
import gc
import time
from array import array
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

from .content import MARK, cell_source, mark, marked_edits, notebook
from .member import Member
from .messages import ACK, SYNC_STEP2, Presence, ack_count, kind
from .products import Address, Product, RunningServer

__all__ = ["FanoutPlan", "FanoutResult", "measure", "percentile"]

_TYPISTS = 10
_WARM_UP_SECONDS = 2.0
_DRAIN_SECONDS = 60.0
_FIRST_CLIENT_ID = 5_000_000


@dataclass(frozen=True)
class FanoutPlan:
    """How many people in each of how many rooms, how many edits a second in all, for how long, and whether the clients
    ask for acks. Without ``presence`` nobody shows a cursor."""

    people: int
    edits_per_second: float
    seconds: float
    acks: bool = False
    rooms: int = 1
    presence: bool = True


@dataclass(frozen=True)
class FanoutResult:
    """One run. Times in milliseconds over all pairs of an edit and a reader, counted from the moment of sending."""

    people: int
    edits: int
    deliveries: int
    undelivered: int
    missing_in_document: int
    edit_p50_ms: float
    edit_p99_ms: float
    last_reader_p50_ms: float
    last_reader_p99_ms: float
    presence_p50_ms: float
    presence_p99_ms: float
    ack_p50_ms: float | None
    ack_p99_ms: float | None
    cpu_seconds: float
    cpu_seconds_per_1000_deliveries: float
    frames_received: int
    received_bytes: int
    wall_seconds: float
    generator_cpu_share: float
    generator_late_p99_ms: float
    server_memory_bytes: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class _Log:
    """When each edit left and when it arrived where; all in ``perf_counter`` seconds."""

    def __init__(self, total: int, warm: int, readers: int) -> None:
        self.warm = warm
        self.sent = array("d", bytes(8 * total))
        self.last = array("d", bytes(8 * total))
        self.late = array("d")
        self.edits = array("d")
        self.presence = array("d")
        self.acks = array("d")
        self.expected = (total - warm) * readers
        self.complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def arrived(self, number: int, at: float) -> None:
        if number < self.warm:
            return
        self.edits.append(at - self.sent[number])
        self.last[number] = at
        if len(self.edits) == self.expected and not self.complete.done():
            self.complete.set_result(None)


@dataclass(frozen=True)
class _Reading:
    """Counters at one moment."""

    at: float
    cpu_seconds: float
    generator_cpu_seconds: float
    frames: int
    received_bytes: int

    @classmethod
    def take(cls, server: RunningServer, members: list[Member]) -> "_Reading":
        frames = sum(member.socket.received_frames for member in members)
        received = sum(member.socket.received_bytes for member in members)
        return cls(perf_counter(), server.cpu_seconds(), time.process_time(), frames, received)


def measure(product: Product, plan: FanoutPlan) -> FanoutResult:
    """One run on a fresh server."""
    with product.running() as server:
        return asyncio.run(_run(product, server, plan))


async def _run(product: Product, server: RunningServer, plan: FanoutPlan) -> FanoutResult:
    addresses = [product.create_room(server, f"room-{number}", notebook()) for number in range(plan.rooms)]
    members = [await Member.join(address, acks=plan.acks) for _ in range(plan.people) for address in addresses]
    total = round(plan.edits_per_second * (_WARM_UP_SECONDS + plan.seconds))
    warm = round(plan.edits_per_second * _WARM_UP_SECONDS)
    typists = members[: max(_TYPISTS, plan.rooms)]
    presences = [Presence(_FIRST_CLIENT_ID + index, f"Person {index}") for index in range(len(members))]
    edits = _prepare(typists, total)
    for member in members:
        await member.settled(60)
    for member, presence in zip(members, presences, strict=True):
        if plan.presence:
            member.socket.send(presence.message())
    log = _Log(total, warm, plan.people - 1)
    for index, member in enumerate(members):
        member.listen(_Reader(member, range(index, total, len(typists)) if member in typists else range(0), log))
    for member in members:
        await member.settled(60)

    start = await _type(members, presences, edits, plan, log, server)
    # what is missing after that long is counted as undelivered
    await asyncio.wait({log.complete}, timeout=_DRAIN_SECONDS)
    end = _Reading.take(server, members)
    missing = total - sum([await _found(address) for address in addresses])
    memory = server.memory_bytes()
    for member in members:
        await member.leave()
    deliveries = len(log.edits)
    cpu, wall = end.cpu_seconds - start.cpu_seconds, end.at - start.at
    return FanoutResult(
        people=plan.people,
        edits=total - warm,
        deliveries=deliveries,
        undelivered=log.expected - deliveries,
        missing_in_document=missing,
        edit_p50_ms=percentile(log.edits, 50),
        edit_p99_ms=percentile(log.edits, 99),
        last_reader_p50_ms=percentile(_last_readers(log), 50),
        last_reader_p99_ms=percentile(_last_readers(log), 99),
        presence_p50_ms=percentile(log.presence, 50),
        presence_p99_ms=percentile(log.presence, 99),
        ack_p50_ms=percentile(log.acks, 50) if plan.acks else None,
        ack_p99_ms=percentile(log.acks, 99) if plan.acks else None,
        cpu_seconds=cpu,
        cpu_seconds_per_1000_deliveries=1000 * cpu / max(1, deliveries),
        frames_received=end.frames - start.frames,
        received_bytes=end.received_bytes - start.received_bytes,
        wall_seconds=wall,
        generator_cpu_share=(end.generator_cpu_seconds - start.generator_cpu_seconds) / wall,
        generator_late_p99_ms=percentile(log.late, 99),
        server_memory_bytes=memory,
    )


def _prepare(typists: list[Member], total: int) -> list[list[bytes]]:
    """Every author's edits, encoded in advance. Edit ``k`` is typed by author ``k % len(typists)``."""
    count = len(typists)
    return [
        marked_edits(typist.document(_FIRST_CLIENT_ID + index), range(index, total, count))
        for index, typist in enumerate(typists)
    ]


class _Reader:
    """What a member does with a message: find whose edits are in it, and leave it at that."""

    def __init__(self, member: Member, own: range, log: _Log) -> None:
        self._member = member
        self._own = own
        self._log = log
        self._seen = bytearray(len(log.sent))
        self._seen_presence = bytearray(len(log.sent))
        for number in own:
            self._seen[number] = self._seen_presence[number] = 1
        self._edits_before = member.edits_sent

    def __call__(self, message: bytes, at: float) -> None:
        which = message[0]
        if which == 0 and message[1] == 2:
            self._edits(message, at)
        elif which == 1:
            self._presence(message, at)
        else:
            if kind(message) == ACK:
                self._acks(ack_count(message), at)
            elif kind(message) == SYNC_STEP2:
                self._edits(message, at)
            self._member.receive(message, at)

    def _edits(self, message: bytes, at: float) -> None:
        for found in MARK.finditer(message):
            number = int(found[1])
            if not self._seen[number]:
                self._seen[number] = 1
                self._log.arrived(number, at)

    def _presence(self, message: bytes, at: float) -> None:
        for found in MARK.finditer(message):
            number = int(found[1])
            if not self._seen_presence[number] and number >= self._log.warm:
                self._seen_presence[number] = 1
                self._log.presence.append(at - self._log.sent[number])

    def _acks(self, count: int, at: float) -> None:
        first = max(0, self._member.edits_acked - self._edits_before)
        for number in self._own[first : count - self._edits_before]:
            if number >= self._log.warm:
                self._log.acks.append(at - self._log.sent[number])


async def _type(
    members: list[Member],
    presences: list[Presence],
    edits: list[list[bytes]],
    plan: FanoutPlan,
    log: _Log,
    server: RunningServer,
) -> _Reading:
    """Type everything, each edit at its moment. Returns the counters as they were at the end of the warm-up."""
    reading = _Reading.take(server, members)
    gc.collect()
    gc.disable()  # a collection in the generator would be taken for the server's latency
    try:
        start = perf_counter()
        for number in range(len(log.sent)):
            due = start + number / plan.edits_per_second
            await asyncio.sleep(max(0.0, due - perf_counter()))
            if number == log.warm:
                reading = _Reading.take(server, members)
            index = number % len(edits)
            typist, update = members[index], edits[index][number // len(edits)]
            presence = presences[index].message(mark(number)) if plan.presence else None
            log.sent[number] = now = perf_counter()
            log.late.append(now - due)
            typist.edit(update)
            if presence is not None:
                typist.socket.send(presence)
        return reading
    finally:
        gc.enable()


async def _found(address: Address) -> int:
    """How many edits somebody gets who joins now."""
    late = await Member.join(address)
    text = str(cell_source(late.document())).encode()
    await late.leave()
    return len({int(found[1]) for found in MARK.finditer(text)})


def _last_readers(log: _Log) -> "array[float]":
    pairs = zip(log.sent[log.warm :], log.last[log.warm :], strict=True)
    return array("d", (last - sent for sent, last in pairs if last))


def percentile(seconds: "array[float]", percent: float) -> float:
    """In milliseconds, nearest rank; NaN where there is nothing."""
    if not seconds:
        return float("nan")
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, round(percent / 100 * len(ordered)))]
