"""What is left of deleted outputs: one cell's output of 1 MB, replaced again and again."""

import asyncio
import random
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

from pycrdt import Array, Doc, Map

from .content import notebook
from .member import Member
from .products import Product, RunningServer

__all__ = ["OutputsResult", "measure", "steady_store_bytes"]

_CLIENT_ID = 8_000_001
_OUTPUT_BYTES = 1_000_000
_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class OutputsResult:
    """After the last replacement: a new client's first sync, the store on disk, the server's memory."""

    replacements: int
    output_bytes: int
    first_sync_bytes: int
    join_ms: float
    store_bytes: int
    memory_bytes: int
    seconds: float
    right: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(product: Product, replacements: int) -> OutputsResult:
    """One run on a fresh server."""
    with product.running() as server:
        return asyncio.run(_run(product, server, replacements))


async def _run(product: Product, server: RunningServer, replacements: int) -> OutputsResult:
    address = product.create_room(server, "outputs", notebook())
    runner = await Member.join(address)
    doc = runner.document(_CLIENT_ID)
    rng = random.Random(0)
    text = ""
    start = perf_counter()
    for _ in range(replacements):
        text = rng.randbytes(_OUTPUT_BYTES // 2).hex()
        runner.edit(_replace_output(doc, text))
        await runner.settled(_TIMEOUT_SECONDS, have=doc.get_state())
    seconds = perf_counter() - start
    reader = await Member.join(address)
    found = _outputs(reader.document()).to_py()
    store = await steady_store_bytes(product, server)
    memory = server.memory_bytes()
    await reader.leave()
    await runner.leave()
    return OutputsResult(
        replacements=replacements,
        output_bytes=_OUTPUT_BYTES,
        first_sync_bytes=len(reader.first_sync),
        join_ms=1000 * reader.join_seconds,
        store_bytes=store,
        memory_bytes=memory,
        seconds=seconds,
        right=found == [_output(text)],
    )


def _outputs(doc: Doc[Any]) -> Array[Any]:
    cells: Array[Map[Any]] = doc.get("cells", type=Array)
    outputs = cells[0]["outputs"]
    assert isinstance(outputs, Array)
    return outputs


def _output(text: str) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {"text/plain": text}, "metadata": {}}


def _replace_output(doc: Doc[Any], text: str) -> bytes:
    """Clear the outputs and add one, as a front end does when a cell is run again; the update of the whole change."""
    outputs = _outputs(doc)
    before = doc.get_state()
    with doc.transaction():
        outputs.clear()
        outputs.append(_output(text))
    return doc.get_update(before)


async def steady_store_bytes(product: Product, server: RunningServer) -> int:
    """The store's size once it has stopped changing for two seconds: it may still be writing, or compacting."""
    deadline = perf_counter() + 30
    size, since = product.store_bytes(server), perf_counter()
    while perf_counter() < deadline and perf_counter() - since < 2:
        await asyncio.sleep(0.1)
        now = product.store_bytes(server)
        if now != size:
            size, since = now, perf_counter()
    return size
