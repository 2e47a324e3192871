"""What a room's kernel can do to a room: a cell that prints without end in sight, and one that is run again and again.

Ten people are in a room whose kernel runs, and one of them types into a cell: first while all is quiet, then again and
again while another cell prints a hundred thousand lines. How long it takes until everybody has the last of them, what
that costs the server, what is left of it in the document, and how much later the keystrokes come.
"""

import asyncio
import time
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, replace
from statistics import median
from time import perf_counter
from typing import Any

from pycrdt import Array, Doc, Map

from .content import MARK, marked_edits, notebook
from .fanout import percentile
from .member import Member
from .outputs import steady_store_bytes
from .products import JupyterCollab, RunningServer

__all__ = ["FloodPlan", "FloodResult", "FloodsResult", "RerunsResult", "measure"]

_CLIENT_ID = 6_000_000
_WARM_UP, _LOUD = 1, 2
_OUTPUT_BYTES = 1_000_000
_TIMEOUT_SECONDS = 600.0
_LOOK_SECONDS = 0.05
_CALM_SECONDS = 0.5
_LEAD_SECONDS = 0.2


@dataclass(frozen=True)
class FloodPlan:
    """How many people, lines, floods of printed ones, and re-runs; how long it is quiet, and keystrokes a second.

    Flushed lines take so long that one flood of them is enough.
    """

    people: int = 10
    lines: int = 100_000
    floods: int = 20
    quiet_seconds: float = 20.0
    keystrokes_per_second: float = 50.0
    reruns: int = 30


@dataclass(frozen=True)
class FloodResult:
    """One way to print. ``seconds`` (from the request until the last of the people has the end) and
    ``cpu_seconds`` (of the server's process, without the kernel's) are medians over the floods.

    The keystrokes' times are over all pairs of a keystroke and a reader, in milliseconds.
    """

    lines: int
    people: int
    floods: int
    seconds: float
    slowest_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    first_sync_bytes: int
    tail_bytes: int
    received_bytes_per_person: float
    quiet_p50_ms: float
    quiet_p99_ms: float
    typed_p50_ms: float
    typed_p99_ms: float
    keystrokes: int
    undelivered: int
    generator_cpu_share: float
    generator_late_p99_ms: float


@dataclass(frozen=True)
class RerunsResult:
    """A cell whose output is 1 MB, run again and again: a new client's first sync, and the store on disk."""

    reruns: int
    output_bytes: int
    first_sync_bytes: int
    store_bytes_after_first: int
    store_bytes_after_third: int
    store_bytes: int
    seconds: float
    right: bool


@dataclass(frozen=True)
class FloodsResult:
    """``printed``: by ``print(…)``; ``flushed``: by ``print(…, flush=True)``, each line a message of its own."""

    printed: FloodResult
    flushed: FloodResult
    reruns: RerunsResult

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(product: JupyterCollab, plan: FloodPlan) -> FloodsResult:
    """All of it, each part on a fresh server."""
    printed, flushed = _flood(product, plan, flush=False), _flood(product, replace(plan, floods=1), flush=True)
    with product.running() as server:
        return FloodsResult(printed, flushed, asyncio.run(_rerun(product, server, plan.reruns)))


def _flood(product: JupyterCollab, plan: FloodPlan, *, flush: bool) -> FloodResult:
    with product.running() as server:
        return asyncio.run(_Flood(product, server, plan, flush=flush).run())


class _Room:
    """A room with a kernel."""

    def __init__(self, product: JupyterCollab, server: RunningServer, *sources: str) -> None:
        content = notebook(len(sources))
        for cell, source in zip(content["cells"], sources, strict=True):
            cell["source"] = source
        self._cells = [cell["id"] for cell in content["cells"]]
        self._http = server.http
        self.address = product.create_room(server, "room", content)

    async def start(self, cell: int) -> None:
        """Ask for a run."""
        await asyncio.to_thread(self._ask, "POST", "runs", json={"cells": [self._cells[cell]]})

    async def run(self, cell: int) -> None:
        """Run a cell and wait until nothing runs."""
        await self.start(cell)
        deadline = perf_counter() + _TIMEOUT_SECONDS
        while (await asyncio.to_thread(self._ask, "GET", "kernel"))["queue"]:
            if perf_counter() > deadline:
                raise TimeoutError(f"cell {cell} does not end")
            await asyncio.sleep(_LOOK_SECONDS)

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = self._http.request(method, f"api/collab/rooms/room/{path}", **options)
        answer.raise_for_status()
        return answer.json()


