"""Play a plan, from its beginning to the last check."""

import asyncio
from pathlib import Path

from .chance import ruled_chance
from .checks import check_world
from .loop import VirtualLoop, run
from .node import the_node
from .plan import Plan
from .storage import MemoryStorage, SQLiteStorage, Storage
from .world import World

__all__ = ["play"]


def play(plan: Plan, folder: Path) -> World:
    """Play ``plan``, with what it needs of files in ``folder``; an ``AssertionError`` says what went wrong."""
    in_memory = plan.store == "memory"
    storage: Storage = MemoryStorage() if in_memory else SQLiteStorage(folder)
    world = World(plan, storage)
    if any(client.copy != "python" for client in plan.clients):
        the_node().begin(plan.seed)
    with ruled_chance(plan.seed):
        run(_play(world, presence=in_memory), VirtualLoop() if in_memory else asyncio.new_event_loop())
    return world


async def _play(world: World, *, presence: bool) -> None:
    await world.play()
    await check_world(world, presence=presence)
