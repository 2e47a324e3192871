"""One room's kernel: what runs, what waits, and what people are told about it."""

import asyncio
import logging
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, TypeVar

from ..access import User
from ..document import RoomDocument
from ..errors import (
    CollabError,
    InputNotWanted,
    KernelBusy,
    KernelDied,
    KernelElsewhere,
    KernelFailed,
    NoKernel,
    RoomError,
    RunNotFound,
    StoreError,
)
from ..rooms import Room, RoomManager
from ..rooms.tasks import TaskSlots
from .announcing import Announcer
from .collecting import BlobCollector
from .contract import Kernel, KernelHost, KernelSpec
from .displays import Displays
from .limits import KernelLimits
from .notebook import (
    KernelMark,
    abort_unended_runs,
    code_cells,
    code_source,
    read_mark,
    require_spec,
    set_mark,
    set_spec,
    wanted_spec,
)
from .queue import Run, RunQueue
from .run_log import RunLog
from .state import InputWanted, KernelInfo, KernelState, QueuedRun, RunInfo
from .writing import CellOutputs, OutputWriter

__all__ = ["RoomKernel"]

log = logging.getLogger(__name__)

Found = TypeVar("Found")

CLOSE_SECONDS = 2.0

SERVER = User(username="", name="", display_name="the server", initials="S")
"""Who writes what nobody asked for."""

GONE = "The room's kernel is gone, because its server was started again. Run a cell to start a new one."
DIED = "The kernel died. It is being started anew, and what it had in memory is gone: run the cells again."
ELSEWHERE = "The room's kernel runs on another server. Run cells there, or choose a kernel to use one here."
NOT_WRITTEN = "The outputs could not be written: "
ENDED = "The kernel has ended. Run a cell to start a new one."


