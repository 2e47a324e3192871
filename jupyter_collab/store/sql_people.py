"""People, invitations and what was done, in a SQL database: the statements, each within a transaction."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, func, select

from ..access import Role
from ..errors import (
    InviteNotFound,
    LastOwner,
    MemberNotFound,
    RoomNotFound,
    TooManyMembers,
)
from .people_contract import (
    COMINGS,
    MAX_EVENTS,
    MAX_INVITES,
    MAX_MEMBERS,
    MAX_PLACES,
    EventRecord,
    InviteRecord,
    MemberRecord,
    RoomAccess,
    better_place,
    check_invite,
)
from .rows import aware, now
from .schema import events, invites, members, rooms, secrets, sessions

OWNERLESS = "The room would have no owner; make somebody else an owner first."


def access(connection: Connection, room_id: str, principal: str) -> RoomAccess:
    """What ``principal`` is in a room."""
    room = connection.execute(select(rooms.c.server_role, rooms.c.access_version).where(rooms.c.id == room_id)).first()
    if room is None:
        raise RoomNotFound(f"There is no room '{room_id}'. Create it first, or check its name.")
    row = connection.execute(select(members).where(_is_member(room_id, principal))).mappings().first()
    server_role = None if room.server_role is None else Role(room.server_role)
    return RoomAccess(server_role, None if row is None else _member(row), room.access_version)


def roles(connection: Connection, principal: str, room_ids: Collection[str]) -> dict[str, Role]:
    """As what the principal is an active member of which of these rooms."""
    query = select(members.c.room_id, members.c.role).where(
        members.c.principal == principal, members.c.status == "active", members.c.room_id.in_(room_ids)
    )
    return {row.room_id: Role(row.role) for row in connection.execute(query)}


def list_places(connection: Connection, principal: str) -> list[MemberRecord]:
    """Where the principal was given a place, or waits for one."""
    query = select(members).where(members.c.principal == principal).order_by(members.c.added_at.desc())
    return [_member(row) for row in connection.execute(query.limit(MAX_PLACES)).mappings()]


def list_members(connection: Connection, room_id: str) -> list[MemberRecord]:
    """Who was given a place in a room, by name."""
    query = select(members).where(members.c.room_id == room_id).order_by(members.c.display_name, members.c.principal)
    return [_member(row) for row in connection.execute(query).mappings()]


def put_member(connection: Connection, member: MemberRecord, event: EventRecord) -> MemberRecord:
    """Give somebody a place in a room, or another one."""
    _change_access(connection, member.room_id, event)
    placed = _put_member(connection, member)
    _require_owner(connection, member.room_id)
    return placed


def remove_member(connection: Connection, room_id: str, principal: str, event: EventRecord) -> None:
    """Take somebody's place away."""
    _change_access(connection, room_id, event)
    if connection.execute(members.delete().where(_is_member(room_id, principal))).rowcount == 0:
        raise MemberNotFound("Nobody of that name has a place in this room; perhaps they were removed already.")
    _require_owner(connection, room_id)


def set_server_role(
    connection: Connection, room_id: str, role: Role | None, keeper: MemberRecord | None, event: EventRecord
) -> None:
    """Say what every user of the server is in a room."""
    _change_access(connection, room_id, event)
    connection.execute(rooms.update().where(rooms.c.id == room_id).values(server_role=role))
    if keeper is not None:
        _put_member(connection, keeper)
    _require_owner(connection, room_id)


def add_invite(connection: Connection, invite: InviteRecord, event: EventRecord) -> InviteRecord:
    """Remember an invitation."""
    _lock_room(connection, invite.room_id)
    open_ones = _count(connection, invites, (invites.c.room_id == invite.room_id) & invites.c.revoked_at.is_(None))
    if open_ones >= MAX_INVITES:
        raise TooManyMembers(f"The room has {open_ones} invitations, as many as it may; revoke some first.")
    moment = now()
    facts = {column: getattr(invite, column) for column in InviteRecord.__slots__}
    connection.execute(invites.insert().values({**facts, "created_at": moment}))
    _add_events(connection, event.room_id, [event])
    return _find(connection, invites.c.id == invite.id)


