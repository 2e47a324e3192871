"""The store's contract for runs: cells that people ran in a room, and when."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

__all__ = ["MAX_RUNS", "MAX_RUN_SOURCE_CHARACTERS", "RunRecord", "RunStore"]

MAX_RUNS = 1_000
"""The number of stored runs of a room."""

MAX_RUN_SOURCE_CHARACTERS = 20_000
"""The stored length of a run's source."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Who ran what, and when. Times are aware, in UTC; ``id`` counts the runs of a room from 1.

    ``kind`` says who vouches for the person, a word of :class:`~...access.UserKind`; ``None`` if that was not noted.
    ``status`` is ``queued``, ``running``, or how it ended: ``ok``, ``error`` or ``aborted``. A run that did not end
    because its server did has no ``ended_at``.
    """

    id: int
    cell_id: str
    username: str
    display_name: str
    kind: str | None
    kernel_name: str
    source: str
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    status: str


class RunStore(ABC):
    """The contract."""

    @abstractmethod
    async def add_runs(
        self, room_id: str, cells: Sequence[tuple[str, str]], *, username: str, display_name: str, kind: str
    ) -> list[RunRecord]:
        """Note that somebody asked for runs, which are queued now, in this order, and return them.

        ``cells`` are the ids of the cells, each with the source that is to be run; of one longer than
        ``MAX_RUN_SOURCE_CHARACTERS`` only the beginning is kept. All are noted, or none. The oldest beyond ``MAX_RUNS``
        are dropped. ``RoomNotFound`` if there is no room.
        """

    @abstractmethod
    async def start_run(self, room_id: str, run_id: int, *, kernel_name: str) -> None:
        """Note that a run starts now; nothing for a run that was dropped."""

    @abstractmethod
    async def end_run(self, room_id: str, run_id: int, status: str) -> None:
        """Note that a run, started or not, ends now; nothing for a run that was dropped."""

    @abstractmethod
    async def list_runs(self, room_id: str, limit: int, before: int | None = None) -> list[RunRecord]:
        """A room's runs (those with an ``id`` less than ``before``), newest first, at most ``limit``."""
