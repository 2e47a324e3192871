"""Who hears of the rooms' lives, to live with them: the rooms' kernels do, and who keeps the list of who came."""

from collections.abc import Sequence

from ..errors import CloseCode
from ..store import LogEntry
from .peer import Peer
from .room import Room

__all__ = ["RoomWatcher"]


class RoomWatcher:
    """Told of every live room of a server process. This one does nothing with it; derive from it."""

    def opened(self, room: Room) -> None:
        """``room`` was read from the store; nobody is in it yet."""

    def ended(self, room: Room, code: CloseCode) -> None:
        """``room`` is no longer live; ``code`` says why."""

    def joined(self, room: Room, peer: Peer) -> None:
        """``peer`` is in ``room`` now."""

    def left(self, room: Room, peer: Peer) -> None:
        """``peer`` was in ``room``; this may be told twice."""

    def changed(self, room: Room, entries: Sequence[LogEntry]) -> None:
        """``entries`` of the log of ``room`` are durable now, and in its document; other servers wrote some of them.

        Those of this server come in the order of the log, and those of others too, but not together. Entries of others
        that were dropped before this server read them are left out, so there may be none. What the server itself tidies
        while it loads or closes a room is not told.
        """

    def access_changed(self, room: Room) -> None:
        """Somebody, perhaps on another server, changed who may do what in ``room``."""

    def needs(self, room_id: str) -> bool:
        """Whether the room must stay open although nobody is in it."""
        return False
