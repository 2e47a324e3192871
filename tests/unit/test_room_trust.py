"""``metadata.trusted`` never reaches another peer: whom to trust is each viewer's own choice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving, user
from .scenarios import scenario, until

Cells = Array[Map[Any]]


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


def new_cell(metadata: object) -> "Map[Any]":
    """A code cell with that metadata."""
    return Map(
        {
            "id": "mallory",
            "cell_type": "code",
            "source": Text("x"),
            "metadata": metadata,
            "outputs": Array([]),
            "execution_count": None,
        }
    )


def set_in_map(cells: Cells) -> None:
    cells[0]["metadata"]["trusted"] = True


def overwrite_in_map(cells: Cells) -> None:
    cells[0]["metadata"]["trusted"] = False
    cells[0]["metadata"]["trusted"] = True


def insert_a_cell(cells: Cells) -> None:
    cells.insert(0, new_cell(Map({"trusted": True})))


def replace_metadata_by_a_map(cells: Cells) -> None:
    cells[0]["metadata"] = Map({"trusted": True, "tags": ["kept"]})


def replace_a_cell(cells: Cells) -> None:
    cells[0] = new_cell(Map({"trusted": True}))


def replace_metadata_and_then_write_into_them(cells: Cells) -> None:
    cells[0]["metadata"] = Map({})
    cells[0]["metadata"]["trusted"] = True


WAYS = [set_in_map, overwrite_in_map, insert_a_cell]
REFUSED_WAYS = [replace_metadata_by_a_map, replace_a_cell, replace_metadata_and_then_write_into_them]
"""These take away what a cell keeps for life."""

by_name = pytest.mark.parametrize("write_trust", WAYS, ids=lambda way: way.__name__)


def trusted(doc: "Doc[Any]") -> bool:
    """Whether any cell of ``doc`` says that it is trusted."""
    cells: Cells = doc.get("cells", type=Array)
    return any("trusted" in (cell.get("metadata") or {}) for cell in cells)


def noting_trust(peer: ScriptedPeer) -> list[bool]:
    """Whether the peer has it, after each message from now on."""
    had_it: list[bool] = []
    read = peer.transport.on_message

    def read_and_look(data: bytes) -> None:
        read(data)
        had_it.append(trusted(peer.doc))

    peer.transport.on_message = read_and_look
    return had_it


@by_name
@pytest.mark.parametrize("at_once", [True, False], ids=["in one transaction", "step by step"])
@scenario
async def test_nobody_ever_has_it(store: FaultyStore, write_trust: Callable[[Cells], None], at_once: bool) -> None:
    async with serving(store) as manager:
        mallory, bob = [await ScriptedPeer(name).join(manager) for name in ("mallory", "bob")]
        had_it = noting_trust(bob)
        if at_once:
            with mallory.doc.transaction():
                write_trust(mallory.cells)
        else:
            write_trust(mallory.cells)
        await mallory.until_saved()
        late = await ScriptedPeer("late").join(manager)
        mallory.type("done")
        for peer in (bob, late):
            await peer.until_text("done")
        assert had_it
        assert not any(had_it)
        assert not trusted(late.doc)
        assert not trusted((await manager.read("demo")).doc)
        await until(lambda: not trusted(mallory.doc))


@pytest.mark.parametrize("write_trust", REFUSED_WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("at_once", [True, False], ids=["in one transaction", "step by step"])
@scenario
async def test_nobody_has_it_of_an_edit_that_is_refused(
    store: FaultyStore, write_trust: Callable[[Cells], None], at_once: bool
) -> None:
    async with serving(store) as manager:
        mallory, bob = [await ScriptedPeer(name).join(manager) for name in ("mallory", "bob")]
        had_it = noting_trust(bob)
        if at_once:
            with mallory.doc.transaction():
                write_trust(mallory.cells)
        else:
            write_trust(mallory.cells)
        await until(lambda: mallory.rejections)
        assert mallory.rejections[0].reason == "invalid_update"
        await bob.typed("done")
        assert not any(had_it)
        assert not trusted((await manager.read("demo")).doc)


@by_name
@scenario
async def test_nobody_on_another_server_ever_has_it(
    store: FaultyStore, tmp_path: Path, write_trust: Callable[[Cells], None]
) -> None:
    async with serving(store) as here, serving(faulty_store(tmp_path)) as there:
        mallory, bob = await ScriptedPeer("mallory").join(here), await ScriptedPeer("bob").join(there)
        had_it = noting_trust(bob)
        write_trust(mallory.cells)
        mallory.type("done")
        await bob.until_text("done")
        assert not any(had_it)


@scenario
async def test_it_is_gone_after_a_restart_too(store: FaultyStore, tmp_path: Path) -> None:
    async with serving(store) as manager:
        mallory = await ScriptedPeer("mallory").join(manager)
        for write_trust in WAYS:
            write_trust(mallory.cells)
        await mallory.until_saved()
    async with serving(faulty_store(tmp_path)) as manager:
        late = await ScriptedPeer("late").join(manager)
        await until(lambda: len(late.cells) == len(mallory.cells))
        assert not trusted(late.doc)


@scenario
async def test_what_else_the_metadata_say_is_kept(store: FaultyStore) -> None:
    async with serving(store) as manager:
        mallory, bob = [await ScriptedPeer(name).join(manager) for name in ("mallory", "bob")]
        with mallory.doc.transaction():
            mallory.cells[0]["metadata"]["tags"] = ["kept"]
            set_in_map(mallory.cells)
        await mallory.until_saved()
        await until(lambda: "tags" in bob.cells[0]["metadata"])
        assert (await manager.read("demo")).cells[0]["metadata"] == {"tags": ["kept"]}


@scenario
async def test_a_notebook_that_says_it_is_imported_without_it(store: FaultyStore) -> None:
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {
                "id": "c1",
                "cell_type": "code",
                "source": "1",
                "metadata": {"trusted": True},
                "outputs": [],
                "execution_count": 1,
            }
        ],
    }
    async with serving(store) as manager:
        bob = await ScriptedPeer("bob").join(manager)
        await manager.edit("demo", lambda document: document.set_notebook(notebook), user("ada"))
        await until(lambda: bob.cells[len(bob.cells) - 1]["id"] == "c1")
        assert not trusted(bob.doc)
        await manager.create_room(room_id="other", content=notebook)
        assert not trusted((await manager.read("other")).doc)


@scenario
async def test_not_even_the_server_itself_can_write_it(store: FaultyStore) -> None:
    async with serving(store) as manager:
        bob = await ScriptedPeer("bob").join(manager)
        had_it = noting_trust(bob)
        await manager.edit("demo", lambda document: set_in_map(document.doc.get("cells", type=Array)), user("import"))
        bob.type("done")
        await bob.until_saved()
        assert had_it
        assert not any(had_it)
        assert not trusted((await manager.read("demo")).doc)


@scenario
async def test_two_who_write_it_at_once_on_two_servers_do_not_get_it_through(
    store: FaultyStore, tmp_path: Path
) -> None:
    async with serving(store) as here, serving(faulty_store(tmp_path)) as there:
        mallory, trudy = await ScriptedPeer("mallory").join(here), await ScriptedPeer("trudy").join(there)
        bob = await ScriptedPeer("bob").join(here)
        for _ in range(10):
            overwrite_in_map(mallory.cells)
            set_in_map(trudy.cells)
        mallory.type("m")
        trudy.type("t")
        await until(lambda: sorted(str(bob.text)) == ["m", "t"])
        await until(lambda: not trusted(bob.doc) and not trusted(mallory.doc) and not trusted(trudy.doc))
        for manager in (here, there):
            assert not trusted((await manager.read("demo")).doc)
