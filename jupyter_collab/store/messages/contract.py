"""The store's contract for messages between servers: they are kept for a while, in one order for all readers.

They are for short-lived facts. A server that misses one learns the fact in another way.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass

__all__ = ["MAX_MESSAGES", "MessageStore", "ServerMessage"]

MAX_MESSAGES = 2_000
"""So many are kept; the oldest beyond that are dropped."""


@dataclass(frozen=True, slots=True)
class ServerMessage:
    """A message about a room from the server with the id ``server``: ``topic`` is the type of ``data``.

    ``room_id`` need not be that of a room that there is.
    """

    room_id: str
    topic: str
    server: str
    data: bytes


class MessageStore(ABC):
    """The contract."""

    @abstractmethod
    async def add_messages(self, messages: Sequence[ServerMessage], drop_up_to: int = 0) -> int:
        """Append messages, in this order, behind all that were there; return the position of the last one.

        Those up to the position ``drop_up_to``, and the oldest beyond ``MAX_MESSAGES``, are dropped.
        """

    @abstractmethod
    async def messages(
        self, room_ids: Collection[str], after: int, *, reader: str
    ) -> tuple[tuple[ServerMessage, ...], int]:
        """The messages about these rooms behind the position ``after``, but for those of the server ``reader``.

        Also returns the position up to which this is all. Cheap: it is called many times a second.
        """

    @abstractmethod
    async def last_message(self) -> int:
        """The position of the last message; 0 if there is none."""
