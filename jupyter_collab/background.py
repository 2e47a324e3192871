"""Work beside requests. Every task and every timer has an owner, with one rule for what follows when it fails."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextvars import Context
from functools import partial
from typing import Any

from .errors import CollabError

__all__ = ["Background", "is_failure"]

log = logging.getLogger(__name__)

Work = Callable[[], Coroutine[Any, Any, None]]


class Background:
    """The tasks and timers of one ``owner``; all end with :meth:`close`.

    Whatever fails is logged, and then told to ``on_failed``: to begin again, or to end a peer or a room. Work with
    ``again_seconds`` begins again by itself so long after it failed, until it ends without an error.
    """

    def __init__(self, owner: str, on_failed: Callable[[Exception], None] | None = None) -> None:
        self._owner = owner
        self._on_failed = on_failed or _tell_nobody
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._slots: dict[str, asyncio.Task[None]] = {}
        self._timers: dict[object, asyncio.TimerHandle] = {}

    @property
    def is_busy(self) -> bool:
        """Whether any work is under way; timers are none."""
        return any(not task.done() for task in self._tasks)

    def run(self, name: str, work: Work, *, again_seconds: float | None = None) -> asyncio.Task[None]:
        """Begin ``work``, for which nobody need wait; the task that is returned never raises."""
        return self._start(name, partial(self._until_done, name, work, again_seconds))

    def run_once(self, name: str, work: Work, *, again_seconds: float | None = None) -> asyncio.Task[None]:
        """:meth:`run`, unless work of this ``name`` is under way; return the task of that then."""
        task = self._slots.get(name)
        if task is None or task.cancelled():

            async def in_its_slot() -> None:
                try:
                    await self._until_done(name, work, again_seconds)
                finally:  # at once: whoever asks from now on wants it again
                    del self._slots[name]

            task = self._slots[name] = self._start(name, in_its_slot)
        return task

    def later(self, seconds: float, name: str, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call ``call`` after so many seconds; the handle that is returned can be cancelled."""

        key = object()
        timer = asyncio.get_running_loop().call_later(seconds, self._ring, key, name, call, context=Context())
        self._timers = {other: due for other, due in self._timers.items() if not due.cancelled()} | {key: timer}
        return timer

    def _ring(self, key: object, name: str, call: Callable[[], None]) -> None:
        del self._timers[key]
        with self.boundary(name):
            call()

    def boundary(self, name: str) -> "_Boundary":
        """A context for a part of the owner's work: if it fails, what follows goes on."""
        return _Boundary(partial(self._failed, name))

    async def close(self) -> None:
        """:meth:`cancel`, and begin nothing any more: nobody is told of failures from now on."""
        await self.cancel()
        if asyncio.current_task() not in self._tasks:
            self._on_failed = _tell_nobody

    async def cancel(self) -> None:
        """Cancel all that is under way or due, but for who calls this, and wait for its end."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait until nothing is under way, at most so many seconds; return whether that is so."""
        try:
            async with asyncio.timeout(seconds):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        except TimeoutError:
            return False
        return True

    def _start(self, name: str, work: Work) -> asyncio.Task[None]:
        task = asyncio.create_task(
            self._within_boundary(name, work),
            name=f"jupyter_collab {name}: {self._owner}",
            context=Context(),  # else it holds what it began for, such as a connection, for as long as it goes on
        )
        self._tasks[task] = name
        task.add_done_callback(self._tasks.pop)
        return task

    async def _within_boundary(self, name: str, work: Work) -> None:
        with self.boundary(name):
            await work()

    async def _until_done(self, name: str, work: Work, again_seconds: float | None) -> None:
        while again_seconds is not None:
            with self.boundary(name):
                await work()
                return
            await asyncio.sleep(again_seconds)
        await work()

    def _failed(self, name: str, error: BaseException) -> None:
        if isinstance(error, CollabError):  # its message says what went wrong
            log.warning("%s: %s failed: %s", self._owner, name, error)
        else:
            log.error("%s: %s failed.", self._owner, name, exc_info=error)
        self._on_failed(error if isinstance(error, Exception) else RuntimeError(f"yrs panicked: {error}"))


def _tell_nobody(_error: Exception) -> None:
    """What a failure leads to, but for a line in the log."""


class _Boundary:
    """Tells ``on_failed`` what fails within it, and nobody else."""

    def __init__(self, on_failed: Callable[[BaseException], None]) -> None:
        self._on_failed = on_failed

    def __enter__(self) -> None:
        """Nothing has failed so far."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if error is None or not is_failure(error):
            return False
        self._on_failed(error)
        return True


def is_failure(error: BaseException) -> bool:
    """Whether a boundary must hold ``error``: an exception, or a panic of yrs, which is only a ``BaseException``."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"
