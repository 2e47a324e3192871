"""One room's cells: what runs, what waits, and what is done with all that comes of it."""

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal
from weakref import WeakValueDictionary

from ..access import Capability, User
from ..background import Background
from ..document import RoomDocument, source_hash
from ..errors import CollabError, InputNotWanted, KernelBusy, KernelDied, NotSaved, RunNotFound, StoreError
from ..rooms import Room, RoomManager
from .blob_collector import BlobCollector
from .board import Board
from .cell_outputs import CellOutputs
from .contract import Kernel, KernelHost
from .displays import Displays
from .elsewhere import KernelRelay
from .holder import KernelHolder
from .known_names import name_before, only_names
from .limits import KernelLimits
from .notebook import Code, code_cells, code_of
from .output_writer import OutputWriter
from .payload import MAX_INPUT_BYTES, NextInput, put_input, read_payload, text_shown, words_shown
from .queue import May, Run, RunQueue
from .run_log import RunLog
from .state import InKernel, KernelState, RunInfo

__all__ = ["RoomKernel"]

log = logging.getLogger(__name__)

CLOSE_SECONDS = 2.0
MAX_LEFT_RUNS = 1_000

NOT_WRITTEN = "The outputs could not be written: "
TOO_LONG = (
    f"The kernel wanted to put a text into a cell that is longer than {MAX_INPUT_BYTES // 2**20} MiB. That is too much "
    "for a cell: let the code read the file instead."
)
EXITED = "{name} ended the kernel from a cell. What it had in memory is gone. Run a cell to start a new one."
MAY_NOT_RUN = "{name} may not run cells here any more. What waited of theirs was not run."
UNUSED = "The kernel was ended, because nobody used it for a while. Run a cell to start a new one."


