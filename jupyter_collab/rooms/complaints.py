"""The log entries about the peers of one room."""

import logging
from collections import Counter

from .peer import Peer

__all__ = ["Complaints"]

log = logging.getLogger(__name__)


class Complaints:
    """Logs the first fault of each kind in full, and of the others their number: a peer must not fill the log."""

    def __init__(self, room_id: str) -> None:
        self._room_id = room_id
        self._counts: dict[Peer, Counter[str]] = {}

    def add(self, peer: Peer, kind: str, message: str, *arguments: object) -> None:
        """Take note of a fault; ``message`` with its ``arguments`` is logged if it is the first of its ``kind``."""
        counts = self._counts.setdefault(peer, Counter())
        counts[kind] += 1
        if counts[kind] == 1:
            log.warning(message, *arguments)

    def leave(self, peer: Peer) -> None:
        """The peer has left the room: log how many faults were not logged in full."""
        for kind, count in self._counts.pop(peer, Counter()).items():
            if count > 1:
                log.warning("Room %s: %d more times %s by %s.", self._room_id, count - 1, kind, peer.name)
