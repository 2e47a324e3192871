"""What people are told about a room's kernel, and when."""

from collections.abc import Callable, Sequence
from typing import Literal

from ..rooms import Room
from .announcer import Announcer
from .contract import KernelSpec
from .queue import Run, RunQueue
from .state import InputWanted, KernelInfo, KernelState, QueuedRun

__all__ = ["Board"]


class Board:
    """The state of a room's kernel. Whoever changes a part of it says so with :meth:`changed`.

    ``on_announced`` is called when people here have been told something.
    """

    def __init__(self, room: Room, queue: RunQueue) -> None:
        self.kernel: KernelInfo | None = None
        self.running: Run | None = None
        self.input: InputWanted | None = None
        self.on_announced: Callable[[], None] | None = None
        self._elsewhere: KernelState | None = None
        self._message: str | None = None
        self._queue = queue
        self._announcer = Announcer(room, lambda: self.state, self._announced)

    def _announced(self) -> None:
        if self.on_announced is not None:
            self.on_announced()

    @property
    def state(self) -> KernelState:
        """All of it: of a kernel of this server, or else of what is known of one at another server."""
        if self.kernel is None and self._elsewhere is not None:
            return {**self._elsewhere, "message": self._message}
        runs: Sequence[QueuedRun] = [_queued(run, "queued") for run in self._queue.waiting]
        if self.running is not None:
            runs = [_queued(self.running, "running"), *runs]
        kernel = KernelInfo(**self.kernel) if self.kernel is not None else None
        return {"kernel": kernel, "message": self._message, "queue": list(runs), "input": self.input}

    @property
    def room(self) -> Room:
        """The room that is told."""
        return self._announcer.room

    def move_to(self, room: Room) -> None:
        """The room was read from the store again."""
        self._announcer.room = room
        self.changed()

    def changed(self) -> None:
        """Tell people, at once or a little later."""
        self._announcer.changed()

    def say(self, message: str | None) -> None:
        """What went wrong last, and what to do; ``None`` if that is past."""
        self._message = message
        self.changed()

    def take_back(self, beginning: str) -> None:
        """What begins so is past."""
        if self._message is not None and self._message.startswith(beginning):
            self.say(None)

    def show_kernel(self, kernel_id: str, spec: KernelSpec, status: str) -> None:
        """The room has this kernel."""
        self._elsewhere = None
        self.kernel = {
            "id": kernel_id,
            "name": spec.name,
            "display_name": spec.display_name,
            "language": spec.language,
            "status": status,
        }
        self.changed()

    def show_elsewhere(self, state: KernelState | None) -> None:
        """The room has a kernel at another server, with what is to be said of that, or none as far as is known."""
        self._elsewhere = state
        if state is not None:
            self._message = state["message"]
        self.changed()

    async def close(self) -> None:
        """Say nothing any more."""
        await self._announcer.close()


def _queued(run: Run, state: Literal["running", "queued"]) -> QueuedRun:
    by = run.user
    return {
        "run": run.number,
        "cell": run.cell_id,
        "by": {"username": by.username, "display_name": by.display_name, "kind": by.kind.value},
        "state": state,
    }
