"""People in the SQL store: each promise of the contract as one job of its writer, or one reading."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from ..access import Role
from . import sql_people as sql
from .people_contract import EventRecord, InviteRecord, MemberRecord, PeopleStore, RoomAccess

__all__ = ["Runs", "SQLPeople", "whole"]

T = TypeVar("T")


class Runs(Protocol):
    """Runs ``work`` in a transaction."""

    def __call__(self, work: Callable[[Connection], T]) -> Awaitable[T]: ...


def whole(work: Callable[[Connection], T]) -> Callable[[Connection], T]:
    """``work`` that is done to its end or, if it refuses half-way, not at all; others share its transaction."""

    def done_or_not(connection: Connection) -> T:
        with connection.begin_nested():
            return work(connection)

    return done_or_not


class SQLPeople(PeopleStore):
    """People in the store whose writer and reader are given."""

    def __init__(self, write: Runs, read: Runs) -> None:
        self._write_now = write
        self._read = read

    async def _write(self, work: Callable[..., T], /, **arguments: Any) -> T:
        return await self._write_now(whole(partial(work, **arguments)))

    async def access(self, room_id: str, principal: str) -> RoomAccess:
        return await self._read(partial(sql.access, room_id=room_id, principal=principal))

    async def roles(self, principal: str, room_ids: Collection[str]) -> dict[str, Role]:
        return await self._read(partial(sql.roles, principal=principal, room_ids=room_ids))

    async def places(self, principal: str) -> list[MemberRecord]:
        return await self._read(partial(sql.list_places, principal=principal))

    async def members(self, room_id: str) -> list[MemberRecord]:
        return await self._read(partial(sql.list_members, room_id=room_id))

    async def put_member(self, member: MemberRecord, event: EventRecord) -> MemberRecord:
        return await self._write(sql.put_member, member=member, event=event)

    async def remove_member(self, room_id: str, principal: str, event: EventRecord) -> None:
        await self._write(sql.remove_member, room_id=room_id, principal=principal, event=event)

    async def set_server_role(
        self, room_id: str, role: Role | None, keeper: MemberRecord | None, event: EventRecord
    ) -> None:
        await self._write(sql.set_server_role, room_id=room_id, role=role, keeper=keeper, event=event)

    async def add_invite(self, invite: InviteRecord, event: EventRecord) -> InviteRecord:
        return await self._write(sql.add_invite, invite=invite, event=event)

    async def invites(self, room_id: str) -> list[InviteRecord]:
        return await self._read(partial(sql.list_invites, room_id=room_id))

    async def find_invite(self, secret_hash: str) -> InviteRecord:
        return await self._read(partial(sql.find_invite, secret_hash=secret_hash))

    async def redeem(
        self, invite_id: str, member: MemberRecord, event: EventRecord, *, is_server_user: bool = False
    ) -> MemberRecord | None:
        facts: dict[str, Any] = {"invite_id": invite_id, "member": member, "event": event}
        return await self._write(sql.redeem, **facts, is_server_user=is_server_user)

    async def rotate_invite(
        self, room_id: str, invite_id: str, token_hash: str, code_hash: str, event: EventRecord
    ) -> InviteRecord:
        hashes = {"token_hash": token_hash, "code_hash": code_hash}
        return await self._write(sql.rotate_invite, room_id=room_id, invite_id=invite_id, **hashes, event=event)

    async def revoke_invite(self, room_id: str, invite_id: str, *, remove_members: bool, event: EventRecord) -> None:
        options: dict[str, Any] = {"remove_members": remove_members, "event": event}
        await self._write(sql.revoke_invite, room_id=room_id, invite_id=invite_id, **options)

    async def add_events(self, room_id: str, events: Sequence[EventRecord]) -> None:
        await self._write(sql.add_events, room_id=room_id, added=events)

    async def events(self, room_id: str, limit: int, before: int | None = None) -> list[EventRecord]:
        return await self._read(partial(sql.list_events, room_id=room_id, limit=limit, before=before))

    async def secret(self, name: str, fresh: str) -> str:
        return await self._write(sql.secret, name=name, fresh=fresh)

    async def begin_session(self, session_hash: str, principal: str, expires_at: datetime) -> None:
        facts: dict[str, Any] = {"session_hash": session_hash, "principal": principal, "expires_at": expires_at}
        await self._write(sql.begin_session, **facts)

    async def session(self, session_hash: str) -> str | None:
        return await self._read(partial(sql.find_session, session_hash=session_hash))

    async def extend_session(self, session_hash: str, expires_at: datetime) -> None:
        await self._write(sql.extend_session, session_hash=session_hash, expires_at=expires_at)

    async def end_sessions(self, *, principal: str | None = None, session_hash: str | None = None) -> None:
        await self._write(sql.end_sessions, principal=principal, session_hash=session_hash)