def list_invites(connection: Connection, room_id: str) -> list[InviteRecord]:
    """A room's invitations that were not revoked, newest first."""
    query = select(invites).where(invites.c.room_id == room_id, invites.c.revoked_at.is_(None))
    rows = connection.execute(query.order_by(invites.c.created_at.desc(), invites.c.id)).mappings()
    return [_invite(row) for row in rows]


def find_invite(connection: Connection, secret_hash: str) -> InviteRecord:
    """The invitation with this hash of its token or code."""
    return _find(connection, (invites.c.token_hash == secret_hash) | (invites.c.code_hash == secret_hash))


def redeem(
    connection: Connection, invite_id: str, member: MemberRecord, event: EventRecord, *, is_server_user: bool
) -> MemberRecord | None:
    """Use an invitation once, or answer the place that is as good."""
    _lock_room(connection, member.room_id)
    is_this = (invites.c.id == invite_id) & (invites.c.room_id == member.room_id)
    check_invite(_find(connection, is_this))
    own = access(connection, member.room_id, member.principal)
    kept = better_place(own, member, is_server_user=is_server_user)
    if kept is not None:
        return kept
    _change_access(connection, member.room_id, event)
    connection.execute(invites.update().where(is_this).values(uses=invites.c.uses + 1))
    _put_member(connection, member)
    return None


def rotate_invite(
    connection: Connection, room_id: str, invite_id: str, token_hash: str, code_hash: str, event: EventRecord
) -> InviteRecord:
    """Give an invitation other secrets."""
    is_this = _is_open_invite(connection, room_id, invite_id)
    connection.execute(invites.update().where(is_this).values(token_hash=token_hash, code_hash=code_hash))
    _add_events(connection, event.room_id, [event])
    return _find(connection, is_this)


def revoke_invite(
    connection: Connection, room_id: str, invite_id: str, *, remove_members: bool, event: EventRecord
) -> None:
    """Let nobody come by an invitation any more, or stay who came by it."""
    is_this = _is_open_invite(connection, room_id, invite_id)
    connection.execute(invites.update().where(is_this).values(revoked_at=now()))
    _change_access(connection, room_id, event)
    if remove_members:
        came_by_it = (members.c.room_id == room_id) & (members.c.invite_id == invite_id)
        connection.execute(members.delete().where(came_by_it))
        _require_owner(connection, room_id)


def add_events(connection: Connection, room_id: str, added: Sequence[EventRecord]) -> None:
    """Remember what was done in a room, and drop the oldest of that sort beyond ``MAX_EVENTS``."""
    _lock_room(connection, room_id)
    _add_events(connection, room_id, added)


def _add_events(connection: Connection, room_id: str, added: Sequence[EventRecord]) -> None:
    in_room = events.c.room_id == room_id
    newest = connection.scalar(select(func.max(events.c.id)).where(in_room)) or 0
    rows = [
        {column: getattr(event, column) for column in EventRecord.__slots__} | {"id": number, "at": event.at or now()}
        for number, event in enumerate(added, newest + 1)
    ]
    connection.execute(events.insert(), rows)
    if newest + len(rows) > MAX_EVENTS:
        for is_coming in {event.kind in COMINGS for event in added}:
            _drop_oldest_events(connection, in_room & (events.c.kind.in_(COMINGS) == is_coming))


def _drop_oldest_events(connection: Connection, are_of_sort: ColumnElement[bool]) -> None:
    ids = select(events.c.id).where(are_of_sort).order_by(events.c.id.desc())
    newest_to_drop = connection.scalar(ids.offset(MAX_EVENTS).limit(1))
    if newest_to_drop is not None:
        connection.execute(events.delete().where(are_of_sort, events.c.id <= newest_to_drop))


