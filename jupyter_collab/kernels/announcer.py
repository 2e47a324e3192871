"""Tells a room about its kernel, as often as people can follow."""

import asyncio
from collections.abc import Callable

from ..background import Background
from ..protocol import Event
from ..rooms import Room
from .state import KernelState

__all__ = ["Announcer"]

PAUSE_SECONDS = 0.1


class Announcer:
    """Announces ``state()`` in a room, at once if that is a while ago, else a little later; then calls ``on_done``."""

    def __init__(self, room: Room, state: Callable[[], KernelState], on_done: Callable[[], None]) -> None:
        self.room = room
        self._state: Callable[[], KernelState] | None = state
        self._on_done: Callable[[], None] | None = on_done
        self._pause: asyncio.TimerHandle | None = None
        self._is_stale = False
        self._background = Background(f"announcer of room {room.id}")

    def changed(self) -> None:
        """The state is another one."""
        self._is_stale = True
        if self._pause is None:
            self._announce()

    def _announce(self) -> None:
        self._pause = None
        if self._is_stale and self._state is not None:
            self._is_stale = False
            self.room.announce(Event({"type": "kernel", **self._state()}))
            if self._on_done is not None:
                self._on_done()
            self._pause = self._background.later(PAUSE_SECONDS, "announcing", self._announce)

    async def close(self) -> None:
        """Say nothing any more."""
        self._state = self._on_done = None
        await self._background.close()
