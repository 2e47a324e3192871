"""The history of runs, in the store."""

from collections import deque

from ..background import Background
from ..errors import CollabError, RoomNotFound
from ..store import Store

__all__ = ["RunLog"]

RETRY_SECONDS = 1.0
MAX_WAITING = 10_000
"""While the store fails, notes beyond so many are lost, the oldest first."""


class RunLog:
    """Notes of one room's runs, written in order; while the store fails they wait, and nobody waits for them."""

    def __init__(self, room_id: str, store: Store) -> None:
        self._room_id = room_id
        self._store = store
        self._notes: deque[tuple[int, str | None, str]] = deque(maxlen=MAX_WAITING)
        self._background = Background(f"runs of room {room_id}", self._failed)

    def started(self, number: int, kernel_name: str) -> None:
        """A run has begun."""
        self._note(number, None, kernel_name)

    def ended(self, number: int, status: str) -> None:
        """A run has ended: ``ok``, ``error`` or ``aborted``."""
        self._note(number, status, "")

    def _note(self, number: int, status: str | None, kernel_name: str) -> None:
        self._notes.append((number, status, kernel_name))
        self._background.run_once("noting", self._write, again_seconds=RETRY_SECONDS)

    async def _write(self) -> None:
        while self._notes:
            number, status, kernel_name = self._notes[0]
            try:
                if status is None:
                    await self._store.start_run(self._room_id, number, kernel_name=kernel_name)
                else:
                    await self._store.end_run(self._room_id, number, status)
            except RoomNotFound:
                self._notes.clear()
            else:
                self._notes.popleft()

    def _failed(self, error: Exception) -> None:
        """A note that cannot be written must not keep back the others; one that a store did not take waits for it."""
        if not isinstance(error, CollabError):
            self._notes.popleft()

    async def settle(self, seconds: float) -> None:
        """Wait until all is noted, but not longer than ``seconds``."""
        await self._background.wait(seconds)

    async def close(self) -> None:
        """End; what is not noted by now is lost."""
        await self._background.close()
