"""Who waits to be let in: told to those who may let them in, and to nobody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jupyter_collab.access import Role
from jupyter_collab.people import Members, Waiting
from jupyter_collab.rooms import RoomManager
from jupyter_collab.store import EventRecord, MemberRecord

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving, user
from .scenarios import scenario, settle, until

EVE = MemberRecord("demo", "server:eve", "Eve", Role.EDITOR)


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    return faulty_store(tmp_path)


@asynccontextmanager
async def serving_people(store: FaultyStore) -> AsyncIterator[tuple[RoomManager, Members]]:
    """A server process that keeps an eye on who may do what, and on who waits."""
    async with serving(store) as manager:
        members, waiting = Members(manager, guests_may_run=True), Waiting(manager)
        manager.watchers += [members, waiting]
        try:
            yield manager, members
        finally:
            await waiting.close()
            await members.close()


async def ask(store: FaultyStore, guest: str) -> None:
    """Somebody opens a link."""
    await put(store, MemberRecord("demo", f"guest:{guest}", guest.title(), Role.WRITER, "waiting"))


async def put(store: FaultyStore, member: MemberRecord) -> None:
    """Somebody has a place, or waits for one."""
    await store.people.put_member(member, EventRecord("demo", "added", member.principal, member.display_name))


def told(peer: ScriptedPeer) -> list[tuple[list[str], int]]:
    """Who waits, as the peer was told, one time after the other."""
    events: list[dict[str, Any]] = [dict(event.info) for event in peer.events if event.info["type"] == "members"]
    return [([one["display_name"] for one in event["waiting"]], event["total"]) for event in events]


@scenario
async def test_owners_are_told_at_once_and_others_are_not(store: FaultyStore) -> None:
    async with serving_people(store) as (manager, members):
        await put(store, EVE)
        owner = await ScriptedPeer("ada").join(manager)
        editor = await ScriptedPeer("eve", Role.EDITOR).join(manager)
        await ask(store, "bob")
        await until(lambda: told(owner) and told(owner)[-1] == (["Bob"], 1))
        await members.remove("demo", "guest:bob", user("ada"))
        await until(lambda: told(owner)[-1] == ([], 0))
        assert told(editor) == []


@scenario
async def test_who_comes_later_is_told_too_and_who_becomes_an_owner(store: FaultyStore) -> None:
    async with serving_people(store) as (manager, members):
        await put(store, EVE)
        await ask(store, "bob")
        owner = await ScriptedPeer("ada").join(manager)
        await until(lambda: told(owner))
        assert told(owner)[-1] == (["Bob"], 1)
        editor = await ScriptedPeer("eve", Role.EDITOR).join(manager)
        assert told(editor) == []
        await members.set_role("demo", "server:eve", Role.OWNER, user("ada"))
        await until(lambda: told(editor))
        assert told(editor)[-1] == (["Bob"], 1)


@scenario
async def test_that_nobody_waits_is_no_news(store: FaultyStore) -> None:
    async with serving_people(store) as (manager, _):
        owner = await ScriptedPeer("ada").join(manager)
        await settle(100)
        assert told(owner) == []


@scenario
async def test_a_crowd_is_counted_and_not_named(store: FaultyStore) -> None:
    async with serving_people(store) as (manager, _):
        owner = await ScriptedPeer("ada").join(manager)
        for number in range(30):
            await ask(store, f"guest{number}")
        await until(lambda: told(owner) and told(owner)[-1][1] == 30)
        assert len(told(owner)[-1][0]) == 20