class RoomKernel:
    """The kernel of ``room``, and the runs that wait for it. Made when the room is opened; see :meth:`attach`."""

    def __init__(self, room: Room, rooms: RoomManager, host: KernelHost, limits: KernelLimits) -> None:
        self.room_id = room.id
        self._room = room
        self._rooms = rooms
        self._host = host
        self._limits = limits
        self._announcer = Announcer(room, lambda: self.state)
        self._writer = OutputWriter(room.id, rooms, limits.write_seconds, self._in_trouble)
        self._log = RunLog(room.id, rooms.store)
        self._collector = BlobCollector(room.id, rooms)
        self._queue = RunQueue(limits.queued_runs)
        self._displays = Displays()
        self._kernel: Kernel | None = None
        self._info: KernelInfo | None = None
        self._running: Run | None = None
        self._input: InputWanted | None = None
        self._message: str | None = None
        self._requests = 0
        self._expects_restart = False
        self._commands = asyncio.Lock()
        self._tasks = TaskSlots(f"kernel of room {room.id}", lambda error: None)
        self._work: asyncio.Task[None] | None = None
        self._used_at = time.monotonic()

    # -- what people see ---------------------------------------------------------------------------------------------

    @property
    def state(self) -> KernelState:
        """What people are told."""
        queue = [_queued(self._running, "running")] if self._running is not None else []
        queue += [_queued(run, "queued") for run in self._queue.waiting]
        info = KernelInfo(**self._info) if self._info is not None else None
        return {"kernel": info, "message": self._message, "queue": queue, "input": self._input}

    @property
    def is_needed(self) -> bool:
        """Whether there is a kernel, or something to be run."""
        return self._info is not None or self._work is not None

    def _changed(self) -> None:
        self._announcer.changed()

    def _say(self, message: str | None) -> None:
        self._message = message
        self._changed()

    def _in_trouble(self, error: CollabError | None) -> None:
        if error is not None:
            self._say(NOT_WRITTEN + str(error))
        elif self._message is not None and self._message.startswith(NOT_WRITTEN):
            self._say(None)

    # -- the room's life ---------------------------------------------------------------------------------------------

    async def attach(self) -> None:
        """Find the room's kernel, or say that it is gone."""
        mark = await self._look(read_mark)
        if self._is_foreign(mark):
            self._say(ELSEWHERE)
            return
        kernel = await self._host.find(self.room_id) if mark is not None else None
        if kernel is not None:
            specs = await self._host.specs()
            self._adopt(kernel, specs.by_name.get(kernel.name) or KernelSpec(kernel.name, kernel.name, ""))
        elif mark is not None:
            self._message = GONE
            await self._edit(_forget_kernel)
        self._changed()

    def move_to(self, room: Room) -> None:
        """The room was read from the store again."""
        self._room = self._announcer.room = room
        self._changed()

    async def end(self, message: str | None, *, in_document: bool = True) -> None:
        """End the kernel, whatever it does."""
        self._abort(self._queue.cancel_all())
        await self._stop_working()
        async with self._commands:
            kernel = self._kernel
            self._let_go()
            if kernel is not None:
                await kernel.shutdown()
                if in_document:
                    await self._edit(lambda document: set_mark(document, None))
            self._say(message)

    async def close(self) -> None:
        """Write what there is and let go of the kernel, which may be found again, or be gone by then."""
        self._abort(self._queue.cancel_all())
        await self._stop_working()
        if self._kernel is not None:
            await self._edit(partial(set_mark, mark=KernelMark(self._kernel.id, "")))
        await self._tasks.close()
        self._announcer.close()
        await self._writer.close()
        await self._log.settle(CLOSE_SECONDS)
        await self._log.close()
        if self._kernel is not None:
            await self._kernel.close()

    async def tidy(self) -> None:
        """Free what no output needs any more, and end the kernel if nobody has needed it for long."""
        await self._collector.collect()
        now = time.monotonic()
        if self._room.peers or self._work is not None or self._kernel is None:
            self._used_at = now
        elif 0 < self._limits.idle_seconds < now - self._used_at:
            log.info("The kernel of room %s is ended, nobody used it.", self.room_id)
            await self.end("The kernel was ended, because nobody used it for a while. Run a cell to start a new one.")

    # -- what people ask for -----------------------------------------------------------------------------------------

    async def run(self, cells: Iterable[str] | Literal["all"], user: User) -> list[Run]:
        """Put code cells into the queue; answers their runs. Others than code cells are left out.

        Raises
        ------
        CellNotFound, TooManyRuns, KernelElsewhere, NotSaved
            Nothing was put into the queue then.
        """
        await self._require_here()
        cell_ids = await self._look(lambda document: code_cells(document, cells))
        self._queue.check_space(len(cell_ids))
        self._requests += 1
        runs = []
        for cell_id in cell_ids:
            record = await self._rooms.store.add_run(
                self.room_id,
                cell_id=cell_id,
                username=user.username,
                display_name=user.display_name,
                kernel_name="",
                source="",
            )
            runs.append(Run(record.id, cell_id, user, self._requests))
        if runs:
            self._queue.add(runs)
            self._message = None
            self._start_working()
            self._changed()
        return runs

    async def cancel(self, number: int | None) -> None:
        """Cancel a run, by interrupting it if it runs, or for ``None`` all that wait; ``RunNotFound``."""
        if number is None:
            self._abort(self._queue.cancel_all())
        elif self._running is not None and self._running.number == number:
            await self.interrupt()
        else:
            run = self._queue.cancel(number)
            if run is None:
                raise RunNotFound(f"Run {number} neither waits nor runs; perhaps it has ended.")
            self._abort([run])
        self._changed()

    async def interrupt(self) -> None:
        """Interrupt what runs; ``NoKernel``."""
        await self._require_kernel().interrupt()

    async def restart(self) -> None:
        """Start the kernel anew; nothing waits to be run then. ``NoKernel``, ``KernelFailed``."""
        async with self._commands:
            kernel = self._require_kernel()
            self._abort(self._queue.cancel_all())
            self._message = None
            self._displays.clear()
            self._expects_restart = True
            try:
                await kernel.restart()
            except KernelFailed:
                self._kernel_ended()
                raise
            finally:
                self._expects_restart = False
                self._changed()

    async def choose(self, name: str, user: User) -> None:
        """Let the room have another kernel from its next run on; ``KernelNotFound``."""
        spec = require_spec(await self._host.specs(), name)
        if self._info is not None and self._info["name"] != name:
            await self.end(None)

        def change(document: RoomDocument) -> None:
            set_spec(document, spec)
            if self._is_foreign(read_mark(document)):
                set_mark(document, None)

        async with self._rooms.using(self.room_id) as room:
            await room.change(change, user)
        self._say(None)

    def answer_input(self, number: int, value: str) -> None:
        """Answer what a run asks for; ``InputNotWanted``."""
        if self._kernel is None or self._input is None or self._input["run"] != number:
            raise InputNotWanted("That run does not wait for input; perhaps somebody else has answered.")
        self._kernel.answer_input(value)
        self._input = None
        self._changed()

    async def complete(self, code: str, cursor_pos: int) -> dict[str, Any]:
        """The content of a Jupyter complete reply; ``NoKernel``, ``KernelBusy``."""
        return await self._ask(lambda kernel: kernel.complete(code, cursor_pos))

    async def inspect(self, code: str, cursor_pos: int, detail_level: int) -> dict[str, Any]:
        """The content of a Jupyter inspect reply; ``NoKernel``, ``KernelBusy``."""
        return await self._ask(lambda kernel: kernel.inspect(code, cursor_pos, detail_level))

    async def _ask(self, ask: Callable[[Kernel], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        kernel = self._require_kernel()
        if self._running is not None:
            raise KernelBusy("The kernel answers when what it runs has ended; wait, or interrupt it.")
        return await ask(kernel)

    def _require_kernel(self) -> Kernel:
        if self._kernel is None:
            raise NoKernel("The room has no running kernel. Run a cell to start one.")
        return self._kernel

    async def _require_here(self) -> None:
        if self._is_foreign(await self._look(read_mark)):
            raise KernelElsewhere(ELSEWHERE)

    def _is_foreign(self, mark: KernelMark | None) -> bool:
        return mark is not None and mark.server not in ("", self._host.server)

    # -- runs --------------------------------------------------------------------------------------------------------

    def _start_working(self) -> None:
        if self._work is None:
            self._work = asyncio.create_task(self._work_off(), name=f"jupyter_collab runs in {self.room_id}")

    async def _stop_working(self) -> None:
        work = self._work
        if work is None:
            return
        work.cancel()
        await asyncio.wait([work])
        if self._work is work:  # it was canceled before its first step
            self._work = None

    async def _work_off(self) -> None:
        try:
            while (run := self._queue.next()) is not None:
                await self._perform(run)
        except Exception as error:  # the task's boundary
            log.exception("Running cells in room %s failed.", self.room_id)
            self._abort(self._queue.cancel_all())
            self._say(f"The server failed to run the cells: {error}. Its log says more.")
        finally:
            self._work = None
            self._used_at = time.monotonic()
            self._changed()

    async def _perform(self, run: Run) -> None:
        self._running = run
        self._changed()
        status = "aborted"
        try:
            kernel = await self._ready_kernel(run.user)
            source = await self._look(lambda document: code_source(document, run.cell_id))
            if source is not None:
                status = await self._execute(kernel, run, source)
        except CollabError as error:
            log.warning("Room %s: run %s is given up: %s", self.room_id, run.number, error)
            self._abort(self._queue.cancel_all())
            self._say(str(error))
        finally:
            self._log.ended(run.number, status)
            self._collector.touch()
            self._running = self._input = None
            self._changed()

    async def _execute(self, kernel: Kernel, run: Run, source: str) -> str:
        """Run ``source`` and write what comes of it; answers how it ended."""
        self._log.started(run.number, kernel.name, source)
        info = _run_info(run.user, source)
        cell = CellOutputs(run.cell_id, run.user, self._limits.outputs, info)
        self._displays.forget(run.cell_id)
        self._writer.touch(cell)
        began = time.monotonic()
        status = "aborted"
        try:
            reply = await kernel.execute(source, partial(self._take, run, cell), allow_stdin=True)
            status = str(reply.get("status", "error"))
            if status != "ok":
                self._stop_request(run, reply)
        except KernelDied as error:  # of which its status has told people already
            log.warning("Room %s: run %s did not end: %s", self.room_id, run.number, error)
            self._abort(self._queue.cancel_all())
        finally:
            seconds = round(time.monotonic() - began, 3)
            cell.finish({**info, "seconds": seconds, "status": status})
            self._writer.touch(cell)
        await self._writer.settle()
        return status

    def _take(self, run: Run, cell: CellOutputs, msg_type: str, content: Mapping[str, Any]) -> None:
        """A message of the kernel during ``run``."""
        if msg_type == "input_request":
            self._input = {
                "run": run.number,
                "cell": run.cell_id,
                "prompt": str(content.get("prompt", "")),
                "password": bool(content.get("password", False)),
            }
            self._changed()
        elif msg_type == "update_display_data":
            for showing in self._displays.showing(content):
                showing.take(msg_type, content)
                self._writer.touch(showing)
        else:
            self._displays.note(cell, msg_type, content)
            cell.take(msg_type, content)
            self._writer.touch(cell)

    def _stop_request(self, run: Run, reply: Mapping[str, Any]) -> None:
        """After an error, what was asked for together with it is not run."""
        canceled = self._queue.cancel_request(run.request)
        self._abort(canceled)
        if canceled:
            error = reply.get("ename", "An error")
            others = "one cell after it was" if len(canceled) == 1 else f"{len(canceled)} cells after it were"
            self._say(f"{error} in a cell that {run.user.display_name} ran: {others} not run.")

    def _abort(self, runs: Iterable[Run]) -> None:
        for run in runs:
            self._log.ended(run.number, "aborted")

    # -- the kernel --------------------------------------------------------------------------------------------------

    async def _ready_kernel(self, user: User) -> Kernel:
        """The kernel, which is started if there is none."""
        async with self._commands:
            if self._kernel is not None:
                return self._kernel
            await self._require_here()
            metadata = await self._look(lambda document: document.metadata)
            spec = wanted_spec(await self._host.specs(), metadata)
            self._info = _kernel_info("", spec, "starting")
            self._changed()
            try:
                kernel = await self._host.start(self.room_id, self._room.title, spec.name)
            except BaseException:
                self._let_go()
                raise
            self._adopt(kernel, spec)

            def change(document: RoomDocument) -> None:
                set_mark(document, KernelMark(kernel.id, self._host.server))
                if not metadata.get("kernelspec"):
                    set_spec(document, spec)

            await self._edit(change, user)
            return kernel

    def _adopt(self, kernel: Kernel, spec: KernelSpec) -> None:
        self._kernel = kernel
        self._info = _kernel_info(kernel.id, spec, kernel.status)
        kernel.on_status = self._take_status
        self._used_at = time.monotonic()
        self._changed()

    def _take_status(self, status: str) -> None:
        if self._info is not None:
            self._info["status"] = status
        if status == "dead":
            self._kernel_ended()
        elif status == "restarting" and not self._expects_restart:
            self._abort(self._queue.cancel_all())
            self._displays.clear()
            self._message = DIED
        self._changed()

    def _kernel_ended(self) -> None:
        """The kernel is gone, and nobody here has ended it."""
        self._abort(self._queue.cancel_all())
        kernel = self._kernel
        self._let_go()
        if kernel is not None:
            self._say(ENDED)
            self._tasks.start(f"bury {kernel.id}", partial(self._bury, kernel))

    async def _bury(self, kernel: Kernel) -> None:
        await kernel.close()
        async with self._commands:
            mark = await self._look(read_mark)
            if mark is not None and mark.kernel_id == kernel.id:
                await self._edit(lambda document: set_mark(document, None))

    def _let_go(self) -> None:
        if self._kernel is not None:
            self._kernel.on_status = lambda status: None
        self._kernel = self._info = self._input = None
        self._displays.clear()
        self._changed()

    async def _edit(self, change: Callable[[RoomDocument], None], user: User = SERVER) -> None:
        """Change the document, unless the store fails: then it stays as it is."""
        try:
            async with self._rooms.using(self.room_id) as room:
                await room.change(change, user)
        except (StoreError, RoomError) as error:
            log.warning("Room %s: what its kernel is could not be noted: %s", self.room_id, error)

    async def _look(self, look: Callable[[RoomDocument], Found]) -> Found:
        async with self._rooms.using(self.room_id) as room:
            return await room.look_into(look)


def _forget_kernel(document: RoomDocument) -> None:
    set_mark(document, None)
    abort_unended_runs(document)


def _queued(run: Run, state: Literal["running", "queued"]) -> QueuedRun:
    by = {"username": run.user.username, "display_name": run.user.display_name}
    return {"run": run.number, "cell": run.cell_id, "by": by, "state": state}  # type: ignore[typeddict-item]


def _kernel_info(kernel_id: str, spec: KernelSpec, status: str) -> KernelInfo:
    return {
        "id": kernel_id,
        "name": spec.name,
        "display_name": spec.display_name,
        "language": spec.language,
        "status": status,
    }


def _run_info(user: User, source: str) -> RunInfo:
    return {
        "by": user.display_name,
        "username": user.username,
        "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "status": "running",
        "crc": zlib.crc32(source.encode()),
    }
