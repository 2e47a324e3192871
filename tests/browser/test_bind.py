"""Single cells of notebooks of one's own, shared: the text is everybody's, the runs are each one's own."""

from collections.abc import Callable

import nbformat
import pytest

from tests.servers import RunningServer

from .bound import bound_cell, open_notebook, read_notebook, sources_in
from .identity import READER
from .people import Person, until
from .rooms import room_with, write_cells, write_notebook

pytestmark = pytest.mark.browser


def write_bound(server: RunningServer, name: str, room: str, source: str, last_shared: str) -> str:
    """A notebook whose only cell is bound to the first cell of a room; answers its path."""
    return write_cells(server, name, bound_cell("own", room, "c0", source, last_shared))


def test_two_people_share_one_cell_of_their_notebooks(person: Callable[..., Person], server: RunningServer) -> None:
    mine = write_notebook(server, "ada-cell.ipynb", "who = 'Ada'", "print(who)")
    theirs = write_notebook(server, "bob-cell.ipynb", "who = 'Bob'")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada = open_notebook(ada, mine)
        at_bob = open_notebook(bob, theirs)
        room = at_ada.share(1, "Who are you")
        index = at_bob.join(0, f"{server.url}lab?room={room}")
        assert at_bob.source(index) == "print(who)"

        at_bob.type(index, "\nprint('from bob')")
        until(lambda: at_ada.source(1), lambda text: text == "print(who)\nprint('from bob')")
        at_ada.type(1, " # and ada")
        until(lambda: at_bob.source(index), lambda text: text.endswith("print('from bob') # and ada"))
        until(lambda: at_bob.carets, lambda carets: carets == {"Ada"})
        ada.take_picture("shared")

        for notebook, own in ((at_ada, 1), (at_bob, index)):
            notebook.run(0)
            notebook.run(own)
        until(lambda: at_ada.output(1), lambda text: text == "Ada\nfrom bob")
        until(lambda: at_bob.output(index), lambda text: text == "Bob\nfrom bob")
        bob.take_picture("shared")

        at_bob.save()
        saved = read_notebook(server, theirs)
        nbformat.validate(nbformat.from_dict(saved))
        link = saved["cells"][index]["metadata"]["jupyter_collab"]
        assert (link["room"], len(link["base"])) == (room, 64)
        bob.page.goto("about:blank")
        at_ada.type(1, " # later")

        at_bob = open_notebook(bob, theirs)
        at_bob.wait_for_state(index, "shared")
        until(lambda: at_bob.source(index), lambda text: text.endswith("# and ada # later"))
        assert at_bob.badge(index).locator(".jc-BoundCell-notice").count() == 0


def test_undo_is_ones_own_and_offline_edits_merge(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "apart", "start ")
    mine = write_bound(server, "ada-apart.ipynb", "apart", "start ", "start ")
    theirs = write_bound(server, "bob-apart.ipynb", "apart", "start ", "start ")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = open_notebook(ada, mine), open_notebook(bob, theirs)
        at_ada.wait_for_state(0, "shared")
        at_bob.wait_for_state(0, "shared")
        at_ada.type(0, "[ada]")
        until(lambda: at_bob.source(0), lambda text: text == "start [ada]")
        at_bob.type(0, "[bob]")
        until(lambda: at_ada.source(0), lambda text: text == "start [ada][bob]")
        ada.page.keyboard.press("Control+z")
        until(lambda: at_bob.source(0), lambda text: text == "start [bob]")
        until(lambda: sources_in(server, "apart"), lambda sources: sources == ["start [bob]"])

        ada.go_offline()
        at_ada.wait_for_state(0, "offline", seconds=40)
        at_ada.type(0, "[offline]")
        until(lambda: at_ada.source(0), lambda text: text == "start [bob][offline]")
        ada.take_picture("offline")
        at_bob.type(0, "[meanwhile]")
        until(lambda: sources_in(server, "apart"), lambda sources: sources == ["start [bob][meanwhile]"])
        ada.go_offline(False)
        at_ada.wait_for_state(0, "shared", seconds=40)
        merged = until(lambda: at_bob.source(0), lambda text: "[offline]" in text and "[meanwhile]" in text)
        assert sorted(merged) == sorted("start [bob][offline][meanwhile]")
        until(lambda: at_ada.source(0), lambda text: text == merged)


