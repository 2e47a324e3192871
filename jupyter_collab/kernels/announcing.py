"""Tells a room about its kernel, as often as people can follow."""

import asyncio
from collections.abc import Callable

from ..protocol import Event
from ..rooms import Room
from .state import KernelState

__all__ = ["Announcer"]

PAUSE_SECONDS = 0.1


class Announcer:
    """Announces ``state()`` in a room, at once if that is a while ago, else a little later."""

    def __init__(self, room: Room, state: Callable[[], KernelState]) -> None:
        self.room = room
        self._state = state
        self._timer: asyncio.TimerHandle | None = None
        self._is_stale = False

    def changed(self) -> None:
        """The state is another one."""
        self._is_stale = True
        if self._timer is None:
            self._announce()

    def _announce(self) -> None:
        self._timer = None
        if self._is_stale:
            self._is_stale = False
            self.room.announce(Event({"type": "kernel", **self._state()}))
            self._timer = asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._announce)

    def close(self) -> None:
        """Say nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
