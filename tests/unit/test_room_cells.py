"""What one peer writes among the cells cannot make the room unusable for the others."""

import json
from pathlib import Path

import pytest
from pycrdt import Map

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario

JUNK: dict[str, str] = json.loads((Path(__file__).parents[1] / "document" / "junk.json").read_text())
"""Updates, as hex, that yjs made."""


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    return faulty_store(tmp_path)


@pytest.mark.parametrize("name", ["cells as text", "cells as text and as array", "cells as XML", "values among cells"])
@scenario
async def test_what_is_no_cell_is_refused_whole(store: FaultyStore, name: str) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        odd = await ScriptedPeer("odd").join(manager)
        await odd.send_edit(bytes.fromhex(JUNK[name]))
        assert odd.rejections[-1].reason == "invalid_update"
        assert "no cell" in odd.rejections[-1].message
        await ada.typed("fine")
        await odd.until_text("fine")
        assert len(ada.cells) == 1
        content = await manager.read("demo")
        assert len(content.cells) == 1
        content.check_cells()


@scenario
async def test_a_cell_in_any_state_of_making_is_taken(store: FaultyStore) -> None:
    """A program may put an empty map among the cells first and fill it afterwards."""
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        ada.cells.append(Map())
        ada.cells[1]["cell_type"] = "markdown"
        ada.cells[1]["id"] = "new"
        await ada.until_saved()
        assert ada.rejections == []
        assert (await manager.read("demo")).cell_ids[1:] == ["new"]
