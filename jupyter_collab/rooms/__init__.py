"""The heart: rooms and their peers. Knows no Tornado and no Jupyter."""

from .attendance import Attendance
from .invitations import MAX_NAME_CHARACTERS, Entry, Invitations, InviteWish, check_name
from .limits import Limits
from .manager import RoomManager, check_room_id
from .members import Members, Standing
from .outbox import Transport
from .peer import Peer
from .room import Room, RoomState
from .waiting import Waiting
from .watcher import RoomWatcher

__all__ = [
    "MAX_NAME_CHARACTERS",
    "Attendance",
    "Entry",
    "Invitations",
    "InviteWish",
    "Limits",
    "Members",
    "Peer",
    "Room",
    "RoomManager",
    "RoomState",
    "RoomWatcher",
    "Standing",
    "Transport",
    "Waiting",
    "check_name",
    "check_room_id",
]
