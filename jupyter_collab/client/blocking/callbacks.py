"""A thread in which the callbacks of a room run."""

import queue
import threading
from collections.abc import Callable

__all__ = ["Callbacks"]


class Callbacks:
    """Runs functions one after another in a thread of its own, from the first one on until it is told to end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def run_soon(self, function: Callable[[], None]) -> None:
        """Run ``function`` after those before it. Called on the background loop only."""
        if self._thread is None:
            self._thread = threading.Thread(target=_run_all, args=(self._queue,), name=self._name, daemon=True)
            self._thread.start()
        self._queue.put(function)

    def end(self) -> None:
        """End the thread after what it has been given."""
        self._queue.put(None)


def _run_all(functions: "queue.SimpleQueue[Callable[[], None] | None]") -> None:
    while (function := functions.get()) is not None:
        function()
