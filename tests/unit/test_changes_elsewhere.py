"""What is changed at one server is true at once for those who are connected to another, which need not look first."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from jupyter_collab.access import Role, UserKind
from jupyter_collab.errors import CloseCode
from jupyter_collab.people import Members
from jupyter_collab.rooms import RoomManager

from .backplanes import Servers
from .doubles import ScriptedPeer, user
from .scenarios import scenario, until

NEVER_SECONDS = 3600.0

OWNER = user("owner")


@pytest.fixture
def servers(tmp_path: Path) -> Servers:
    """Servers that never look by themselves."""
    return Servers(tmp_path, poll_seconds=NEVER_SECONDS)


@asynccontextmanager
async def members_of(manager: RoomManager) -> AsyncIterator[Members]:
    """The people of a server's rooms."""
    members = Members(manager, guests_may_run=True)
    manager.watchers.append(members)
    yield members
    await members.close()


@scenario
async def test_a_new_role_and_a_removal_reach_who_is_connected_to_another_server(servers: Servers) -> None:
    async with (
        servers.server("one") as one,
        servers.server("two") as two,
        members_of(one) as members,
        members_of(two) as there,
    ):
        ada = ScriptedPeer("ada", Role.EDITOR, kind=UserKind.ACCOUNT)
        await members.set_role("demo", ada.user.principal, Role.EDITOR, OWNER)
        await ada.join(two)
        ben = await ScriptedPeer("ben").join(two)
        await until(lambda: there._versions.get(ada.peer) == 1)
        await members.set_role("demo", ada.user.principal, Role.VIEWER, OWNER)
        await until(lambda: ada.peer.role is Role.VIEWER)
        assert ada.events[-1].info["role"] == "viewer"
        await members.remove("demo", ada.user.principal, OWNER)
        await until(lambda: ada.transport.closed)
        assert ada.transport.closed is not None
        assert ada.transport.closed[1].startswith("removed")
        assert ben.transport.closed is None


@scenario
async def test_a_new_title_and_a_deletion_are_seen_at_another_server(servers: Servers) -> None:
    async with servers.server("one") as one, servers.server("two") as two:
        ada = await ScriptedPeer("ada").join(two)
        await one.rename_room("demo", "New")
        await until(lambda: any(event.info == {"type": "renamed", "title": "New"} for event in ada.events))
        await one.delete_room("demo")
        await until(lambda: ada.transport.close_code is CloseCode.ROOM_DELETED)


@scenario
async def test_while_no_message_comes_through_the_servers_look_by_themselves(tmp_path: Path) -> None:
    servers = Servers(tmp_path)
    async with servers.server("one") as one, servers.server("two") as two:
        ada = await ScriptedPeer("ada").join(two)
        with servers.hub.losing():
            await one.rename_room("demo", "New")
            await until(lambda: any(event.info == {"type": "renamed", "title": "New"} for event in ada.events))
            await one.delete_room("demo")
            await until(lambda: ada.transport.close_code is CloseCode.ROOM_DELETED)
