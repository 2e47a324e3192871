"""What one types in a cell is in that cell, whatever somebody else does to it meanwhile."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

import jupyter_collab
from jupyter_collab.client import Room
from tests.peers.cells import sources, types
from tests.servers import RunningServer

from .people import Pane, Person, until
from .rooms import room_with

pytestmark = pytest.mark.browser

ROUNDS = 20
LETTERS = "abcdefghij"


def select(pane: Pane, index: int) -> None:
    """Make a cell the active one, in command mode."""
    pane.editor(index).click()
    pane.page.keyboard.press("Escape")


def type_while(person: Person, text: str, act: Callable[[int], None]) -> None:
    """Type where the caret is, letter by letter; after each of them something else happens."""
    for number, letter in enumerate(text):
        person.page.keyboard.type(letter)
        act(number)


def test_twenty_times_somebody_moves_the_cell_in_which_another_types(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "moved", "p ", "q", "r")
    with (
        person("Ada") as ada,
        person("Ben") as ben,
        jupyter_collab.connect("moved", url=server.url, token=server.token) as room,
    ):
        at_ada, at_ben = ada.open_room("moved"), ben.open_room("moved")
        select(at_ada, 0)
        at_ben.click_end(0)

        def move(number: int) -> None:
            if number % 3 == 1:
                key = "ArrowDown" if (number // 3) % 2 == 0 else "ArrowUp"
                ada.page.keyboard.press(f"Control+Shift+{key}")

        for _ in range(ROUNDS):
            type_while(ben, LETTERS, move)
        wanted = ["p " + LETTERS * ROUNDS, "q", "r"]
        until(lambda: sorted(sources(room)), lambda seen: seen == wanted)
        shown = sources(room)
        for pane in (at_ada, at_ben):
            until(lambda pane=pane: pane.sources, lambda seen: seen == shown)  # type: ignore[misc]  # bound now
        ben.page.keyboard.type("!")
        until(lambda: room.cell("c0").source, lambda seen: seen == wanted[0] + "!")


def test_somebody_changes_the_type_of_the_cell_in_which_another_types(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "retyped", "p ", "q")
    with (
        person("Ada") as ada,
        person("Ben") as ben,
        jupyter_collab.connect("retyped", url=server.url, token=server.token) as room,
    ):
        at_ada, at_ben = ada.open_room("retyped"), ben.open_room("retyped")
        select(at_ada, 0)
        at_ben.click_end(0)

        def retype(number: int) -> None:
            if number % 5 == 2:
                ada.page.keyboard.press("r" if (number // 5) % 2 == 0 else "y")

        for _ in range(4):
            type_while(ben, LETTERS, retype)
        until(lambda: types(room), ["code", "code"].__eq__)
        until(lambda: sources(room), lambda seen: seen == ["p " + LETTERS * 4, "q"])
        ben.page.keyboard.type("!")
        until(lambda: sources(room), lambda seen: seen == ["p " + LETTERS * 4 + "!", "q"])


def test_somebody_merges_the_cell_in_which_another_types(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "merged", "p", "q ", "r")
    with (
        person("Ada") as ada,
        person("Ben") as ben,
        jupyter_collab.connect("merged", url=server.url, token=server.token) as room,
    ):
        at_ada, at_ben = ada.open_room("merged"), ben.open_room("merged")
        select(at_ada, 0)
        at_ben.click_end(1)
        type_while(ben, LETTERS, lambda number: ada.page.keyboard.press("Shift+M") if number == 4 else None)
        until(lambda: sources(room), lambda seen: seen == [f"p\n\nq {LETTERS}", "r"])
        assert room.late_cells == []


def test_somebody_splits_the_cell_in_which_another_types(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "split", "first\nlast ", "r")
    with (
        person("Ada") as ada,
        person("Ben") as ben,
        jupyter_collab.connect("split", url=server.url, token=server.token) as room,
    ):
        at_ada, at_ben = ada.open_room("split"), ben.open_room("split")
        at_ada.editor(0).click()
        ada.page.keyboard.press("Control+Home")
        ada.page.keyboard.press("End")
        at_ben.click_end(0)
        type_while(ben, LETTERS, lambda number: ada.page.keyboard.press("Control+Shift+Minus") if number == 4 else None)
        until(lambda: sources(room), lambda seen: seen == ["first", f"last {LETTERS}", "r"])


def test_a_key_acts_on_the_chosen_cell_though_somebody_else_moved_it_or_changed_its_type(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "chosen", "p", "q", "r")
    with (
        person("Ada") as ada,
        jupyter_collab.connect("chosen", url=server.url, token=server.token) as room,
    ):
        at_ada = ada.open_room("chosen")
        select(at_ada, 0)
        room.move_cell("c0", 2)
        expect(at_ada.cells.nth(2)).to_be_focused()
        ada.page.keyboard.press("r")
        until(lambda: types(room), lambda seen: seen == ["code", "code", "raw"])
        room.move_cell("c0", 0)
        expect(at_ada.cells.nth(0)).to_be_focused()
        ada.page.keyboard.press("y")
        until(lambda: types(room), lambda seen: seen == ["code", "code", "code"])
        room.set_cell_type("c0", "raw")
        expect(at_ada.root.locator(".jp-RawCell")).to_be_focused()
        ada.page.keyboard.press("Control+Shift+ArrowDown")
        until(lambda: sources(room), lambda seen: seen == ["q", "p", "r"])


@pytest.mark.parametrize("what", ["move", "type", "both"])
def test_offline_text_is_in_the_cell_that_somebody_changed_meanwhile(
    person: Callable[..., Person], server: RunningServer, what: str
) -> None:
    room_id = f"offline-{what}"
    room_with(server, room_id, "p", "q", "r")
    with (
        person("Ben") as ben,
        jupyter_collab.connect(room_id, url=server.url, token=server.token) as room,
    ):
        at_ben = ben.open_room(room_id)
        ben.go_offline()
        at_ben.type(0, " OFFLINE 😀")
        until(lambda: at_ben.source(0), lambda seen: seen == "p OFFLINE 😀")
        if what in ("move", "both"):
            room.move_cell("c0", 2)
        if what in ("type", "both"):
            room.set_cell_type("c0", "raw")
        room.wait_saved(20)
        ben.go_offline(False)
        until(lambda: room.cell("c0").source, lambda seen: seen == "p OFFLINE 😀")
        assert room.cell("c0").index == (0 if what == "type" else 2)
        until(lambda: at_ben.source(room.cell("c0").index), lambda seen: seen == "p OFFLINE 😀")
        until(lambda: at_ben.chip, lambda chip: chip == "synced")


def write_as_ben(room: Room, pane: Pane) -> None:
    """Somebody else writes in c0, and the pane shows it."""
    cell = room.cell("c0")
    cell.append(" BY-BEN")
    until(lambda: pane.source(cell.index), lambda seen: seen == cell.source)


def test_an_undo_of_what_was_done_to_a_cell_leaves_what_others_wrote_in_it(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "undone", "p", "q")
    with (
        person("Ada") as ada,
        jupyter_collab.connect("undone", url=server.url, token=server.token) as room,
    ):
        at_ada = ada.open_room("undone")
        select(at_ada, 0)
        ada.page.keyboard.press("Control+Shift+ArrowDown")
        until(lambda: room.cell("c0").index == 1)
        write_as_ben(room, at_ada)
        ada.page.keyboard.press("z")
        until(lambda: sources(room), lambda seen: seen == ["p BY-BEN", "q"])
        select(at_ada, 0)
        ada.page.keyboard.press("r")
        until(lambda: types(room), lambda seen: seen == ["raw", "code"])
        write_as_ben(room, at_ada)
        ada.page.keyboard.press("z")
        until(lambda: types(room), lambda seen: seen == ["code", "code"])
        assert sources(room) == ["p BY-BEN BY-BEN", "q"]
        select(at_ada, 1)
        ada.page.keyboard.press("b")
        until(lambda: len(room.cells), lambda count: count == 3)
        room.cell(2).append("BY-BEN in the new cell")
        until(lambda: at_ada.source(2) == "BY-BEN in the new cell")
        ada.page.keyboard.press("z")
        room.cell(0).append("!")
        until(lambda: at_ada.source(0).endswith("!"))
        assert sources(room) == ["p BY-BEN BY-BEN!", "q", "BY-BEN in the new cell"]
