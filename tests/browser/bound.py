"""Notebooks of one's own with shared cells, on somebody's screen."""

import hashlib
import json
from typing import Any

from playwright.sync_api import Locator

from tests.servers import RunningServer

from .people import Pane, Person, until, wait_for_kernel
from .rooms import code_cell

__all__ = ["OwnNotebook", "bound_cell", "open_notebook", "read_notebook", "sources_in"]


class OwnNotebook(Pane):
    """A notebook with its own kernel; its cells are counted as in a pane."""

    def __init__(self, person: Person, root: Locator) -> None:
        super().__init__(person.page, root)
        self.person = person

    @property
    def cells(self) -> Locator:
        """Its cells, without those of rooms in outputs."""
        return self.root.locator(".jp-WindowedPanel-viewport > .jp-Cell")

    def badge(self, index: int) -> Locator:
        """The line below a shared cell."""
        return self.cells.nth(index).locator(".jc-BoundCell")

    def state(self, index: int) -> str:
        """What the badge of a cell says, in one word; empty if the cell is not shared, or not there."""
        return "".join(self.states[index : index + 1])

    @property
    def states(self) -> list[str]:
        """What the badge of each cell says, at one moment."""
        states: list[str] = self.cells.evaluate_all(
            "cells => cells.map(cell => cell.querySelector('.jc-BoundCell')?.dataset.state ?? '')"
        )
        return states

    def wait_for_state(self, index: int, state: str, seconds: float = 20) -> None:
        """Wait until a cell is, for example, ``shared``."""
        until(lambda: self.state(index), lambda seen: seen == state, seconds)

    def output(self, index: int) -> str:
        """The text of a cell's outputs."""
        return self.cells.nth(index).locator(".jp-OutputArea-output").first.inner_text().strip()

    def run(self, index: int) -> None:
        """Run a cell in the notebook's kernel."""
        self.editor(index).click()
        self.page.keyboard.press("Control+Enter")

    def select(self, index: int) -> None:
        """Make a cell the active one, in command mode."""
        self.cells.nth(index).locator(".jp-InputPrompt").click()

    def share(self, index: int, title: str) -> str:
        """Share a cell in a new room, as a person does; answers the room's id."""
        self.select(index)
        self.root.locator(".jp-Toolbar [data-jp-item-name='jc-share-cell-nb']").first.click()
        dialog = self.page.locator(".jp-Dialog")
        dialog.locator("input.jc-PlaceForm-title").fill(title)
        dialog.get_by_role("button", name="Share").click()
        self.wait_for_state(index, "shared")
        return str(self.metadata(index)["room"])

    def join(self, after: int, link: str) -> int:
        """Join a shared cell by its link; answers the index of the new cell."""
        self.select(after)
        self.page.evaluate("() => void window.jupyterapp.commands.execute('jupyter-collab:join-cell')")
        dialog = self.page.locator(".jp-Dialog")
        dialog.locator("input").fill(link)
        dialog.get_by_role("button", name="Join").click()
        self.wait_for_state(after + 1, "shared")
        return after + 1

    def metadata(self, index: int) -> dict[str, Any]:
        """What a cell says of its room."""
        look = f"window.jupyterapp.shell.currentWidget.content.widgets[{index}].model.getMetadata('jupyter_collab')"
        link: dict[str, Any] | None = self.page.evaluate(look)
        return link or {}

    def save(self) -> None:
        """Save it and wait for that."""
        self.page.evaluate("window.jupyterapp.shell.currentWidget.context.save()")


def open_notebook(person: Person, path: str, *, in_notebook_7: bool = False) -> OwnNotebook:
    """Open a notebook and wait until its kernel runs."""
    url = person.server.url
    where = f"{url}notebooks" if in_notebook_7 else f"{url}lab/workspaces/{person.name.lower()}/tree"
    person.page.goto(f"{where}/{path}?token={person.server.token}&reset")
    person.page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=60_000)
    root = person.page.locator(".jp-NotebookPanel").first
    root.locator(".jp-Cell").first.wait_for(timeout=60_000)
    kernel = ".jp-Notebook-ExecutionIndicator[data-status='idle']" if in_notebook_7 else "text=/\\| Idle/"
    person.page.locator(kernel).first.wait_for(timeout=60_000)
    wait_for_kernel(person.server, path)
    return OwnNotebook(person, root)


def read_notebook(server: RunningServer, path: str) -> dict[str, Any]:
    """A notebook's file."""
    notebook: dict[str, Any] = json.loads((server.folder / "root" / path).read_text())
    return notebook


def bound_cell(cell_id: str, room: str, room_cell: str, source: str, last_shared: str | None = None) -> dict[str, Any]:
    """A cell bound to a room's; ``last_shared`` is what both had when its notebook was saved, or else ``source``."""
    base = hashlib.sha256((source if last_shared is None else last_shared).encode()).hexdigest()
    return code_cell(cell_id, source) | {
        "metadata": {"jupyter_collab": {"room": room, "cell": room_cell, "base": base}}
    }


def sources_in(server: RunningServer, room: str) -> list[str]:
    """The texts of a room's cells."""
    return [cell["source"] for cell in server.notebook(room)["cells"]]
