"""One ordered writer for a store: a thread that commits in groups.

Whatever is waiting when the writer is free goes into one group. So a single edit costs one commit, and a thousand
that arrive during that commit cost one more. The edits of a group are one transaction, and the rest, which may take
longer, another one after it.
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
from .failures import advice, brief, is_about_the_data
from .postgresql import lock
from .rooms.appends import Append, append_all

__all__ = ["GroupWriter"]

T = TypeVar("T")

log = logging.getLogger(__name__)

MAX_JOBS_PER_COMMIT = 1000
"""So that the first of a flood of jobs does not wait for the last."""

IDLE_SECONDS = 1.0
"""A writer that had nothing to do for so long tidies up."""


@dataclass
class _Job(Generic[T]):
    """Something that somebody waits for."""

    done: "asyncio.Future[T]"
    result: T | None = field(default=None, init=False)
    error: Exception | None = field(default=None, init=False)

    def settle(self) -> None:
        """Tell who waits; runs in the event loop's thread."""
        if self.done.cancelled():
            return
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(self.result)  # type: ignore[arg-type]  # set whenever there is no error

    def fail(self, error: Exception) -> None:
        """The database failed."""
        self.error = NotSaved(f"The store could not write: {brief(error)}. {advice(error)}".rstrip())
        self.error.__cause__ = error


@dataclass
class _Appending(_Job[int]):
    append: Append


@dataclass
class _Work(_Job[T]):
    """``room_id`` is the room that ``work`` is about, ``None`` if it is about what lies outside of rooms."""

    work: Callable[[Connection], T]
    room_id: str | None


class GroupWriter:
    """Runs jobs in as few transactions of ``engine`` as it can; those of one sort in the order in which they came.

    A job that raises has written nothing, and the other jobs of its group go on: each has a savepoint, and edits that
    the database does not take together are tried one by one. If the database fails (no space, no lock, no connection),
    each job of the transaction raises :class:`NotSaved` and none of them was written.

    ``tidy`` is called in the writer's thread, outside of any transaction, when there was something to write and there
    is nothing more for a while; it answers whether it is done, and is called again later if not. ``check`` is called
    after each commit and raises if it went to a database that nobody will find again.
    """

    def __init__(self, engine: Engine, tidy: Callable[[Connection], bool], check: Callable[[], None]) -> None:
        self._engine = engine
        self._tidy = tidy
        self._check = check
        self._is_tidy = True
        self._jobs: SimpleQueue[_Appending | _Work[Any] | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._work, name="jupyter_collab store writer", daemon=True)
        self._thread.start()
        self._closed = False

    async def run(self, work: Callable[[Connection], T], room_id: str | None) -> T:
        """Do ``work`` in the writer's thread; what it returns is durable when this returns.

        No other server changes the room ``room_id`` meanwhile or, without one, what lies outside of rooms.
        """
        job: _Work[T] = _Work(self._loop.create_future(), work, room_id)
        self._put(job)
        return await job.done

    async def append(self, append: Append) -> int:
        """Append to a room's log; returns the last entry's ``seq`` once it is durable."""
        job = _Appending(self._loop.create_future(), append)
        self._put(job)
        return await job.done

    def _put(self, job: "_Appending | _Work[Any]") -> None:
        if self._closed:
            raise NotSaved("The store is closed; nothing more is saved.")
        self._jobs.put(job)

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
            self._is_tidy = False
            appendings = [job for job in group if isinstance(job, _Appending)]
            works = [job for job in group if isinstance(job, _Work)]
            if appendings:
                self._append(appendings)
            if works:
                self._do(works)
            if last:
                return

    def _next(self) -> "_Appending | _Work[Any] | None":
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

    # -- one transaction ---------------------------------------------------------------------------------------------

    def _append(self, jobs: Sequence[_Appending]) -> None:
        def append(connection: Connection) -> None:
            for job, result in zip(jobs, append_all(connection, [job.append for job in jobs]), strict=True):
                job.result, job.error = (None, result) if isinstance(result, CollabError) else (result, None)

        error = self._commit(append)
        if error is not None and len(jobs) > 1 and is_about_the_data(error):
            for job in jobs:
                self._append([job])
        else:
            self._settle(jobs, error)

    def _do(self, jobs: Sequence[_Work[Any]]) -> None:
        def work(connection: Connection) -> None:
            if connection.dialect.name == "postgresql":
                room_ids = {job.room_id for job in jobs if job.room_id is not None}
                lock(connection, room_ids, outside_rooms=any(job.room_id is None for job in jobs))
            for job in jobs:
                _try(job, connection)

        self._settle(jobs, self._commit(work))

    def _commit(self, work: Callable[[Connection], None]) -> Exception | None:
        """Do ``work`` in a transaction; returns why it was not committed, if it was not."""
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin():
                work(self._connection)
            self._check()
        except Exception as error:  # the thread's boundary: whatever happens, those who wait must hear of it
            if not isinstance(error, (SQLAlchemyError, OSError)):
                log.exception("A job of the store failed.")
            self._disconnect()
            return error
        return None

    def _settle(self, jobs: Sequence[_Job[Any]], error: Exception | None) -> None:
        if error is not None:
            for job in jobs:
                job.fail(error)
        self._loop.call_soon_threadsafe(_settle, jobs)

    def _disconnect(self) -> None:
        """Let go of the connection, which is kept between commits as taking it from the pool costs as much as one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _try(job: _Work[Any], connection: Connection) -> None:
    """Do a job to its end or not at all."""
    try:
        with connection.begin_nested():
            job.result = job.work(connection)
    except CollabError as error:
        job.error = error
    except Exception as error:
        if not is_about_the_data(error):
            raise
        job.fail(error)


def _settle(jobs: Sequence[_Job[Any]]) -> None:
    for job in jobs:
        job.settle()
