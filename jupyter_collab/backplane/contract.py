"""What a backplane promises: hints.

The store's log is the truth. A backplane only says *when to look*; a hint that is lost or repeated costs latency,
never an edit.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from ..store import Head

__all__ = ["Backplane", "HeadListener"]

HeadListener = Callable[[str, Head | None], None]
"""Called in the event loop with a room id and its head (``None``: the room was purged), again for every change."""


class Backplane(ABC):
    """Watches rooms for the server process that owns it."""

    @abstractmethod
    async def start(self, listener: HeadListener) -> None:
        """Begin to call ``listener``."""

    @abstractmethod
    async def stop(self) -> None:
        """End; ``listener`` is not called afterwards."""

    @abstractmethod
    def watch(self, room_id: str) -> None:
        """Tell the listener when this room's head changes."""

    @abstractmethod
    def unwatch(self, room_id: str) -> None:
        """No longer."""

    @abstractmethod
    def grown(self, room_id: str) -> None:
        """This process has just written to the room's log, and knows all of it."""
