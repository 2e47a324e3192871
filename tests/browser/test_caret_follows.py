"""One goes on typing where one was in the text, whatever pieces somebody else makes of the cells."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Keyboard

from tests.servers import RunningServer

from .bound import sources_in
from .people import Pane, Person, until
from .rooms import room_with

pytestmark = pytest.mark.browser

HURRY = """() => {
  let letters = [];
  window.hurry = text => {
    letters = [...text];
  };
  window.isHurryOver = () => letters.length === 0;
  const type = () => {
    document.execCommand('insertText', false, letters.shift());
    if (letters.length > 0) {
      setTimeout(type);
    }
  };
  const isEdit = ({ data }) => new Uint8Array(data)[0] === 0;
  const { WebSocket } = window;
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', message => letters.length > 0 && isEdit(message) && setTimeout(type));
    }
  };
}"""
"""Lets keys come as soon as they can after an edit of somebody else."""


@pytest.fixture(scope="module")
def server(page_server: RunningServer) -> RunningServer:
    """A server without JupyterLab."""
    return page_server


def press(keyboard: Keyboard, *keys: str) -> None:
    """Press keys, one after the other."""
    for key in keys:
        keyboard.press(key)


def put_caret(pane: Pane, cell: int, line: int, column: int) -> None:
    """Put the caret into a line of a cell."""
    pane.editor(cell).click()
    press(pane.page.keyboard, "Control+Home", *["ArrowDown"] * line, *["ArrowRight"] * column)


Prepare = Callable[[Pane], None]


def before_lines(*lines: int) -> Prepare:
    """Put carets before lines of the first cell."""

    def prepare(pane: Pane) -> None:
        put_caret(pane, 0, lines[0], 0)
        for line in lines[1:]:
            pane.editor(0).locator(".cm-line").nth(line).click(position={"x": 2, "y": 4}, modifiers=["Control"])

    return prepare


def choose_first(pane: Pane) -> None:
    """Make the first cell the active one, in command mode."""
    pane.editor(0).click()
    pane.page.keyboard.press("Escape")


SPLIT, MERGE = "Control+Shift+Minus", "Control+Shift+M"

CASES: dict[str, tuple[list[str], tuple[int, int, int], Prepare, str, list[str]]] = {
    "in the first piece": (["first\nlast"], (0, 0, 2), before_lines(1), SPLIT, ["fi123.rst", "last"]),
    "at the start of the first piece": (["first\nlast"], (0, 0, 0), before_lines(1), SPLIT, ["123.first", "last"]),
    "at the end of the first piece": (["first\nlast"], (0, 0, 5), before_lines(1), SPLIT, ["first123.", "last"]),
    "at the start of the second piece": (["first\nlast"], (0, 1, 0), before_lines(1), SPLIT, ["first", "123.last"]),
    "in the second piece": (["first\nlast"], (0, 1, 2), before_lines(1), SPLIT, ["first", "la123.st"]),
    "at the end of the second piece": (["first\nlast"], (0, 1, 4), before_lines(1), SPLIT, ["first", "last123."]),
    "at the start of a piece between others": (
        ["one\ntwo\nthree"],
        (0, 1, 0),
        before_lines(1, 2),
        SPLIT,
        ["one", "123.two", "three"],
    ),
    "at the end of a piece between others": (
        ["one\ntwo\nthree"],
        (0, 1, 3),
        before_lines(1, 2),
        SPLIT,
        ["one", "two123.", "three"],
    ),
    "at the start of a merged cell": (["one", "two"], (1, 0, 0), choose_first, MERGE, ["one\n\n123.two"]),
    "in a merged cell": (["one", "two"], (1, 0, 2), choose_first, MERGE, ["one\n\ntw123.o"]),
    "in an empty merged cell": (["one", ""], (1, 0, 0), choose_first, MERGE, ["one\n\n123."]),
    "in the cell that others are merged into": (["one", "two"], (0, 0, 3), choose_first, MERGE, ["one123.\n\ntwo"]),
}
"""The texts of the cells; where one is (cell, line, column); what somebody else does; the texts after one has typed."""


@pytest.mark.parametrize(("texts", "place", "prepare", "keys", "wanted"), CASES.values(), ids=CASES.keys())
def test_one_goes_on_typing_at_once(
    person: Callable[..., Person],
    server: RunningServer,
    request: pytest.FixtureRequest,
    texts: list[str],
    place: tuple[int, int, int],
    prepare: Prepare,
    keys: str,
    wanted: list[str],
) -> None:
    room = f"follows-{request.node.callspec.id}".replace(" ", "-")
    room_with(server, room, *texts, "rest")
    with person("Ada") as ada, person("Ben") as ben:
        ben.page.add_init_script(f"({HURRY})()")
        at_ada, at_ben = ada.open_room_page(room), ben.open_room_page(room)
        put_caret(at_ben, *place)
        prepare(at_ada)
        ben.page.evaluate("hurry('123')")
        ada.page.keyboard.press(keys)
        until(lambda: ben.page.evaluate("isHurryOver()"))
        until(lambda: len(sources_in(server, room)), (len(wanted) + 1).__eq__)
        ben.page.keyboard.type(".")
        until(lambda: sources_in(server, room), [*wanted, "rest"].__eq__)
        until(lambda: at_ben.sources, [*wanted, "rest"].__eq__)
