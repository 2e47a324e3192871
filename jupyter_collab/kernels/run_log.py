"""Who ran what, in the store."""

import asyncio
import logging
from collections import deque

from ..errors import CollabError, RoomNotFound
from ..store import Store

__all__ = ["RunLog"]

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
MAX_WAITING = 10_000
"""While the store fails, notes beyond so many are lost, the oldest first."""


class RunLog:
    """Notes of one room's runs, written in order; while the store fails they wait, and nobody waits for them."""

    def __init__(self, room_id: str, store: Store) -> None:
        self._room_id = room_id
        self._store = store
        self._notes: deque[tuple[int, str | None, str, str]] = deque(maxlen=MAX_WAITING)
        self._task: asyncio.Task[None] | None = None

    def started(self, number: int, kernel_name: str, source: str) -> None:
        """A run has begun."""
        self._note(number, None, kernel_name, source)

    def ended(self, number: int, status: str) -> None:
        """A run has ended: ``ok``, ``error`` or ``aborted``."""
        self._note(number, status, "", "")

    def _note(self, number: int, status: str | None, kernel_name: str, source: str) -> None:
        self._notes.append((number, status, kernel_name, source))
        if self._task is None:
            self._task = asyncio.create_task(self._write(), name=f"jupyter_collab runs of {self._room_id}")

    async def _write(self) -> None:
        try:
            while self._notes:
                number, status, kernel_name, source = self._notes[0]
                try:
                    if status is None:
                        await self._store.start_run(self._room_id, number, kernel_name=kernel_name, source=source)
                    else:
                        await self._store.end_run(self._room_id, number, status)
                except RoomNotFound:
                    self._notes.clear()
                except CollabError as error:
                    log.warning("The runs in room %s are not noted, trying again: %s", self._room_id, error)
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    self._notes.popleft()
        except Exception:  # the task's boundary
            log.exception("Noting the runs in room %s failed.", self._room_id)
            self._notes.clear()
        finally:
            self._task = None

    async def settle(self, seconds: float) -> None:
        """Wait until all is noted, but not longer than ``seconds``."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=seconds)

    async def close(self) -> None:
        """End; what is not noted by now is lost."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