class RoomKernel:
    """The kernel of ``room``, and the runs that wait for it. Made when the room is opened; see :meth:`attach`."""

    def __init__(self, room: Room, rooms: RoomManager, host: KernelHost, limits: KernelLimits) -> None:
        self.room_id = room.id
        self._rooms = rooms
        self._limits = limits
        self._queue = RunQueue(limits.queued_runs, limits.queued_source_characters)
        self._board = Board(room, self._queue)
        self._holder = KernelHolder(room.id, rooms, host, self._board, self._lost)
        self._relay = KernelRelay(room.id, rooms, self._board)
        self._writer = OutputWriter(room.id, rooms, limits.write_seconds, self._in_trouble)
        self._log = RunLog(room.id, rooms.store)
        self._collector = BlobCollector(room.id, rooms)
        self._displays = Displays()
        self._ran: set[str] = set()
        self._newest: WeakValueDictionary[str, CellOutputs] = WeakValueDictionary()
        self._requests = 0
        self._working = Background(f"runs in room {room.id}", self._give_up)
        self._used_at = time.monotonic()

    @property
    def state(self) -> KernelState:
        """What people are told."""
        return self._board.state

    @property
    def relay(self) -> KernelRelay:
        """What other servers say of the kernel, and are told of it."""
        return self._relay

    @property
    def is_needed(self) -> bool:
        """Whether there is a kernel, or something to be run."""
        return self._board.kernel is not None or self._working.is_busy

    def has_of(self, principal: str) -> InKernel:
        """What the kernel has of a person: something that runs, or what is left of something that they ran."""
        return self.has_of_any(principal.__eq__)

    def has_of_any(self, is_meant: Callable[[str], bool]) -> InKernel:
        """The same of all whose principals ``is_meant`` takes."""
        running = self._board.running
        if running is not None and is_meant(running.user.principal):
            return "running"
        return "ran" if any(map(is_meant, self._ran)) else "nothing"

    # -- the room's life ---------------------------------------------------------------------------------------------

    async def attach(self) -> None:
        """Find the room's kernel, or say that it is gone. Nobody hears any more how runs of a former server end.

        ``StoreUnavailable``: try again.
        """
        if not await self._holder.attach():
            await self._abort_left()

    async def _abort_left(self) -> None:
        for run in await self._rooms.store.list_runs(self.room_id, MAX_LEFT_RUNS):
            if run.ended_at is None:
                self._log.ended(run.id, "aborted")

    def move_to(self, room: Room) -> None:
        """The room was read from the store again."""
        self._board.move_to(room)

    async def end(self, message: str | None) -> None:
        """End the kernel, whatever it does."""
        self._abort(self._queue.cancel_all())
        await self._working.cancel()
        await self._holder.end()
        self._board.say(message)

    async def close(self) -> None:
        """Write what there is and let go of the kernel, which may be found again, or be gone by then."""
        self._abort(self._queue.cancel_all())
        async with AsyncExitStack() as exits:  # whatever fails, the rest is done
            exits.push_async_callback(self._board.close)
            exits.push_async_callback(self._relay.close)
            exits.push_async_callback(self._holder.leave)
            exits.push_async_callback(self._log.close)
            exits.push_async_callback(self._log.settle, CLOSE_SECONDS)
            exits.push_async_callback(self._writer.close)
            await self._working.close()

    async def tidy(self) -> None:
        """Free what no output needs any more, and end the kernel if nobody has needed it for long."""
        await self._collector.collect()
        now = time.monotonic()
        if self._board.room.peers or self._working.is_busy or self._board.kernel is None:
            self._used_at = now
        elif 0 < self._limits.idle_seconds < now - self._used_at:
            log.info("The kernel of room %s is ended, nobody used it.", self.room_id)
            await self.end(UNUSED)

    # -- what people ask for -----------------------------------------------------------------------------------------

    async def run(
        self, cells: Iterable[str] | Literal["all"], user: User, may: May, hashes: Mapping[str, str] | None = None
    ) -> list[Run]:
        """Put code cells into the queue, as they are now; answers their runs. Others than code cells are left out.

        ``hashes`` are those of the sources, of some of the cells or all, that ``user`` has before them. ``may`` is
        asked again when a run's turn comes, and when the kernel wants to put a text into a cell, which is an edit by
        ``user``.

        Raises
        ------
        CellNotFound, SourceChanged, TooManyRuns, KernelElsewhere, NotSaved
            Nothing was put into the queue then.
        """
        await self._holder.require_here()
        codes = await self._holder.look(partial(self._code_of, cells=cells, hashes=hashes or {}, user=user))
        if not codes:
            return []
        self._requests += 1
        request = self._requests
        with self._queue.reserved(codes, user):
            noted = await self._rooms.store.add_runs(
                self.room_id,
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

    async def cancel(self, number: int | None) -> None:
        """Cancel a run, by interrupting it if it runs, or for ``None`` all that wait; ``RunNotFound``."""
        running = self._board.running
        if number is None:
            self._abort(self._queue.cancel_all())
        elif running is not None and running.number == number:
            await self._stop(running)
        else:
            run = self._queue.cancel(number)
            if run is None:
                raise RunNotFound(f"Run {number} neither waits nor runs; perhaps it has ended.")
            self._abort([run])
        self._board.changed()

    async def _stop(self, running: Run) -> None:
        """Stop what runs, or, if the kernel has not started yet, or is being started anew, what would."""
        if self._holder.may_interrupt:
            await self.interrupt()
            return
        self._abort(self._queue.cancel_request(running.request))
        await self._working.cancel()
        if self._queue.waiting:
            self._start_working()

    async def interrupt(self) -> None:
        """Interrupt what runs; ``NoKernel``, ``KernelElsewhere``."""
        await self._holder.require().interrupt()

    async def restart(self) -> None:
        """Start the kernel anew; nothing waits to be run then. ``NoKernel``, ``KernelElsewhere``, ``KernelFailed``."""
        self._holder.require()
        self._board.say(None)
        await self._holder.restart()

    async def choose(self, name: str, user: User) -> None:
        """Let the room have another kernel from its next run on; ``KernelNotFound``."""
        if await self._holder.choose(name, user):
            self._relay.forget()
            await self._abort_left()
        if self._board.kernel is not None and self._board.kernel["name"] != name:
            await self.end(None)
        self._board.say(None)

    def answer_input(self, number: int, value: str) -> None:
        """Answer what a run asks for; ``InputNotWanted``."""
        wanted = self._board.input
        if wanted is None or wanted["run"] != number:
            raise InputNotWanted("That run does not wait for input; perhaps somebody else has answered.")
        self._holder.require().answer_input(value)
        self._board.input = None
        self._board.changed()

    async def complete(self, code: str, cursor_pos: int, *, names_only: bool) -> dict[str, Any]:
        """The content of a Jupyter complete reply; ``NoKernel``, ``KernelElsewhere``, ``KernelBusy``.

        With ``names_only`` the kernel hears of nothing but the name before the cursor, and no files are answered.
        """
        if not names_only:
            return await self._ask(lambda kernel: kernel.complete(code, cursor_pos))
        name = name_before(code, cursor_pos)
        reply = await self._ask(lambda kernel: kernel.complete(name, len(name)))
        return only_names(reply if name else {**reply, "matches": []}, cursor_pos - len(name))

    async def inspect(self, code: str, cursor_pos: int, detail_level: int) -> dict[str, Any]:
        """The content of a Jupyter inspect reply; ``NoKernel``, ``KernelElsewhere``, ``KernelBusy``."""
        return await self._ask(lambda kernel: kernel.inspect(code, cursor_pos, detail_level))

    async def _ask(self, ask: Callable[[Kernel], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        kernel = self._holder.require()
        if self._board.running is not None:
            raise KernelBusy("The kernel answers when what it runs has ended; wait, or interrupt it.")
        return await ask(kernel)

    async def look_again(self) -> None:
        """Who may run has changed: cancel what those queued who may not any more."""
        for run in {run.user.principal: run for run in self._queue.waiting}.values():
            await self._may_still_run(run)

    # -- runs --------------------------------------------------------------------------------------------------------

    def _start_working(self) -> None:
        self._working.run_once("running cells", self._work_off)

    async def _work_off(self) -> None:
        try:
            while (run := self._queue.next()) is not None:
                await self._perform(run)
        finally:
            self._used_at = time.monotonic()
            self._board.changed()

    def _give_up(self, error: Exception) -> None:
        self._abort(self._queue.cancel_all())
        self._board.say(f"The server failed to run the cells: {error}. Its log says more.")

    async def _perform(self, run: Run) -> None:
        self._board.running = run
        self._board.changed()
        status = "aborted"
        try:
            kernel = await self._holder.ready(run.user)
            is_there = await self._holder.look(lambda document: document.is_code(run.cell_id))
            if is_there and await self._may_still_run(run):
                status = await self._execute(kernel, run)
        except CollabError as error:
            log.warning("Room %s: run %s is given up: %s", self.room_id, run.number, error)
            self._abort(self._queue.cancel_all())
            self._board.say(str(error))
        finally:
            self._log.ended(run.number, status)
            self._collector.touch()
            self._board.running = self._board.input = None
            self._board.changed()

    async def _may_still_run(self, run: Run) -> bool:
        """Whether who asked for ``run`` may run cells now; if not, all that waits of theirs is given up.

        While the store does not answer, runs go on as open connections do: nobody is removed then.
        """
        try:
            may = await run.may(Capability.RUN)
        except StoreError as error:
            log.warning("Room %s: cannot look up whether %s may run: %s", self.room_id, run.user.principal, error)
            return True
        if not may:
            self._abort(self._queue.cancel_user(run.user))
            self._board.say(MAY_NOT_RUN.format(name=run.user.shown_name))
        return may

    async def _execute(self, kernel: Kernel, run: Run) -> str:
        """Run what was in the cell when that was asked for, and write what comes of it; answers how it ended."""
        source = run.code.source
        self._log.started(run.number, kernel.name)
        info = _run_info(run.user, source)
        cell = CellOutputs(run.cell_id, run.origin, self._limits.outputs, info)
        self._displays.forget(run.cell_id)
        self._newest[run.cell_id] = cell
        self._writer.touch(cell)
        began = time.monotonic()
        status = "aborted"
        ends_kernel = False
        try:
            if source.strip():
                self._ran.add(run.user.principal)
                reply = await kernel.execute(source, partial(self._take, run, cell), allow_stdin=True)
            else:  # it would get a number for nothing
                reply = {"status": "ok"}
            status = str(reply.get("status", "error"))
            if status != "ok" and not run.code.may_fail:
                self._stop_request(run, reply)
            ends_kernel = await self._do_what_it_asks(run, cell, source, reply)
        except KernelDied as error:  # of which its status has told people already
            log.warning("Room %s: run %s did not end: %s", self.room_id, run.number, error)
            self._abort(self._queue.cancel_all())
        finally:
            seconds = round(time.monotonic() - began, 3)
            cell.info = {**info, "seconds": seconds, "status": status}
            cell.reducer.finish()
            self._writer.touch(cell)
        await self._writer.settle()
        if ends_kernel:
            self._abort(self._queue.cancel_all())
            await self._holder.end()
            self._board.say(EXITED.format(name=run.user.shown_name))
        return status

    async def _do_what_it_asks(self, run: Run, cell: CellOutputs, ran: str, reply: Mapping[str, Any]) -> bool:
        """Do what the reply's payload asks for, but for ending the kernel: returns whether it asks for that."""
        payload = read_payload(reply)
        for content in payload.shown:
            self._take(run, cell, "display_data", content)
        if payload.next_input is not None:
            for content in await self._put(run, ran, payload.next_input):
                self._take(run, cell, "display_data", content)
        return payload.ends_kernel

    async def _put(self, run: Run, ran: str, wanted: NextInput) -> Iterable[Mapping[str, Any]]:
        """Put a text into a cell; returns what is shown instead if that must not be, or fails."""
        if wanted.is_too_long:
            return [words_shown(TOO_LONG)]
        is_put = False

        def change(document: RoomDocument) -> None:
            nonlocal is_put
            put_input(document, run.cell_id, ran, wanted)
            is_put = True

        try:
            if not await run.may(Capability.EDIT):
                return text_shown(f"{run.user.shown_name} ran this and may not edit.", wanted)
            async with self._rooms.using(self.room_id) as room:
                await room.edits.change(change, run.origin)
        except NotSaved as error:
            return [] if is_put else text_shown(str(error), wanted)  # it is saved later
        except CollabError as error:
            return text_shown(str(error), wanted)
        return []

    def _take(self, run: Run, cell: CellOutputs, msg_type: str, content: Mapping[str, Any]) -> None:
        """A message of the kernel during ``run``, or later: threads go on when the cell has ended."""
        if self._newest.get(run.cell_id) is not cell:
            return
        if msg_type == "input_request":
            prompt, password = str(content.get("prompt", "")), bool(content.get("password", False))
            self._board.input = {"run": run.number, "cell": run.cell_id, "prompt": prompt, "password": password}
            self._board.changed()
        elif msg_type == "update_display_data":
            for showing in self._displays.showing(content):
                showing.reducer.take(msg_type, content)
                self._writer.touch(showing)
        else:
            self._displays.note(cell, msg_type, content)
            cell.reducer.take(msg_type, content)
            self._writer.touch(cell)

    def _stop_request(self, run: Run, reply: Mapping[str, Any]) -> None:
        """After an error, what was asked for together with it is not run."""
        canceled = self._queue.cancel_request(run.request)
        self._abort(canceled)
        if canceled:
            error = reply.get("ename", "An error")
            others = "one cell after it was" if len(canceled) == 1 else f"{len(canceled)} cells after it were"
            self._board.say(f"{error} in a cell that {run.user.shown_name} ran: {others} not run.")

    def _abort(self, runs: Iterable[Run]) -> None:
        for run in runs:
            self._log.ended(run.number, "aborted")

    def _lost(self) -> None:
        """What the kernel had in memory is gone, and what waits was meant for that."""
        self._abort(self._queue.cancel_all())
        self._displays.clear()
        self._ran.clear()

    def _in_trouble(self, error: CollabError | None) -> None:
        if error is not None:
            self._board.say(NOT_WRITTEN + str(error))
        else:
            self._board.take_back(NOT_WRITTEN)


def _run_info(user: User, source: str) -> RunInfo:
    return {
        "by": user.display_name,
        "username": user.username,
        "kind": user.kind.value,
        "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "status": "running",
        "hash": source_hash(source),
    }
