"""The queued and running cells of one room, and the people who asked for them."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Literal

from ..access import Capability, User
from ..background import Background
from ..document import RoomDocument
from ..errors import CollabError, InputNotWanted, KernelDied, RunNotFound, StoreError
from ..rooms import RoomManager
from .board import Board
from .contract import Kernel
from .execution import Execution
from .kernel_slot import KernelSlot
from .notebook import Code, code_cells, code_of
from .room_outputs import RoomOutputs
from .run_log import RunLog
from .run_queue import May, Run, RunQueue
from .state import InKernel, InputWanted

__all__ = ["Runs"]

log = logging.getLogger(__name__)

CLOSE_SECONDS = 2.0
MAX_LEFT_RUNS = 1_000

EXITED = "{name} ended the kernel from a cell. What it had in memory is gone. Run a cell to start a new one."
MAY_NOT_RUN = "{name} may not run cells here any more. What waited of theirs was not run."


class Runs:
    """Runs cells of the room ``room_id`` on the kernel of ``slot``, one after the other, and tells ``board``.

    Attributes
    ----------
    worked_at
        When something was run last, or this was made; monotonic, in seconds.
    """

    def __init__(
        self,
        room_id: str,
        rooms: RoomManager,
        queue: RunQueue,
        slot: KernelSlot,
        board: Board,
        outputs: RoomOutputs,
    ) -> None:
        self.worked_at = time.monotonic()
        self._room_id = room_id
        self._rooms = rooms
        self._queue = queue
        self._slot = slot
        self._board = board
        self._outputs = outputs
        self._log = RunLog(room_id, rooms.store)
        self._running: Run | None = None
        self._input: InputWanted | None = None
        """What the code asks for."""
        self._ran: set[str] = set()
        """Of whom the kernel may have something in memory, by principal."""
        self._requests = 0
        """How often somebody asked for runs."""
        self._working = Background(f"runs in room {room_id}", self._give_up)

    @property
    def is_busy(self) -> bool:
        """Whether anything runs or waits."""
        return self._working.is_busy

    @property
    def running(self) -> Run | None:
        """The run that the kernel works on, or is started for."""
        return self._running

    def has_of(self, is_meant: Callable[[str], bool]) -> InKernel:
        """What the kernel has of those whose principals ``is_meant`` takes.

        That is something that runs, or what is left of something that they ran.
        """
        if self._running is not None and is_meant(self._running.user.principal):
            return "running"
        return "ran" if any(map(is_meant, self._ran)) else "nothing"

    # -- what people ask for -----------------------------------------------------------------------------------------

    async def add(
        self, cells: Iterable[str] | Literal["all"], user: User, may: May, hashes: Mapping[str, str] | None = None
    ) -> list[Run]:
        """Put code cells into the queue, as they are now; returns their runs. Others than code cells are left out.

        ``hashes`` are those of the sources, of some of the cells or all, that ``user`` has before them. ``may`` is
        asked again when a run's turn comes, and when the kernel wants to put a text into a cell, which is an edit by
        ``user``.

        Raises
        ------
        CellNotFound, SourceChanged, TooManyRuns, KernelElsewhere, NotSaved
            Nothing was put into the queue then.
        """
        await self._slot.require_here()
        codes = await self._slot.look(partial(self._code_of, cells=cells, hashes=hashes or {}, user=user))
        if not codes:
            return []
        self._requests += 1
        request = self._requests
        with self._queue.reserved(codes, user):
            noted = await self._rooms.store.add_runs(
                self._room_id,
                [(code.cell_id, code.source) for code in codes],
                username=user.username,
                display_name=user.display_name,
                kind=user.kind.value,
            )
            runs = [Run(record.id, code, user, request, may) for record, code in zip(noted, codes, strict=True)]
            self._queue.add(runs)
        self._start_working()
        self._board.say(None)
        return runs

    def _code_of(
        self, document: RoomDocument, cells: Iterable[str] | Literal["all"], hashes: Mapping[str, str], user: User
    ) -> list[Code]:
        wanted = code_cells(document, cells)
        self._queue.require_space(len(wanted), user)
        return code_of(document, wanted, hashes, self._queue.free_characters(user))

    async def cancel(self, number: int | None = None) -> None:
        """Cancel a run, by interrupting it if it runs, or for ``None`` all that wait; ``RunNotFound``."""
        running = self._running
        if number is None:
            self._abort(self._queue.cancel_all())
        elif running is not None and running.number == number:
            await self._stop(running)
        else:
            run = self._queue.cancel(number)
            if run is None:
                raise RunNotFound(f"Run {number} neither waits nor runs; perhaps it has ended.")
            self._abort([run])
        self._board.queue_changed()

    async def _stop(self, running: Run) -> None:
        """Stop what runs, or, if the kernel has not started yet, or is being started anew, what would."""
        if self._slot.may_interrupt:
            await self._slot.require().interrupt()
            return
        self._abort(self._queue.cancel_request(running.request))
        await self._working.cancel()
        if self._queue.waiting:
            self._start_working()

    def answer_input(self, number: int, value: str) -> None:
        """Reply to the input request of a run; ``InputNotWanted``."""
        if self._input is None or self._input["run"] != number:
            raise InputNotWanted("That run does not wait for input; perhaps somebody else has answered.")
        self._slot.require().answer_input(value)
        self._ask(None)

    def _ask(self, wanted: InputWanted | None) -> None:
        self._input = wanted
        self._board.input_wanted(wanted)

    # -- what happens to them ----------------------------------------------------------------------------------------

    async def look_again(self) -> None:
        """Who may run has changed: cancel what those queued who may not any more."""
        for run in {run.user.principal: run for run in self._queue.waiting}.values():
            await self._may_still_run(run)

    async def abort_left(self) -> None:
        """Nobody hears any more how runs of a former server end: they are aborted. ``StoreUnavailable``."""
        for run in await self._rooms.store.list_runs(self._room_id, MAX_LEFT_RUNS):
            if run.ended_at is None:
                self._log.ended(run.id, "aborted")

    def lost(self) -> None:
        """What the kernel had in memory is gone, and what waits was meant for that."""
        self._abort(self._queue.cancel_all())
        self._outputs.displays.clear()
        self._ran.clear()
        self._input = None

    async def stop(self) -> None:
        """Give up all that runs or waits."""
        self._abort(self._queue.cancel_all())
        await self._working.cancel()

    async def close(self) -> None:
        """Give up all that runs or waits, and write what there is."""
        self._abort(self._queue.cancel_all())
        async with AsyncExitStack() as exits:  # whatever fails, the rest is done
            exits.push_async_callback(self._log.close)
            exits.push_async_callback(self._log.settle, CLOSE_SECONDS)
            exits.push_async_callback(self._outputs.writer.close)
            await self._working.close()

    def _abort(self, runs: Iterable[Run]) -> None:
        for run in runs:
            self._log.ended(run.number, "aborted")

    # -- one after the other -----------------------------------------------------------------------------------------

    def _start_working(self) -> None:
        self._working.run_once("running cells", self._work_off)

    async def _work_off(self) -> None:
        try:
            while (run := self._queue.next()) is not None:
                await self._perform(run)
        finally:
            self.worked_at = time.monotonic()
            self._board.queue_changed()

    def _give_up(self, error: Exception) -> None:
        self._abort(self._queue.cancel_all())
        self._board.say(f"The server failed to run the cells: {error}. Its log says more.")

    async def _perform(self, run: Run) -> None:
        self._running = run
        self._board.run_began(run)
        status = "aborted"
        try:
            kernel = await self._slot.ready(run.user)
            is_there = await self._slot.look(lambda document: document.is_code(run.cell_id))
            if is_there and await self._may_still_run(run):
                status = await self._execute(kernel, run)
        except CollabError as error:
            log.warning("Room %s: run %s is given up: %s", self._room_id, run.number, error)
            self._abort(self._queue.cancel_all())
            self._board.say(str(error))
        finally:
            self._log.ended(run.number, status)
            self._running = self._input = None
            self._board.run_ended()

    async def _may_still_run(self, run: Run) -> bool:
        """Whether who asked for ``run`` may run cells now; if not, all that waits of theirs is given up.

        While the store does not answer, runs go on as open connections do: nobody is removed then.
        """
        try:
            may = await run.may(Capability.RUN)
        except StoreError as error:
            log.warning("Room %s: cannot look up whether %s may run: %s", self._room_id, run.user.principal, error)
            return True
        if not may:
            self._abort(self._queue.cancel_user(run.user))
            self._board.say(MAY_NOT_RUN.format(name=run.user.shown_name))
        return may

    async def _execute(self, kernel: Kernel, run: Run) -> str:
        """Execute a run, and see to the others after it; returns how it ended."""
        self._log.started(run.number, kernel.name)
        if run.code.source.strip():
            self._ran.add(run.user.principal)
        execution = Execution(run, self._room_id, self._rooms, self._outputs, self._ask)
        try:
            await execution.perform(kernel)
        except KernelDied as error:  # of which its status has told people already
            log.warning("Room %s: run %s did not end: %s", self._room_id, run.number, error)
            self._abort(self._queue.cancel_all())
        else:
            if execution.status != "ok" and not run.code.may_fail:
                self._cancel_request(run, execution.reply.get("ename", "An error"))
        await self._outputs.writer.settle()
        if execution.ends_kernel:
            self._abort(self._queue.cancel_all())
            await self._slot.end()
            self._board.say(EXITED.format(name=run.user.shown_name))
        return execution.status

    def _cancel_request(self, run: Run, error: object) -> None:
        """Cancel the remaining runs of a request after an error."""
        canceled = self._queue.cancel_request(run.request)
        self._abort(canceled)
        if canceled:
            others = "one cell after it was" if len(canceled) == 1 else f"{len(canceled)} cells after it were"
            self._board.say(f"{error} in a cell that {run.user.shown_name} ran: {others} not run.")
