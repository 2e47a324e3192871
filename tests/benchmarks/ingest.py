"""How fast a server takes an author's whole history in, and what the room then costs.

One client sends every keystroke of a trace as one Yjs update, as fast as the connection takes them, and no faster than
the server says that one client may. The server is done when it has answered a question that was asked after the last
keystroke (and, where it gives acks, has acknowledged them all) and a second client that joins then holds the trace's
final text.
"""

import asyncio
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

from pycrdt import Array, Doc

from .content import Trace, cell_source, notebook, trace_cell, trace_updates
from .joins import JoinResult, measure_joins
from .member import Member
from .messages import SYNC_UPDATE, read_state_vector, sync
from .outputs import steady_store_bytes
from .products import Address, Product, RunningServer
from .websocket import Closed, frame

__all__ = ["IngestResult", "measure"]

_CLIENT_ID = 7_000_001
_BATCH = 64
"""Updates written to the socket between two looks at the clock; each is a message of its own all the same."""


@dataclass(frozen=True)
class IngestResult:
    """One run. ``complete`` says whether the final text was right within the time allowed."""

    trace: str
    edits: int
    complete: bool
    failure: str
    seconds: float
    updates_per_second: float
    cpu_ms_per_update: float
    store_bytes: int
    memory_bytes_before: int
    memory_bytes_after: int
    joins: JoinResult | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(product: Product, trace: Trace, *, acks: bool, joins: int, timeout: float) -> IngestResult:
    """One run on a fresh server; gives up after ``timeout`` seconds and says how far it came."""
    with product.running() as server:
        return asyncio.run(_run(product, server, trace, acks=acks, joins=joins, timeout=timeout))


def encode(trace: Trace, prefix: bytes = b"") -> list[bytes]:
    """The whole history as websocket frames, for a client that has already added the cell with ``_CLIENT_ID``."""
    doc: Doc[Any] = Doc(client_id=_CLIENT_ID)
    doc.get("cells", type=Array)
    trace_cell(doc)
    return [frame(prefix + sync(SYNC_UPDATE, update)) for update in trace_updates(doc, trace)]


async def _run(
    product: Product,
    server: RunningServer,
    trace: Trace,
    *,
    acks: bool,
    joins: int,
    timeout: float,
) -> IngestResult:
    address = product.create_room(server, "trace", notebook())
    frames = encode(trace, address.prefix)
    author = await Member.join(address, acks=acks)
    author.edit(trace_cell(author.document(_CLIENT_ID)))
    await author.settled(60)
    memory, cpu, start = server.memory_bytes(), server.cpu_seconds(), perf_counter()
    failure = ""
    try:
        await asyncio.wait_for(_send(author, frames), timeout)
        await author.settled(timeout - (perf_counter() - start))
        end = perf_counter()
        if await _verify(address, trace, start + timeout) > 1:
            end = perf_counter()
    except (Closed, TimeoutError) as error:
        end = perf_counter()
        failure = f"{type(error).__name__}: {error}"
    seconds, cpu = end - start, server.cpu_seconds() - cpu
    taken = await _taken(address, trace) if failure else len(frames)
    after = server.memory_bytes()
    result = None if failure else await measure_joins(server, address, joins)
    store = await steady_store_bytes(product, server)
    await author.leave()
    return IngestResult(
        trace=trace.name,
        edits=len(frames),
        complete=not failure,
        failure=failure,
        seconds=seconds,
        updates_per_second=taken / seconds,
        cpu_ms_per_update=1000 * cpu / max(1, taken),
        store_bytes=store,
        memory_bytes_before=memory,
        memory_bytes_after=after,
        joins=result,
    )


async def _send(author: Member, frames: list[bytes]) -> None:
    start, limit = perf_counter(), author.updates_per_second
    for first in range(0, len(frames), _BATCH):
        # also lets the answers in: drain returns at once while the socket takes everything
        await asyncio.sleep(max(0.0, start + first / limit - perf_counter()) if limit else 0)
        batch = frames[first : first + _BATCH]
        author.edits_sent += len(batch)
        for data in batch:
            author.socket.write(data)
        await author.socket.drain()


async def _verify(address: Address, trace: Trace, deadline: float) -> int:
    """Join until the final text is there. Returns how many joins it took."""
    tries = 0
    while True:
        tries += 1
        text = str(cell_source(await _late_document(address), -1))
        if text == trace.end_content:
            return tries
        if perf_counter() > deadline:
            raise TimeoutError(f"a new client has {len(text)} characters instead of {len(trace.end_content)}")
        await asyncio.sleep(0.2)


async def _late_document(address: Address) -> Doc[Any]:
    reader = await Member.join(address)
    await reader.leave()
    return reader.document()


async def _taken(address: Address, trace: Trace) -> int:
    """How many of the keystrokes a new client gets: the state vector counts the author's insertions."""
    cell: Doc[Any] = Doc(client_id=_CLIENT_ID)
    trace_cell(cell)
    base = read_state_vector(cell.get_state())[_CLIENT_ID]
    inserted = read_state_vector((await _late_document(address)).get_state()).get(_CLIENT_ID, base) - base
    taken = 0
    for _, _, text in trace.patches:
        inserted -= len(text)
        if inserted < 0:
            break
        taken += 1
    return taken
