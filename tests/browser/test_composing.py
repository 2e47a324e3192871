"""What an input method composes in a cell is in that cell, once, whatever somebody else does to the cell meanwhile."""

from collections.abc import Callable

import pytest
from playwright.sync_api import CDPSession

import jupyter_collab
from jupyter_collab.client.replica.changes import CellType
from tests.servers import RunningServer

from .bound import sources_in
from .people import Person, until
from .rooms import room_with

pytestmark = pytest.mark.browser


class InputMethod:
    """What somebody composes with, in one pane."""

    def __init__(self, person: Person) -> None:
        self._devtools: CDPSession = person.context.new_cdp_session(person.page)

    def compose(self, text: str) -> None:
        """Show what it makes of the letters so far."""
        place = {"selectionStart": len(text), "selectionEnd": len(text)}
        self._devtools.send("Input.imeSetComposition", {"text": text, **place})

    def commit(self, text: str) -> None:
        """Take what was chosen."""
        self._devtools.send("Input.insertText", {"text": text})


def test_a_program_moves_and_retypes_the_cell_in_which_one_composes(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "composed", "p ", "q", "r")
    with (
        person("Ben") as ben,
        jupyter_collab.connect("composed", url=server.url, token=server.token) as room,
    ):
        at_ben, method = ben.open_room("composed"), InputMethod(ben)
        at_ben.click_end(0)
        steps: list[tuple[str, int, CellType]] = [("に", 2, "raw"), ("にほ", 1, "code"), ("にほん", 2, "markdown")]
        for text, index, kind in steps:
            method.compose(text)
            until(lambda: room.cell("c0").source, f"p {text}".__eq__)
            room.move_cell("c0", index)
            room.set_cell_type("c0", kind)
            other = room.cell("c1")
            other.append(".")
            until(lambda: at_ben.source(1), other.source.__eq__)
        ben.take_picture("composing-in-a-moved-cell")
        method.commit("日本")
        until(lambda: sources_in(server, "composed"), ["q...", "r", "p 日本"].__eq__)
        until(lambda: at_ben.sources, ["q...", "r", "p 日本"].__eq__)
        ben.take_picture("composed-in-a-moved-cell")
        until(
            lambda: at_ben.root.locator(".jp-Cell.jp-mod-active").get_attribute("class") or "",
            lambda seen: "jp-MarkdownCell" in seen,
        )
        ben.page.keyboard.type("!")
        until(lambda: sources_in(server, "composed"), ["q...", "r", "p 日本!"].__eq__)


def test_somebody_merges_and_splits_the_cell_in_which_one_composes(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "pieces", "p", "q ", "r")
    with (
        person("Ada") as ada,
        person("Ben") as ben,
        jupyter_collab.connect("pieces", url=server.url, token=server.token) as room,
    ):
        at_ada, at_ben, method = ada.open_room("pieces"), ben.open_room("pieces"), InputMethod(ben)
        at_ben.click_end(1)
        method.compose("に")
        until(lambda: at_ada.source(1), "q に".__eq__)
        at_ada.editor(0).click()
        ada.page.keyboard.press("Escape")
        ada.page.keyboard.press("Control+Shift+M")
        until(lambda: sources_in(server, "pieces"), ["p\n\nq に", "r"].__eq__)
        method.compose("にほん")
        method.commit("日本")
        until(lambda: sources_in(server, "pieces"), ["p\n\nq 日本", "r"].__eq__)
        until(lambda: at_ben.sources, ["p\n\nq 日本", "r"].__eq__)
        ben.page.keyboard.type("!")
        until(lambda: sources_in(server, "pieces"), ["p\n\nq 日本!", "r"].__eq__)
        method.compose("に")
        until(lambda: at_ada.source(0), "p\n\nq 日本!に".__eq__)
        at_ada.editor(0).click()
        ada.page.keyboard.press("Control+Home")
        ada.page.keyboard.press("End")
        ada.page.keyboard.press("Control+Shift+Minus")
        until(lambda: len(sources_in(server, "pieces")), (3).__eq__)
        method.compose("にほん")
        method.commit("日本")
        until(lambda: sources_in(server, "pieces"), ["p", "q 日本!日本", "r"].__eq__)
        until(lambda: at_ben.sources, ["p", "q 日本!日本", "r"].__eq__)
        ben.page.keyboard.type("!")
        until(lambda: sources_in(server, "pieces"), ["p", "q 日本!日本!", "r"].__eq__)
        assert room.late_cells == []


def test_others_changes_come_when_one_leaves_the_cell_in_which_one_composes(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "left", "p ", "q", "r")
    with (
        person("Ben") as ben,
        jupyter_collab.connect("left", url=server.url, token=server.token) as room,
    ):
        at_ben, method = ben.open_room("left"), InputMethod(ben)
        at_ben.click_end(0)
        method.compose("に")
        until(lambda: room.cell("c0").source, "p に".__eq__)
        room.move_cell("c0", 2)
        room.cell("c1").append(".")
        until(lambda: at_ben.source(1), "q.".__eq__)
        at_ben.editor(2).click()
        until(lambda: at_ben.sources, ["q.", "r", "p に"].__eq__)
        ben.page.keyboard.type("!")
        until(lambda: sorted(sources_in(server, "left")), ["p に", "q.", "r!"].__eq__)
