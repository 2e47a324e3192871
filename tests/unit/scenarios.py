"""How the asynchronous tests run: each in an event loop of its own, bounded in time, waiting for conditions."""

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec

__all__ = ["held_threads", "scenario", "settle", "until"]

P = ParamSpec("P")

SCENARIO_SECONDS = 60.0
UNTIL_SECONDS = 10.0
LOOK_SECONDS = 0.002


def scenario(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Make a plain test of an asynchronous one.

    It needs no plugin, so it lives beside any of them. What the event loop would only log fails the test.
    """

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(_watched(test(*args, **kwargs)))

    return run


async def _watched(test: Coroutine[Any, Any, None]) -> None:
    unheard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unheard.append(context))
    await asyncio.wait_for(test, SCENARIO_SECONDS)
    assert not unheard, unheard


async def until(condition: Callable[[], object], seconds: float = UNTIL_SECONDS) -> None:
    """Wait for ``condition``; fail if it does not come true in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not condition():
        assert loop.time() < deadline, f"waited {seconds} s in vain"
        await asyncio.sleep(LOOK_SECONDS)


async def settle(turns: int = 10) -> None:
    """Let the event loop do all that it can do at once."""
    for _ in range(turns):
        await asyncio.sleep(0)


@contextmanager
def held_threads() -> Iterator[None]:
    """Somebody's work holds all threads that the event loop has for everybody."""
    release = threading.Event()
    for _ in range(100):
        asyncio.get_running_loop().run_in_executor(None, release.wait)
    try:
        yield
    finally:
        release.set()
