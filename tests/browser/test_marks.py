"""What happens in a room is shown at the cells that it concerns: a page neither looks at others nor changes them."""

from collections.abc import Callable, Iterator

import pytest

import jupyter_collab
from tests.servers import RunningServer

from .people import Pane, Person, until
from .rooms import room_with
from .running import info, kernel_status, prompt

pytestmark = pytest.mark.browser

CELLS = 30

WATCH = """() => {
  // What was run "just now" stays so.
  const now = Date.now();
  Date.now = () => now;
  const { notebook } = window.jupyterapp.shell.currentWidget.content;
  const touched = (window.touched = { read: new Set(), changed: new Set() });
  for (const cell of notebook.widgets) {
    const { model } = cell;
    const { id } = model;
    const getMetadata = model.getMetadata;
    model.getMetadata = key => {
      touched.read.add(id);
      return getMetadata.call(model, key);
    };
    const observer = new MutationObserver(() => touched.changed.add(id));
    observer.observe(cell.node, { attributes: true, characterData: true, childList: true, subtree: true });
  }
}"""
"""Notes which cells' metadata, where their last run is, are read from now on, and which cells change on the screen."""

TAKE = """async () => {
  // What changed is told in a microtask; what a signal brings about may come one later.
  await new Promise(resolve => setTimeout(resolve, 100));
  const { read, changed } = window.touched;
  const taken = [[...read].sort(), [...changed].sort()];
  read.clear();
  changed.clear();
  return taken;
}"""

Touched = tuple[list[str], list[str]]


@pytest.fixture
def pane(person: Callable[..., Person], server: RunningServer, request: pytest.FixtureRequest) -> Iterator[Pane]:
    """Ada's pane on a room of many cells, all of which were run, and which is at rest."""
    name = request.node.name
    room_with(server, name, *(f"{number}  # cell" for number in range(CELLS)))
    server.request("POST", f"rooms/{name}/runs", json={"cells": "all"})
    with person("Ada") as ada:
        pane = ada.open_room(name)
        until(lambda: info(pane, CELLS - 1), lambda text: "just now" in text)
        until(lambda: pane.cells.locator(".cm-content").count(), lambda count: count == CELLS)
        until(lambda: kernel_status(pane), lambda status: status == "idle")
        pane.page.evaluate(WATCH)
        until(lambda: take(pane), lambda touched: touched == ([], []))
        yield pane


def take(pane: Pane) -> Touched:
    """The cells that were read, and those that changed, since this was asked for last."""
    read, changed = pane.page.evaluate(TAKE)
    return read, changed


def test_somebody_who_moves_touches_only_the_cells_where_they_are(
    pane: Pane, server: RunningServer, request: pytest.FixtureRequest
) -> None:
    with jupyter_collab.connect(request.node.name, url=server.url, token=server.token) as bob:
        bob.set_cursor("c3", 1)
        until(lambda: pane.cells.nth(3).locator(".jc-Caret").count())
        assert take(pane) == ([], ["c3"])
        bob.set_cursor("c3", 2)
        until(lambda: pane.page.evaluate("window.touched.changed.size"))
        assert take(pane) == ([], ["c3"])
        bob.set_cursor("c7", 1)
        until(lambda: pane.cells.nth(7).locator(".jc-CellPeople").count())
        assert take(pane) == ([], ["c3", "c7"])
    until(pane.root.locator(".jc-CellPeople").count, lambda count: count == 0)
    assert take(pane) == ([], ["c7"])


def test_a_run_touches_only_the_cell_that_runs(
    pane: Pane, server: RunningServer, request: pytest.FixtureRequest
) -> None:
    run = {"cells": ["c5"]}
    server.request("POST", f"rooms/{request.node.name}/runs", json=run)
    until(lambda: prompt(pane, 5), lambda shown: shown == f"[{CELLS + 1}]:")
    assert take(pane) == (["c5"], ["c5"])


def test_what_is_typed_touches_only_the_cell_that_it_is_typed_in(pane: Pane) -> None:
    pane.click_end(4)
    take(pane)
    pane.page.keyboard.type(", typed")
    until(lambda: info(pane, 4), lambda text: "edited since" in text)
    until(lambda: pane.chip, lambda chip: chip == "synced")
    assert take(pane) == (["c4"], ["c4"])
