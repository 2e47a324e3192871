"""Work beside requests. Every task and every timer has an owner, with one rule for what follows when it fails."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

__all__ = ["Background", "is_failure"]

log = logging.getLogger(__name__)

Work = Callable[[], Coroutine[Any, Any, None]]


class Background:
    """The tasks and timers of one ``owner``; all end with :meth:`close`.

    Whatever fails is logged, and then told to ``on_failed``: to begin again, or to end a peer or a room.
    """

    def __init__(self, owner: str, on_failed: Callable[[Exception], None] = lambda _: None) -> None:
        self._owner = owner
        self._on_failed = on_failed
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._slots: dict[str, asyncio.Task[None]] = {}
        self._timers: set[asyncio.TimerHandle] = set()

    def run(self, name: str, work: Work) -> asyncio.Task[None]:
        """Begin ``work``, for which nobody need wait; the task that is returned never raises."""
        task = asyncio.create_task(
            self._run(name, work),
            name=f"jupyter_collab {name}: {self._owner}",
            context=Context(),  # else it holds what it began for, such as a connection, for as long as it goes on
        )
        self._tasks[task] = name
        task.add_done_callback(self._tasks.pop)
        return task

    def run_once(self, name: str, work: Work) -> asyncio.Task[None]:
        """:meth:`run`, unless work of this ``name`` is under way; return the task of that then."""
        task = self._slots.get(name)
        if task is None or task.cancelled():

            async def in_its_slot() -> None:
                try:
                    await work()
                finally:  # at once: whoever asks from now on wants it again
                    del self._slots[name]

            task = self._slots[name] = self.run(name, in_its_slot)
        return task

    def later(self, seconds: float, name: str, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call ``call`` after so many seconds; the handle that is returned can be cancelled."""

        def ring() -> None:
            self._timers.discard(timer)
            try:
                call()
            except Exception as error:  # noqa: BLE001  # the boundary of a timer
                self._failed(name, error)

        timer = asyncio.get_running_loop().call_later(seconds, ring, context=Context())
        self._timers = {other for other in self._timers if not other.cancelled()} | {timer}
        return timer

    async def close(self) -> None:
        """Cancel all that is under way or due, but for who calls this, and wait for its end."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def wait(self) -> None:
        """Wait until nothing is under way."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _run(self, name: str, work: Work) -> None:
        try:
            await work()
        except BaseException as error:
            if not is_failure(error):
                raise
            self._failed(name, error)

    def _failed(self, name: str, error: BaseException) -> None:
        log.error("%s: %s failed.", self._owner, name, exc_info=error)
        self._on_failed(error if isinstance(error, Exception) else RuntimeError(f"yrs panicked: {error}"))


def is_failure(error: BaseException) -> bool:
    """Whether a boundary must hold ``error``: an exception, or a panic of yrs, which is only a ``BaseException``."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"
