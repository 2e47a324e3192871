"""People who wait for approval: owners of the room are told at once."""

from functools import partial

from ..access import Capability
from ..background import Background
from ..errors import CollabError, StoreError
from ..protocol import Event
from ..rooms import Room, RoomManager, RoomWatcher
from ..store import MemberRecord

__all__ = ["Waiting"]

RETRY_SECONDS = 2.0

MAX_NAMED = 20
"""So many of those who wait are named; how many there are is said of all."""


class Waiting(RoomWatcher):
    """Sends ``members`` to the people who may manage a room, whenever its members or invitations change.

    It must be one of the rooms' watchers. However many come at once, a room's members are read once after another.
    """

    def __init__(self, rooms: RoomManager) -> None:
        self._rooms = rooms
        self._due: dict[str, bool] = {}
        self._background = Background("waiting")

    async def close(self) -> None:
        """Look no more."""
        await self._background.close()

    def opened(self, room: Room) -> None:
        """Somebody may have asked to be let in while nobody was here; that nobody did is no news."""
        self._start(room, always=False)

    def access_changed(self, room: Room) -> None:
        """Somebody asks to be let in, or was let in, or something else was changed."""
        self._start(room, always=True)

    def _start(self, room: Room, *, always: bool) -> None:
        self._require_look(room.id, always)
        look = partial(self._look, room.id)
        self._background.run_once(f"looking who waits in {room.id}", look, again_seconds=RETRY_SECONDS)

    def _require_look(self, room_id: str, always: bool) -> None:
        self._due[room_id] = always or self._due.get(room_id, False)

    async def _look(self, room_id: str) -> None:
        while room_id in self._due and (room := self._rooms.live(room_id)) is not None:
            always = self._due.pop(room_id)
            try:
                members = await self._rooms.store.people.members(room_id)
            except StoreError:
                self._require_look(room_id, always)
                raise
            except CollabError:  # the room is gone: nobody can be let in
                break
            waiting = [member for member in members if member.status == "waiting"]
            if waiting or always:
                room.announce(_members_event(waiting), to=Capability.MANAGE)
        self._due.pop(room_id, None)


def _members_event(waiting: list[MemberRecord]) -> Event:
    named = [
        {"principal": member.principal, "display_name": member.display_name, "role": member.role.value}
        for member in waiting[:MAX_NAMED]
    ]
    return Event({"type": "members", "waiting": named, "total": len(waiting)})
