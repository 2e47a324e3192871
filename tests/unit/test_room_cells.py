"""What one peer writes among the cells cannot make the room unusable for the others."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Map, Text

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, until

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
        assert re.search("no cell|cells as another|XmlHook", odd.rejections[-1].message)
        await ada.typed("fine")
        await odd.until_text("fine")
        assert len(ada.cells) == 1
        content = await manager.read("demo")
        assert len(content.cells) == 1
        content.check_cells()


@pytest.mark.parametrize(
    "cell",
    [
        {},
        {"cell_type": "evil", "id": "e"},
        {"cell_type": "code", "id": "e", "source": "text that nobody can edit"},
        {"cell_type": "markdown", "id": "e", "source": Text(), "metadata": {"plain": True}},
    ],
)
@scenario
async def test_a_cell_that_no_page_could_show_is_refused(store: FaultyStore, cell: dict[str, Any]) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        odd = await ScriptedPeer("odd").join(manager)
        odd.cells.append(Map(cell))
        assert odd.rejections[-1].reason == "invalid_update"
        await ada.typed("fine")
        assert len(ada.cells) == 1
        assert len((await manager.read("demo")).cells) == 1


@scenario
async def test_a_cell_cannot_lose_what_pages_need_to_show_it(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        odd = await ScriptedPeer("odd").join(manager)
        await until(lambda: len(odd.cells) == 1)
        del odd.cells[0]["source"]
        assert odd.rejections[-1].reason == "invalid_update"
        assert "source" in ada.cells[0]
