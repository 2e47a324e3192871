"""Histories are never mixed: a document of a former room is refused before anything of it is merged."""

from pathlib import Path

import pytest
from pycrdt import Text

from jupyter_collab.errors import CloseCode, EpochMismatch
from jupyter_collab.protocol import SyncStep1, SyncStep2
from jupyter_collab.rooms import RoomManager

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, until


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


async def begin_anew(manager: RoomManager) -> None:
    """The room is purged, and another one gets its id."""
    await manager.delete_room("demo")
    await manager.purge_room("demo")
    await manager.create_room(room_id="demo", title="Demo")


async def typed_into_former_room(manager: RoomManager, name: str, *, speaks_v1: bool = True) -> ScriptedPeer:
    """Somebody who has typed, and whose room is then replaced by another of the same id."""
    peer = await ScriptedPeer(name, speaks_v1=speaks_v1).join(manager)
    watcher = await ScriptedPeer("watcher").join(manager)
    peer.type("former")
    await watcher.until_text("former")
    await begin_anew(manager)
    await until(lambda: peer.close_code == CloseCode.ROOM_DELETED)
    peer.room = None
    return peer


@scenario
async def test_a_document_that_says_another_epoch_is_refused_before_anything_is_sent(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        assert ada.hello is not None
        former_epoch = ada.hello.info["epoch"]
        await begin_anew(manager)
        with pytest.raises(EpochMismatch) as refused:
            await ada.connect(manager, epoch=former_epoch)
        assert refused.value.code == CloseCode.EPOCH_MISMATCH
        assert ada.transport.sent == []
        assert manager.people("demo") == []
        ada = await ScriptedPeer("ada").join(manager)
        assert ada.hello is not None
        assert ada.hello.info["epoch"] != former_epoch


@scenario
async def test_a_document_that_says_the_rooms_own_epoch_is_welcome(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        assert ada.hello is not None
        await ScriptedPeer("bob").join(manager, epoch=ada.hello.info["epoch"])


@pytest.mark.parametrize("speaks_v1", [True, False])
@scenario
async def test_a_document_of_a_former_room_gives_itself_away_in_its_state_vector(
    store: FaultyStore, speaks_v1: bool
) -> None:
    async with serving(store) as manager:
        ada = await typed_into_former_room(manager, "ada", speaks_v1=speaks_v1)
        bob = await ScriptedPeer("bob").join(manager)
        await ada.connect(manager)
        await ada.send(SyncStep1(ada.doc.get_state()))
        await ada.answer()
        assert ada.close_code == CloseCode.EPOCH_MISMATCH
        await bob.typed("new")
        assert str(bob.text) == "new"
        assert len(bob.cells) == 1


@pytest.mark.parametrize("speaks_v1", [True, False])
@scenario
async def test_not_even_a_client_that_sends_all_it_has_unasked_gets_it_in(store: FaultyStore, speaks_v1: bool) -> None:
    async with serving(store) as manager:
        ada = await typed_into_former_room(manager, "ada", speaks_v1=speaks_v1)
        bob = await ScriptedPeer("bob").join(manager)
        await ada.connect(manager)
        await ada.send(SyncStep2(ada.doc.get_update()))
        assert ada.close_code == CloseCode.EPOCH_MISMATCH
        await bob.typed("new")
        assert str(bob.text) == "new"
        assert len(bob.cells) == 1


@scenario
async def test_edits_on_top_of_a_former_room_are_a_gap(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await typed_into_former_room(manager, "ada")
        before = ada.doc.get_state()
        ada.doc.get("text", type=Text).insert(0, "more ")
        bob = await ScriptedPeer("bob").join(manager)
        await ada.connect(manager)
        await ada.send(SyncStep2(ada.doc.get_update(before)))
        assert [rejection.reason for rejection in ada.rejections] == ["causal_gap"]
        await bob.typed("new")
        assert str(bob.text) == "new"


@scenario
async def test_every_former_room_of_an_id_is_remembered_after_restarts_too(store: FaultyStore, tmp_path: Path) -> None:
    async with serving(store) as manager:
        first = await typed_into_former_room(manager, "first")
        second = await typed_into_former_room(manager, "second")
    async with serving(faulty_store(tmp_path)) as manager:
        for former in (first, second):
            await former.connect(manager)
            await former.send(SyncStep1(former.doc.get_state()))
            assert former.close_code == CloseCode.EPOCH_MISMATCH


@scenario
async def test_another_process_that_still_has_the_former_room_open_closes_it(
    store: FaultyStore, tmp_path: Path
) -> None:
    async with serving(store, poll_seconds=0.5) as here, serving(faulty_store(tmp_path)) as there:
        ada = await ScriptedPeer("ada").join(here)
        await begin_anew(there)
        ada.type("too late")  # here nobody knows yet
        await until(lambda: ada.close_code in (CloseCode.EPOCH_MISMATCH, CloseCode.ROOM_DELETED))
        assert not ada.saved
        bob = await ScriptedPeer("bob").join(there)
        assert str(bob.text) == ""


@scenario
async def test_restoring_from_the_bin_keeps_the_history(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        await ada.typed("kept")
        await manager.delete_room("demo")
        await manager.restore_room("demo")
        ada.room = None
        ada.type(" and on", 4)
        await ada.join(manager)
        await ada.until_saved()
        bob = await ScriptedPeer("bob").join(manager)
        await bob.until_text("kept and on")
