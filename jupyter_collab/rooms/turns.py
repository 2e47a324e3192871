"""Long work in the event loop's thread, in small steps between which everybody else has their turn."""

import asyncio
from collections.abc import Generator
from time import thread_time
from typing import TypeVar

__all__ = ["NO_REST", "in_turns", "rest_after"]

Result = TypeVar("Result")

TURN_SECONDS = 0.002
"""Of this thread: what else the machine does makes no turn longer, and no rest."""

REST_PER_TURN = 1.0
"""A turn is followed by a rest so many times as long: an edit of somebody else takes several turns until it is saved,
and the thread that saves it needs the interpreter as well."""

NO_REST = 0.0
"""Who opens a room has waited; the others have their turn all the same."""


async def in_turns(work: Generator[None, None, Result], *, rests: float = REST_PER_TURN) -> Result:
    """Let ``work`` go on from ``yield`` to ``yield``, and return what it returns; it rests so long after each turn."""
    began = thread_time()
    while True:
        try:
            next(work)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        took = thread_time() - began
        if took > TURN_SECONDS:
            await rest_after(took, rests)
            began = thread_time()


async def rest_after(took_seconds: float, rests: float = REST_PER_TURN) -> None:
    """Let the others have their turn, after one that took so long; then rest so many times as long."""
    await asyncio.sleep(took_seconds * rests)
