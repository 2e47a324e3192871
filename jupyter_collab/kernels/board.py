"""What people are told about a room's kernel, and when."""

from collections.abc import Callable, Sequence
from typing import Literal

from ..rooms import Room
from .announcer import Announcer
from .contract import KernelSpec
from .run_queue import Run, RunQueue
from .state import InputWanted, KernelInfo, KernelState, QueuedRun

__all__ = ["Board"]


class Board:
    """The state of a room's kernel, as ``room`` is told it. Whoever does something to the kernel says here what.

    ``on_announced`` is called when people here have been told something.
    """

    def __init__(self, room: Room, queue: RunQueue) -> None:
        self.on_announced: Callable[[], None] | None = None
        self._kernel: KernelInfo | None = None
        self._running: Run | None = None
        self._input: InputWanted | None = None
        self._elsewhere: KernelState | None = None
        """What is known of a kernel at another server."""
        self._message: str | None = None
        self._queue = queue
        self._announcer = Announcer(room, lambda: self.state, self._announced)

    def _announced(self) -> None:
        if self.on_announced is not None:
            self.on_announced()

    @property
    def state(self) -> KernelState:
        """All of it: of a kernel of this server, or else of what is known of one at another server."""
        if self._kernel is None and self._elsewhere is not None:
            return {**self._elsewhere, "message": self._message}
        runs: Sequence[QueuedRun] = [_queued(run, "queued") for run in self._queue.waiting]
        if self._running is not None:
            runs = [_queued(self._running, "running"), *runs]
        return {"kernel": self._kernel, "message": self._message, "queue": list(runs), "input": self._input}

    @property
    def has_kernel(self) -> bool:
        """Whether it shows a kernel of this server."""
        return self._kernel is not None

    def move_to(self, room: Room) -> None:
        """The room was read from the store again."""
        self._announcer.room = room
        self._announcer.changed()

    # -- what happens ------------------------------------------------------------------------------------------------

    def kernel_starts(self, spec: KernelSpec) -> None:
        """A kernel is being started."""
        self.kernel_runs("", spec, "starting")

    def kernel_runs(self, kernel_id: str, spec: KernelSpec, status: str) -> None:
        """The room has this kernel."""
        self._elsewhere = None
        self._kernel = {
            "id": kernel_id,
            "name": spec.name,
            "display_name": spec.display_name,
            "language": spec.language,
            "status": status,
        }
        self._announcer.changed()

    def kernel_is(self, status: str, message: str | None = None) -> None:
        """The kernel has another status, with a ``message`` to people if that says more."""
        if self._kernel is not None:
            self._kernel = {**self._kernel, "status": status}
        if message is not None:
            self._message = message
        self._announcer.changed()

    def kernel_gone(self) -> None:
        """The room has no kernel here."""
        self._kernel = self._input = None
        self._announcer.changed()

    def kernel_elsewhere(self, state: KernelState | None) -> None:
        """The room has a kernel at another server, with what is to be said of that, or none as far as is known."""
        self._elsewhere = state
        if state is not None:
            self._message = state["message"]
        self._announcer.changed()

    def queue_changed(self) -> None:
        """Other runs wait."""
        self._announcer.changed()

    def run_began(self, run: Run) -> None:
        """It is the turn of ``run``."""
        self._running = run
        self._announcer.changed()

    def run_ended(self) -> None:
        """Nothing runs."""
        self._running = self._input = None
        self._announcer.changed()

    def input_wanted(self, wanted: InputWanted | None) -> None:
        """What runs asks for input, or for none any more."""
        self._input = wanted
        self._announcer.changed()

    # -- what is said of it ------------------------------------------------------------------------------------------

    def say(self, message: str | None) -> None:
        """What went wrong last, and what to do; ``None`` if that is past."""
        self._message = message
        self._announcer.changed()

    def take_back(self, beginning: str) -> None:
        """What begins so is past."""
        if self._message is not None and self._message.startswith(beginning):
            self.say(None)

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
