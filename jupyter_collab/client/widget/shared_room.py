"""One connection for all the editors of a room in this process, however often their cells run again."""

import os
import threading
import weakref

from ...errors import EditsNotSaved
from ...roles import RoleName
from ..blocking.blocking_room import Room, connect
from ..room.async_room import LEAVE_SECONDS

__all__ = ["SharedRoom"]

_Key = tuple[str, str | None, str | None, RoleName | None]


class SharedRoom:
    """A room, and how many hold it. Made by :meth:`hold`; each holder calls :meth:`let_go` once."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self._holders = 1

    @classmethod
    def hold(
        cls, room_id: str, url: str | None, token: str | None, *, create: bool, role: RoleName | None
    ) -> "SharedRoom":
        """The room over the connection that others hold, if that is in order, or over a new one, which is not visible.

        The parameters and errors are those of :func:`~.entry.connect_async`.
        """
        key = (room_id, url, token, role)
        known = _shared.get(key)
        if known is not None and known.room.status not in ("offline", "refused") and known._is_held_again():
            return known
        _shared[key] = shared = cls(connect(room_id, url, token, create=create, role=role, visible=False))
        return shared

    def _is_held_again(self) -> bool:
        """Count one more holder, unless the last one has just let go."""
        with _lock:
            self._holders += self._holders > 0
            return self._holders > 0

    def let_go(self) -> None:
        """Hold it no longer, once every edit made here is durable; the last holder leaves the room.

        Raises
        ------
        EditsNotSaved
            When that takes too long, or cannot be; it is let go all the same.
        """
        with _lock:
            self._holders -= 1
            is_last = self._holders == 0
        if is_last:
            self.room.close()
            return
        try:
            self.room.wait_saved(LEAVE_SECONDS)
        except TimeoutError as error:
            raise EditsNotSaved(str(error)) from error


_shared: "weakref.WeakValueDictionary[_Key, SharedRoom]" = weakref.WeakValueDictionary()
_lock = threading.Lock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_shared.clear)  # they are the parent's to leave
