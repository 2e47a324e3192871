"""Who may do what, true for open connections at once: here, on other servers, and when the store comes back."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from jupyter_collab.access import Role, UserKind, person
from jupyter_collab.errors import CloseCode, LastOwner, MemberNotFound, NotAMember, PermissionDenied, StoreUnavailable
from jupyter_collab.people import Members
from jupyter_collab.rooms import RoomManager
from jupyter_collab.store import EventRecord, MemberRecord, RoomAccess
from jupyter_collab.store.people.sql import SQLPeople

from .doubles import ScriptedPeer, faulty_store, serving, user
from .scenarios import scenario, settle, until

ADA, BOB = user("ada"), user("bob")
GUEST = person(UserKind.GUEST, "91bc", "Gus")


@asynccontextmanager
async def a_server(folder: Path, *, guests_may_run: bool = True) -> AsyncIterator[tuple[RoomManager, Members]]:
    """A server process with the room ``demo``, which Ada owns and the others own, too, until somebody says so."""
    async with serving(faulty_store(folder)) as manager:
        members = Members(manager, guests_may_run=guests_may_run)
        manager.watchers.append(members)
        try:
            yield manager, members
        finally:
            await members.close()


async def joined(manager: RoomManager, members: Members, name: str) -> ScriptedPeer:
    """``name``, connected as what they are."""
    peer = ScriptedPeer(name)
    standing = await members.standing("demo", peer.peer.user, Role.OWNER)
    peer.role = standing.role
    return await peer.join(manager)


@scenario
async def test_a_role_is_true_at_once_for_who_is_connected(tmp_path: Path) -> None:
    async with a_server(tmp_path) as (manager, members):
        bob = await joined(manager, members, "bob")
        placed = await members.set_role("demo", BOB.principal, Role.VIEWER, ADA)
        assert (placed.role, placed.status) == (Role.VIEWER, "active")
        assert bob.peer.role is Role.VIEWER
        assert bob.events[-1].info == {"type": "role", "role": "viewer", "capabilities": ["read"]}
        await members.set_role("demo", BOB.principal, Role.EDITOR, ADA)
        assert bob.events[-1].info["role"] == "editor"


@scenario
async def test_who_is_removed_is_disconnected(tmp_path: Path) -> None:
    async with a_server(tmp_path) as (manager, members):
        await members.set_server_role("demo", None, ADA)
        await members.set_role("demo", BOB.principal, Role.EDITOR, ADA)
        bob, again = await joined(manager, members, "bob"), await joined(manager, members, "bob")
        ada = await joined(manager, members, "ada")
        await members.remove("demo", BOB.principal, ADA)
        assert (bob.close_code, again.close_code, ada.close_code) == (CloseCode.REMOVED, CloseCode.REMOVED, None)
        with pytest.raises(NotAMember):
            await members.role("demo", BOB, Role.OWNER)
        with pytest.raises(MemberNotFound):
            await members.remove("demo", BOB.principal, ADA)
        with pytest.raises(LastOwner):
            await members.remove("demo", ADA.principal, ADA)
        assert ada.close_code is None


@scenario
async def test_another_server_hears_of_it(tmp_path: Path) -> None:
    async with a_server(tmp_path) as (_, here), a_server(tmp_path) as (manager, there):
        bob = await joined(manager, there, "bob")
        await here.set_role("demo", BOB.principal, Role.VIEWER, ADA)
        await until(lambda: bob.peer.role is Role.VIEWER)
        await here.set_server_role("demo", None, ADA)
        await here.remove("demo", BOB.principal, ADA)
        await until(lambda: bob.close_code is CloseCode.REMOVED)


@scenario
async def test_what_is_changed_between_the_look_and_the_join_is_noticed(tmp_path: Path) -> None:
    async with a_server(tmp_path) as (manager, members):
        bob = ScriptedPeer("bob")
        standing = await members.standing("demo", bob.peer.user, Role.OWNER)
        await members.set_role("demo", BOB.principal, Role.VIEWER, ADA)
        bob.role = standing.role
        await bob.connect(manager)
        assert standing.role is Role.OWNER
        await until(lambda: bob.peer.role is Role.VIEWER)


@scenario
async def test_nobody_keeps_a_right_because_the_store_failed_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_collab.people.members.RETRY_SECONDS", 0.01)
    monkeypatch.setattr("jupyter_collab.people.members.PATIENCE_SECONDS", 0.05)
    real, failures = SQLPeople.accesses, 0

    async def failing(self: SQLPeople, room_id: str, principals: Collection[str]) -> dict[str, RoomAccess]:
        nonlocal failures
        if failures < 5 and is_broken:
            failures += 1
            raise StoreUnavailable("The store cannot be read: disk gone.")
        return await real(self, room_id, principals)

    is_broken = False
    monkeypatch.setattr(SQLPeople, "accesses", failing)
    async with a_server(tmp_path) as (manager, members):
        bob = await joined(manager, members, "bob")
        is_broken = True
        viewer = MemberRecord("demo", BOB.principal, "Bob", Role.VIEWER)
        await manager.store.people.put_member(viewer, EventRecord("demo", "x", ADA.principal, "Ada"))
        await members.apply("demo")
        await until(lambda: bob.peer.role is Role.VIEWER)
        assert failures == 5


@scenario
async def test_an_older_look_undoes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, held = SQLPeople.accesses, asyncio.Event()

    async def late(self: SQLPeople, room_id: str, principals: Collection[str]) -> dict[str, RoomAccess]:
        found = await real(self, room_id, principals)
        await held.wait()
        return found

    async with a_server(tmp_path) as (manager, members):
        bob = await joined(manager, members, "bob")
        assert bob.room is not None
        monkeypatch.setattr(SQLPeople, "accesses", late)
        members.look_again(bob.room, bob.peer)
        await asyncio.to_thread(lambda: None)
        await settle(200)
        monkeypatch.setattr(SQLPeople, "accesses", real)
        await members.set_role("demo", BOB.principal, Role.VIEWER, ADA)
        held.set()
        await settle(50)
        assert bob.peer.role is Role.VIEWER


@scenario
async def test_guests_own_nothing_and_come_by_invitations(tmp_path: Path) -> None:
    async with a_server(tmp_path, guests_may_run=False) as (manager, members):
        with pytest.raises(MemberNotFound):
            await members.set_role("demo", GUEST.principal, Role.VIEWER, ADA)
        place = MemberRecord("demo", GUEST.principal, "Gus", Role.EDITOR, "waiting")
        await manager.store.people.put_member(place, EventRecord("demo", "x", ADA.principal, "Ada"))
        with pytest.raises(NotAMember, match="let you in"):
            await members.role("demo", GUEST, Role.OWNER)
        with pytest.raises(PermissionDenied, match="cannot own"):
            await members.set_role("demo", GUEST.principal, Role.OWNER, ADA)
        await members.set_role("demo", GUEST.principal, Role.EDITOR, ADA)
        assert await members.role("demo", GUEST, Role.OWNER) is Role.WRITER, "guests may not run here"
        assert await members.role("demo", GUEST, Role.VIEWER) is Role.VIEWER
        with pytest.raises(NotAMember):
            await members.role("no-such-room", GUEST, Role.OWNER)


@scenario
async def test_who_asks_while_a_look_is_under_way_shares_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looks = SQLPeople.accesses, 0

    async def counted(self: SQLPeople, room_id: str, principals: Collection[str]) -> dict[str, RoomAccess]:
        nonlocal looks
        looks += 1
        return await real(self, room_id, principals)

    async with a_server(tmp_path) as (manager, members):
        for number in range(5):
            await joined(manager, members, f"p{number}")
        monkeypatch.setattr(SQLPeople, "accesses", counted)
        await asyncio.gather(*(members.apply("demo") for _ in range(50)))
        assert looks <= 2, "one for all who are there"
