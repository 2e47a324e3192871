"""Notes of what was done in rooms, for which nobody waits: they are gathered for a moment and written together."""

import asyncio
import logging
from collections import defaultdict

from ..errors import CollabError
from ..store import EventRecord, PeopleStore

__all__ = ["Notes"]

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.25
"""A class that comes in at once is one commit, and nobody who joins waits behind the note of it."""


class Notes:
    """Writes notes to ``people``. Those that the store does not take are only logged."""

    def __init__(self, people: PeopleStore) -> None:
        self._people = people
        self._waiting: list[EventRecord] = []
        self._soon: asyncio.TimerHandle | None = None
        self._writing: set[asyncio.Task[None]] = set()

    def add(self, note: EventRecord) -> None:
        """Remember that something was done, at ``note.at``."""
        self._waiting.append(note)
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._write_now)

    async def flush(self) -> None:
        """Write all that was added."""
        self._write_now()
        if self._writing:
            await asyncio.wait(self._writing)

    def _write_now(self) -> None:
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        if self._waiting:
            notes, self._waiting = self._waiting, []
            writing = asyncio.create_task(self._write(notes), name="jupyter_collab notes")
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)

    async def _write(self, notes: list[EventRecord]) -> None:
        by_room: dict[str, list[EventRecord]] = defaultdict(list)
        for note in notes:
            by_room[note.room_id].append(note)
        for room_id, of_room in by_room.items():
            try:
                await self._people.add_events(room_id, of_room)
            except CollabError as error:
                for note in of_room:
                    log.warning("Room %s: it is not kept that %s %s: %s", room_id, note.principal, note.kind, error)
