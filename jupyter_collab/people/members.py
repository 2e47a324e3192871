"""Roles in rooms: kept in the store, with effect on open connections at once."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from weakref import WeakKeyDictionary

from ..access import Capability, Role, User, UserKind
from ..background import Background
from ..errors import (
    CollabError,
    MemberNotFound,
    NotAMember,
    PermissionDenied,
    Removed,
    RoomNotFound,
    StoreError,
)
from ..rooms import Peer, Room, RoomManager, RoomWatcher
from ..store import EventRecord, MemberRecord, PeopleStore, RoomAccess, RoomRecord
from .notes import Notes

__all__ = ["Members", "Standing", "event"]

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
PATIENCE_SECONDS = 10.0
"""How long who changes something waits until it is true for open connections, too; it comes true in any case."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's role in a room at the version ``access_version`` of the room's access rules."""

    role: Role
    access_version: int


class Members(RoomWatcher):
    """The people of all rooms; it must be one of the rooms' watchers.

    ``guests_may_run`` is the deployer's setting for guests; it overrides the invitation.
    """

    def __init__(self, rooms: RoomManager, *, guests_may_run: bool) -> None:
        self._rooms = rooms
        self._guests_may_run = guests_may_run
        self._notes = Notes(rooms.store.people)
        self._background = Background("members")
        self._next_checks: dict[str, asyncio.Task[None]] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._versions: WeakKeyDictionary[Peer, int] = WeakKeyDictionary()
        """At which version of who may do what each peer has its role. Of those who never get in nobody says that they
        are gone, so they are not held."""

    @property
    def _people(self) -> PeopleStore:
        return self._rooms.store.people

    async def close(self) -> None:
        """Stop checking, and write the queued entries."""
        await self.flush_notes()
        await self._background.close()

    # -- what one may do ---------------------------------------------------------------------------------------------

    async def role(self, room_id: str, user: User, most: Role) -> Role:
        """The role of ``user`` in a room, ``most`` at best; see :meth:`standing`."""
        return (await self.standing(room_id, user, most)).role

    async def standing(self, room_id: str, user: User, most: Role) -> Standing:
        """The role of ``user`` in a room, ``most`` at best, and when it was looked up.

        Raises
        ------
        RoomNotFound, NotAMember
            People who are not users of the server do not learn which of the two it is.
        """
        try:
            access = await self._people.access(room_id, user.principal)
        except CollabError as error:
            if user.is_server_user or isinstance(error, StoreError):
                raise
            raise _no_member(room_id) from None
        return Standing(self._role(access, room_id, user, most), access.version)

    async def admit(self, room_id: str, peer: Peer) -> None:
        """Give ``peer``, which is about to join a room, its role there; raises what :meth:`standing` does."""
        standing = await self.standing(room_id, peer.user, peer.most)
        peer.role = standing.role
        self._versions[peer] = standing.access_version

    async def came_at(self, room_id: str, user: User) -> datetime | None:
        """When ``user`` became a member of a room; ``None`` for others. ``RoomNotFound``."""
        member = (await self._people.access(room_id, user.principal)).member
        return None if member is None else member.added_at

    async def roles(self, records: Collection[RoomRecord], user: User, most: Role) -> dict[str, Role]:
        """What ``user`` is in each of the rooms that ``records`` are of."""
        given = await self._people.roles(user.principal, [record.id for record in records])
        best = {
            record.id: given.get(record.id, record.server_role if user.is_server_user else None) for record in records
        }
        return {room_id: self._lowered(role, user, most) for room_id, role in best.items() if role is not None}

    def _role(self, access: RoomAccess, room_id: str, user: User, most: Role) -> Role:
        member = access.member
        if member is not None and member.status == "active":
            return self._lowered(member.role, user, most)
        if user.is_server_user and access.server_role is not None:
            return self._lowered(access.server_role, user, most)
        if member is not None:
            raise NotAMember("An owner of the room has to let you in first; you wait for that.")
        raise _no_member(room_id)

    def _lowered(self, role: Role, user: User, most: Role) -> Role:
        if user.kind is UserKind.GUEST and not self._guests_may_run:
            role = role.without(Capability.RUN)
        return most.lowered_to(role)

    # -- changes -----------------------------------------------------------------------------------------------------

    async def list(self, room_id: str) -> list[MemberRecord]:
        """The members of a room, and those who wait to be let in, by name."""
        return await self._people.members(room_id)

    async def set_role(
        self, room_id: str, principal: str, role: Role, by: User, *, name: str | None = None
    ) -> MemberRecord:
        """Make a person a member in ``role``, or let in a waiting person; ``name`` for a new member.

        Returns their membership.

        Raises
        ------
        LastOwner, TooManyMembers, PermissionDenied, MemberNotFound
            The last for a guest who has not joined yet.
        """
        known = (await self._people.access(room_id, principal)).member
        if principal.startswith(UserKind.GUEST) and role is Role.OWNER:
            raise PermissionDenied("A guest cannot own a room, because guests have no login.")
        if known is None and principal.startswith(UserKind.GUEST):
            raise MemberNotFound("A guest comes by an invitation; give them its link.")
        if known is None:
            member = MemberRecord(room_id, principal, name or principal.partition(":")[2], role)
            kind, details = "added", {"role": role.value}
        else:
            member = MemberRecord(room_id, principal, known.display_name, role, invite_id=known.invite_id)
            kind = "admitted" if known.status == "waiting" else "role_changed"
            details = {"role": role.value, "from": known.role.value}
        who = {"member": principal, "member_name": member.display_name}
        placed = await self._people.put_member(member, event(room_id, kind, by, who | details))
        await self.apply(room_id)
        return placed

    async def remove(self, room_id: str, principal: str, by: User) -> None:
        """Remove a member, or refuse a waiting person; ``MemberNotFound``, ``LastOwner``.

        A member who removes themselves has left.
        """
        known = (await self._people.access(room_id, principal)).member
        name = "" if known is None else known.display_name
        kind = "refused" if known is not None and known.status == "waiting" else "removed"
        if by.principal == principal:
            kind = "left"
        details = {"member": principal, "member_name": name}
        await self._people.remove_member(room_id, principal, event(room_id, kind, by, details))
        await self.apply(room_id)

    async def set_server_role(self, room_id: str, role: Role | None, by: User) -> None:
        """Set the role of every user of the server in a room, ``None`` for none; the caller stays an owner."""
        keeper = None
        if role is not Role.OWNER:
            keeper = MemberRecord(room_id, by.principal, by.display_name, Role.OWNER)
        details = {"server_role": None if role is None else role.value}
        await self._people.set_server_role(room_id, role, keeper, event(room_id, "access_changed", by, details))
        await self.apply(room_id)

    async def note(self, room_id: str, kind: str, by: User, **details: object) -> None:
        """Remember that somebody did something in a room; a store that fails is only logged."""
        try:
            await self._people.add_events(room_id, [event(room_id, kind, by, details)])
        except CollabError as error:
            log.warning("Room %s: it is not kept that %s %s: %s", room_id, by.principal, kind, error)

    def note_soon(self, room_id: str, kind: str, by: User, **details: object) -> None:
        """Remember that somebody did something just now; it is written within a second, and nobody waits for it."""
        self._notes.add(replace(event(room_id, kind, by, details), at=datetime.now(UTC)))

    async def flush_notes(self) -> None:
        """Write the queued entries."""
        await self._notes.flush()

    async def apply(self, room_id: str) -> None:
        """Apply a change to people who are connected here, and tell other servers to do so."""
        self._rooms.facts_changed(room_id)
        room = self._rooms.live(room_id)
        if room is not None:
            await asyncio.wait([self._check_all(room)], timeout=PATIENCE_SECONDS)

    # -- open connections --------------------------------------------------------------------------------------------

    def joined(self, room: Room, peer: Peer) -> None:
        """Something may have been changed since it was looked up what ``peer`` may do."""
        if self._is_outdated(room, peer):
            self._background.run("look", partial(self._check, room, (peer,)))

    def left(self, room: Room, peer: Peer) -> None:
        """The connection of ``peer`` has ended."""
        self._versions.pop(peer, None)

    def access_changed(self, room: Room) -> None:
        """Another server changed something, or this one did."""
        if any(self._is_outdated(room, peer) for peer in room.peers):
            self._check_all(room)

    def _is_outdated(self, room: Room, peer: Peer) -> bool:
        """Whether something was changed since ``peer`` was given its role."""
        return self._versions.get(peer, 0) < room.access_version

    def look_again(self, room: Room, peer: Peer) -> None:
        """What ``peer`` may be at most has changed."""
        self._background.run("look", partial(self._check, room, (peer,)))

    def _check_all(self, room: Room) -> asyncio.Task[None]:
        """Look up the roles of everybody in ``room``; callers during a look-up share the next one."""
        known = self._next_checks.get(room.id)
        if known is None:
            known = self._next_checks[room.id] = self._background.run("look", partial(self._check_in_turn, room))
        return known

    async def _check_in_turn(self, room: Room) -> None:
        async with self._turns.setdefault(room.id, asyncio.Lock()):
            del self._next_checks[room.id]
            await self._check(room, room.peers)
        if room.id not in self._next_checks:
            del self._turns[room.id]

    async def _check(self, room: Room, peers: Collection[Peer]) -> None:
        """Look up what ``peers`` may do, however often that fails."""
        while present := room.peers.intersection(peers):
            try:
                known = await self._people.accesses(room.id, {peer.user.principal for peer in present})
            except RoomNotFound:  # it was purged; that ends it here, too
                return
            except StoreError as error:
                log.warning("Room %s: cannot look up what people may do: %s", room.id, error)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:  # noqa: BLE001  # the boundary of those for whom this fails
                await self._check_one_by_one(room, present, error)
                return
            else:
                for peer in present:
                    self._obey(room, peer, known[peer.user.principal])
                return

    async def _check_one_by_one(self, room: Room, peers: Collection[Peer], error: Exception) -> None:
        """A person whose role cannot be looked up may do nothing; other people are not affected."""
        if len(peers) > 1:
            for peer in peers:
                await self._check(room, (peer,))
            return
        (peer,) = peers
        log.error("Room %s: it cannot be told what %s may do.", room.id, peer.name, exc_info=error)
        room.expel(peer, CollabError("The server cannot find out your role here; its log says why."))

    def _obey(self, room: Room, peer: Peer, access: RoomAccess) -> None:
        if peer not in room.peers or access.version < self._versions.get(peer, 0):
            return  # who looked later was faster
        self._versions[peer] = access.version
        try:
            role = self._role(access, room.id, peer.user, peer.most)
        except NotAMember:
            room.expel(peer, Removed("An owner has removed you from this room."))
            return
        if role is not peer.role:
            room.set_role(peer, role)


def _no_member(room_id: str) -> NotAMember:
    return NotAMember(f"The room '{room_id}' is not open to you. Ask one of its owners for an invitation.")


def event(room_id: str, kind: str, by: User, details: Mapping[str, object]) -> EventRecord:
    """What ``by`` did."""
    return EventRecord(room_id, kind, by.principal, by.display_name, details)
