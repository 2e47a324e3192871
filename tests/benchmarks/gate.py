"""``python -m tests.benchmarks.gate``: what the gate costs, beside everything else that an edit costs the server.

One author sends every keystroke of a trace to real rooms, in this process, while others are in them: to one room with
the gate as it is, to one where it admits everything and remembers nothing of an edit, and to one where its calls are
timed. They take turns, some hundred keystrokes each. Counted is the CPU time of the event loop's thread, from the first
of these keystrokes until all are acknowledged; so other work of the machine lengthens a run more than it changes these
numbers. The exit status is 1 if the goal is missed.
"""

import argparse
import asyncio
import gc
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import thread_time
from typing import Any
from unittest.mock import patch

from pycrdt import Array, Doc

from jupyter_collab.access import Role, User
from jupyter_collab.backplane import PollingBackplane
from jupyter_collab.errors import CloseCode
from jupyter_collab.gate import Admission, Gate
from jupyter_collab.protocol import Ack, Rejection, SyncStep1, SyncStep2, Update, build, parse
from jupyter_collab.rooms import Limits, Peer, RoomManager
from jupyter_collab.store import SQLStore

from .content import Trace, cell_source, notebook, read_trace, synthetic_trace, trace_cell, trace_updates

__all__ = [
    "AS_IT_IS",
    "GOAL",
    "OPEN",
    "TIMED",
    "WAYS",
    "GateCost",
    "Turn",
    "encode",
    "main",
    "measure",
    "table",
    "take_in",
]

GOAL = 1.15
"""An edit costs at most so many times what it would cost if everything were admitted."""

WAYS = AS_IT_IS, OPEN, TIMED = "as it is", "admits everything", "timed"
"""What is done with the gate in a run."""

TURN_EDITS = 250

_CLIENT_ID = 7_000_001
_POLL_SECONDS = 0.1
_CALLS = ("check_text", "check", "commit", "commit_text")
_LIMITS = Limits(updates_per_second_per_peer=10**9)
"""The trace is sent faster than one client may."""

_NO_STATE = b"\x00"
"""The state vector of an empty document."""


@dataclass(frozen=True)
class Turn:
    """The CPU time of some edits, and what of it the gate's calls took, if they were timed."""

    seconds: float
    gate_seconds: float


@dataclass(frozen=True)
class GateCost:
    """Medians over the turns: of an edit's microseconds in each way, of their ratio, of the share that was timed."""

    trace: str
    edits: int
    readers: int
    burst: int
    turns: int
    microseconds: float
    open_microseconds: float
    ratio: float
    timed_share: float

    @property
    def is_reached(self) -> bool:
        """Whether the goal is."""
        return self.ratio <= GOAL


class _Wire:
    """A connection in memory. Only what the author is told is looked at."""

    def __init__(self, *, is_read: bool) -> None:
        self._is_read = is_read
        self.state = b""
        self.acknowledged = 0
        self.refusals: list[str] = []
        self.has_news = asyncio.Event()

    def send(self, message: bytes) -> bool:
        if self._is_read:
            self._read(message)
        return True

    def _read(self, data: bytes) -> None:
        match parse(data):
            case SyncStep2(update):
                self.state = update
            case Ack(count, _):
                self.acknowledged = count
            case Rejection() as rejection:
                self.refusals.append(rejection.reason)
        self.has_news.set()

    def on_drained(self, callback: Callable[[], None]) -> None:
        raise AssertionError("everything leaves at once")

    def close(self, code: CloseCode, reason: str) -> None:
        self.refusals.append(reason)
        self.has_news.set()


