"""Outputs come from somebody else: nothing in them runs, whatever the document says."""

from collections.abc import Callable
from typing import Any

import pytest

import jupyter_collab
from tests.servers import RunningServer

from .people import Person, until
from .rooms import code_cell, notebook

pytestmark = pytest.mark.browser

SCRIPT = "window.pwned = true"
OUTPUTS: list[dict[str, Any]] = [
    {
        "output_type": "display_data",
        "data": {"text/html": f"<b>bold</b><script>{SCRIPT}</script><img src=x onerror='{SCRIPT}'>"},
        "metadata": {},
    },
    {"output_type": "display_data", "data": {"application/javascript": SCRIPT}, "metadata": {}},
    {
        "output_type": "display_data",
        "data": {"image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg' onload='{SCRIPT}'><circle r='9'/></svg>"},
        "metadata": {},
    },
]


def test_scripts_in_outputs_do_not_run(person: Callable[..., Person], server: RunningServer) -> None:
    cell = code_cell("bad", "hostile()") | {"outputs": OUTPUTS, "metadata": {"trusted": True}}
    server.create_room("hostile", content=notebook(cell))
    with person("Ada") as ada, jupyter_collab.connect("hostile", url=server.url, token=server.token) as mallory:
        at_ada = ada.open_room("hostile")
        mallory.edit(lambda document: document.doc["cells"][0]["metadata"].update({"trusted": True}))
        mallory.cells[0].append("  # edited")
        until(lambda: at_ada.source(0), lambda text: text.endswith("# edited"))
        at_ada.root.get_by_text("bold").wait_for()
        hidden = at_ada.root.locator(".jc-HiddenOutput")
        until(lambda: hidden.count(), lambda count: count == 1)
        assert at_ada.root.locator(".jp-OutputArea-output svg").count() == 0
        ada.take_picture("hidden-outputs")
        assert ada.page.evaluate("window.pwned") is None
        exported = server.notebook("hostile")
        assert "trusted" not in exported["cells"][0]["metadata"]
