"""Entries of the audit log, written in batches; nobody waits for them."""

import asyncio
import logging
from collections import defaultdict
from functools import partial

from ..background import Background
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
        self._background = Background("notes")

    def add(self, note: EventRecord) -> None:
        """Remember that something was done, at ``note.at``."""
        self._waiting.append(note)
        if self._soon is None:
            self._soon = self._background.later(GATHER_SECONDS, "writing", self._write_now)

    async def flush(self) -> None:
        """Write all that was added."""
        self._write_now()
        await self._background.wait()

    def _write_now(self) -> None:
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        by_room: dict[str, list[EventRecord]] = defaultdict(list)
        for note in self._waiting:
            by_room[note.room_id].append(note)
        self._waiting.clear()
        for room_id, notes in by_room.items():
            self._background.run(f"writing those of {room_id}", partial(self._write, room_id, notes))

    async def _write(self, room_id: str, notes: list[EventRecord]) -> None:
        try:
            await self._people.add_events(room_id, notes)
        except CollabError as error:
            for note in notes:
                log.warning("Room %s: it is not kept that %s %s: %s", room_id, note.principal, note.kind, error)
