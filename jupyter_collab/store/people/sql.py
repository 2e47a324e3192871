"""People in the SQL store. The writer has locked the given room, so its rows do not change."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, select

from ...access import Role
from ...errors import MemberNotFound, TooManyMembers
from ..database import Database
from ..moments import now
from ..schema import events, invites, members, rooms, secrets, sessions
from .contract import (
    MAX_INVITES,
    MAX_MEMBERSHIPS,
    EventRecord,
    InviteRecord,
    MemberRecord,
    PeopleStore,
    RoomAccess,
    better_membership,
    check_invite,
)
from .events import event_record, note_events
from .memberships import (
    change_access,
    count,
    find_accesses,
    find_invite,
    find_open_invite,
    invite_record,
    is_invite,
    is_member,
    member_record,
    put_member,
    require_owner,
    require_room,
)

__all__ = ["SQLPeople"]


class SQLPeople(PeopleStore):
    """People in ``database``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- members -----------------------------------------------------------------------------------------------------

    async def access(self, room_id: str, principal: str) -> RoomAccess:
        return (await self.accesses(room_id, [principal]))[principal]

    async def accesses(self, room_id: str, principals: Collection[str]) -> dict[str, RoomAccess]:
        return await self._database.read(lambda connection: find_accesses(connection, room_id, principals))

    async def roles(self, principal: str, room_ids: Collection[str]) -> dict[str, Role]:
        query = select(members.c.room_id, members.c.role).where(
            members.c.principal == principal, members.c.status == "active", members.c.room_id.in_(room_ids)
        )
        return await self._database.read(
            lambda connection: {row.room_id: Role(row.role) for row in connection.execute(query)}
        )

    async def memberships(self, principal: str) -> list[MemberRecord]:
        query = select(members).where(members.c.principal == principal).order_by(members.c.added_at.desc())
        query = query.limit(MAX_MEMBERSHIPS)
        return await self._database.read(
            lambda connection: [member_record(row) for row in connection.execute(query).mappings()]
        )

    async def members(self, room_id: str) -> list[MemberRecord]:
        query = select(members).where(members.c.room_id == room_id)
        query = query.order_by(members.c.display_name, members.c.principal)
        return await self._database.read(
            lambda connection: [member_record(row) for row in connection.execute(query).mappings()]
        )

    async def put_member(self, member: MemberRecord, event: EventRecord) -> MemberRecord:
        def put(connection: Connection) -> MemberRecord:
            change_access(connection, member.room_id, event)
            placed = put_member(connection, member)
            require_owner(connection, member.room_id)
            return placed

        return await self._database.write(put, member.room_id)

    async def remove_member(self, room_id: str, principal: str, event: EventRecord) -> None:
        def remove(connection: Connection) -> None:
            change_access(connection, room_id, event)
            if connection.execute(members.delete().where(is_member(room_id, principal))).rowcount == 0:
                raise MemberNotFound("Nobody of that name is a member of this room; perhaps they were removed already.")
            require_owner(connection, room_id)

        await self._database.write(remove, room_id)

    async def set_server_role(
        self, room_id: str, role: Role | None, keeper: MemberRecord | None, event: EventRecord
    ) -> None:
        def change(connection: Connection) -> None:
            change_access(connection, room_id, event)
            connection.execute(rooms.update().where(rooms.c.id == room_id).values(server_role=role))
            if keeper is not None:
                put_member(connection, keeper)
            require_owner(connection, room_id)

        await self._database.write(change, room_id)

    # -- invitations -------------------------------------------------------------------------------------------------

    async def add_invite(self, invite: InviteRecord, event: EventRecord) -> InviteRecord:
        def add(connection: Connection) -> InviteRecord:
            require_room(connection, invite.room_id)
            is_open = (invites.c.room_id == invite.room_id) & invites.c.revoked_at.is_(None)
            open_ones = count(connection, invites, is_open)
            if open_ones >= MAX_INVITES:
                raise TooManyMembers(f"The room has {open_ones} invitations, as many as it may; revoke some first.")
            connection.execute(invites.insert().values({**asdict(invite), "created_at": now()}))
            note_events(connection, event.room_id, [event])
            return find_invite(connection, invites.c.id == invite.id)

        return await self._database.write(add, invite.room_id)

    async def invites(self, room_id: str) -> list[InviteRecord]:
        query = select(invites).where(invites.c.room_id == room_id, invites.c.revoked_at.is_(None))
        query = query.order_by(invites.c.created_at.desc(), invites.c.id)
        return await self._database.read(
            lambda connection: [invite_record(row) for row in connection.execute(query).mappings()]
        )

    async def find_invite(self, secret_hash: str) -> InviteRecord:
        is_this = (invites.c.token_hash == secret_hash) | (invites.c.code_hash == secret_hash)
        return await self._database.read(lambda connection: find_invite(connection, is_this))

    async def redeem(
        self, invite_id: str, member: MemberRecord, event: EventRecord, *, is_server_user: bool = False
    ) -> MemberRecord | None:
        def redeem(connection: Connection) -> MemberRecord | None:
            require_room(connection, member.room_id)
            is_this = is_invite(member.room_id, invite_id)
            check_invite(find_invite(connection, is_this))
            own = find_accesses(connection, member.room_id, [member.principal])[member.principal]
            kept = better_membership(own, member, is_server_user=is_server_user)
            if kept is not None:
                return kept
            change_access(connection, member.room_id, event)
            connection.execute(invites.update().where(is_this).values(uses=invites.c.uses + 1))
            put_member(connection, member)
            return None

        return await self._database.write(redeem, member.room_id)

    async def rotate_invite(
        self, room_id: str, invite_id: str, token_hash: str, code_hash: str, event: EventRecord
    ) -> InviteRecord:
        def rotate(connection: Connection) -> InviteRecord:
            find_open_invite(connection, room_id, invite_id)
            is_this = is_invite(room_id, invite_id)
            connection.execute(invites.update().where(is_this).values(token_hash=token_hash, code_hash=code_hash))
            note_events(connection, event.room_id, [event])
            return find_invite(connection, is_this)

        return await self._database.write(rotate, room_id)

    async def revoke_invite(self, room_id: str, invite_id: str, *, remove_members: bool, event: EventRecord) -> None:
        def revoke(connection: Connection) -> None:
            find_open_invite(connection, room_id, invite_id)
            connection.execute(invites.update().where(is_invite(room_id, invite_id)).values(revoked_at=now()))
            change_access(connection, room_id, event)
            if remove_members:
                came_by_it = (members.c.room_id == room_id) & (members.c.invite_id == invite_id)
                connection.execute(members.delete().where(came_by_it))
                require_owner(connection, room_id)

        await self._database.write(revoke, room_id)

    # -- what was done -----------------------------------------------------------------------------------------------

    async def add_events(self, room_id: str, events: Sequence[EventRecord]) -> None:
        def add(connection: Connection) -> None:
            require_room(connection, room_id)
            note_events(connection, room_id, events)

        await self._database.write(add, room_id)

    async def events(self, room_id: str, limit: int, before: int | None = None) -> list[EventRecord]:
        query = select(events).where(events.c.room_id == room_id).order_by(events.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(events.c.id < before)
        return await self._database.read(
            lambda connection: [event_record(row) for row in connection.execute(query).mappings()]
        )

    # -- secrets and sessions ----------------------------------------------------------------------------------------

    async def secret(self, name: str, fresh: str) -> str:
        def find_or_keep(connection: Connection) -> str:
            kept: str | None = connection.scalar(select(secrets.c.value).where(secrets.c.name == name))
            if kept is None:
                connection.execute(secrets.insert().values(name=name, value=fresh))
            return fresh if kept is None else kept

        return await self._database.write(find_or_keep)

    async def begin_session(self, session_hash: str, principal: str, expires_at: datetime) -> None:
        row = {"session_hash": session_hash, "principal": principal, "expires_at": expires_at}

        def begin(connection: Connection) -> None:
            connection.execute(sessions.delete().where(sessions.c.expires_at < now()))
            connection.execute(sessions.insert().values(row))

        await self._database.write(begin)

    async def session(self, session_hash: str) -> str | None:
        goes_on = (sessions.c.session_hash == session_hash) & (sessions.c.expires_at > now())
        return await self._database.read(
            lambda connection: connection.scalar(select(sessions.c.principal).where(goes_on))
        )

    async def extend_session(self, session_hash: str, expires_at: datetime) -> None:
        change = sessions.update().where(sessions.c.session_hash == session_hash).values(expires_at=expires_at)
        await self._database.write(lambda connection: connection.execute(change))

    async def end_sessions(self, *, principal: str | None = None, session_hash: str | None = None) -> None:
        ended = sessions.c.session_hash == session_hash if principal is None else sessions.c.principal == principal
        await self._database.write(lambda connection: connection.execute(sessions.delete().where(ended)))
