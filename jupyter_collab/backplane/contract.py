"""The contract of a backplane: it signals changes of a room's log, and carries messages between servers.

The store is the truth. A backplane only says *when to look*, and carries short-lived facts: a hint or a
message that is lost or repeated costs latency, never an edit. Senders that need more repeat their messages.
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
        """Send the queued messages, and end; no listener is called afterwards."""

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

        A server receives the messages of one other server about one room in the order of sending, each message once,
        if at all. ``ValueError`` for more than ``MAX_MESSAGE_BYTES``.
        """

    @abstractmethod
    def subscribe(self, room_id: str, listener: MessageListener) -> None:
        """Call ``listener`` with each message about this room from now on; it replaces an earlier listener.

        The first messages may be slightly older. Messages about ``EVERYWHERE`` arrive while any room is
        watched or subscribed to.
        """

    @abstractmethod
    def unsubscribe(self, room_id: str) -> None:
        """No longer; again does nothing."""
