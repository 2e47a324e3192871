"""What others wrote calls no command of JupyterLab, wherever it is shown, when somebody clicks it."""

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator

import jupyter_collab
from tests.servers import RunningServer

from .bound import bound_cell, open_notebook
from .people import Person, until
from .rooms import code_cell, notebook, write_cells, write_notebook

pytestmark = pytest.mark.browser

LABEL = "Show the next question"

CODE = "print('in the notebook around')"

COMMAND = "apputils:run-all-enabled"


def button(written: Path, label: str = LABEL) -> str:
    """A button that has code run in the notebook around it, which writes a file."""
    commands = ["notebook:insert-cell-below", "notebook:replace-selection", "notebook:run-cell"]
    arguments = {"commands": commands, "args": {"text": f"open({str(written)!r}, 'w').close()"}}
    return (
        f'<button data-commandlinker-command="{COMMAND}" '
        f'data-commandlinker-args="{html.escape(json.dumps(arguments))}">{label}</button>'
    )


def text_cell(cell_id: str, source: str) -> dict[str, Any]:
    """A text cell."""
    return {"id": cell_id, "cell_type": "markdown", "source": source, "metadata": {}}


def output_cell(markup: str) -> dict[str, Any]:
    """A code cell with an output of HTML."""
    output = {"output_type": "display_data", "data": {"text/html": markup}, "metadata": {}}
    return code_cell("output", "show()") | {"outputs": [output]}


def click_in_vain(person: Person, clicked: Locator) -> None:
    """Click, and fail if that calls a command or asks whether to."""
    person.page.evaluate(
        """() => {
          window.called = [];
          window.jupyterapp.commands.commandExecuted.connect((_, { id }) => window.called.push(id));
        }"""
    )
    clicked.click()
    assert COMMAND not in person.page.evaluate("window.called")
    assert person.page.locator(".jp-Dialog").count() == 0


def see_that_nothing_ran(person: Person, written: Path) -> None:
    """Run a cell of the notebook: whatever was to be run before is done by then."""
    person.page.locator(".jp-Cell", has_text=CODE).last.locator(".cm-content").click()
    person.run("notebook:run-cell")
    assert not written.exists()


def buttons(root: Locator, label: str = LABEL) -> Locator:
    """What is shown of them."""
    return root.get_by_role("button", name=label)


def test_in_a_rooms_tab(person: Callable[..., Person], server: RunningServer, tmp_path: Path) -> None:
    markup = button(tmp_path / "written")
    server.create_room("tab", content=notebook(text_cell("text", markup), output_cell(markup)))
    with person("Ada") as ada:
        shown = buttons(ada.open_room("tab").root)
        until(shown.count, lambda count: count == 2)
        click_in_vain(ada, shown.first)
        click_in_vain(ada, shown.last)
        ada.take_picture("buttons")


def test_in_a_shared_editor_of_a_trusted_notebook(
    person: Callable[..., Person], server: RunningServer, tmp_path: Path
) -> None:
    written = tmp_path / "written"
    markup = button(written)
    server.create_room("widget", content=notebook(text_cell("text", markup), output_cell(markup)))
    show = "from jupyter_collab import SharedEditor\nSharedEditor('widget')"
    path = write_notebook(server, "widget.ipynb", show, CODE)
    with person("Ada") as ada:
        shown = buttons(ada.run_notebook(path).root)
        see_that_nothing_ran(ada, written)
        until(shown.count, lambda count: count == 2)
        click_in_vain(ada, shown.first)
        click_in_vain(ada, shown.last)
        ada.take_picture("buttons")
        see_that_nothing_ran(ada, written)


def test_in_a_shared_cell_of_a_trusted_notebook(
    person: Callable[..., Person], server: RunningServer, tmp_path: Path
) -> None:
    written, own = tmp_path / "written", tmp_path / "own"
    before, later = button(written), button(written, "Another question")
    server.create_room("bound", content=notebook(text_cell("c0", before)))
    link = bound_cell("shared", "bound", "c0", before)["metadata"]
    path = write_cells(
        server,
        "bound.ipynb",
        code_cell("n0", CODE),
        text_cell("shared", before) | {"metadata": link},
        text_cell("own", button(own)),
    )
    with person("Ada") as ada, jupyter_collab.connect("bound", url=server.url, token=server.token) as mallory:
        at_ada = open_notebook(ada, path)
        at_ada.wait_for_state(1, "shared")
        see_that_nothing_ran(ada, written)
        shared = at_ada.cells.nth(1)
        click_in_vain(ada, buttons(shared))
        mallory.cells[0].source = later
        click_in_vain(ada, buttons(shared, "Another question"))
        ada.take_picture("buttons")
        see_that_nothing_ran(ada, written)

        # What one wrote oneself does what it did, and so does the text of a cell that is one's own again.
        buttons(at_ada.cells.nth(2)).click()
        until(own.exists)
        at_ada.select(1)
        ada.run("jupyter-collab:unshare-cell")
        until(lambda: at_ada.state(1), lambda state: state == "")
        assert not written.exists()
        buttons(shared, "Another question").click()
        until(written.exists)


