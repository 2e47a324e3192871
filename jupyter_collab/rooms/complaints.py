"""What the log says about one peer."""

import logging
from collections import Counter

__all__ = ["Complaints"]

log = logging.getLogger(__name__)


class Complaints:
    """Logs the first fault of each kind in full, and of the others their number: a peer must not fill the log.

    ``name`` says whose faults they are.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._counts: Counter[str] = Counter()

    def add(self, kind: str, message: str, *arguments: object) -> None:
        """Take note of a fault; ``message`` with its ``arguments`` is logged if it is the first of its ``kind``."""
        self._counts[kind] += 1
        if self._counts[kind] == 1:
            log.warning(message, *arguments)

    def close(self, room_id: str) -> None:
        """The peer has left the room: log how many faults were not logged in full."""
        for kind, count in self._counts.items():
            if count > 1:
                log.warning("Room %s: %d more times %s by %s.", room_id, count - 1, kind, self._name)
        self._counts.clear()
