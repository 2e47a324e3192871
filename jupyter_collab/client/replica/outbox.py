"""The edits of this client that the server is not known to have made durable, in the order in which they were made."""

from collections import deque
from dataclasses import dataclass

__all__ = ["EDITS_PER_MESSAGE", "MESSAGES_IN_FLIGHT", "Outbox"]

MESSAGES_IN_FLIGHT = 4
"""So many messages with edits may be without the server's word at once; later edits are merged meanwhile."""

EDITS_PER_MESSAGE = 1_000
"""Merging takes time that grows with the square of this: 2 ms for so many."""


@dataclass
class _InFlight:
    """What message number ``count`` of this connection carried, for which the server has not answered yet."""

    count: int
    updates: list[bytes]


class Outbox:
    """Edits that wait to be sent, and those that wait for the server's word. Its length is the number of both."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._in_flight: deque[_InFlight] = deque()
        self._count = 0

    def __len__(self) -> int:
        return len(self._waiting) + sum(len(sent.updates) for sent in self._in_flight)

    def add(self, update: bytes) -> None:
        """An edit was made."""
        self._waiting.append(update)

    @property
    def is_due(self) -> bool:
        """Whether there is something to send, and the server has answered for enough of what went before."""
        return bool(self._waiting) and len(self._in_flight) < MESSAGES_IN_FLIGHT

    def take(self, max_bytes: int) -> list[bytes]:
        """As many of the waiting edits as may go into one message; none if the first alone is too long."""
        updates: list[bytes] = []
        while self._waiting and len(updates) < EDITS_PER_MESSAGE and len(self._waiting[0]) <= max_bytes:
            max_bytes -= len(self._waiting[0])
            updates.append(self._waiting.popleft())
        return updates

    def take_all(self) -> list[bytes]:
        """All that wait to be sent."""
        updates = list(self._waiting)
        self._waiting.clear()
        return updates

    def sent(self, updates: list[bytes]) -> None:
        """The next message with edits carries ``updates``."""
        self._count += 1
        self._in_flight.append(_InFlight(self._count, updates))

    def settle(self, count: int) -> None:
        """Messages 1 to ``count`` are durable."""
        while self._in_flight and self._in_flight[0].count <= count:
            self._in_flight.popleft()

    def put_back(self, count: int) -> None:
        """Message ``count`` was not taken: what it carried waits again."""
        for sent in [sent for sent in self._in_flight if sent.count == count]:
            self._in_flight.remove(sent)
            self._waiting.extendleft(reversed(sent.updates))

    def reconnect(self) -> None:
        """The next message will be number 1 of a new connection; all that is not known to be durable waits again."""
        for sent in reversed(self._in_flight):
            self._waiting.extendleft(reversed(sent.updates))
        self._in_flight.clear()
        self._count = 0

    def clear(self) -> None:
        """Forget all edits."""
        self._waiting.clear()
        self._in_flight.clear()
