"""Places in a room and on a server: nobody takes so many that others find none."""

from pathlib import Path

import pytest

from jupyter_collab.access import Role, UserKind
from jupyter_collab.errors import CloseCode, RoomFull, TooManyConnections
from jupyter_collab.rooms import Limits, RoomManager

from .doubles import ScriptedPeer, faulty_store, serving
from .scenarios import scenario


async def come(manager: RoomManager, name: str, room: str = "demo", role: Role = Role.VIEWER) -> ScriptedPeer:
    """A guest joins."""
    return await ScriptedPeer(name, role, kind=UserKind.GUEST).join(manager, room)


@scenario
async def test_a_person_has_so_many_connections_to_a_room(tmp_path: Path) -> None:
    limits = Limits(room_connections_per_person=2)
    async with serving(faulty_store(tmp_path), limits, rooms=("demo", "other")) as manager:
        first, _ = await come(manager, "eve"), await come(manager, "eve")
        with pytest.raises(TooManyConnections, match="2 connections to this room") as refused:
            await come(manager, "eve")
        assert refused.value.code == CloseCode.TOO_MANY_UPDATES
        await come(manager, "eve", "other")
        await come(manager, "ben")
        first.leave(manager)
        await come(manager, "eve")


@scenario
async def test_a_person_has_so_many_connections_to_a_server(tmp_path: Path) -> None:
    limits = Limits(connections_per_person=3)
    async with serving(faulty_store(tmp_path), limits, rooms=("demo", "other")) as manager:
        first, _, _ = [await come(manager, "eve", room) for room in ("demo", "demo", "other")]
        with pytest.raises(TooManyConnections, match="3 connections to this server"):
            await come(manager, "eve", "other")
        await come(manager, "ben", "other")
        first.leave(manager)
        await come(manager, "eve", "other")


@scenario
async def test_users_of_the_server_are_not_counted(tmp_path: Path) -> None:
    limits = Limits(room_connections_per_person=1, connections_per_person=1)
    async with serving(faulty_store(tmp_path), limits) as manager:
        for _ in range(3):
            await ScriptedPeer("ada").join(manager)


@scenario
async def test_in_a_full_room_who_has_most_makes_place(tmp_path: Path) -> None:
    async with serving(faulty_store(tmp_path), Limits(peers_per_room=4)) as manager:
        ben = await come(manager, "ben")
        eves = [await come(manager, "eve") for _ in range(3)]
        await come(manager, "cleo")
        assert [eve.close_code for eve in eves] == [None, None, CloseCode.TRY_AGAIN_LATER]
        assert eves[2].transport.closed is not None
        assert eves[2].transport.closed[1].startswith("room_full: ")
        with pytest.raises(RoomFull):  # ben's one, or eve's second, would then come back in the same way, for ever
            await come(manager, "cleo")
        assert ben.close_code is None


@scenario
async def test_an_owner_always_gets_in(tmp_path: Path) -> None:
    async with serving(faulty_store(tmp_path), Limits(peers_per_room=2)) as manager:
        ben, cleo = await come(manager, "ben"), await come(manager, "cleo")
        with pytest.raises(RoomFull):
            await come(manager, "eve")
        ada = await come(manager, "ada", role=Role.OWNER)
        assert (ben.close_code, cleo.close_code) == (None, CloseCode.TRY_AGAIN_LATER)
        with pytest.raises(RoomFull):
            await come(manager, "eve")
        await come(manager, "ada", role=Role.OWNER)
        assert ben.close_code == CloseCode.TRY_AGAIN_LATER
        with pytest.raises(RoomFull):
            await come(manager, "ada", role=Role.OWNER)
        assert ada.close_code is None
