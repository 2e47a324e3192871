"""The worker processes of one server: some for what is large, others for what is small, so that this need not wait."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple

from ..errors import WorkTooLarge, WorkTooLong
from .pool import Pool, PoolLimits
from .turns import Turns

__all__ = ["WorkLimits", "Workers"]

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

SMALL_SECONDS = 10.0
SMALL_MEMORY_BYTES = 2**28
"""What takes more is large, whatever its size says."""


@dataclass(frozen=True, slots=True)
class WorkLimits:
    """What one job may take, how many there are at a time, and how long a process without a job stays.

    ``small_processes`` are there beside ``processes``, for jobs of up to ``small_bytes`` of content.
    """

    seconds: float = 30.0
    memory_bytes: int = 2**30
    processes: int = 2
    idle_seconds: float = 60.0
    small_processes: int = 1
    small_bytes: int = 2**20


class Workers:
    """Does each job where it holds up none that is smaller; ``turns`` says whose job is next."""

    def __init__(self, limits: WorkLimits) -> None:
        self.turns = Turns()
        self._limits = limits
        self._large = Pool(PoolLimits(limits.seconds, limits.memory_bytes, limits.processes, limits.idle_seconds))
        self._small = Pool(
            PoolLimits(
                min(limits.seconds, SMALL_SECONDS),
                min(limits.memory_bytes, SMALL_MEMORY_BYTES),
                limits.small_processes,
                limits.idle_seconds,
            )
        )

    @property
    def processes(self) -> int:
        """How many jobs can be done at a time."""
        return self._limits.processes + self._limits.small_processes

    @property
    def busy(self) -> int:
        """How many processes have a job."""
        return self._large.busy + self._small.busy

    @property
    def waiting(self) -> int:
        """How many jobs have no process yet."""
        return self._large.waiting + self._small.waiting

    async def run(self, work: Callable[[*Arguments], Result], *arguments: *Arguments, content_bytes: int) -> Result:
        """Let a process do ``work``, a function of a module, with arguments that can be pickled.

        ``content_bytes`` is how much content it reads. What proves to take more than its size says is begun again
        where large jobs are done; so ``work`` must change nothing but what it returns. If the task is cancelled that
        waits for this, the process ends.

        Raises
        ------
        CollabError
            What ``work`` itself raised of these.
        WorkTooLong, WorkTooLarge, WorkError
            It was ended, or ended by itself. The next job has another process.
        """
        if content_bytes <= self._limits.small_bytes:
            try:
                return await self._small.run(work, *arguments)
            except (WorkTooLong, WorkTooLarge):
                pass
        return await self._large.run(work, *arguments)

    async def close(self) -> None:
        """End all processes and the jobs that wait for them."""
        await asyncio.gather(self._small.close(), self._large.close())
