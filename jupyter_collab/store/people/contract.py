"""The store's contract for people: members of rooms, invitations, and the audit log.

A *principal* names one person: ``server:ada`` (a user of the Jupyter server), ``account:7f3a…`` or ``guest:91bc…``.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ...access import Role
from ...errors import InviteExhausted, InviteExpired, InviteRevoked

__all__ = [
    "COMINGS",
    "MAX_EVENTS",
    "MAX_INVITES",
    "MAX_MEMBERS",
    "MAX_MEMBERSHIPS",
    "EventRecord",
    "InviteRecord",
    "MemberRecord",
    "MemberStatus",
    "PeopleStore",
    "RoomAccess",
    "better_membership",
    "check_invite",
]

MAX_EVENTS = 10_000
"""So many events of a room are remembered, of ``COMINGS`` and of all others."""

COMINGS = frozenset(["asked_to_join", "came", "imported", "joined", "left", "ran"])
"""The kinds of events that people who own nothing can bring about as often as they like."""

MAX_MEMBERS = 2_000
MAX_INVITES = 200
MAX_MEMBERSHIPS = 1_000
"""The maximum for one room at a time, and of one person's memberships in a list."""

MemberStatus = str
"""``active``; or ``waiting``, for an owner to let them in."""


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """A membership of a room. ``invite_id`` says by which invitation they came, if by one."""

    room_id: str
    principal: str
    display_name: str
    role: Role
    status: MemberStatus = "active"
    invite_id: str | None = None
    added_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RoomAccess:
    """The membership of one principal in one room.

    ``server_role`` is the role of every user of the server there, ``None`` if the room is private; ``version`` grows
    with every change of the room's access rules.
    """

    server_role: Role | None
    member: MemberRecord | None
    version: int


@dataclass(frozen=True, slots=True)
class InviteRecord:
    """An invitation to one room. What is kept of its secrets are their hashes. Times are aware, in UTC."""

    id: str
    room_id: str
    role: Role
    created_by: str
    created_by_name: str
    token_hash: str
    code_hash: str
    password_hash: str | None = None
    needs_approval: bool = False
    max_uses: int | None = None
    uses: int = 0
    created_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One action in a room, with its author; ``id`` counts a room's events from 1."""

    room_id: str
    kind: str
    principal: str
    display_name: str
    details: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0
    at: datetime | None = None


