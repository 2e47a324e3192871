"""One ordered writer for a store: a thread that commits in groups.

Whatever is waiting when the writer is free goes into one transaction. So a single edit costs one commit, and a
thousand that arrive during that commit cost one more.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from ..errors import CollabError, NotSaved

__all__ = ["GroupWriter"]

T = TypeVar("T")

log = logging.getLogger(__name__)

MAX_JOBS_PER_COMMIT = 1000
"""So that the first of a flood of jobs does not wait for the last."""

IDLE_SECONDS = 1.0
"""A writer that had nothing to do for so long tidies up."""


@dataclass
class _Job(Generic[T]):
    work: Callable[[Connection], T]
    done: "asyncio.Future[T]"
    result: T | None = None
    error: Exception | None = field(default=None)

    def settle(self) -> None:
        """Tell who waits; runs in the event loop's thread."""
        if self.done.cancelled():
            return
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(self.result)  # type: ignore[arg-type]  # set whenever there is no error


class GroupWriter:
    """Runs jobs, in the order of :meth:`run`, in as few transactions of ``engine`` as it can.

    A job that raises a :class:`CollabError` must do so before it writes; the other jobs of its group go on. If the
    database fails, each job of the group raises :class:`NotSaved` and none of them was written. ``tidy`` is called in
    the writer's thread, outside of any transaction, when there was something to write and there is nothing more for a
    while; it answers whether it is done, and is called again later if not.
    """

    def __init__(self, engine: Engine, tidy: Callable[[Connection], bool]) -> None:
        self._engine = engine
        self._tidy = tidy
        self._is_tidy = True
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._work, name="jupyter_collab store writer", daemon=True)
        self._thread.start()
        self._closed = False

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in the writer's thread; what it returns is durable when this returns."""
        if self._closed:
            raise NotSaved("The store is closed; nothing more is saved.")
        job: _Job[T] = _Job(work, self._loop.create_future())
        self._jobs.put(job)
        return await job.done

    async def close(self) -> None:
        """Finish the jobs that were given and end the thread."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        try:
            self._work_until_closed()
        finally:
            self._disconnect()

    def _work_until_closed(self) -> None:
        while (job := self._next()) is not None:
            group = [job]
            last = False
            while len(group) < MAX_JOBS_PER_COMMIT and not self._jobs.empty():
                following = self._jobs.get()
                if following is None:
                    last = True
                    break
                group.append(following)
            self._commit(group)
            if last:
                return

    def _next(self) -> _Job[Any] | None:
        while not self._is_tidy:
            try:
                return self._jobs.get(timeout=IDLE_SECONDS)
            except Empty:
                self._tidy_up()
        return self._jobs.get()

    def _tidy_up(self) -> None:
        try:
            self._is_tidy = self._connection is None or self._tidy(self._connection)
        except Exception:  # the thread's boundary: it is only for tidiness, and jobs may still work
            log.exception("Tidying up the store failed.")
            self._is_tidy = True

    def _commit(self, group: Sequence[_Job[Any]]) -> None:
        self._is_tidy = False
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin():
                for job in group:
                    self._try(job, self._connection)
        except Exception as error:  # the thread's boundary: whatever happens, those who wait must hear of it
            if not isinstance(error, (SQLAlchemyError, OSError)):
                log.exception("A job of the store failed.")
            for job in group:
                job.error = NotSaved(f"The store could not write: {brief(error)}")
                job.error.__cause__ = error
            self._disconnect()
        self._loop.call_soon_threadsafe(_settle, group)

    def _disconnect(self) -> None:
        """Let go of the connection, which is kept between commits as taking it from the pool costs as much as one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _try(self, job: _Job[Any], connection: Connection) -> None:
        try:
            job.result = job.work(connection)
        except CollabError as error:
            job.error = error


def _settle(group: Sequence[_Job[Any]]) -> None:
    for job in group:
        job.settle()


def brief(error: Exception) -> str:
    """The database's own words, without the statement and its parameters (which hold people's text)."""
    return str(getattr(error, "orig", None) or type(error).__name__)
