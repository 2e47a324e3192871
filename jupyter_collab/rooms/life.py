"""Whether a room takes edits: it does not while its document is made anew, nor when it has ended."""

import asyncio
from enum import Enum

from ..errors import StoreUnavailable

__all__ = ["Life", "RoomState", "unheard"]


def unheard(*_told: object) -> None:
    """Who is told of anything once a room has ended: its parts let go of each other, so no memory is held."""


class RoomState(Enum):
    """``LIVE`` <-> ``HEALING`` (the document is being rebuilt) -> ``CLOSED``."""

    LIVE = "live"
    HEALING = "healing"
    CLOSED = "closed"


class Life:
    """The state of the room ``room_id``, and those who wait for another one.

    Attributes
    ----------
    state
        Where the room is in its life.
    """

    def __init__(self, room_id: str) -> None:
        self.state = RoomState.LIVE
        self._room_id = room_id
        self._live = asyncio.Event()
        self._live.set()

    def is_live(self) -> bool:
        """Whether the document may be edited."""
        return self.state is RoomState.LIVE

    def require_open(self) -> None:
        """Raise ``StoreUnavailable`` if the room has ended here."""
        if self.state is RoomState.CLOSED:
            raise StoreUnavailable(f"The room '{self._room_id}' has just been closed; try again.")

    async def until_live(self) -> None:
        """Wait while the document is being rebuilt, and again if that fails before the caller continues."""
        while not self._live.is_set():
            await self._live.wait()

    def begin_healing(self) -> bool:
        """Mark the document to be rebuilt; returns whether that is new."""
        is_news = self.is_live()
        if is_news:
            self.state = RoomState.HEALING
            self._live.clear()
        return is_news

    def healed(self) -> None:
        """The document is whole again."""
        self.state = RoomState.LIVE
        self._live.set()

    def end(self) -> bool:
        """The room ends; returns whether that is news. Who waits finds it closed."""
        is_news = self.state is not RoomState.CLOSED
        self.state = RoomState.CLOSED
        self._live.set()
        return is_news
