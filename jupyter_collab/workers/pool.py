"""Worker processes of one kind: so many at a time, each with the same bounds."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, TypeVarTuple

from ..background import Background
from ..errors import WorkError, WorkTooLarge, WorkTooLong
from .process import WorkerEnded, WorkerProcess
from .worker import Outcome

__all__ = ["Pool", "PoolLimits"]

log = logging.getLogger(__name__)

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

STOPPING = "The server is stopping; try again in a moment."
ENDED = (
    "The process that did this ended, perhaps for want of memory, and nothing was changed."
    " Split the content, or try again."
)


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """The limits of one job, the number of jobs at a time, and the idle time of a process."""

    seconds: float = 30.0
    memory_bytes: int = 2**30
    processes: int = 2
    idle_seconds: float = 60.0


class Pool:
    """Processes that are started when they are needed.

    ``waiting`` is how many jobs have no process yet.
    """

    def __init__(self, limits: PoolLimits) -> None:
        self.waiting = 0
        self._limits = limits
        self._slots = asyncio.Semaphore(limits.processes)
        # A thread waits for each process; one more is for the processes that are ended meanwhile.
        self._threads = ThreadPoolExecutor(limits.processes + 1, thread_name_prefix="jupyter_collab worker")
        self._idle: dict[WorkerProcess, asyncio.TimerHandle] = {}
        self._busy: set[WorkerProcess] = set()
        self._background = Background("worker processes")
        self._is_closed = False

    @property
    def busy(self) -> int:
        """How many processes have a job."""
        return len(self._busy)

    async def run(self, work: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        """Let a process do ``work``, a function of a module, with arguments that can be pickled.

        If the task is cancelled that waits for this, the process ends.

        Raises
        ------
        CollabError
            What ``work`` itself raised of these.
        WorkTooLong, WorkTooLarge, WorkError
            It was ended, or ended by itself. The next job has another process.
        """
        async with self._slot():
            worker = self._take()
            try:
                with ExitStack() as undo:
                    undo.callback(worker.kill)
                    outcome, value = await self._call(worker, work, arguments)
                    undo.pop_all()
            finally:
                self._put_back(worker)
        result: Result = self._result(outcome, value)
        return result

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        self.waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._slots.release()

    def _take(self) -> WorkerProcess:
        if self._is_closed:
            raise WorkError(STOPPING)
        worker = self._take_idle() or WorkerProcess(self._limits.memory_bytes, self._limits.seconds)
        self._busy.add(worker)
        return worker

    def _take_idle(self) -> WorkerProcess | None:
        while self._idle:
            worker, timer = self._idle.popitem()
            timer.cancel()
            if worker.is_good:
                return worker
            self._threads.submit(worker.end)  # somebody has ended it
        return None

    async def _call(
        self, worker: WorkerProcess, work: Callable[..., object], arguments: tuple[object, ...]
    ) -> tuple[Outcome, Any]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await loop.run_in_executor(self._threads, partial(worker.call, work, *arguments))
        except TimeoutError as error:
            raise WorkTooLong(
                f"This took longer than {self._limits.seconds:g} seconds, so it was ended, and nothing was changed."
                " Split the content, or try again when the server has less to do."
            ) from error
        except WorkerEnded as error:
            log.warning("A worker process ended before its job did: %s", error)
            raise WorkError(STOPPING if self._is_closed else ENDED) from error

    def _put_back(self, worker: WorkerProcess) -> None:
        self._busy.discard(worker)
        if self._is_closed:
            return  # :meth:`close` ends it
        if worker.is_good:
            self._idle[worker] = self._background.later(
                self._limits.idle_seconds, "ending an idle one", partial(self._end_idle, worker)
            )
        else:
            self._threads.submit(worker.end)

    def _end_idle(self, worker: WorkerProcess) -> None:
        del self._idle[worker]
        self._threads.submit(worker.end)

    def _result(self, outcome: Outcome, value: Any) -> Any:
        if outcome is Outcome.DONE:
            return value
        if outcome is Outcome.REFUSED:
            raise value
        if outcome is Outcome.OUT_OF_MEMORY:
            raise WorkTooLarge(
                f"This takes more than the {self._limits.memory_bytes // 2**20:,} MiB of memory that it may have, so"
                " nothing was changed. Split the content, or clear outputs."
            )
        log.error("A worker process failed:\n%s", value)
        raise WorkError("The server failed at this; its log says why. Nothing was changed.")

    async def close(self) -> None:
        """End all processes and the jobs that wait for them."""
        self._is_closed = True
        workers = [*self._idle, *self._busy]
        self._idle.clear()
        await self._background.close()
        for worker in workers:
            worker.kill()
        await asyncio.to_thread(self._end, workers)

    def _end(self, workers: list[WorkerProcess]) -> None:
        for worker in workers:
            worker.end()
        self._threads.shutdown()
