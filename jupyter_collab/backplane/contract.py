"""What a backplane promises: it says when a room's log has moved, and carries messages between servers.

The store is the truth. A backplane only says *when to look*, and what is worth nothing a moment later: a hint or a
message that is lost or repeated costs latency, never an edit. Whoever needs more than that repeats what they say.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from ..store import Head, ServerMessage

__all__ = ["EVERYWHERE", "MAX_MESSAGE_BYTES", "Backplane", "HeadListener", "MessageListener"]

HeadListener = Callable[[str, Head | None], None]
"""Called in the event loop with a room id and its head (``None``: the room was purged), again for every change."""

MessageListener = Callable[[ServerMessage], None]
"""Called in the event loop with what another server says."""

EVERYWHERE = ""
"""Stands for a room's id in what concerns no single room."""

MAX_MESSAGE_BYTES = 2**16
"""So large may the data of a message be."""


class Backplane(ABC):
    """Watches rooms for the server process that owns it, and speaks for it.

    Attributes
    ----------
    server
        The id of this server; no other has it at the same time.
    """

    server: str

    @abstractmethod
    async def start(self, listener: HeadListener) -> None:
        """Begin to call ``listener``."""

    @abstractmethod
    async def stop(self) -> None:
        """Say what is left to say, and end; no listener is called afterwards."""

    @abstractmethod
    def watch(self, room_id: str) -> None:
        """Tell the listener when this room's head changes."""

    @abstractmethod
    def unwatch(self, room_id: str) -> None:
        """No longer."""

    @abstractmethod
    def grown(self, room_id: str) -> None:
        """This process has just written to the room's log, and knows all of it."""

    @abstractmethod
    def publish(self, room_id: str, topic: str, data: bytes) -> None:
        """Tell the other servers that have subscribed to the room, or to ``EVERYWHERE``; nobody waits for it.

        A server hears what one other server says of one room in the order in which that was said, each message once,
        if at all. ``ValueError`` for more than ``MAX_MESSAGE_BYTES``.
        """

    @abstractmethod
    def subscribe(self, room_id: str, listener: MessageListener) -> None:
        """Call ``listener`` with what is said of this room from now on, instead of the one before if there is one.

        It may begin with what was said shortly before. What is said of ``EVERYWHERE`` is heard while any room is
        watched or subscribed to.
        """

    @abstractmethod
    def unsubscribe(self, room_id: str) -> None:
        """No longer; again does nothing."""