class _Member:
    """Somebody in the room."""

    def __init__(self, name: str, *, is_read: bool = True) -> None:
        self._wire = _Wire(is_read=is_read)
        user = User(username=name, name=name, display_name=name, initials=name[:1].upper())
        self._peer = Peer(user, Role.OWNER, self._wire, speaks_v1=True)
        self._sent = 0

    async def join(self, manager: RoomManager, way: str) -> None:
        self._room = await manager.join(_room_id(way), self._peer)
        await self._send(build(SyncStep1(_NO_STATE)))

    async def document(self) -> "Doc[Any]":
        """The room's document, as it was when this member joined."""
        await self._until(lambda: self._wire.state)
        doc: Doc[Any] = Doc(client_id=_CLIENT_ID)
        doc.get("cells", type=Array)
        doc.apply_update(self._wire.state)
        return doc

    async def edit(self, messages: Sequence[bytes]) -> None:
        """Send edits, one right after the other, and wait until they are acknowledged."""
        self._sent += len(messages)
        for message in messages:
            await self._send(message)
        await self._until(lambda: self._wire.acknowledged == self._sent)

    async def _send(self, message: bytes) -> None:
        if (waiting := self._room.receive(self._peer, message)) is not None:
            await waiting

    async def _until(self, condition: Callable[[], object]) -> None:
        while not condition():
            if self._wire.refusals:
                raise RuntimeError(f"The room refuses the trace: {', '.join(self._wire.refusals)}")
            self._wire.has_news.clear()
            await self._wire.has_news.wait()


def encode(trace: Trace) -> list[bytes]:
    """Every keystroke of a trace as the message of an edit, for somebody who has added the trace's cell."""
    doc: Doc[Any] = Doc(client_id=_CLIENT_ID)
    doc.get("cells", type=Array)
    trace_cell(doc)
    return [build(Update(update)) for update in trace_updates(doc, trace)]


@asynccontextmanager
async def _manager(folder: Path) -> AsyncIterator[RoomManager]:
    store = SQLStore(f"sqlite:///{folder / 'rooms.sqlite'}")
    manager = RoomManager(store, PollingBackplane(store, _POLL_SECONDS, "benchmark"), _LIMITS)
    await manager.start()
    try:
        yield manager
    finally:
        await manager.stop()


def _room_id(way: str) -> str:
    return way.replace(" ", "-")


async def _author(manager: RoomManager, way: str, readers: int) -> _Member:
    """Somebody who has added the trace's cell to a new room, in which there are readers."""
    await manager.create_room(room_id=_room_id(way), content=notebook())
    for number in range(readers):
        await _Member(f"reader {number}", is_read=False).join(manager, way)
    author = _Member("author")
    await author.join(manager, way)
    await author.edit([build(Update(trace_cell(await author.document())))])
    return author


async def _take_turn(author: _Member, way: str, edits: Sequence[bytes], burst: int) -> Turn:
    with _gate(way) as gate_seconds:
        start = thread_time()
        for first in range(0, len(edits), burst):
            await author.edit(edits[first : first + burst])
        return Turn(thread_time() - start, gate_seconds[0])


async def _text(manager: RoomManager, way: str) -> str:
    """What somebody reads who joins now."""
    late = _Member("late")
    await late.join(manager, way)
    return str(cell_source(await late.document(), -1))


@contextmanager
def _gate(way: str) -> Iterator[list[float]]:
    """Have the gate do what ``way`` says; gives a list of the one number of seconds that were counted in it."""
    seconds = [0.0]
    with ExitStack() as patches:
        for name in _CALLS:
            if way == TIMED:
                patches.enter_context(patch.object(Gate, name, _timed(getattr(Gate, name), seconds)))
            elif way == OPEN and name.startswith("check"):
                patches.enter_context(patch.object(Gate, name, _admit))
        yield seconds


def _admit(_gate: Gate, _update: bytes, _author: object) -> Admission:
    """Whatever it is; so there is nothing to remember either."""
    return _ADMITTED


_ADMITTED = Admission(None, {})


