"""What one person sees and does stays whole while others work in the same room."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

import jupyter_collab
from tests.servers import RunningServer

from .people import Pane, Person, until
from .rooms import code_cell, notebook, room_with

pytestmark = pytest.mark.browser

PASTE_A_PICTURE = """editor => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array([137, 80, 78, 71])], 'image.png', { type: 'image/png' }));
  editor.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
}"""

LINES = {"output_type": "stream", "name": "stdout", "text": "line\n" * 60}


def text_cell(cell_id: str, source: str) -> dict[str, Any]:
    """A text cell."""
    return {"id": cell_id, "cell_type": "markdown", "source": source, "metadata": {}}


def top_of(pane: Pane, text: str) -> float:
    """Where the cell with a text is on the screen."""
    cell = pane.cells.filter(has_text=text).first
    top: float = cell.evaluate("cell => cell.getBoundingClientRect().top")
    return top


def test_a_text_cell_that_its_author_leaves_is_rendered_for_all(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "headings", "one", "two")
    with person("Ada") as ada, person("Ben") as ben:
        at_ada, at_ben = ada.open_room("headings"), ben.open_room("headings", role="viewer")
        at_ada.editor(0).click()
        for key in ("Escape", "b", "m", "Enter"):
            ada.page.keyboard.press(key)
        until(lambda: at_ben.cells.count(), lambda count: count == 3)
        ada.page.keyboard.type("# Title")
        until(lambda: at_ben.source(1), lambda text: text == "# Title")
        ada.page.keyboard.press("Shift+Enter")
        at_ben.root.locator("h1", has_text="Title").wait_for()
        ben.take_picture("rendered")


def test_a_reader_keeps_their_place_while_cells_above_change(
    person: Callable[..., Person], server: RunningServer
) -> None:
    cells = [code_cell(f"c{number}", f"cell {number}.\n\n\n") for number in range(30)]
    server.create_room("place", title="Place", content=notebook(*cells))

    def write(*present: dict[str, Any]) -> None:
        server.request("PUT", "rooms/place/content", json=notebook(*present))

    with person("Ben") as ben:
        at_ben = ben.open_room("place")
        until(lambda: at_ben.cells.count(), lambda count: count == 30)
        at_ben.cells.nth(15).evaluate("cell => cell.scrollIntoView()")
        before = until(lambda: top_of(at_ben, "cell 15."), lambda top: top < 200)
        printed = {**cells[0], "outputs": [LINES]}
        added = [code_cell(f"n{number}", "new\n" * 9) for number in range(3)]
        steps = {
            "printed": [printed, *cells[1:]],
            "cleared": cells,
            "inserted": [cells[0], *added, *cells[1:]],
            "deleted": cells,
            "deleted more": cells[4:],
        }
        for step, present in steps.items():
            write(*present)
            until(at_ben.cells.count, len(present).__eq__)
            outputs = at_ben.root.locator(".jp-OutputArea-output")
            if step == "printed":
                outputs.first.wait_for()
            else:
                until(outputs.count, (0).__eq__)
            ben.page.wait_for_timeout(300)
            assert abs(top_of(at_ben, "cell 15.") - before) <= 2, step


def test_a_reader_keeps_their_place_while_a_notice_comes_and_goes(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "notice", *(f"cell {number}.\n\n\n" for number in range(30)))
    with person("Ben") as ben:
        at_ben = ben.open_room("notice", role="viewer")
        at_ben.cells.nth(29).locator(".cm-content").wait_for()
        at_ben.editor(15).click()
        at_ben.cells.nth(15).evaluate("cell => cell.scrollIntoView()")
        ben.page.wait_for_timeout(300)
        before = top_of(at_ben, "cell 15.")
        notice = at_ben.root.locator(".jc-Notices-message")
        at_ben.editor(15).evaluate(PASTE_A_PICTURE)
        expect(notice).to_be_visible()
        ben.page.wait_for_timeout(300)
        assert abs(top_of(at_ben, "cell 15.") - before) <= 2
        for display in ("none", ""):
            # As JupyterLab hides the tabs behind the one in front.
            at_ben.root.evaluate("(node, display) => { node.style.display = display; }", display)
            ben.page.wait_for_timeout(100)
        assert abs(top_of(at_ben, "cell 15.") - before) <= 2
        expect(notice).to_be_hidden(timeout=10_000)
        ben.page.wait_for_timeout(300)
        assert abs(top_of(at_ben, "cell 15.") - before) <= 2


def test_the_completions_stay_while_others_type_elsewhere(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "complete", "first\nlonely_word = 1\nlon")
    with person("Ada") as ada, jupyter_collab.connect("complete", url=server.url, token=server.token) as program:
        at_ada = ada.open_room("complete")
        at_ada.click_end(0)
        ada.page.keyboard.press("Tab")
        completions = ada.page.locator(".jp-Completer:not(.lm-mod-hidden)")
        completions.wait_for()
        program.cells[0].insert(0, "# by a program\n")
        until(lambda: at_ada.source(0), lambda text: text.startswith("# by a program"))
        assert completions.is_visible()
        ada.take_picture("completions")
        ada.page.keyboard.press("Enter")
        wanted = "# by a program\nfirst\nlonely_word = 1\nlonely_word"
        until(lambda: program.cells[0].source, lambda text: text == wanted)


def test_a_viewer_cannot_paste_a_picture_and_is_told_why(person: Callable[..., Person], server: RunningServer) -> None:
    server.create_room("pictures", title="Pictures", content=notebook(text_cell("t0", "words")))
    with person("Ben") as ben:
        at_ben = ben.open_room("pictures", role="viewer")
        at_ben.cells.nth(0).dblclick()
        at_ben.editor(0).evaluate(PASTE_A_PICTURE)
        at_ben.root.locator(".jc-Notices-message", has_text="You may look, but not edit").wait_for()
        assert at_ben.source(0) == "words"


def test_a_paste_is_undone_by_itself(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "pastes", "")
    with person("Ada") as ada:
        at_ada = ada.open_room("pastes")
        at_ada.type(0, "abc")
        at_ada.paste(0, "pasted")
        ada.page.keyboard.type("def")
        until(lambda: at_ada.source(0), lambda text: text == "abcpasteddef")
        for wanted in ("abcpasted", "abc", ""):
            ada.page.keyboard.press("Control+z")
            until(lambda: at_ada.source(0), wanted.__eq__)


def test_all_carets_of_somebody_are_shown(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "carets", "one\ntwo\nthree")
    with person("Ada") as ada, person("Ben") as ben:
        at_ada, at_ben = ada.open_room("carets"), ben.open_room("carets")
        lines = at_ada.editor(0).locator(".cm-line")
        lines.nth(0).click()
        lines.nth(2).click(modifiers=["Control"])
        until(at_ben.root.locator(".jc-Caret").count, lambda count: count == 2)
        ben.take_picture("carets")
