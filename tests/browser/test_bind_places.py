"""Shared cells where one may find them: in rooms that there were, by keys alone, in two views, far down, composed."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

import jupyter_collab
from tests.peers.cells import sources
from tests.servers import RunningServer

from .bound import OwnNotebook, bound_cell, open_notebook, sources_in
from .people import Person, shown_text, until
from .rooms import code_cell, room_with, write_cells, write_notebook

pytestmark = pytest.mark.browser

FAR = 50


@pytest.fixture
def windowed(server: RunningServer) -> Iterator[None]:
    """Notebooks take the cells that are not seen out of the page."""
    folder = server.folder / "config" / "lab-settings" / "@jupyterlab" / "notebook-extension"
    settings = folder / "tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('{"windowingMode": "full"}')
    yield
    settings.unlink()


def command(page: Page, words: str) -> None:
    """Choose a command from the palette, by keys alone."""
    page.keyboard.press("Control+Shift+c")
    palette = page.locator(".lm-CommandPalette-input:focus")
    palette.wait_for()
    page.keyboard.type(words)
    page.locator(".lm-CommandPalette-item.lm-mod-active", has_text=words).wait_for()
    page.keyboard.press("Enter")


def focused(page: Page, selector: str) -> None:
    """Wait until something has the focus."""
    page.locator(f"{selector}:focus").wait_for()


def test_by_keys_alone_into_a_room_that_there_is_and_out_of_it(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "existing", "first = 1", "second = 2")
    mine, theirs = write_notebook(server, "ada-keys.ipynb", "third = 3"), write_notebook(server, "bob-keys.ipynb", "x")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = open_notebook(ada, mine), open_notebook(bob, theirs)
        ada.set_theme("JupyterLab Dark")
        command(ada.page, "Share This Cell")
        focused(ada.page, "input.jc-PlaceForm-title")
        ada.take_picture("new-room-dark")
        ada.page.keyboard.press("Shift+Tab")
        focused(ada.page, "select.jc-PlaceForm-room")
        ada.page.keyboard.press("ArrowDown")
        until(ada.page.locator("input.jc-PlaceForm-title").is_hidden)
        ada.take_picture("this-room-dark")
        ada.page.keyboard.press("Enter")
        at_ada.wait_for_state(0, "shared")
        until(lambda: sources_in(server, "existing"), lambda seen: seen == ["first = 1", "second = 2", "third = 3"])
        ada.take_picture("shared-dark")

        command(bob.page, "Join a Shared Cell")
        focused(bob.page, ".jp-Dialog input")
        bob.page.keyboard.type(f"{server.url}lab?room=existing")
        bob.page.keyboard.press("Enter")
        focused(bob.page, ".jp-Dialog select")
        for _ in range(2):
            bob.page.keyboard.press("ArrowDown")
        bob.take_picture("which-cell")
        bob.page.keyboard.press("Enter")
        at_bob.wait_for_state(1, "shared")
        until(lambda: at_bob.source(1), lambda text: text == "third = 3")
        until(lambda: bob.page.locator(".jp-Dialog").count(), lambda count: count == 0)
        bob.page.keyboard.press("Enter")
        bob.page.keyboard.type("# bob")
        until(lambda: "# bob" in at_ada.source(0))


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


def test_fifty_shared_cells_of_which_few_are_seen(
    person: Callable[..., Person], server: RunningServer, windowed: None
) -> None:
    texts = [f"value_{index} = {index}\n" * 5 for index in range(FAR)]
    room_with(server, "far", *texts)
    bound = [bound_cell(f"own{index}", "far", f"c{index}", source) for index, source in enumerate(texts)]
    path = write_cells(server, "far.ipynb", *bound)
    with person("Ada") as ada, jupyter_collab.connect("far", url=server.url, token=server.token) as program:
        at_ada = open_notebook(ada, path)
        at_ada.wait_for_state(0, "shared")
        last = program.cell(-1)
        last.append("print('from a program')")
        program.set_cursor(last, len(last.source))
        ada.page.evaluate(f"window.jupyterapp.shell.currentWidget.content.scrollToItem({FAR - 1})")
        cell = at_ada.root.locator(f".jp-Cell[data-windowed-list-index='{FAR - 1}']")
        text = cell.locator(".cm-content")
        cell.locator(".jc-Caret").wait_for()
        until(lambda: shown_text(text), lambda shown: shown.endswith("print('from a program')"))
        until(lambda: cell.locator(".jc-BoundCell").get_attribute("data-state"), lambda state: state == "shared")
        ada.take_picture("far-down")
        last.append(" # more")
        until(lambda: shown_text(text), lambda shown: shown.endswith("# more"))
        text.click()
        ada.page.keyboard.press("Control+End")
        ada.page.keyboard.type(" # ada")
        until(lambda: last.source, lambda source: source.endswith("print('from a program') # more # ada"))
        assert sources(program)[:-1] == texts[:-1]


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
            return list(zip(at_ada.sources, at_ada.states, strict=False))

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
