"""Shared cells in two views, composed, split and merged, and after a role was lowered."""

from collections.abc import Callable

import pytest

from tests.servers import RunningServer

from .bound import OwnNotebook, bound_cell, open_notebook, sources_in
from .people import Person, until
from .rooms import code_cell, room_with, write_cells

pytestmark = pytest.mark.browser


def test_two_views_of_one_notebook_are_one(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "views", "x")
    path = write_cells(server, "views.ipynb", bound_cell("own", "views", "c0", "x"))
    with person("Ada") as ada:
        first = open_notebook(ada, path)
        first.wait_for_state(0, "shared")
        ada.run("docmanager:clone")
        second = OwnNotebook(ada, ada.page.locator(".jp-NotebookPanel").nth(1))
        second.wait_for_state(0, "shared")
        second.type(0, "1")
        first.type(0, "2")
        until(lambda: sources_in(server, "views"), lambda seen: seen == ["x12"])
        until(lambda: (first.source(0), second.source(0)), lambda seen: seen == ("x12", "x12"))
        assert ada.page.evaluate("[...document.querySelectorAll('.jc-BoundCell')].length") == 2
        ada.take_picture("two-views")
        ada.page.locator(".lm-TabBar-tab", has_text="views.ipynb").first.locator(".lm-TabBar-tabCloseIcon").click()
        until(lambda: ada.page.locator(".jp-NotebookPanel").count(), lambda count: count == 1)
        left = OwnNotebook(ada, ada.page.locator(".jp-NotebookPanel").first)
        left.type(0, "3")
        until(lambda: sources_in(server, "views"), lambda seen: seen == ["x123"])


def test_text_that_is_being_composed_while_others_type(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "compose", "start ")
    path = write_cells(server, "compose.ipynb", bound_cell("own", "compose", "c0", "start "))
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = open_notebook(ada, path), bob.open_room("compose")
        at_ada.wait_for_state(0, "shared")
        keyboard = ada.context.new_cdp_session(ada.page)
        at_ada.click_end(0)

        def compose(text: str) -> None:
            place = {"selectionStart": len(text), "selectionEnd": len(text)}
            keyboard.send("Input.imeSetComposition", {"text": text, **place})

        compose("に")
        at_bob.editor(0).click()
        bob.page.keyboard.press("Control+Home")
        bob.page.keyboard.type("bob ")
        until(lambda: at_ada.source(0), lambda text: text.startswith("bob start"))
        compose("にほ")
        compose("にほん")
        ada.take_picture("composing")
        bob.page.keyboard.type("& ")
        keyboard.send("Input.insertText", {"text": "日本"})
        until(lambda: sources_in(server, "compose"), lambda seen: seen == ["bob & start 日本"])
        until(lambda: (at_ada.source(0), at_bob.source(0)), lambda seen: seen == ("bob & start 日本",) * 2)


def test_a_shared_cell_that_is_split_says_what_is_still_shared(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "parts", "a = 1\nb = 2")
    own = code_cell("above", "above")
    path = write_cells(server, "parts.ipynb", own, bound_cell("own", "parts", "c0", "a = 1\nb = 2"))
    with person("Ada") as ada:
        at_ada = open_notebook(ada, path)
        at_ada.wait_for_state(1, "shared")

        def seen() -> list[tuple[str, str]]:
            return [(at_ada.source(index), at_ada.state(index)) for index in range(at_ada.cells.count())]

        at_ada.editor(1).click()
        ada.page.keyboard.press("Control+Home")
        ada.page.keyboard.press("End")
        ada.page.keyboard.press("Control+Shift+Minus")
        until(seen, lambda cells: cells == [("above", ""), ("a = 1", ""), ("b = 2", "shared")])
        ada.page.locator(".Toastify__toast", has_text="still shared, for everybody in “Parts”").wait_for()
        ada.take_picture("split")
        until(lambda: sources_in(server, "parts"), lambda sources: sources == ["b = 2"])

        at_ada.select(2)
        ada.run("notebook:merge-cell-above")
        until(seen, lambda cells: cells == [("above", ""), ("a = 1\n\nb = 2", "shared")])
        until(lambda: sources_in(server, "parts"), lambda sources: sources == ["a = 1\n\nb = 2"])
        at_ada.select(0)
        ada.run("notebook:merge-cell-below")
        until(seen, lambda cells: cells == [("above\n\na = 1\n\nb = 2", "")])
        assert sources_in(server, "parts") == ["a = 1\n\nb = 2"]
        ada.run("notebook:undo-cell-action")  # of both merges, if they came within half a second
        until(seen, lambda cells: len(cells) > 1 and cells[-1][1] == "shared")


def test_a_role_that_is_lowered_meanwhile_loses_no_text(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "lowered", "start")
    path = write_cells(server, "lowered.ipynb", bound_cell("own", "lowered", "c0", "start"))
    with person("Ada") as ada:
        at_ada = open_notebook(ada, path)
        at_ada.wait_for_state(0, "shared")
        ada.go_offline()
        at_ada.wait_for_state(0, "offline", seconds=40)
        at_ada.type(0, " unsent")
        (server.folder / "readers").write_text("Ada")
        ada.go_offline(False)
        at_ada.wait_for_state(0, "read-only", seconds=40)
        badge = at_ada.badge(0)
        insert = badge.get_by_role("button", name="Insert it as a cell below")
        insert.wait_for()
        assert (at_ada.source(0), sources_in(server, "lowered")) == ("start", ["start"])
        ada.take_picture("lowered")
        at_ada.type(0, "no")
        assert at_ada.source(0) == "start"
        insert.click()
        until(lambda: at_ada.cells.count(), lambda count: count == 2)
        assert at_ada.source(1) == "start unsent"
        (server.folder / "readers").unlink()
