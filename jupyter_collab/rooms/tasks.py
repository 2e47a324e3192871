"""Background work with an owner."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextvars import Context

__all__ = ["TaskSlots"]

log = logging.getLogger(__name__)


class TaskSlots:
    """At most one running task of each name; all end with :meth:`close`.

    A task that fails is logged and told to ``on_failed``: this is the boundary of a task.
    """

    def __init__(self, owner: str, on_failed: Callable[[Exception], None]) -> None:
        self._owner = owner
        self._on_failed = on_failed
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Callable[[], Coroutine[object, object, None]]) -> None:
        """Run ``work`` as the task ``name``; if that is running already, do nothing."""
        if name not in self._tasks:
            self._tasks[name] = asyncio.create_task(
                self._run(name, work),
                name=f"jupyter_collab {name} {self._owner}",
                context=Context(),  # else it holds the connection whose message began it
            )

    async def close(self) -> None:
        """Cancel what runs and wait for its end."""
        running = [task for task in self._tasks.values() if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def _run(self, name: str, work: Callable[[], Coroutine[object, object, None]]) -> None:
        try:
            await work()
        except Exception as error:  # see the class: nothing else hears of it
            log.exception("%s: %s failed.", self._owner, name)
            self._on_failed(error)
        finally:
            del self._tasks[name]
