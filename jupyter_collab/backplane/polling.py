"""The default backplane: look at the store's log, again and again. It needs no broker."""

import asyncio
import itertools
import logging

from ..errors import StoreError
from ..store import Head, Store
from .contract import Backplane, HeadListener

__all__ = ["PollingBackplane"]

log = logging.getLogger(__name__)

TURNS_FOR_ALL = 10
"""After so many turns the busiest room is asked for, too: somebody may have renamed it elsewhere."""


class PollingBackplane(Backplane):
    """Asks ``store`` for the heads of the watched rooms every ``interval_seconds``.

    A room that this process writes to is asked for less often: its own next edit shows what others wrote before.
    """

    def __init__(self, store: Store, interval_seconds: float) -> None:
        self._store = store
        self._interval_seconds = interval_seconds
        self._watched: set[str] = set()
        self._seen: dict[str, Head | None] = {}
        self._grown: set[str] = set()
        self._any_watched = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self, listener: HeadListener) -> None:
        self._task = asyncio.create_task(self._poll(listener), name="jupyter_collab polling backplane")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    def watch(self, room_id: str) -> None:
        self._watched.add(room_id)
        self._any_watched.set()

    def unwatch(self, room_id: str) -> None:
        self._watched.discard(room_id)
        self._seen.pop(room_id, None)
        if not self._watched:
            self._any_watched.clear()

    def grown(self, room_id: str) -> None:
        self._grown.add(room_id)

    async def _poll(self, listener: HeadListener) -> None:
        for turn in itertools.count():
            await self._any_watched.wait()
            await asyncio.sleep(self._interval_seconds)
            skipped, self._grown = self._grown, set()
            asked = tuple(self._watched if turn % TURNS_FOR_ALL == 0 else self._watched - skipped)
            if not asked:
                continue
            try:
                heads = await self._store.heads(asked)
            except StoreError as error:
                log.warning("The rooms' heads cannot be read, trying again: %s", error)
                continue
            for room_id in asked:  # a room that is watched since was not asked for: its absence means nothing
                if room_id not in self._watched:
                    continue
                head = heads.get(room_id)
                if room_id not in self._seen or self._seen[room_id] != head:
                    self._seen[room_id] = head
                    _tell(listener, room_id, head)


def _tell(listener: HeadListener, room_id: str, head: Head | None) -> None:
    try:
        listener(room_id, head)
    except Exception:  # the boundary of one hint: the other rooms, and this one's next hints, do not suffer for it
        log.exception("Room %s: a hint about its log could not be followed.", room_id)
