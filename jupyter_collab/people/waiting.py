"""Who waits to be let into a room: told at once to those who may let them in."""

import asyncio
import logging

from ..access import Capability
from ..errors import CollabError, StoreError
from ..protocol import Event
from ..rooms import Room, RoomManager, RoomWatcher
from ..store import MemberRecord

__all__ = ["Waiting"]

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0

MAX_NAMED = 20
"""So many of those who wait are named; how many there are is said of all."""


class Waiting(RoomWatcher):
    """Announces ``members`` to who may manage a room, whenever it was changed who may do what there.

    It must be one of the rooms' watchers. However many come at once, a room's members are read once after another.
    """

    def __init__(self, rooms: RoomManager) -> None:
        self._rooms = rooms
        self._due: set[Room] = set()
        self._looks: dict[Room, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """Look no more."""
        looks = tuple(self._looks.values())
        for look in looks:
            look.cancel()
        if looks:
            await asyncio.wait(looks)

    def opened(self, room: Room) -> None:
        """Somebody may have asked to be let in while nobody was here; that nobody did is no news."""
        self._start(room, always=False)

    def access_changed(self, room: Room) -> None:
        """Somebody asks to be let in, or was let in, or something else was changed."""
        self._start(room, always=True)

    def _start(self, room: Room, *, always: bool) -> None:
        self._due.add(room)
        if room not in self._looks:
            look = asyncio.create_task(self._look(room, always), name=f"jupyter_collab waiting {room.id}")
            self._looks[room] = look
            look.add_done_callback(lambda _: self._looks.pop(room))

    async def _look(self, room: Room, always: bool) -> None:
        while room in self._due and self._rooms.live(room.id) is room:
            self._due.discard(room)
            try:
                members = await self._rooms.store.people.members(room.id)
            except StoreError as error:
                log.warning("Room %s: cannot look up who waits there: %s", room.id, error)
                self._due.add(room)
                await asyncio.sleep(RETRY_SECONDS)
            except CollabError:  # the room is gone: nobody can be let in
                break
            else:
                waiting = [member for member in members if member.status == "waiting"]
                if waiting or always:
                    room.announce(_members_event(waiting), to=Capability.MANAGE)
                always = True
        self._due.discard(room)


def _members_event(waiting: list[MemberRecord]) -> Event:
    named = [
        {"principal": member.principal, "display_name": member.display_name, "role": member.role.value}
        for member in waiting[:MAX_NAMED]
    ]
    return Event({"type": "members", "waiting": named, "total": len(waiting)})
