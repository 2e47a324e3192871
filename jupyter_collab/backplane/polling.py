"""The default backplane: look at the store's log, again and again. It needs no broker."""

import asyncio
import itertools
from functools import partial

from ..background import Background
from ..store import Head, Store
from .contract import Backplane, HeadListener

__all__ = ["PollingBackplane"]

AGAIN_SECONDS = 1.0

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
        self._background = Background("backplane")

    async def start(self, listener: HeadListener) -> None:
        self._background.run_once(
            "asking for the rooms' heads", partial(self._poll, listener), again_seconds=AGAIN_SECONDS
        )

    async def stop(self) -> None:
        await self._background.close()

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
            heads = await self._store.heads(asked)
            for room_id in asked:  # a room that is watched since was not asked for: its absence means nothing
                if room_id not in self._watched:
                    continue
                head = heads.get(room_id)
                if room_id not in self._seen or self._seen[room_id] != head:
                    self._seen[room_id] = head
                    with self._background.boundary(f"a hint about room {room_id}"):
                        listener(room_id, head)
