"""What every store promises (``store/people/contract.py``) of members, invitations, events and sessions."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jupyter_collab.access import Role
from jupyter_collab.errors import (
    CollabError,
    InviteExhausted,
    InviteExpired,
    InviteNotFound,
    InviteRevoked,
    LastOwner,
    MemberNotFound,
    RoomNotFound,
    TooManyMembers,
)
from jupyter_collab.store import EventRecord, InviteRecord, MemberRecord, PeopleStore, Reader, Store

from .scenarios import scenario
from .stores import EPOCH, StoreMaker, opened

ADA = MemberRecord("demo", "server:ada", "Ada", Role.OWNER)
BOB = MemberRecord("demo", "guest:bob", "Bob", Role.VIEWER)


def event(kind: str = "changed", room_id: str = "demo") -> EventRecord:
    return EventRecord(room_id, kind, "server:ada", "Ada", {"to": "viewer"})


def invite(**facts: object) -> InviteRecord:
    given = {"id": "i1", "room_id": "demo", "role": Role.VIEWER, "created_by": "server:ada", "created_by_name": "Ada"}
    return InviteRecord(**{**given, "token_hash": "t" * 64, "code_hash": "c" * 64, **facts})  # type: ignore[arg-type]


@asynccontextmanager
async def a_room(make_sql_store: StoreMaker, folder: Path) -> AsyncIterator[tuple[Store, PeopleStore]]:
    """A store with the private room ``demo``, which Ada owns."""
    store = make_sql_store(folder)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "notebook", b"", server_role=None, owner=ADA)
        yield store, store.people


@scenario
async def test_who_may_do_what_in_a_new_room(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    async with a_room(make_sql_store, tmp_path) as (store, people):
        of_ada, of_bob = await people.access("demo", "server:ada"), await people.access("demo", "guest:bob")
        assert (of_ada.server_role, of_bob.server_role, of_bob.member) == (None, None, None)
        assert of_ada.member is not None
        assert of_ada.member.role is Role.OWNER
        with pytest.raises(RoomNotFound):
            await people.access("none", "server:ada")
        await store.create_room("open", "Open", EPOCH, "notebook", b"")
        assert (await people.access("open", "server:bob")).server_role is Role.OWNER


@scenario
async def test_every_change_is_noted_and_heard_of(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    async with a_room(make_sql_store, tmp_path) as (store, people):
        await people.put_member(BOB, event("added"))
        await people.put_member(MemberRecord("demo", "guest:bob", "Bobby", Role.WRITER), event("role_changed"))
        access = await people.access("demo", "guest:bob")
        assert access.member is not None
        assert (access.member.display_name, access.member.role, access.version) == ("Bobby", Role.WRITER, 2)
        assert (await store.heads(["demo"]))["demo"].access_version == 2
        assert [member.principal for member in await people.members("demo")] == ["server:ada", "guest:bob"]
        assert await people.roles("guest:bob", ["demo", "x"]) == {"demo": Role.WRITER}
        await people.remove_member("demo", "guest:bob", event("removed"))
        with pytest.raises(MemberNotFound):
            await people.remove_member("demo", "guest:bob", event("removed"))
        newest, *_, oldest = await people.events("demo", 10)
        assert (newest.kind, newest.id, oldest.kind, oldest.id) == ("removed", 3, "added", 1)
        assert (oldest.principal, oldest.display_name, oldest.details) == ("server:ada", "Ada", {"to": "viewer"})
        assert [found.id for found in await people.events("demo", 1, before=3)] == [2]


@scenario
async def test_events_may_be_told_later(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    async with a_room(make_sql_store, tmp_path) as (_, people):
        then = datetime.now(UTC) - timedelta(minutes=5)
        await people.add_events("demo", [event("ran"), replace(event("joined"), at=then)])
        joined, ran = await people.events("demo", 10)
        assert (joined.kind, joined.id, joined.at) == ("joined", 2, then)
        assert (ran.kind, ran.id) == ("ran", 1)
        assert ran.at is not None
        assert ran.at > then
        with pytest.raises(RoomNotFound):
            await people.add_events("none", [event(room_id="none")])


@scenario
async def test_what_many_are_in_a_room_is_told_at_once(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    async with a_room(make_sql_store, tmp_path) as (_, people):
        known = await people.accesses("demo", ["server:ada", "guest:nobody"])
        assert known == {who: await people.access("demo", who) for who in ("server:ada", "guest:nobody")}
        assert [access.member is None for access in known.values()] == [False, True]
        with pytest.raises(RoomNotFound):
            await people.accesses("none", ["server:ada"])


@scenario
async def test_a_room_is_never_without_an_owner(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    async with a_room(make_sql_store, tmp_path) as (_, people):
        with pytest.raises(LastOwner):
            await people.remove_member("demo", "server:ada", event())
        with pytest.raises(LastOwner):
            await people.put_member(MemberRecord("demo", "server:ada", "Ada", Role.EDITOR), event())
        with pytest.raises(LastOwner):
            await people.put_member(MemberRecord("demo", "server:ada", "Ada", Role.OWNER, "waiting"), event())
        assert (await people.access("demo", "server:ada")).version == 0
        assert await people.events("demo", 10) == []
        await people.set_server_role("demo", Role.OWNER, None, event())
        await people.remove_member("demo", "server:ada", event())
        with pytest.raises(LastOwner):
            await people.set_server_role("demo", Role.EDITOR, None, event())
        await people.set_server_role("demo", None, ADA, event())
        assert (await people.access("demo", "server:ada")).member is not None


@scenario
async def test_two_changes_at_once_leave_an_owner(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    async with a_room(make_sql_store, tmp_path) as (_, people):
        await people.put_member(MemberRecord("demo", "server:bob", "Bob", Role.OWNER), event())
        leaving = [people.remove_member("demo", name, event("left")) for name in ("server:ada", "server:bob")]
        ends = await asyncio.gather(*leaving, return_exceptions=True)
        assert {type(end) for end in ends} == {type(None), LastOwner}
        assert len(await people.members("demo")) == 1
        assert [found.kind for found in await people.events("demo", 10)] == ["left", "changed"]


@scenario
async def test_an_invitation_is_used_as_often_as_it_may(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    async with a_room(make_sql_store, tmp_path) as (_, people):
        made = await people.add_invite(invite(max_uses=2), event("invited"))
        assert made.created_at is not None
        assert await people.find_invite("t" * 64) == await people.find_invite("c" * 64) == made
        assert await people.invites("demo") == [made]
        came = [MemberRecord("demo", f"guest:{n}", f"G{n}", Role.VIEWER, invite_id="i1") for n in range(5)]
        redeemed = [people.redeem("i1", member, event("joined")) for member in came]
        ends = await asyncio.gather(*redeemed, return_exceptions=True)
        assert Counter(type(end) for end in ends) == {type(None): 2, InviteExhausted: 3}
        assert (await people.find_invite("t" * 64)).uses == 2
        assert len(await people.members("demo")) == 3


@scenario
async def test_an_invitation_ends(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    async with a_room(make_sql_store, tmp_path) as (_, people):
        long_ago = datetime.now(UTC) - timedelta(seconds=1)
        await people.add_invite(invite(expires_at=long_ago), event())
        await people.add_invite(invite(id="i2", token_hash="2" * 64, code_hash="d" * 64), event())
        with pytest.raises(InviteExpired):
            await people.redeem("i1", BOB, event())
        guest = MemberRecord("demo", "guest:bob", "Bob", Role.VIEWER, invite_id="i2")
        await people.redeem("i2", guest, event())
        turned = await people.rotate_invite("demo", "i2", "3" * 64, "e" * 64, event("rotated"))
        assert (turned.token_hash, turned.uses) == ("3" * 64, 1)
        with pytest.raises(InviteNotFound):
            await people.find_invite("2" * 64)
        await people.revoke_invite("demo", "i2", remove_members=False, event=event("revoked"))
        assert (await people.access("demo", "guest:bob")).member is not None
        with pytest.raises(InviteRevoked):
            await people.redeem("i2", guest, event())
        assert [left.id for left in await people.invites("demo")] == ["i1"]
        with pytest.raises(InviteNotFound):
            await people.revoke_invite("demo", "i2", remove_members=True, event=event())


@scenario
async def test_who_came_by_an_invitation_goes_with_it(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    async with a_room(make_sql_store, tmp_path) as (_, people):
        await people.add_invite(invite(), event())
        await people.redeem("i1", MemberRecord("demo", "guest:bob", "Bob", Role.VIEWER, invite_id="i1"), event())
        await people.revoke_invite("demo", "i1", remove_members=True, event=event("revoked"))
        assert [member.principal for member in await people.members("demo")] == ["server:ada"]
        for unknown in (("demo", "none"), ("other", "i1")):
            with pytest.raises((InviteNotFound, RoomNotFound)):
                await people.revoke_invite(*unknown, remove_members=True, event=event())


@scenario
async def test_bounds(make_sql_store: StoreMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("memberships.MAX_MEMBERS", "sql.MAX_INVITES", "events.MAX_EVENTS"):
        monkeypatch.setattr(f"jupyter_collab.store.people.{name}", 2)
    async with a_room(make_sql_store, tmp_path) as (_, people):
        await people.put_member(BOB, event())
        with pytest.raises(TooManyMembers):
            await people.put_member(MemberRecord("demo", "guest:cy", "Cy", Role.VIEWER), event())
        await people.put_member(MemberRecord("demo", "guest:bob", "Bob", Role.EDITOR), event())
        for n in range(2):
            await people.add_invite(invite(id=str(n), token_hash=f"t{n}", code_hash=f"c{n}"), event())
        with pytest.raises(TooManyMembers):
            await people.add_invite(invite(), event())
        assert [found.id for found in await people.events("demo", 10)] == [4, 3]


@scenario
async def test_comings_and_goings_do_not_push_out_what_owners_did(
    make_sql_store: StoreMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_collab.store.people.events.MAX_EVENTS", 3)
    async with a_room(make_sql_store, tmp_path) as (_, people):
        await people.put_member(BOB, event("added"))
        for kind in ("came", "joined", "left", "ran", "imported", "asked_to_join"):
            await people.add_events("demo", [event(kind), event(kind)])
        await people.put_member(BOB, event("role_changed"))
        found = [(found.kind, found.id) for found in await people.events("demo", 100)]
        assert found == [
            ("role_changed", 14),
            ("asked_to_join", 13),
            ("asked_to_join", 12),
            ("imported", 11),
            ("added", 1),
        ]
        await people.add_events("demo", [event("invited"), event("left"), event("removed"), event("joined")])
        kinds = [found.kind for found in await people.events("demo", 100)]
        assert kinds == ["joined", "removed", "left", "invited", "role_changed", "asked_to_join"]


@scenario
async def test_lists_show_what_one_may_see(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    async with a_room(make_sql_store, tmp_path) as (store, people):
        await store.create_room("open", "Open", EPOCH, "notebook", b"")
        await people.put_member(MemberRecord("demo", "guest:cy", "Cy", Role.VIEWER, "waiting"), event())

        async def seen(reader: Reader | None) -> list[str]:
            found, total = await store.list_rooms("", False, 10, 0, reader)
            assert total == len(found)
            return sorted(record.id for record in found)

        assert await seen(None) == await seen(Reader("server:ada", True)) == ["demo", "open"]
        assert await seen(Reader("server:bob", True)) == ["open"]
        assert await seen(Reader("guest:cy", False)) == []
        await people.put_member(MemberRecord("demo", "guest:cy", "Cy", Role.VIEWER), event())
        assert await seen(Reader("guest:cy", False)) == ["demo"]


@scenario
async def test_a_purged_room_leaves_nothing_of_its_people(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    async with a_room(make_sql_store, tmp_path) as (store, people):
        await people.add_invite(invite(), event())
        await store.delete_room("demo")
        await store.purge_room("demo")
        with pytest.raises(InviteNotFound):
            await people.find_invite("t" * 64)
        await store.create_room("demo", "Demo", EPOCH[::-1] + "x", "notebook", b"")
        assert (await people.members("demo"), await people.events("demo", 9)) == ([], [])


@scenario
async def test_sessions(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    store = make_sql_store(tmp_path)
    later, before = datetime.now(UTC) + timedelta(hours=1), datetime.now(UTC) - timedelta(hours=1)
    async with opened(store):
        people = store.people
        await people.begin_session("a", "guest:1", later)
        await people.begin_session("b", "guest:1", before)
        await people.begin_session("c", "guest:2", later)
        assert [await people.session(name) for name in "abcd"] == ["guest:1", None, "guest:2", None]
        await people.extend_session("a", before)
        assert await people.session("a") is None
        await people.extend_session("a", later)
        await people.end_sessions(session_hash="c")
        assert await people.session("c") is None
        await people.end_sessions(principal="guest:1")
        assert await people.session("a") is None


@scenario
async def test_a_secret_is_made_once(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    one, other = make_sql_store(tmp_path), make_sql_store(tmp_path)
    async with opened(one, other):
        first = await asyncio.gather(one.people.secret("key", "1"), other.people.secret("key", "2"))
        assert list(first) in (["1", "1"], ["2", "2"])


@scenario
async def test_a_refused_change_leaves_others_alone(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    """All of them are committed together."""
    async with a_room(make_sql_store, tmp_path) as (store, people):
        work = [
            people.remove_member("demo", "server:ada", event()),
            people.put_member(BOB, event()),
            store.rename_room("demo", "New"),
        ]
        refused, *done = await asyncio.gather(*work, return_exceptions=True)
        assert isinstance(refused, CollabError)
        assert not any(isinstance(end, BaseException) for end in done)
        assert len(await people.members("demo")) == 2