def click_in_vain_in_notebook_7(shown: Locator, written: Path) -> None:
    """Click buttons of a notebook, which have nothing by which a command could be called, and run its last cell."""
    assert set(shown.evaluate_all("nodes => nodes.flatMap(node => node.getAttributeNames())")) == set()
    for clicked in shown.all():
        clicked.click()
    page = shown.page
    page.locator(".jp-Cell", has_text=CODE).last.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    page.locator(".jp-OutputArea-output", has_text="in the notebook around").wait_for()
    assert page.locator(".jp-Dialog").count() == 0
    assert not written.exists()


def test_in_a_shared_editor_of_notebook_7(person: Callable[..., Person], server: RunningServer, tmp_path: Path) -> None:
    written = tmp_path / "written"
    markup = button(written)
    server.create_room("widget-7", content=notebook(text_cell("text", markup), output_cell(markup)))
    show = "from jupyter_collab import SharedEditor\nSharedEditor('widget-7')"
    with person("Ada") as ada:
        shown = buttons(ada.run_notebook(write_notebook(server, "widget-7.ipynb", show, CODE), in_notebook_7=True).root)
        until(shown.count, lambda count: count == 2)
        click_in_vain_in_notebook_7(shown, written)
        ada.take_picture("buttons")


def test_in_a_shared_cell_of_notebook_7(person: Callable[..., Person], server: RunningServer, tmp_path: Path) -> None:
    written = tmp_path / "written"
    markup = button(written)
    server.create_room("bound-7", content=notebook(text_cell("c0", markup)))
    link = bound_cell("shared", "bound-7", "c0", markup)["metadata"]
    cells = [code_cell("n0", CODE), text_cell("shared", markup) | {"metadata": link}]
    with person("Ada") as ada:
        at_ada = open_notebook(ada, write_cells(server, "bound-7.ipynb", *cells), in_notebook_7=True)
        at_ada.wait_for_state(1, "shared")
        click_in_vain_in_notebook_7(buttons(at_ada.cells.nth(1)), written)
        ada.take_picture("buttons")


def test_in_another_view_of_that_notebook(person: Callable[..., Person], server: RunningServer, tmp_path: Path) -> None:
    written = tmp_path / "written"
    markup = button(written)
    server.create_room("views", content=notebook(text_cell("c0", markup)))
    link = bound_cell("shared", "views", "c0", markup)["metadata"]
    cells = [code_cell("n0", CODE), text_cell("shared", markup) | {"metadata": link}]
    with person("Ada") as ada:
        at_ada = open_notebook(ada, write_cells(server, "views.ipynb", *cells))
        at_ada.wait_for_state(1, "shared")
        see_that_nothing_ran(ada, written)
        ada.run("docmanager:clone")
        shown = buttons(ada.page.locator(".jp-NotebookPanel"))
        until(shown.count, lambda count: count == 2)
        click_in_vain(ada, shown.last)
        click_in_vain(ada, shown.first)
        see_that_nothing_ran(ada, written)


def test_on_the_page_without_jupyterlab(person: Callable[..., Person], server: RunningServer, tmp_path: Path) -> None:
    markup = button(tmp_path / "written")
    server.create_room("page", content=notebook(text_cell("text", markup), output_cell(markup)))
    with person("Ada") as ada:
        shown = buttons(ada.open_room_page("page").root)
        until(shown.count, lambda count: count == 2)
        assert shown.evaluate_all("nodes => nodes.map(node => node.getAttributeNames())") == [[], []]


def test_all_else_stays_as_it_is(person: Callable[..., Person], server: RunningServer) -> None:
    odd = (
        '<p id="mine" DATA-CommandLinker-Command="x" class="data-class" title="a data-title">'
        '<a href="#mine" data-trust-command="y">data-link</a> &lt;b data-x="1"&gt;</p>'
    )
    server.create_room("odd", content=notebook(output_cell(odd)))
    with person("Ada") as ada:
        shown = ada.open_room_page("odd").root.locator("p.data-class")
        assert shown.evaluate("node => node.outerHTML") == (
            '<p class="data-class" title="a data-title" data-jupyter-id="mine">'
            '<a href="#mine" rel="noopener" target="_self">data-link</a> &lt;b data-x="1"&gt;</p>'
        )
