"""An event loop in a thread of its own, for those who have none: all blocking rooms of a process share one."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["BackgroundLoop", "background_loop"]

T = TypeVar("T")


class BackgroundLoop:
    """An event loop that runs in a daemon thread from the first use on."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="jupyter_collab", daemon=True)
        self._thread.start()

    @property
    def is_current(self) -> bool:
        """Whether this is the loop's own thread."""
        return threading.current_thread() is self._thread

    def call(self, function: Callable[[], T]) -> T:
        """What ``function`` returns or raises when it runs on the loop."""
        if self.is_current:
            return function()

        async def run() -> T:
            return function()

        return self._start(run).result()

    def wait(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the coroutine returns or raises; an interrupt (Ctrl-C) ends it."""
        if self.is_current:
            raise RuntimeError("This waits for the network, and cannot be called from a condition of wait_for().")
        future = self._start(make)
        try:
            return future.result()
        finally:
            future.cancel()

    def soon(self, make: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Start the coroutine, and do not wait for its end."""
        self._start(make)

    def _start(self, make: Callable[[], Coroutine[Any, Any, T]]) -> "Future[T]":
        if not self._thread.is_alive():
            raise RuntimeError("The room was entered in the process that this one was forked from: connect again here.")
        return asyncio.run_coroutine_threadsafe(_started(make), self._loop)


async def _started(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return await make()


_shared: BackgroundLoop | None = None
_lock = threading.Lock()


def background_loop() -> BackgroundLoop:
    """The one of this process."""
    global _shared
    with _lock:
        if _shared is None:
            _shared = BackgroundLoop()
        return _shared


def _forget() -> None:
    """A forked child has the memory of the thread, but not the thread."""
    global _shared, _lock
    _shared, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
