"""Of several clients that ask for the same lease exactly one has it, for as long as it is there."""

from pathlib import Path

import pytest

from jupyter_collab.access import Role
from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import Lease
from jupyter_collab.rooms import leases

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, until

KEY = "nb:7"
WANTED = Lease(KEY, wanted=True)
LET_GO = Lease(KEY, wanted=False)


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    return faulty_store(tmp_path)


def heard(peer: ScriptedPeer, key: str = KEY) -> list[bool]:
    """What the peer was told of a lease, in order."""
    return [event.info["granted"] for event in peer.events if event.info.get("key") == key]


@scenario
async def test_the_first_who_asks_has_it_until_it_lets_go(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob, eve = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob", "eve")]
        for peer in (ada, bob, eve):
            await peer.send(WANTED)
        assert [heard(peer) for peer in (ada, bob, eve)] == [[True], [False], [False]]
        await ada.send(LET_GO)
        assert [heard(peer) for peer in (ada, bob, eve)] == [[True], [False, True], [False]]
        await ada.send(WANTED)
        assert heard(ada) == [True, False]


@scenario
async def test_it_passes_on_when_the_connection_ends(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob, eve = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob", "eve")]
        for peer in (ada, bob, eve):
            await peer.send(WANTED)
        bob.leave(manager)
        assert heard(eve) == [False]
        ada.leave(manager)
        assert heard(eve) == [False, True]
        await ada.join(manager)
        await ada.send(WANTED)
        assert heard(ada) == [False]


@scenario
async def test_to_ask_again_or_to_let_go_of_nothing_changes_nothing(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        await bob.send(LET_GO)
        for peer in (ada, bob, ada):
            await peer.send(WANTED)
        await bob.send(LET_GO)
        await ada.send(LET_GO)
        assert (heard(ada), heard(bob)) == ([True, True], [False])


@scenario
async def test_keys_and_rooms_have_nothing_to_do_with_each_other(store: FaultyStore) -> None:
    async with serving(store, rooms=("demo", "other")) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        bob = await ScriptedPeer("bob").join(manager)
        eve = await ScriptedPeer("eve").join(manager, "other")
        await ada.send(WANTED)
        await bob.send(Lease("nb:8", wanted=True))
        await eve.send(WANTED)
        assert (heard(ada), heard(bob, "nb:8"), heard(eve)) == ([True], [True], [True])


@scenario
async def test_who_may_only_read_has_it_as_long_as_nobody_asks_who_may_edit(store: FaultyStore) -> None:
    async with serving(store) as manager:
        viewer = await ScriptedPeer("viewer", Role.VIEWER).join(manager)
        runner = await ScriptedPeer("runner", Role.RUNNER).join(manager)
        ada = await ScriptedPeer("ada").join(manager)
        for peer in (viewer, runner, ada):
            await peer.send(WANTED)
        assert [heard(peer) for peer in (viewer, runner, ada)] == [[True, False], [False], [False]]
        for message in (LET_GO, WANTED):
            await viewer.send(message)
        assert [heard(peer) for peer in (viewer, runner, ada)] == [[True, False, False], [False], [False, True]]
        ada.leave(manager)
        assert [heard(peer)[-1] for peer in (viewer, runner)] == [False, True]


@scenario
async def test_who_does_not_make_way_loses_it(store: FaultyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LET_GO_SECONDS", 0.01)
    async with serving(store) as manager:
        viewer = await ScriptedPeer("viewer", Role.VIEWER).join(manager)
        ada = await ScriptedPeer("ada").join(manager)
        await viewer.send(WANTED)
        await ada.send(WANTED)
        await until(lambda: heard(ada) == [False, True])
        await viewer.send(WANTED)
        assert heard(viewer) == [True, False, False]


@scenario
async def test_a_role_that_changes_moves_it(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        for peer in (ada, bob):
            await peer.send(WANTED)
        assert ada.room is not None
        ada.room.set_role(ada.peer, Role.VIEWER)
        assert (heard(ada), heard(bob)) == ([True, False], [False])
        await ada.send(LET_GO)
        assert heard(bob) == [False, True]


@pytest.mark.parametrize("keys", [["k" * 513], [f"nb:{number}" for number in range(101)]])
@scenario
async def test_keys_are_bounded_in_length_and_number(store: FaultyStore, keys: list[str]) -> None:
    async with serving(store) as manager:
        greedy = await ScriptedPeer("greedy").join(manager)
        ada = await ScriptedPeer("ada").join(manager)
        for key in keys:
            assert greedy.transport.close_code is None
            await greedy.send(Lease(key, wanted=True))
        assert greedy.transport.close_code is CloseCode.MALFORMED
        await ada.send(Lease(keys[0][:512], wanted=True))
        assert heard(ada, keys[0][:512]) == [True]
