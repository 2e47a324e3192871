"""Of two cells that claim one id, the one that came first keeps it, wherever the other one was put."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Array, Map, Text

from jupyter_collab.document import RoomDocument
from jupyter_collab.rooms import RoomManager
from jupyter_collab.store import BY_SERVER

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, settle, until
from .stores import entries

LARGE = "x = 1\n" * 5_000
"""An edit with this in it is taken in in parts."""


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


def cell(cell_id: str, text: str, **more: Any) -> "Map[Any]":
    """A cell as a page makes it."""
    return Map(
        {
            "id": cell_id,
            "pos": "a5",
            "cell_type": "code",
            "metadata": Map({}),
            "outputs": Array([]),
            "execution_count": None,
            **more,
            "source": Text(text),
        }
    )


def ids(peer: ScriptedPeer) -> dict[str, str]:
    """The id of each cell that a person sees, by its text."""
    return {str(shared["source"]): shared["id"] for shared in peer.cells}


def known_ids(document: RoomDocument) -> dict[str, str]:
    """The id by which each cell is known, by its text."""
    return {document.source(cell_id): cell_id for cell_id in document.cell_ids}


async def known_by(manager: RoomManager) -> dict[str, str]:
    """What :func:`known_ids` returns for a live room."""
    async with manager.using("demo") as room:
        return await room.look_into(known_ids)


def keep_watch(peer: ScriptedPeer) -> list[dict[str, str]]:
    """What :func:`ids` returns after each message that ``peer`` gets from now on."""
    seen: list[dict[str, str]] = []
    read = peer.transport.on_message

    def look(data: bytes) -> None:
        read(data)
        seen.append(ids(peer))

    peer.transport.on_message = look
    return seen


@pytest.mark.parametrize("text", ["hostile", LARGE])
@scenario
async def test_a_cell_before_another_cannot_take_its_id(store: FaultyStore, text: str) -> None:
    async with serving(store) as manager:
        ada, bob, eve = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob", "eve")]
        ada.cells.append(cell("mine", "ada's"))
        await until(lambda: len(eve.cells) == 2)
        seen = keep_watch(bob)
        with eve.doc.transaction():
            eve.cells.insert(0, cell("mine", text))
            eve.cells.insert(0, cell("other", "more"))
        await eve.until_saved()
        await until(lambda: len(bob.cells) == 4)
        assert await known_by(manager) == ids(bob)
        assert ids(bob)["ada's"] == "mine"
        assert all(there["ada's"] == "mine" and there.get(text) != "mine" for there in seen)
        await until(lambda: ids(eve) == ids(ada) == ids(bob))


@scenario
async def test_the_first_part_of_a_large_edit_shows_no_id_twice(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob, eve = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob", "eve")]
        ada.cells.append(cell("mine", "ada's"))
        await until(lambda: len(eve.cells) == 2)
        seen = keep_watch(bob)
        with eve.doc.transaction():
            for number in range(200):
                eve.cells.insert(0, cell("mine" if number == 0 else f"c{number}", f"{number}: {LARGE[:2000]}"))
        await until(lambda: len(bob.cells) == 202)
        assert len(seen) > 2, "it came in parts"
        assert all(len(set(there.values())) == len(there) and there["ada's"] == "mine" for there in seen)


@scenario
async def test_the_id_of_a_cell_cannot_be_changed_to_another_ones(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, eve = [await ScriptedPeer(name).join(manager) for name in ("ada", "eve")]
        ada.cells.append(cell("mine", "ada's"))
        await until(lambda: len(eve.cells) == 2)
        eve.cells.insert(0, cell("eves", "hostile"))
        await until(lambda: len(ada.cells) == 3)
        eve.cells[0]["id"] = "mine"
        await until(lambda: bool(eve.rejections))
        assert ids(ada)["hostile"] == "eves"
        assert await known_by(manager) == ids(ada)


@scenario
async def test_a_cell_without_an_id_that_gets_a_taken_one_later_does_not_have_it(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        eve = await ScriptedPeer("eve").join(manager)
        ada.cells.append(cell("mine", "ada's"))
        await until(lambda: len(eve.cells) == 2)
        nameless = cell("", "hostile")
        with store.holding_writes():  # what the server calls the cell does not reach Eve
            eve.cells.insert(0, nameless)
            eve.cells[0]["id"] = "mine"
        await until(lambda: "hostile" in ids(ada) or bool(eve.rejections))
        await settle()
        assert ids(ada)["ada's"] == "mine"
        assert ids(ada).get("hostile") != "mine"


@scenario
async def test_the_id_of_a_deleted_cell_is_not_free(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, eve = [await ScriptedPeer(name).join(manager) for name in ("ada", "eve")]
        ada.cells.append(cell("mine", "ada's"))
        await until(lambda: len(eve.cells) == 2)
        eve.cells[1]["deleted"] = {"at": 1, "by": "Eve"}
        eve.cells.insert(0, cell("mine", "hostile"))
        await until(lambda: len(ada.cells) == 3)
        await until(lambda: ids(ada)["hostile"] != "mine")
        assert ids(ada)["ada's"] == "mine"
        del ada.cells[2]["deleted"]
        await until(lambda: ids(eve) == ids(ada))
        assert (await known_by(manager))["ada's"] == "mine"


@scenario
async def test_a_cell_without_a_place_is_taken_in_behind_the_last_place_that_there_can_be(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, eve = [await ScriptedPeer(name).join(manager) for name in ("ada", "eve")]
        eve.cells.append(cell("last", "hostile", pos="z" * 1000))
        await until(lambda: len(ada.cells) == 2)
        ada.cells.append(cell("mine", "ada's", pos=None))
        await until(lambda: "ada's" in ids(eve))
        await ada.until_saved()
        assert ada.close_code is None
        assert list(await known_by(manager))[-2:] == ["hostile", "ada's"]
        assert isinstance(eve.cells[2]["pos"], str)


@scenario
async def test_two_who_paste_one_cell_at_once_both_have_it_under_ids_of_their_own(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob, eve = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob", "eve")]
        for peer in (ada, bob):
            peer.cells.append(cell("pasted", f"{peer.name}'s"))
        await until(lambda: len(eve.cells) == 3)
        await until(lambda: ids(ada) == ids(bob) == ids(eve))
        assert ids(eve)["ada's"] == "pasted"
        assert len(set(ids(eve).values())) == 3


@pytest.mark.parametrize("at_start", [True, False])
@scenario
async def test_of_two_servers_both_know_the_cell_that_is_first_in_the_log(tmp_path: Path, at_start: bool) -> None:
    here_store, there_store = faulty_store(tmp_path), faulty_store(tmp_path)
    async with serving(here_store) as here, serving(there_store) as there:
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(there)
        watcher = await ScriptedPeer("watcher").join(there)
        seen = keep_watch(watcher)
        with there_store.holding_writes():
            bob.cells.insert(0 if at_start else len(bob.cells), cell("both", "bob's"))
            ada.cells.insert(len(ada.cells) if at_start else 0, cell("both", "ada's"))
            await until(lambda: len(bob.cells) == 2)
            await ada.until_saved()
            await settle()
        everybody = [ada, bob, watcher]
        await until(lambda: all(len(peer.cells) == 3 for peer in everybody))
        await until(lambda: ids(ada) == ids(bob) == ids(watcher) and len(set(ids(ada).values())) == 3)
        assert ids(ada)["ada's"] == "both"
        assert await known_by(here) == await known_by(there) == ids(ada)
        assert all(len(set(there.values())) == len(there) for there in seen)


@scenario
async def test_what_comes_later_over_another_server_cannot_take_an_id(tmp_path: Path) -> None:
    here_store, there_store = faulty_store(tmp_path), faulty_store(tmp_path)
    async with serving(here_store) as here, serving(there_store) as there:
        ada, eve = await ScriptedPeer("ada").join(here), await ScriptedPeer("eve").join(there)
        with there_store.holding_reads():  # Eve's server does not know of Ada's cell
            ada.cells.append(cell("mine", "ada's"))
            await ada.until_saved()
            eve.cells.insert(0, cell("mine", "hostile"))
            await eve.until_saved()
        await until(lambda: len(eve.cells) == len(ada.cells) == 3)
        await until(lambda: ids(ada) == ids(eve) and len(set(ids(ada).values())) == 3)
        assert ids(ada)["ada's"] == "mine"
        assert await known_by(here) == await known_by(there) == ids(ada)


@pytest.mark.parametrize("has_keyframe", [True, False])
@scenario
async def test_a_room_that_is_read_from_the_store_knows_the_cell_that_is_first_in_the_log(
    tmp_path: Path, has_keyframe: bool
) -> None:
    async with serving(faulty_store(tmp_path)) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        ada.cells.append(cell("mine", "ada's"))
        await ada.until_saved()
        if has_keyframe:
            assert ada.room is not None
            await ada.room.log.compact()
        eve = await ScriptedPeer("eve").join(manager)
        epoch = ada.hello.info["epoch"] if ada.hello is not None else ""
    before = eve.doc.get_state()
    eve.room = None
    eve.cells.insert(0, cell("mine", "hostile"))  # the server ended before it wrote what it calls this cell
    stores = faulty_store(tmp_path), faulty_store(tmp_path)
    async with serving(stores[0]) as here, serving(stores[1]) as there:
        await stores[0].append("demo", epoch, entries(eve.doc.get_update(before), life="ended"))
        for manager in (here, there):
            bob = await ScriptedPeer("bob").join(manager)
            await until(partial(lambda peer: len(peer.cells) == 3, bob))
            seen = await known_by(manager)
            assert seen == ids(bob)
            assert seen["ada's"] == "mine"
            assert len(set(seen.values())) == len(bob.cells) == 3
        assert await known_by(here) == await known_by(there)


@scenario
async def test_a_run_stays_with_the_cell_that_was_run(store: FaultyStore) -> None:
    run = {"by": "Ada", "username": "ada", "at": "2026-01-31T12:00:00.000Z", "seconds": 1, "status": "ok", "hash": "1"}
    async with serving(store) as manager:
        ada, eve = [await ScriptedPeer(name).join(manager) for name in ("ada", "eve")]
        ada.cells.append(cell("mine", "ada's"))
        await until(lambda: len(eve.cells) == 2)
        assert ada.room is not None
        await ada.room.edits.change(lambda document: document.set_run_info("mine", run), BY_SERVER)
        output = Map({"output_type": "stream", "name": "stdout", "text": Text("hostile")})
        eve.cells.insert(0, cell("mine", "hostile", outputs=Array([output]), execution_count=1))
        await until(lambda: len(ada.cells) == 3)
        mine = next(shared for shared in ada.cells if shared["id"] == "mine")
        assert mine["metadata"]["jupyter_collab"] == {"run": run}
        assert "put" not in mine
        await until(lambda: "put" in ada.cells[0])
