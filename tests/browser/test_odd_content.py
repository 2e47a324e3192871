"""A room that holds what no notebook may hold is opened, and says what of it cannot be shown."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pycrdt
import pytest
from playwright.sync_api import expect

from jupyter_collab.store.sql import SQLStore
from tests.servers import RunningServer
from tests.unit.stores import entries

from .people import Pane, Person, until
from .rooms import code_cell, notebook, room_with, write_notebook
from .test_commands_in_texts import text_cell

pytestmark = pytest.mark.browser

NOTICE = "cannot be shown"


def spoil(server: RunningServer, room: str, change: Callable[[pycrdt.Doc[Any]], None]) -> None:
    """Put into the store what an older server took in from somebody: another server's edit, for the one that runs."""

    async def append() -> None:
        store = SQLStore(f"sqlite:///{server.folder / 'data' / 'collab' / 'rooms.sqlite'}")
        await store.open()
        try:
            record = await store.get_room(room)
            log = await store.read_log(room)
            doc: pycrdt.Doc[Any] = pycrdt.Doc()
            for update in [log.state, *(entry.update for entry in log.entries)]:
                if update is not None:
                    doc.apply_update(update)
            before = doc.get_state()
            change(doc)
            await store.append(room, record.epoch, entries(doc.get_update(before), life="elsewhere"))
        finally:
            await store.close()

    # Playwright has an event loop in this thread.
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, append()).result()


def with_odd_outputs(doc: pycrdt.Doc[Any]) -> None:
    """Outputs that are none, in the first two cells."""
    cells = doc.get("cells", type=pycrdt.Array)
    cells[0]["outputs"].append(None)
    cells[0]["outputs"].append(pycrdt.Map({"output_type": "stream", "name": "stdout", "text": pycrdt.Text("fine\n")}))
    cells[0]["outputs"].append(pycrdt.Map({"output_type": "stream", "name": "stdout"}))
    cells[1]["outputs"].append(pycrdt.Map({"output_type": "error", "ename": "E", "evalue": "no"}))
    cells[1]["outputs"].append(pycrdt.Map({"output_type": "display_data", "data": "boom", "metadata": {}}))
    cells[1]["outputs"].append("boom")


def with_odd_metadata(doc: pycrdt.Doc[Any]) -> None:
    """Metadata of the notebook that are no map."""
    doc.get("meta", type=pycrdt.Map)["metadata"] = "boom"


ODD_VALUES: tuple[Any, ...] = (None, 5, "boom", ["boom"], {"boom": None})


def odd_cells(doc: pycrdt.Doc[Any]) -> None:
    """Values of other types than they should have, in a code cell for each of them, and all of them in text cells."""
    cells = doc.get("cells", type=pycrdt.Array)
    types = ("text/plain", "text/html", "image/png", "image/svg+xml", "text/latex", "text/markdown", "application/json")
    for index, value in enumerate(ODD_VALUES):
        cell = cells[index]
        for mime_type in types:
            data = {"output_type": "display_data", "data": {mime_type: value}, "metadata": value}
            cell["outputs"].append(pycrdt.Map(data))
        cell["outputs"].append(pycrdt.Map({"output_type": "stream", "name": value, "text": pycrdt.Text("fine")}))
        cell["outputs"].append(pycrdt.Map({"output_type": value, "text": value}))
        cell["outputs"].append(
            pycrdt.Map({"output_type": "error", "ename": value, "evalue": value, "traceback": ["one", "two"]})
        )
        cell["execution_count"] = value
        text = cells[len(ODD_VALUES) + index]
        text["attachments"] = value
        for odd in (cell, text):
            for key in ("jupyter", "scrolled", "editable", "deletable", "tags", "jupyter_collab"):
                odd["metadata"][key] = value
    doc.get("meta", type=pycrdt.Map)["nbformat"] = "boom"
    doc.get("meta", type=pycrdt.Map)["metadata"]["kernelspec"] = None
    doc.get("meta", type=pycrdt.Map)["metadata"]["language_info"] = ["boom"]


def see_notices(pane: Pane) -> None:
    """Look at the cells, and at what is said in place of outputs."""
    until(lambda: pane.sources, lambda texts: texts[:3] == ["one", "two", "three"])
    for index, count in enumerate((2, 3)):
        expect(pane.cells.nth(index).locator(".jp-OutputArea-output", has_text=NOTICE)).to_have_count(count)
    pane.cells.nth(0).locator(".jp-OutputArea").get_by_text("fine", exact=True).wait_for()


def spoilt_room(server: RunningServer, room: str) -> None:
    """A room of three cells, with odd outputs and metadata."""
    room_with(server, room, "one", "two", "three")
    spoil(server, room, with_odd_outputs)
    spoil(server, room, with_odd_metadata)


def test_in_a_rooms_tab(person: Callable[..., Person], server: RunningServer) -> None:
    spoilt_room(server, "tab")
    with person("Ada") as ada:
        pane = ada.open_room("tab")
        see_notices(pane)
        pane.type(2, "!")
        until(lambda: server.notebook("tab").cells[2].source, lambda text: text == "three!")
        ada.take_picture("notices")


def test_in_a_tab_that_is_open(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "open", "one", "two", "three")
    with person("Ada") as ada:
        pane = ada.open_room("open")
        until(lambda: pane.source(2), lambda text: text == "three")
        spoil(server, "open", with_odd_metadata)
        spoil(server, "open", with_odd_outputs)
        see_notices(pane)
        pane.type(2, "!")
        until(lambda: server.notebook("open").cells[2].source, lambda text: text == "three!")


def test_on_the_page_without_jupyterlab(person: Callable[..., Person], server: RunningServer) -> None:
    spoilt_room(server, "page")
    with person("Ada", width=390, color_scheme="dark") as ada:
        pane = ada.open_room_page("page")
        see_notices(pane)
        ada.take_picture("notices")


def test_in_a_shared_editor(person: Callable[..., Person], server: RunningServer) -> None:
    spoilt_room(server, "widget")
    path = write_notebook(server, "widget.ipynb", "from jupyter_collab import SharedEditor\nSharedEditor('widget')")
    with person("Ada") as ada:
        see_notices(ada.run_notebook(path))


@pytest.mark.parametrize("where", ["open_room", "open_room_page"])
def test_no_odd_value_keeps_others_from_the_room(
    person: Callable[..., Person], server: RunningServer, where: str
) -> None:
    codes = [code_cell(f"code{index}", f"code {index}") for index in range(len(ODD_VALUES))]
    texts = [text_cell(f"text{index}", f"text {index}") for index in range(len(ODD_VALUES))]
    server.create_room(where, content=notebook(*codes, *texts, code_cell("last", "last")))
    spoil(server, where, odd_cells)
    with person("Ada") as ada:
        pane = getattr(ada, where)(where)
        last = 2 * len(ODD_VALUES)
        until(lambda: pane.source(last), lambda text: text == "last")
        until(pane.root.locator(".jp-RenderedMarkdown").count, lambda count: count >= len(ODD_VALUES))
        for index in range(len(ODD_VALUES)):
            pane.cells.nth(index).locator(".jp-OutputArea").get_by_text("fine", exact=True).wait_for()
        ada.take_picture(where)
        pane.type(last, "!")
        until(lambda: server.notebook(where).cells[last].source, lambda text: text == "last!")
