"""Wait for a condition, with a deadline."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, overload

__all__ = ["DEADLINE_SECONDS", "eventually"]

T = TypeVar("T")

DEADLINE_SECONDS = 20.0
"""Long for anything that works at all; nothing here measures speed."""

POLL_SECONDS = 0.02


@overload
async def eventually(
    condition: Callable[[], Coroutine[Any, Any, T]], what: str = ..., *, seconds: float = ...
) -> T: ...


@overload
async def eventually(condition: Callable[[], T], what: str = ..., *, seconds: float = ...) -> T: ...


async def eventually(
    condition: Callable[[], T | Awaitable[T]], what: str = "the condition", *, seconds: float = DEADLINE_SECONDS
) -> T:
    """What ``condition()`` answers as soon as that is true; an ``AssertionError`` naming ``what`` if it never is."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        value: T = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {seconds:g} s: {what} (last: {value!r})")
        await asyncio.sleep(POLL_SECONDS)
