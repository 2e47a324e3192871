"""Which cell is the active one, on which keys and menus act, when others delete cells and one opens a menu."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from playwright.sync_api import expect

import jupyter_collab
from jupyter_collab.client import Room
from tests.peers.cells import types
from tests.servers import RunningServer

from .bound import sources_in
from .people import Pane, Person, until
from .rooms import room_with

pytestmark = pytest.mark.browser

Join = Callable[..., AbstractContextManager[tuple[Pane, Room]]]


@pytest.fixture(scope="module")
def server(page_server: RunningServer) -> RunningServer:
    """A server without JupyterLab."""
    return page_server


@pytest.fixture(name="join")
def fixture_join(person: Callable[..., Person], server: RunningServer) -> Join:
    """Make a room, open it at Ben's, and join it with a program."""

    @contextmanager
    def join(room_id: str, *texts: str) -> Iterator[tuple[Pane, Room]]:
        room_with(server, room_id, *texts)
        with person("Ben") as ben, jupyter_collab.connect(room_id, url=server.url, token=server.token) as room:
            yield ben.open_room_page(room_id), room

    return join


def top_of(pane: Pane, text: str) -> float:
    """Where the cell with a text is on the screen."""
    top: float = pane.cells.filter(has_text=text).first.evaluate("cell => cell.getBoundingClientRect().top")
    return top


def active_text(pane: Pane) -> str:
    """The text of the active cell."""
    return pane.root.locator(".jp-Cell.jp-mod-active .cm-content").inner_text()


def test_the_next_cell_is_active_when_somebody_deletes_the_active_one(join: Join) -> None:
    with join("next", *(f"cell {number}.\n\n\n" for number in range(30))) as (at_ben, room):
        at_ben.cells.nth(29).locator(".cm-content").wait_for()
        at_ben.editor(15).click()
        at_ben.page.keyboard.press("Escape")
        beside = ("cell 14.", "cell 16.")
        before = [top_of(at_ben, text) for text in beside]
        room.delete_cell("c15")
        until(lambda: active_text(at_ben).startswith("cell 16."))
        expect(at_ben.cells.nth(15)).to_be_focused()
        at_ben.page.wait_for_timeout(300)
        # Either those above close the gap, or those below.
        assert min(abs(top_of(at_ben, text) - top) for text, top in zip(beside, before, strict=True)) <= 2
        at_ben.page.keyboard.press("r")
        until(lambda: room.cell("c16").cell_type, "raw".__eq__)


def test_the_last_cell_is_active_when_somebody_deletes_the_one_behind_it(join: Join) -> None:
    with join("last", "one", "two", "three") as (at_ben, room):
        at_ben.editor(2).click()
        at_ben.page.keyboard.press("Escape")
        room.delete_cell("c2")
        until(lambda: active_text(at_ben), "two".__eq__)
        expect(at_ben.cells.nth(1)).to_be_focused()


def test_keys_meant_for_a_cell_that_somebody_deletes_do_nothing_to_others(join: Join, server: RunningServer) -> None:
    with join("typing", "one", "two", "three", "four") as (at_ben, room):
        at_ben.type(1, " by ben")
        until(lambda: room.cell("c1").source, "two by ben".__eq__)
        room.delete_cell("c1")
        gone = at_ben.root.get_by_role("region", name="Your cell was deleted")
        gone.wait_for()
        at_ben.page.keyboard.type("ddxmr")
        at_ben.page.wait_for_timeout(300)
        at_ben.page.keyboard.type("ddxmr")
        room.cell("c0").append("!")
        until(lambda: at_ben.source(0), "one!".__eq__)
        assert sources_in(server, "typing") == ["one!", "three", "four"]
        assert types(room) == ["code"] * 3
        at_ben.page.keyboard.press("Tab")
        expect(gone.get_by_role("button", name="Bring it back")).to_be_focused()
        gone.get_by_role("button", name="Dismiss").click()
        until(lambda: active_text(at_ben), "three".__eq__)
        expect(at_ben.cells.nth(1)).to_be_focused()


@pytest.mark.parametrize("part", [".cm-content", ".jp-InputPrompt"])
def test_a_menu_acts_on_the_cell_on_which_it_is_opened(join: Join, server: RunningServer, part: str) -> None:
    room_id = f"menu-{part.strip('.')}"
    with join(room_id, "one", "two", "three") as (at_ben, _):
        at_ben.editor(0).click()
        at_ben.cells.nth(2).locator(part).click(button="right")
        until(lambda: active_text(at_ben), "three".__eq__)
        at_ben.page.keyboard.press("Escape")
        expect(at_ben.page.locator(".jc-ContextMenu")).to_have_count(0)
        assert at_ben.root.locator(".jp-Notebook").evaluate("node => node.contains(document.activeElement)")
        at_ben.cells.nth(2).locator(part).click(button="right")
        at_ben.page.locator(".jc-ContextMenu .lm-Menu-itemLabel", has_text="Delete Cells").click()
        until(lambda: sources_in(server, room_id), ["one", "two"].__eq__)


def test_a_menu_goes_with_the_cell_on_which_it_was_opened(join: Join, server: RunningServer) -> None:
    with join("menu-gone", "one", "two", "three") as (at_ben, room):
        at_ben.cells.nth(1).click(button="right")
        menu = at_ben.page.locator(".jc-ContextMenu")
        expect(menu).to_be_visible()
        assert menu.evaluate("node => getComputedStyle(node).backgroundColor") != "rgba(0, 0, 0, 0)"
        room.delete_cell("c1")
        expect(menu).to_have_count(0)
        until(lambda: sources_in(server, "menu-gone"), ["one", "three"].__eq__)


def test_a_menu_acts_on_all_selected_cells_if_it_is_opened_on_one(join: Join, server: RunningServer) -> None:
    with join("selected", "one", "two", "three", "four") as (at_ben, _):
        at_ben.editor(1).click()
        for key in ("Escape", "Shift+ArrowDown"):
            at_ben.page.keyboard.press(key)
        at_ben.editor(1).click(button="right")
        at_ben.page.locator(".jc-ContextMenu .lm-Menu-itemLabel", has_text="Delete Cells").click()
        until(lambda: sources_in(server, "selected"), ["one", "four"].__eq__)
