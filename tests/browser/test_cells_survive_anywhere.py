"""What one types in a cell is in it, wherever one does so: on the page, in a widget, in a notebook of one's own."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from playwright.sync_api import Locator

import jupyter_collab
from jupyter_collab.client import Room
from tests.servers import RunningServer

from .bound import bound_cell, open_notebook
from .people import Pane, Person, until
from .rooms import room_with, write_cells, write_notebook

pytestmark = pytest.mark.browser

ROUNDS = 20
LETTERS = "abcdefghij"

STEP_MS = 600
"""Who stops typing for so long has ended a step of undo."""


class OneCell(Pane):
    """A pane that shows one cell of its room."""

    @property
    def cells(self) -> Locator:
        """The cell; the others are there, too, and are not shown."""
        return self.root.locator(".jp-Cell:not(.jc-mod-otherCell)")


class Place(NamedTuple):
    """Where somebody types in the cell ``c0`` of a room."""

    pane: Pane
    has_all_cells: bool
    """Whether the room's other cells are there, too, in the room's order."""

    def index_in(self, room: Room) -> int:
        """Where the cell is."""
        return room.cell("c0").index if self.has_all_cells else 0

    def source(self, room: Room) -> str:
        """The text of the cell, as shown."""
        return self.pane.source(self.index_in(room))


def on_the_page(person: Person, room_id: str) -> Place:
    return Place(person.open_room_page(room_id), has_all_cells=True)


def in_a_widget(person: Person, room_id: str) -> Place:
    call = f"from jupyter_collab import SharedEditor\nSharedEditor({room_id!r}, cell=0)"
    path = write_notebook(person.server, f"{room_id}.ipynb", call)
    pane = person.run_notebook(path)
    return Place(OneCell(person.page, pane.root), has_all_cells=False)


def in_ones_own_notebook(person: Person, room_id: str) -> Place:
    path = write_cells(person.server, f"{room_id}.ipynb", bound_cell("own", room_id, "c0", "p ", "p "))
    notebook = open_notebook(person, path)
    notebook.wait_for_state(0, "shared")
    return Place(notebook, has_all_cells=False)


PLACES = [on_the_page, in_a_widget, in_ones_own_notebook]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_all_that_is_typed_in_a_cell_is_in_it(
    person: Callable[..., Person], server: RunningServer, place: Callable[[Person, str], Place]
) -> None:
    room_id = place.__name__.replace("_", "-")
    room_with(server, room_id, "p ", "q", "r")
    with (
        person("Ben") as ben,
        jupyter_collab.connect(room_id, url=server.url, token=server.token) as room,
    ):
        at_ben = place(ben, room_id)
        cell = room.cell("c0")
        keyboard = ben.page.keyboard

        def wait_for(text: str) -> None:
            until(lambda: cell.source, text.__eq__)
            until(lambda: at_ben.source(room), text.__eq__)

        # Somebody moves the cell and changes its type, letter by letter.
        at_ben.pane.click_end(0)
        for number, letter in enumerate(LETTERS * ROUNDS):
            keyboard.type(letter)
            if number % 10 == 3:
                room.move_cell("c0", 2 if cell.index == 0 else 0)
            elif number % 50 == 7:
                room.set_cell_type("c0", "raw" if cell.cell_type == "code" else "code")
        typed = "p " + LETTERS * ROUNDS
        wait_for(typed)

        # What was typed before can be undone after it, and nothing else is.
        ben.page.wait_for_timeout(STEP_MS)
        keyboard.type("[undone]")
        wait_for(typed + "[undone]")
        room.move_cell("c0", 1)
        cell.append("[by Ada]")
        wait_for(typed + "[undone][by Ada]")
        keyboard.press("Control+z")
        typed += "[by Ada]"
        wait_for(typed)

        # Somebody does the same while one is offline.
        ben.go_offline()
        at_ben.pane.type(at_ben.index_in(room), "[offline 😀]")
        typed += "[offline 😀]"
        until(lambda: at_ben.source(room), typed.__eq__)
        where = at_ben.index_in(room)
        room.move_cell("c0", 2)
        room.set_cell_type("c0", "raw")
        room.wait_saved(20)
        assert at_ben.pane.source(where) == typed
        ben.go_offline(False)
        wait_for(typed)
        assert [cell.id for cell in room.cells] == ["c1", "c2", "c0"]
        assert room.late_cells == []
