"""What is said of a room that is not there."""

from ..errors import RoomNotFound

__all__ = ["no_room", "room_in_bin"]


def no_room(room_id: str) -> RoomNotFound:
    """What is raised if there is no such room."""
    return RoomNotFound(f"There is no room '{room_id}'. Create it first, or check its name.")


def room_in_bin(room_id: str) -> RoomNotFound:
    """What is raised if the room lies in the bin."""
    return RoomNotFound(f"The room '{room_id}' lies in the bin. Restore it first.")
