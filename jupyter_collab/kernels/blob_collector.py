"""Frees what no output of a room refers to any more."""

import logging
import time

from ..errors import CollabError
from ..rooms import RoomManager
from ..workers import Workers
from .blobs import find_blobs

__all__ = ["BlobCollector"]

log = logging.getLogger(__name__)

COLLECT_SECONDS = 60.0
"""How often a room with blobs is looked at."""


class BlobCollector:
    """Drops the blobs of one room that its document does not refer to; those of the last minute stay a little."""

    def __init__(self, room_id: str, rooms: RoomManager, workers: Workers, seconds: float = COLLECT_SECONDS) -> None:
        self._room_id = room_id
        self._rooms = rooms
        self._workers = workers
        self._seconds = seconds
        self._may_have_blobs = True
        self._due_at = time.monotonic() + seconds

    def touch(self) -> None:
        """The room may have got blobs."""
        self._may_have_blobs = True

    async def collect(self) -> None:
        """Look for what can be dropped, if it is time to and if there are any blobs."""
        if not self._may_have_blobs or time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + self._seconds
        self._may_have_blobs = False
        try:
            async with self._rooms.using(self._room_id) as room:
                updates = await room.snapshot()
            kept = await self._workers.run(find_blobs, updates, content_bytes=sum(map(len, updates)))
            if await self._rooms.store.collect_blobs(self._room_id, kept) > 0:
                self._may_have_blobs = True
        except CollabError as error:
            self._may_have_blobs = True
            log.warning("Room %s keeps outputs that it does not need: %s", self._room_id, error)
