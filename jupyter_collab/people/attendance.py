"""Joins and leaves of people, in the audit log: once for each stay, however often a person reconnects."""

import asyncio
from dataclasses import dataclass, field
from functools import partial

from ..access import User
from ..background import Background
from ..rooms import Peer, Room, RoomManager, RoomWatcher
from .members import Members

__all__ = ["Attendance"]

AWAY_SECONDS = 60.0
"""A person who returns within this time has not left."""


@dataclass(slots=True)
class _Stay:
    room_id: str
    user: User
    peers: set[Peer] = field(default_factory=set)
    leaving: asyncio.TimerHandle | None = None


class Attendance(RoomWatcher):
    """Notes ``joined`` and ``left``; it must be one of the rooms' watchers."""

    def __init__(self, rooms: RoomManager, members: Members, away_seconds: float = AWAY_SECONDS) -> None:
        self._members = members
        self._away_seconds = away_seconds
        self._stays: dict[tuple[str, str], _Stay] = {}
        self._background = Background("attendance")

    async def close(self) -> None:
        """Record that the people who were here have left."""
        await self._background.close()
        for stay in tuple(self._stays.values()):
            self._end(stay)
        await self._members.flush_notes()

    def joined(self, room: Room, peer: Peer) -> None:
        """Somebody has a connection, perhaps one more."""
        key = (room.id, peer.user.principal)
        stay = self._stays.get(key)
        if stay is None:
            stay = self._stays[key] = _Stay(room.id, peer.user)
            self._members.note_soon(room.id, "joined", peer.user)
        if stay.leaving is not None:
            stay.leaving.cancel()
            stay.leaving = None
        stay.peers.add(peer)

    def left(self, room: Room, peer: Peer) -> None:
        """A connection has ended, perhaps not the last one."""
        stay = self._stays.get((room.id, peer.user.principal))
        if stay is None or peer not in stay.peers:
            return
        stay.peers.remove(peer)
        if not stay.peers:
            stay.leaving = self._background.later(self._away_seconds, "noting who left", partial(self._end, stay))

    def _end(self, stay: _Stay) -> None:
        del self._stays[stay.room_id, stay.user.principal]
        self._members.note_soon(stay.room_id, "left", stay.user)
