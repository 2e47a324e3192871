"""The errors for a missing room."""

from ..errors import RoomNotFound

__all__ = ["no_room", "room_in_bin"]


def no_room(room_id: str) -> RoomNotFound:
    """The error for an unknown room."""
    return RoomNotFound(f"There is no room '{room_id}'. Create it first, or check its name.")


def room_in_bin(room_id: str) -> RoomNotFound:
    """The error for a room in the bin."""
    return RoomNotFound(f"The room '{room_id}' is in the bin. Restore it first.")