def _timed(call: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    """``call``, whose time is counted unless another counted one called it."""
    depth = 0

    def timed(*arguments: Any) -> Any:
        nonlocal depth
        if depth:
            return call(*arguments)
        depth += 1
        start = thread_time()
        try:
            return call(*arguments)
        finally:
            seconds[0] += thread_time() - start
            depth -= 1

    return timed


async def take_in(
    edits: Sequence[bytes], folder: Path, *, readers: int, burst: int, turn: int = TURN_EDITS
) -> tuple[dict[str, list[Turn]], dict[str, str]]:
    """Let a room for each way take in ``edits`` (of :func:`encode`), ``turn`` of them and then the next room's turn.

    Returns the turns, and the texts in the end. Raises ``RuntimeError`` if a room refuses an edit.
    """
    turns: dict[str, list[Turn]] = {way: [] for way in WAYS}
    async with _manager(folder) as manager:
        authors = {way: await _author(manager, way, readers) for way in WAYS}
        for number, first in enumerate(range(0, len(edits), turn)):
            for way in WAYS if number % 2 == 0 else reversed(WAYS):
                turns[way].append(await _take_turn(authors[way], way, edits[first : first + turn], burst))
        return turns, {way: await _text(manager, way) for way in WAYS}


def measure(trace: Trace, *, readers: int, burst: int) -> GateCost:
    """Take a trace in.

    Raises
    ------
    RuntimeError
        A room refused an edit, or somebody who joined afterwards read another text than the trace's.
    """
    edits = encode(trace)
    gc.collect()
    gc.freeze()  # as the server does
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        turns, texts = asyncio.run(take_in(edits, Path(folder), readers=readers, burst=burst))
    gc.unfreeze()
    for way, text in texts.items():
        if text != trace.end_content:
            raise RuntimeError(f"A gate that is {way} does not lead to the trace's text.")
    whole = len(edits) // TURN_EDITS or 1  # the last turn may be a short one
    as_it_is, opened, timed = (turns[way][:whole] for way in WAYS)
    each = 1e6 / min(TURN_EDITS, len(edits))
    return GateCost(
        trace=trace.name,
        edits=len(edits),
        readers=readers,
        burst=burst,
        turns=whole,
        microseconds=each * median(one.seconds for one in as_it_is),
        open_microseconds=each * median(one.seconds for one in opened),
        ratio=median(one.seconds / other.seconds for one, other in zip(as_it_is, opened, strict=True)),
        timed_share=median(one.gate_seconds / one.seconds for one in timed),
    )


def table(cost: GateCost) -> str:
    """What was measured, and the goal, in Markdown."""
    lines = (
        ("CPU of an edit, with the gate", f"{cost.microseconds:.1f} µs", ""),
        ("CPU of an edit, everything admitted", f"{cost.open_microseconds:.1f} µs", ""),
        ("the first, as a multiple of the second", f"{cost.ratio:.3f}", f"at most {GOAL}"),
        ("share of its time in the gate's calls", f"{100 * cost.timed_share:.1f} %", ""),
    )
    rows = "\n".join(f"| {what:<38} | {value:>10} | {goal:>12} |" for what, value, goal in lines)
    about = (
        f"{cost.trace}: {cost.edits} edits, {cost.burst} at a time, {cost.readers} readers, {cost.turns} turns of each."
    )
    return f"{about}\n\n| {'':<38} | {'median':>10} | {'goal':>12} |\n| {'-' * 38} | {'-' * 9}: | {'-' * 11}: |\n{rows}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and answer whether the goal was reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gate", description=__doc__)
    parser.add_argument("--trace", type=Path, help="an editing trace, gzipped JSON; a made-up one without it")
    parser.add_argument("--edits", type=int, default=12_000, help="only the first so many edits of it")
    parser.add_argument("--readers", type=int, default=3, help="others who are in the room")
    parser.add_argument("--burst", type=int, default=1, help="edits that are sent before the author waits for acks")
    options = parser.parse_args(arguments)
    trace = synthetic_trace(options.edits) if options.trace is None else read_trace(options.trace).prefix(options.edits)
    cost = measure(trace, readers=options.readers, burst=options.burst)
    print(table(cost))
    print(f"\n{'reached' if cost.is_reached else 'MISSED'}")
    return 0 if cost.is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
