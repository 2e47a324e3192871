"""Members and invitations of rooms, in the SQL store: what several of its promises have in common."""

from collections.abc import Collection
from dataclasses import asdict, replace

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, func, select

from ...access import Role
from ...errors import InviteNotFound, LastOwner, TooManyMembers
from ..absence import no_room
from ..moments import aware, now
from ..schema import invites, members, rooms
from .contract import MAX_MEMBERS, EventRecord, InviteRecord, MemberRecord, RoomAccess
from .events import note_events

__all__ = [
    "change_access",
    "count",
    "find_accesses",
    "find_invite",
    "find_open_invite",
    "invite_record",
    "is_invite",
    "is_member",
    "member_record",
    "put_member",
    "require_owner",
    "require_room",
]

OWNERLESS = "The room would have no owner; make somebody else an owner first."


def require_room(connection: Connection, room_id: str) -> None:
    """``RoomNotFound`` if there is none; it may be in the bin."""
    if connection.scalar(select(rooms.c.id).where(rooms.c.id == room_id)) is None:
        raise no_room(room_id)


def find_accesses(connection: Connection, room_id: str, principals: Collection[str]) -> dict[str, RoomAccess]:
    """What each of ``principals`` is in a room; ``RoomNotFound``."""
    room = connection.execute(select(rooms.c.server_role, rooms.c.access_version).where(rooms.c.id == room_id)).first()
    if room is None:
        raise no_room(room_id)
    server_role = None if room.server_role is None else Role(room.server_role)
    query = select(members).where(members.c.room_id == room_id, members.c.principal.in_(principals))
    found = {row["principal"]: member_record(row) for row in connection.execute(query).mappings()}
    return {who: RoomAccess(server_role, found.get(who), room.access_version) for who in principals}


def change_access(connection: Connection, room_id: str, event: EventRecord) -> None:
    """Record a change of a room's access rules; ``RoomNotFound``."""
    version = {rooms.c.access_version: rooms.c.access_version + 1}
    if connection.execute(rooms.update().where(rooms.c.id == room_id).values(version)).rowcount == 0:
        raise no_room(room_id)
    note_events(connection, event.room_id, [event])


def is_member(room_id: str, principal: str) -> ColumnElement[bool]:
    """The condition for one row of ``members``."""
    return (members.c.room_id == room_id) & (members.c.principal == principal)


def put_member(connection: Connection, member: MemberRecord) -> MemberRecord:
    """Make somebody a member, or give them another role, and return the membership; ``TooManyMembers``."""
    is_this = is_member(member.room_id, member.principal)
    added_at = connection.scalar(select(members.c.added_at).where(is_this))
    if added_at is None and count(connection, members, members.c.room_id == member.room_id) >= MAX_MEMBERS:
        raise TooManyMembers(f"The room has {MAX_MEMBERS} members, as many as it may; remove some first.")
    placed = replace(member, added_at=aware(added_at or now()))
    connection.execute(members.delete().where(is_this))
    connection.execute(members.insert().values(asdict(placed)))
    return placed


def require_owner(connection: Connection, room_id: str) -> None:
    """``LastOwner`` if nobody owns the room."""
    owned_by_all = connection.scalar(select(rooms.c.server_role).where(rooms.c.id == room_id)) == Role.OWNER
    is_owner = (members.c.room_id == room_id) & (members.c.role == Role.OWNER) & (members.c.status == "active")
    if not owned_by_all and count(connection, members, is_owner) == 0:
        raise LastOwner(OWNERLESS)


def is_invite(room_id: str, invite_id: str) -> ColumnElement[bool]:
    """The condition for one row of ``invites``."""
    return (invites.c.id == invite_id) & (invites.c.room_id == room_id)


def find_invite(connection: Connection, is_this: ColumnElement[bool]) -> InviteRecord:
    """One invitation; ``InviteNotFound``."""
    row = connection.execute(select(invites).where(is_this)).mappings().first()
    if row is None:
        raise InviteNotFound("There is no such invitation. Check the link or the code.")
    return invite_record(row)


def find_open_invite(connection: Connection, room_id: str, invite_id: str) -> InviteRecord:
    """One that was not taken back; ``InviteNotFound``, ``RoomNotFound``."""
    require_room(connection, room_id)
    invite = find_invite(connection, is_invite(room_id, invite_id))
    if invite.revoked_at is not None:
        raise InviteNotFound("This invitation was taken back already.")
    return invite


def count(connection: Connection, table: Table, chosen: ColumnElement[bool]) -> int:
    """How many rows there are."""
    return connection.scalar(select(func.count()).select_from(table).where(chosen)) or 0


def member_record(row: RowMapping) -> MemberRecord:
    """One member."""
    return MemberRecord(
        room_id=row["room_id"],
        principal=row["principal"],
        display_name=row["display_name"],
        role=Role(row["role"]),
        status=row["status"],
        invite_id=row["invite_id"],
        added_at=aware(row["added_at"]),
    )


def invite_record(row: RowMapping) -> InviteRecord:
    """One invitation."""
    return InviteRecord(
        id=row["id"],
        room_id=row["room_id"],
        role=Role(row["role"]),
        created_by=row["created_by"],
        created_by_name=row["created_by_name"],
        token_hash=row["token_hash"],
        code_hash=row["code_hash"],
        password_hash=row["password_hash"],
        needs_approval=row["needs_approval"],
        max_uses=row["max_uses"],
        uses=row["uses"],
        created_at=aware(row["created_at"]),
        expires_at=aware(row["expires_at"]),
        revoked_at=aware(row["revoked_at"]),
    )