def list_events(connection: Connection, room_id: str, limit: int, before: int | None) -> list[EventRecord]:
    """The newest events of a room, or the newest before one of them."""
    query = select(events).where(events.c.room_id == room_id).order_by(events.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(events.c.id < before)
    return [EventRecord(**{**row, "at": aware(row["at"])}) for row in connection.execute(query).mappings()]


def secret(connection: Connection, name: str, fresh: str) -> str:
    """What is kept under ``name``, or else ``fresh`` from now on."""
    kept: str | None = connection.scalar(select(secrets.c.value).where(secrets.c.name == name))
    if kept is None:
        connection.execute(secrets.insert().values(name=name, value=fresh))
        return fresh
    return kept


def begin_session(connection: Connection, session_hash: str, principal: str, expires_at: datetime) -> None:
    """Remember a session, and forget those that have expired."""
    connection.execute(sessions.delete().where(sessions.c.expires_at < now()))
    facts = {"session_hash": session_hash, "principal": principal, "expires_at": expires_at}
    connection.execute(sessions.insert().values(facts))


def find_session(connection: Connection, session_hash: str) -> str | None:
    """Whose session it is, if it goes on."""
    query = select(sessions.c.principal).where(sessions.c.session_hash == session_hash, sessions.c.expires_at > now())
    return connection.scalar(query)


def extend_session(connection: Connection, session_hash: str, expires_at: datetime) -> None:
    """Let a session go on for longer."""
    connection.execute(sessions.update().where(sessions.c.session_hash == session_hash).values(expires_at=expires_at))


def end_sessions(connection: Connection, principal: str | None, session_hash: str | None) -> None:
    """End one session, or all of somebody."""
    ended = sessions.c.session_hash == session_hash if principal is None else sessions.c.principal == principal
    connection.execute(sessions.delete().where(ended))


def _is_member(room_id: str, principal: str) -> ColumnElement[bool]:
    return (members.c.room_id == room_id) & (members.c.principal == principal)


def _lock_room(connection: Connection, room_id: str) -> None:
    """Let other transactions about the room wait for this one; SQLite lets all writers wait anyhow."""
    if connection.scalar(select(rooms.c.id).where(rooms.c.id == room_id).with_for_update()) is None:
        raise RoomNotFound(f"There is no room '{room_id}'. Create it first, or check its name.")


def _change_access(connection: Connection, room_id: str, event: EventRecord) -> None:
    _lock_room(connection, room_id)
    version = {rooms.c.access_version: rooms.c.access_version + 1}
    connection.execute(rooms.update().where(rooms.c.id == room_id).values(version))
    _add_events(connection, event.room_id, [event])


def _put_member(connection: Connection, member: MemberRecord) -> MemberRecord:
    is_this = _is_member(member.room_id, member.principal)
    facts: dict[str, Any] = {column: getattr(member, column) for column in MemberRecord.__slots__}
    added_at = connection.scalar(select(members.c.added_at).where(is_this))
    if added_at is None and _count(connection, members, members.c.room_id == member.room_id) >= MAX_MEMBERS:
        raise TooManyMembers(f"The room has {MAX_MEMBERS} members, as many as it may; remove some first.")
    placed = replace(member, added_at=aware(added_at or now()))
    connection.execute(members.delete().where(is_this))
    connection.execute(members.insert().values({**facts, "added_at": placed.added_at}))
    return placed


def _require_owner(connection: Connection, room_id: str) -> None:
    owned_by_all = connection.scalar(select(rooms.c.server_role).where(rooms.c.id == room_id)) == Role.OWNER
    is_owner = (members.c.room_id == room_id) & (members.c.role == Role.OWNER) & (members.c.status == "active")
    if not owned_by_all and _count(connection, members, is_owner) == 0:
        raise LastOwner(OWNERLESS)


def _is_open_invite(connection: Connection, room_id: str, invite_id: str) -> ColumnElement[bool]:
    _lock_room(connection, room_id)
    is_this = (invites.c.id == invite_id) & (invites.c.room_id == room_id)
    if _find(connection, is_this).revoked_at is not None:
        raise InviteNotFound("This invitation was taken back already.")
    return is_this


def _find(connection: Connection, is_this: ColumnElement[bool]) -> InviteRecord:
    row = connection.execute(select(invites).where(is_this)).mappings().first()
    if row is None:
        raise InviteNotFound("There is no such invitation. Check the link or the code.")
    return _invite(row)


def _count(connection: Connection, table: Table, chosen: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(chosen)) or 0


def _member(row: RowMapping) -> MemberRecord:
    return MemberRecord(**{**row, "role": Role(row["role"]), "added_at": aware(row["added_at"])})


def _invite(row: RowMapping) -> InviteRecord:
    moments = {name: aware(row[name]) for name in ("created_at", "expires_at", "revoked_at")}
    return InviteRecord(**{**row, **moments, "role": Role(row["role"])})
