"""Who hears of the rooms' lives, to live with them: the rooms' kernels do, and who keeps the list of who came."""

from ..errors import CloseCode
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

    def access_changed(self, room: Room) -> None:
        """Somebody, perhaps on another server, changed who may do what in ``room``."""

    def needs(self, room_id: str) -> bool:
        """Whether the room must stay open although nobody is in it."""
        return False
