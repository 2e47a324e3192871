"""Who types in a cell that somebody else deletes is told, and gets it back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.servers import RunningServer

from .bound import sources_in
from .contrast import faint
from .people import Pane, Person, until
from .rooms import room_with

pytestmark = pytest.mark.browser


def delete_cell(pane: Pane, index: int) -> None:
    """Delete a cell with the keyboard."""
    pane.editor(index).click()
    for key in ("Escape", "d", "d"):
        pane.page.keyboard.press(key)


def test_what_is_typed_in_a_cell_that_somebody_deletes_is_offered_to_all(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "late", "one", "two", "three")
    with person("Ada") as ada, person("Ben") as ben:
        at_ada, at_ben = ada.open_room("late"), ben.open_room("late")
        ben.go_offline()
        at_ben.type(1, " by ben")
        until(lambda: at_ben.chip, lambda chip: chip == "offline")
        delete_cell(at_ada, 1)
        until(lambda: at_ada.cells.count(), lambda count: count == 2)
        until(lambda: [cell["source"] for cell in server.notebook("late")["cells"]], ["one", "three"].__eq__)
        ben.go_offline(False)
        for pane in (at_ada, at_ben):
            late = pane.root.get_by_role("region", name="Text in deleted cells")
            expect(late.get_by_role("listitem")).to_have_count(1, timeout=40_000)
            expect(late).to_contain_text("A cell that Ada deleted was changed meanwhile.")
            expect(late.locator("summary")).to_have_text("two by ben")
            assert faint(late) == []
        expect(at_ben.root.get_by_role("region", name="Text in deleted cells")).to_be_focused()
        expect(at_ben.root.get_by_text("Ada deleted the cell that you were in.")).to_be_hidden()
        until(lambda: (at_ben.chip, at_ada.chip), lambda chips: chips == ("unsent", "synced"))
        ben.take_picture("late-light")
        ben.set_theme("JupyterLab Dark")
        late = at_ben.root.get_by_role("region", name="Text in deleted cells")
        assert faint(late) == []
        ben.take_picture("late-dark")
        back = late.get_by_role("button", name="Bring it back")
        back.focus()
        ben.page.keyboard.press("Enter")
        for pane in (at_ada, at_ben):
            expect(pane.cells).to_have_count(3)
            expect(pane.editor(1)).to_contain_text("two by ben")
            expect(pane.root.locator(".jc-Late")).to_have_count(0)
        until(lambda: at_ben.chip, lambda chip: chip == "synced")


def test_who_is_in_a_cell_is_told_who_deleted_it(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "gone", "one", "two")
    with person("Ada") as ada, person("Ben", width=390, height=700) as ben:
        at_ada, at_ben = ada.open_room("gone"), ben.open_room_page("gone")
        at_ben.click_end(1)
        delete_cell(at_ada, 1)
        gone = at_ben.root.get_by_role("region", name="Your cell was deleted")
        expect(gone).to_contain_text("Ada deleted the cell that you were in.")
        assert faint(gone) == []
        ben.take_picture("gone-narrow")
        gone.get_by_role("button", name="Bring it back").click()
        until(lambda: at_ada.cells.count(), lambda count: count == 2)
        expect(gone).to_have_count(0)
        delete_cell(at_ada, 1)
        until(lambda: at_ben.cells.count(), lambda count: count == 1)
        expect(at_ben.root.locator(".jc-Late")).to_have_count(0)


def test_who_is_in_the_only_cell_types_nothing_into_the_one_in_its_place(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "only", "one")
    with person("Ada") as ada, person("Ben") as ben:
        at_ada, at_ben = ada.open_room("only"), ben.open_room("only")
        at_ben.click_end(0)
        at_ada.editor(0).click()
        for key in ("Escape", "x"):
            at_ada.page.keyboard.press(key)
        gone = at_ben.root.get_by_role("region", name="Your cell was deleted")
        expect(gone).to_be_focused()
        expect(at_ben.editor(0)).to_have_text("")
        at_ben.page.keyboard.type("lost")
        expect(gone).to_be_focused()
        at_ben.editor(0).click()
        at_ada.page.keyboard.press("v")
        expect(at_ben.editor(0)).to_have_text("one")
        expect(gone).to_have_count(0)
        until(lambda: [cell["source"] for cell in server.notebook("only")["cells"]], ["one"].__eq__)


@pytest.mark.parametrize("keys", [("x", "v"), ("d", "d", "z")])
def test_who_types_in_a_cell_that_goes_and_comes_back_types_on_in_it(
    person: Callable[..., Person], server: RunningServer, keys: tuple[str, ...]
) -> None:
    room_id = "".join(keys)
    room_with(server, room_id, "one", "two", "three", "four")
    with person("Ada") as ada, person("Ben") as ben:
        at_ada, at_ben = ada.open_room(room_id), ben.open_room(room_id)
        for waits in (False, True):
            at_ben.editor(1).click()
            at_ben.page.keyboard.press("Control+End")
            at_ben.page.keyboard.type(" and")
            at_ada.editor(1).click()
            at_ada.page.keyboard.press("Escape")
            for key in keys[:-1]:
                at_ada.page.keyboard.press(key)
            gone = at_ben.root.get_by_role("region", name="Your cell was deleted")
            if waits:
                expect(gone).to_be_focused()
                at_ben.page.keyboard.type("xx")
            at_ada.page.keyboard.press(keys[-1])
            until(lambda: at_ben.cells.count(), lambda count: count == 4)
            expect(gone).to_have_count(0)
            place = 2 if keys[-1] == "v" else 1
            expect(at_ben.editor(place)).to_be_focused()
            at_ben.page.keyboard.type(" added xx dd")
            text = "two and added xx dd"
            until(lambda: sorted(sources_in(server, room_id)), sorted(["one", text, "three", "four"]).__eq__)
            at_ben.page.keyboard.press("Control+z")
            until(lambda: sorted(sources_in(server, room_id))[-1], lambda last: last.startswith("two"))
            at_ada.editor(place).click()
            at_ada.page.keyboard.press("Control+a")
            at_ada.page.keyboard.type("two")
            at_ada.page.keyboard.press("Escape")
            if place == 2:
                at_ada.page.keyboard.press("Control+Shift+ArrowUp")
            until(lambda: sources_in(server, room_id), ["one", "two", "three", "four"].__eq__)


def test_who_types_in_a_cell_that_somebody_folds_types_on(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "fold", "one", "two")
    with person("Ada") as ada, person("Ben") as ben:
        at_ada, at_ben = ada.open_room("fold"), ben.open_room("fold")
        at_ben.click_end(1)
        at_ben.page.keyboard.type("12345")
        at_ada.cells.nth(1).locator(".jp-InputCollapser").click()
        expect(at_ada.cells.nth(1).locator(".jp-InputPlaceholder")).to_be_visible()
        at_ben.page.keyboard.type("67890")
        until(lambda: sources_in(server, "fold"), ["one", "two1234567890"].__eq__)


def test_a_new_cell_in_which_somebody_else_wrote_stays_and_undo_says_why(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "stays", "one")
    with person("Ada") as ada, person("Ben") as ben:
        at_ada, at_ben = ada.open_room("stays"), ben.open_room("stays")
        at_ada.editor(0).click()
        for key in ("Escape", "b"):
            ada.page.keyboard.press(key)
        until(lambda: at_ben.cells.count(), lambda count: count == 2)
        at_ben.type(1, "by ben")
        until(lambda: at_ada.source(1), lambda text: text == "by ben")
        ada.page.keyboard.press("z")
        expect(at_ada.root.get_by_role("status").filter(has_text="The cell stays")).to_be_visible()
        assert at_ada.source(1) == "by ben"