class _Typing:
    """One person's keystrokes, at fixed moments, and when they came to the readers."""

    def __init__(self, typist: Member, per_second: float, readers: int) -> None:
        self._typist = typist
        self._doc = typist.document(_CLIENT_ID)
        self._per_second = per_second
        self._readers = readers
        self._sent: list[float] = []
        self._ready: list[bytes] = []
        self._times = array("d")
        self._wanted: dict[int, int] = {}
        self._all_came = asyncio.Event()
        self._all_came.set()
        self._first = 0
        self.late = array("d")

    async def go_on(self) -> None:
        """Type until it is canceled."""
        start, first = perf_counter(), len(self._sent)
        while True:
            number = len(self._sent)
            if not self._ready:  # one that was ready when it was canceled is sent now
                self._ready = marked_edits(self._doc, range(number, number + 1))
            due = start + (number - first) / self._per_second
            await asyncio.sleep(max(0.0, due - perf_counter()))
            self._wanted[number] = self._readers
            self._all_came.clear()
            now = perf_counter()
            self._sent.append(now)
            self.late.append(now - due)
            self._typist.edit(self._ready.pop())

    def arrived(self, number: int, at: float) -> None:
        """A reader has a keystroke."""
        if number >= self._first:
            self._times.append(at - self._sent[number])
        self._wanted[number] -= 1
        if not self._wanted[number]:
            del self._wanted[number]
        if not self._wanted:
            self._all_came.set()

    def count(self) -> None:
        """Count keystrokes from now on, and the last one, which may still be under way."""
        self._first = max(0, len(self._sent) - 1)

    async def result(self) -> tuple["array[float]", int, int]:
        """The times in seconds, how many keystrokes there were, and deliveries that never came; then begin anew."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self._all_came.wait()
        times, self._times = self._times, array("d")
        missing = sum(self._wanted.values())
        self._wanted = {}
        return times, (len(times) + missing) // self._readers, missing


class _Flood:
    """Floods of one kind on one server."""

    def __init__(self, product: JupyterCollab, server: RunningServer, plan: FloodPlan, *, flush: bool) -> None:
        loop = f"for number in range({plan.lines}): print('line', number, flush={flush})"
        end = f"ends = globals().get('ends', 0) + 1\nprint({_END!r} % ends, flush=True)"
        self._room = _Room(product, server, "", "pass", f"{loop}\n{end}")
        self._server = server
        self._plan = plan
        self._ends = 0
        self._ended = asyncio.Event()

    async def run(self) -> FloodResult:
        plan, room = self._plan, self._room
        await room.run(_WARM_UP)
        members = [await Member.join(room.address) for _ in range(plan.people)]
        typing = _Typing(members[0], plan.keystrokes_per_second, plan.people - 1)
        for member in members:
            await member.settled(_TIMEOUT_SECONDS)
            member.listen(_Listener(None if member is members[0] else typing, self))
        async with _somebody_types(typing):
            await asyncio.sleep(plan.quiet_seconds)
        quiet, _, undelivered = await typing.result()
        received = sum(member.socket.received_bytes for member in members)
        start, generator = perf_counter(), time.process_time()
        floods = [await self._one(typing, number / plan.floods) for number in range(plan.floods)]
        share = (time.process_time() - generator) / (perf_counter() - start)
        typed, keystrokes, missing = await typing.result()
        received = sum(member.socket.received_bytes for member in members) - received
        await room.run(_WARM_UP)  # after it all of the last flood is written
        late = await Member.join(room.address)
        for member in (late, *members):
            await member.leave()
        return FloodResult(
            lines=plan.lines,
            people=plan.people,
            floods=plan.floods,
            seconds=median(seconds for seconds, _ in floods),
            slowest_seconds=max(seconds for seconds, _ in floods),
            cpu_seconds=median(cpu for _, cpu in floods),
            peak_memory_bytes=self._server.peak_memory_bytes(),
            first_sync_bytes=len(late.first_sync),
            tail_bytes=len(_printed(late.document(), _LOUD).encode()),
            received_bytes_per_person=received / plan.people / plan.floods,
            quiet_p50_ms=percentile(quiet, 50),
            quiet_p99_ms=percentile(quiet, 99),
            typed_p50_ms=percentile(typed, 50),
            typed_p99_ms=percentile(typed, 99),
            keystrokes=keystrokes,
            undelivered=undelivered + missing,
            generator_cpu_share=share,
            generator_late_p99_ms=percentile(typing.late, 99),
        )

    async def _one(self, typing: _Typing, phase: float) -> tuple[float, float]:
        """One flood, while somebody types; answers its seconds and the server's CPU.

        Counted is what is typed from just before the request to the end. The request comes ``phase`` (0 to 1) of the
        way from one keystroke to the next, so that the floods together begin at all of these moments.
        """
        self._ended.clear()
        async with _somebody_types(typing):
            await asyncio.sleep(_LEAD_SECONDS + phase / self._plan.keystrokes_per_second)
            typing.count()
            cpu, start = self._server.own_cpu_seconds(), perf_counter()
            await self._room.start(_LOUD)
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self._ended.wait()
        seconds, cpu = perf_counter() - start, self._server.own_cpu_seconds() - cpu
        await asyncio.sleep(_CALM_SECONDS)
        return seconds, cpu

    def end_arrived(self) -> None:
        """One of the people has the end of a flood."""
        self._ends += 1
        if self._ends % self._plan.people == 0:
            self._ended.set()


_END = "this is the end of flood %d."


class _Listener:
    """What a person does with a message: look for the ends of floods in its bytes, and, unless it is the one who types,
    for keystrokes.
    """

    def __init__(self, typing: _Typing | None, flood: _Flood) -> None:
        self._typing = typing
        self._flood = flood
        self._next_key = 0
        self._next_flood = 1

    def __call__(self, message: bytes, at: float) -> None:
        if message[0] != 0:
            return
        if self._typing is not None:
            for found in MARK.finditer(message):
                number = int(found[1])
                if number >= self._next_key:
                    self._next_key = number + 1
                    self._typing.arrived(number, at)
        if (_END % self._next_flood).encode() in message:
            self._next_flood += 1
            self._flood.end_arrived()


@asynccontextmanager
async def _somebody_types(typing: _Typing) -> AsyncIterator[None]:
    task = asyncio.create_task(typing.go_on())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _rerun(product: JupyterCollab, server: RunningServer, reruns: int) -> RerunsResult:
    source = f"import os; display({{'text/plain': os.urandom({_OUTPUT_BYTES // 2}).hex()}}, raw=True)"
    room = _Room(product, server, source)
    watcher = await Member.join(room.address)
    seconds, sizes = 0.0, {}
    for number in range(1, reruns + 1):
        start = perf_counter()
        await room.run(0)
        seconds += perf_counter() - start
        if number in (1, max(1, reruns // 3), reruns):
            sizes[number] = await steady_store_bytes(product, server)
    reader = await Member.join(room.address)
    [output] = _outputs(reader.document(), 0)
    for member in (watcher, reader):
        await member.leave()
    return RerunsResult(
        reruns=reruns,
        output_bytes=_OUTPUT_BYTES,
        first_sync_bytes=len(reader.first_sync),
        store_bytes_after_first=sizes[1],
        store_bytes_after_third=sizes[max(1, reruns // 3)],
        store_bytes=sizes[reruns],
        seconds=seconds,
        right=len(output["data"]["text/plain"]) == _OUTPUT_BYTES,
    )


def _outputs(doc: Doc[Any], cell: int) -> list[dict[str, Any]]:
    cells: Array[Map[Any]] = doc.get("cells", type=Array)
    outputs: list[dict[str, Any]] = cells[cell]["outputs"].to_py()
    return outputs


def _printed(doc: Doc[Any], cell: int) -> str:
    return "".join(output.get("text", "") for output in _outputs(doc, cell))