class PeopleStore(ABC):
    """The contract. Every change is durable, and noted with its ``event``, or not made at all.

    ``RoomNotFound`` if there is no such room; whatever cannot be written raises
    :class:`~jupyter_collab.errors.NotSaved`, whatever cannot be read
    :class:`~jupyter_collab.errors.StoreUnavailable`.
    """

    @abstractmethod
    async def access(self, room_id: str, principal: str) -> RoomAccess:
        """What ``principal`` is in a room, which may lie in the bin."""

    @abstractmethod
    async def accesses(self, room_id: str, principals: Collection[str]) -> dict[str, RoomAccess]:
        """What each of ``principals`` is in a room, all of one moment."""

    @abstractmethod
    async def roles(self, principal: str, room_ids: Collection[str]) -> dict[str, Role]:
        """Those of the rooms that the principal is an active member of, and as what."""

    @abstractmethod
    async def memberships(self, principal: str) -> list[MemberRecord]:
        """The principal's memberships, and where they wait to be let in; at most ``MAX_MEMBERSHIPS``, newest first."""

    @abstractmethod
    async def members(self, room_id: str) -> list[MemberRecord]:
        """The members of a room, and those who wait to be let in, by name."""

    @abstractmethod
    async def put_member(self, member: MemberRecord, event: EventRecord) -> MemberRecord:
        """Give somebody a role in a room, and return the membership; ``LastOwner``, ``TooManyMembers``."""

    @abstractmethod
    async def remove_member(self, room_id: str, principal: str, event: EventRecord) -> None:
        """Remove a member; ``LastOwner``, ``MemberNotFound``."""

    @abstractmethod
    async def set_server_role(
        self, room_id: str, role: Role | None, keeper: MemberRecord | None, event: EventRecord
    ) -> None:
        """Say what every user of the server is in a room; ``keeper`` becomes a member with it. ``LastOwner``."""

    @abstractmethod
    async def add_invite(self, invite: InviteRecord, event: EventRecord) -> InviteRecord:
        """Remember an invitation; ``TooManyInvites``."""

    @abstractmethod
    async def invites(self, room_id: str) -> list[InviteRecord]:
        """A room's invitations that were not revoked, newest first."""

    @abstractmethod
    async def find_invite(self, secret_hash: str) -> InviteRecord:
        """The invitation with this hash of its token or code, also if it is not valid any more; ``InviteNotFound``."""

    @abstractmethod
    async def redeem(
        self, invite_id: str, member: MemberRecord, event: EventRecord, *, is_server_user: bool = False
    ) -> MemberRecord | None:
        """Use an invitation once: make somebody a member by it, perhaps one of every user of the server.

        Returns the membership that they have instead, if that is as good (see :func:`better_membership`); then nothing
        was used.
        Raises ``InviteRevoked``, ``InviteExpired``, ``InviteExhausted`` or ``TooManyMembers``; two who come at once
        cannot both have the last use.
        """

    @abstractmethod
    async def rotate_invite(
        self, room_id: str, invite_id: str, token_hash: str, code_hash: str, event: EventRecord
    ) -> InviteRecord:
        """Give an invitation other secrets: the former ones are worth nothing; ``InviteNotFound``."""

    @abstractmethod
    async def revoke_invite(self, room_id: str, invite_id: str, *, remove_members: bool, event: EventRecord) -> None:
        """Let nobody come by an invitation any more, or stay who came by it; ``InviteNotFound``."""

    @abstractmethod
    async def add_events(self, room_id: str, events: Sequence[EventRecord]) -> None:
        """Remember what was done in a room, ``at`` a moment or else now; the oldest beyond ``MAX_EVENTS`` of
        their sort go.

        They are numbered in the order in which they are given.
        """

    @abstractmethod
    async def events(self, room_id: str, limit: int, before: int | None = None) -> list[EventRecord]:
        """A room's audit log (the events with an ``id`` less than ``before``), newest first."""

    @abstractmethod
    async def secret(self, name: str, fresh: str) -> str:
        """A secret that all servers of this store share: the one under ``name``, else ``fresh``, which is stored."""

    @abstractmethod
    async def begin_session(self, session_hash: str, principal: str, expires_at: datetime) -> None:
        """Remember that somebody signed in; sessions that have expired are forgotten."""

    @abstractmethod
    async def session(self, session_hash: str) -> str | None:
        """Whose session it is, if it goes on."""

    @abstractmethod
    async def extend_session(self, session_hash: str, expires_at: datetime) -> None:
        """Let a session go on for longer."""

    @abstractmethod
    async def end_sessions(self, *, principal: str | None = None, session_hash: str | None = None) -> None:
        """End one session, or all of somebody."""


def better_membership(access: RoomAccess, offered: MemberRecord, *, is_server_user: bool) -> MemberRecord | None:
    """The membership that somebody has already, unless what an invitation offers them is better.

    Who is in does not go back to waiting, and a user of the server loses nothing of what all of them have.
    """
    own = access.member
    if own is None and access.server_role is not None and is_server_user:
        own = replace(offered, role=access.server_role, status="active", invite_id=None)
    if own is None or (own.status == "waiting" and offered.status == "active"):
        return None
    keeps = offered.status == "waiting" or own.role.lowered_to(offered.role) is offered.role
    return own if keeps else None


def check_invite(invite: InviteRecord) -> None:
    """Raise the error of an invitation that is not valid now."""
    if invite.revoked_at is not None:
        raise InviteRevoked("This invitation was taken back. Ask who invited you for another one.")
    if invite.expires_at is not None and invite.expires_at <= datetime.now(UTC):
        raise InviteExpired("The time of this invitation is over. Ask who invited you for another one.")
    if invite.max_uses is not None and invite.uses >= invite.max_uses:
        raise InviteExhausted("This invitation was used as often as it may be. Ask who invited you for another one.")
