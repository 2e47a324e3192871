"""The heart: rooms and their peers. Knows no Tornado and no Jupyter."""

from .life import RoomState
from .limits import Limits
from .manager import RoomManager, check_room_id
from .peer import Peer
from .peer_outbox import Transport
from .room import Room
from .watcher import RoomWatcher

__all__ = [
    "Limits",
    "Peer",
    "Room",
    "RoomManager",
    "RoomState",
    "RoomWatcher",
    "Transport",
    "check_room_id",
]
