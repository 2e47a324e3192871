"""How long it takes to join a large room, and what the room takes of the server's memory."""

import asyncio
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from .content import notebook
from .member import Member
from .products import Address, Product, RunningServer

__all__ = ["JoinResult", "measure", "measure_joins"]

_CELLS, _BYTES_PER_CELL = 100, 10_486
"""A room of one MiB of source text."""


@dataclass(frozen=True)
class JoinResult:
    """Joins, one at a time, while somebody is in the room. Milliseconds from opening a connection to the last byte."""

    joins: int
    first_ms: float
    median_ms: float
    slowest_ms: float
    first_sync_bytes: int
    cpu_ms_per_join: float
    memory_bytes_before: int
    memory_bytes_after: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(product: Product, joins: int) -> JoinResult:
    """The 1 MB room, on a fresh server. ``first_ms`` includes making the room live."""

    async def run(server: RunningServer) -> JoinResult:
        address = product.create_room(server, "large", notebook(_CELLS, _BYTES_PER_CELL))
        return await measure_joins(server, address, joins)

    with product.running() as server:
        return asyncio.run(run(server))


async def measure_joins(server: RunningServer, address: Address, joins: int) -> JoinResult:
    """Join ``joins`` times, one at a time, each time leaving again; one more member stays throughout."""
    before = server.memory_bytes()
    keeper = await Member.join(address)
    times = []
    cpu = server.cpu_seconds()
    for _ in range(joins):
        member = await Member.join(address)
        times.append(1000 * member.join_seconds)
        await member.leave()
    cpu = server.cpu_seconds() - cpu
    after = server.memory_bytes()
    size = len(keeper.first_sync)
    await keeper.leave()
    return JoinResult(
        joins=joins,
        first_ms=1000 * keeper.join_seconds,
        median_ms=median(times),
        slowest_ms=max(times),
        first_sync_bytes=size,
        cpu_ms_per_join=1000 * cpu / joins,
        memory_bytes_before=before,
        memory_bytes_after=after,
    )
