"""The pane is a notebook: its keys, one's own undo, roles, and its place in Notebook 7."""

from collections.abc import Callable
from typing import Any

import pytest

import jupyter_collab
from tests.servers import RunningServer

from .people import Pane, Person, until
from .rooms import room_with, write_notebook

pytestmark = pytest.mark.browser

UNDO_STEP_MILLISECONDS = 600
"""What one does within half a second is one step for undo."""


def content(server: RunningServer, room: str) -> list[dict[str, Any]]:
    """The cells of a room, as they are on the server."""
    cells: list[dict[str, Any]] = server.notebook(room)["cells"]
    return cells


def sources(server: RunningServer, room: str) -> list[str]:
    """Their texts."""
    return [cell["source"] for cell in content(server, room)]


def active_in_sight(pane: Pane) -> int | None:
    """Which cell is active, if all of it is in sight."""
    index: int | None = pane.root.evaluate(
        """pane => {
          const around = pane.querySelector('.jp-WindowedPanel-outer').getBoundingClientRect();
          const cells = [...pane.querySelectorAll('.jp-Cell')];
          const index = cells.findIndex(cell => cell.classList.contains('jp-mod-active'));
          const { top, bottom } = cells[index].getBoundingClientRect();
          return top > around.top - 1 && bottom < around.bottom + 1 ? index : null;
        }"""
    )
    return index


def test_the_keys_of_the_notebook(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "keys", "one", "two")
    with person("Ada") as ada:
        at_ada = ada.open_room("keys")
        press = ada.page.keyboard.press
        at_ada.click_end(0)
        press("Escape")
        press("b")
        press("Enter")
        ada.page.keyboard.type("between")
        until(lambda: sources(server, "keys"), lambda seen: seen == ["one", "between", "two"])
        press("Escape")
        press("m")
        until(lambda: content(server, "keys")[1]["cell_type"], lambda kind: kind == "markdown")
        press("y")
        press("Control+Shift+ArrowUp")
        until(lambda: sources(server, "keys"), lambda seen: seen == ["between", "one", "two"])
        press("Enter")
        press("Home")
        press("ArrowRight")
        press("ArrowRight")
        press("Control+Shift+Minus")
        until(lambda: sources(server, "keys"), lambda seen: seen == ["be", "tween", "one", "two"])
        ada.page.wait_for_timeout(UNDO_STEP_MILLISECONDS)
        press("Escape")
        press("d")
        press("d")
        until(lambda: len(content(server, "keys")), lambda count: count == 3)
        press("z")
        until(lambda: sources(server, "keys"), lambda seen: seen == ["be", "tween", "one", "two"])


def test_the_active_cell_stays_in_sight(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "sight", *(f"{number}\n" * 12 for number in range(6)))
    with person("Ada") as ada:
        at_ada = ada.open_room("sight")
        at_ada.editor(0).click()
        ada.page.keyboard.press("Escape")
        for key, index in [("j", 1), ("j", 2), ("j", 3), ("k", 2), ("k", 1), ("k", 0)]:
            ada.page.keyboard.press(key)
            until(lambda: active_in_sight(at_ada), index.__eq__)


def test_undo_takes_back_only_ones_own(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "undo", "")
    with person("Ada") as ada, jupyter_collab.connect("undo", url=server.url, token=server.token) as program:
        at_ada = ada.open_room("undo")
        at_ada.type(0, "mine")
        until(lambda: program.cells[0].source, lambda text: text == "mine")
        program.cells[0].append(" theirs")
        until(lambda: at_ada.source(0), lambda text: text == "mine theirs")
        at_ada.editor(0).click()
        ada.page.keyboard.press("Control+z")
        until(lambda: at_ada.source(0), lambda text: text == " theirs")
        until(lambda: program.cells[0].source, lambda text: text == " theirs")


def test_a_viewer_looks_and_does_not_touch(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "look", "as it was")
    with person("Ada") as ada, jupyter_collab.connect("look", url=server.url, token=server.token) as program:
        at_ada = ada.open_room("look", role="viewer")
        at_ada.editor(0).click()
        ada.page.keyboard.type("x")
        program.cells[0].append(" and is")
        until(lambda: at_ada.source(0), lambda text: text == "as it was and is")
        ada.take_picture("read-only")
        assert sources(server, "look") == ["as it was and is"]


def test_the_widget_in_notebook_7(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "seven", "print(7)")
    with person("Bob") as bob, jupyter_collab.connect("seven", url=server.url, token=server.token) as program:
        path = write_notebook(server, "seven.ipynb", "from jupyter_collab import SharedEditor\nSharedEditor('seven')")
        at_bob = bob.run_notebook(path, in_notebook_7=True)
        at_bob.type(0, "  # from 7")
        until(lambda: program.cells[0].source, lambda text: text == "print(7)  # from 7")
        bob.take_picture("notebook-7")


def test_a_room_without_ipywidgets_in_the_page(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "plain", "x = 1")
    with person("Ada") as ada:
        ada.context.route("**/@jupyter-widgets/**", lambda route: route.abort())
        at_ada = ada.open_room("plain")
        ada.console.errors.clear()  # JupyterLab's own, about the extension that it could not load
        at_ada.type(0, "0")
        until(lambda: sources(server, "plain"), lambda seen: seen == ["x = 10"])


def test_line_breaks_of_windows(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "breaks", "")
    with (
        person("Ada") as ada,
        person("Bob") as bob,
        jupyter_collab.connect("breaks", url=server.url, token=server.token) as program,
    ):
        at_ada, at_bob = ada.open_room("breaks"), bob.open_room("breaks")
        program.cells[0].source = "one\r\ntwo\r\nthree\rend"
        until(lambda: at_ada.source(0), lambda text: text.endswith("end"))
        at_bob.click_end(0)
        until(lambda: at_ada.carets, lambda carets: carets == {"Bob"})
        bob.page.keyboard.type("?")
        until(lambda: sources(server, "breaks"), lambda texts: texts == ["one\ntwo\nthree\nend?"])
        at_ada.editor(0).click()
        for key in ("Control+Home", "End", "!"):
            ada.page.keyboard.press(key)
        until(lambda: sources(server, "breaks"), lambda texts: texts == ["one!\ntwo\nthree\nend?"])
        until(lambda: at_bob.source(0), lambda text: text == "one!\ntwo\nthree\nend?")