def test_a_file_and_a_room_that_both_changed_lose_nothing(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "both", "theirs")
    path = write_bound(server, "both.ipynb", "both", "mine", "before")
    with person("Ada") as ada:
        at_ada = open_notebook(ada, path)
        at_ada.wait_for_state(0, "shared")
        until(lambda: at_ada.source(0), lambda text: text == "theirs")
        ada.set_theme("JupyterLab Dark")
        ada.take_picture("conflict-dark")
        at_ada.badge(0).get_by_role("button", name="Insert it as a cell below").click()
        until(lambda: at_ada.cells.count(), lambda count: count == 2)
        assert at_ada.source(1) == "mine"
        assert "kept" not in at_ada.metadata(0)
        assert at_ada.state(1) == ""
        assert sources_in(server, "both") == ["theirs"]
        ada.run("notebook:change-cell-to-code")
        at_ada.select(0)
        ada.run("jupyter-collab:unshare-cell")
        until(lambda: at_ada.state(0), lambda state: state == "")
        assert at_ada.source(0) == "theirs"
        at_ada.type(0, "!")
        until(lambda: at_ada.source(0), lambda text: text == "theirs!")
        assert sources_in(server, "both") == ["theirs"]


def test_what_is_done_to_cells_keeps_the_one_that_is_shared(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "moves", "x = 1")
    path = write_bound(server, "moves.ipynb", "moves", "x = 1", "x = 1")
    with person("Ada") as ada:
        at_ada = open_notebook(ada, path)
        at_ada.wait_for_state(0, "shared")

        at_ada.select(0)
        ada.run("notebook:delete-cell")
        until(lambda: at_ada.states, lambda seen: seen == [""])
        ada.run("notebook:undo-cell-action")
        until(lambda: at_ada.states, lambda seen: seen == ["shared"])
        at_ada.select(0)
        ada.run("notebook:duplicate-below")
        until(lambda: at_ada.states, lambda seen: seen == ["shared", ""])
        at_ada.select(0)
        ada.run("notebook:move-cell-down")
        until(lambda: at_ada.states, lambda seen: seen == ["", "shared"])
        ada.run("notebook:cut-cell")
        until(lambda: at_ada.states, lambda seen: seen == [""])
        ada.run("notebook:paste-cell-below")
        until(lambda: at_ada.states, lambda seen: seen == ["", "shared"])
        at_ada.select(1)
        ada.run("notebook:change-cell-to-raw")
        until(lambda: at_ada.states, lambda seen: seen == ["", "shared"])
        at_ada.type(1, " # still")
        until(lambda: sources_in(server, "moves"), lambda sources: sources == ["x = 1 # still"])
        assert at_ada.source(0) == "x = 1"


def test_who_may_only_read_sees_all_and_types_nothing(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "look", "x")
    path = write_bound(server, "look.ipynb", "look", "x", "x")
    with person(READER) as reader:
        at_reader = open_notebook(reader, path)
        at_reader.wait_for_state(0, "read-only")
        at_reader.type(0, "no")
        server.request("PUT", "rooms/look/content?format=md", content="y\n")
        at_reader.wait_for_state(0, "missing")
        assert at_reader.source(0) == "x"
        reader.take_picture("missing")
        at_reader.type(0, "!")
        until(lambda: at_reader.source(0), lambda text: text == "x!")


def test_shared_cells_in_notebook_7(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "seven", "who = 7")
    path = write_bound(server, "seven.ipynb", "seven", "who = 7", "who = 7")
    with person("Ada") as ada:
        at_ada = open_notebook(ada, path, in_notebook_7=True)
        at_ada.wait_for_state(0, "shared")
        at_ada.type(0, "; who")
        until(lambda: sources_in(server, "seven"), lambda sources: sources == ["who = 7; who"])
        ada.page.keyboard.press("Control+Enter")
        until(lambda: at_ada.output(0), lambda text: text == "7")
        ada.take_picture("notebook-7")
