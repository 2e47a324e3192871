"""Splitting and merging cells in the pane: what comes of it, and where one goes on typing."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

import jupyter_collab
from jupyter_collab.client import Room
from tests.peers.cells import sources
from tests.servers import RunningServer

from .bound import sources_in
from .people import Pane, Person, until
from .rooms import code_cell, notebook, room_with

pytestmark = pytest.mark.browser

Join = Callable[[str], AbstractContextManager[tuple[Pane, Room]]]


@pytest.fixture(name="join")
def fixture_join(person: Callable[..., Person], server: RunningServer) -> Join:
    """Open a room at Ada's, and join it with a program."""

    @contextmanager
    def join(room_id: str) -> Iterator[tuple[Pane, Room]]:
        with person("Ada") as ada, jupyter_collab.connect(room_id, url=server.url, token=server.token) as room:
            yield ada.open_room(room_id), room

    return join


def active(pane: Pane) -> list[int]:
    """Which cells are active."""
    places: list[int] = pane.cells.evaluate_all(
        "cells => cells.flatMap((cell, index) => cell.classList.contains('jp-mod-active') ? [index] : [])"
    )
    return places


def choose(pane: Pane, index: int, label: str) -> None:
    """Make a cell the active one, and choose something in its menu."""
    pane.cells.nth(index).click()
    pane.cells.nth(index).click(button="right")
    pane.page.locator(".jc-ContextMenu .lm-Menu-itemLabel", has_text=label).click()


def test_a_split_goes_on_at_the_start_of_the_second_piece(server: RunningServer, join: Join) -> None:
    room_with(server, "second-piece", "one\ntwo", "r")
    with join("second-piece") as (pane, room):
        keyboard = pane.page.keyboard
        pane.editor(0).click()
        keyboard.press("Control+Home")
        keyboard.press("End")
        keyboard.press("Control+Shift+Minus")
        until(lambda: sources(room), lambda seen: seen == ["one", "two", "r"])
        until(lambda: active(pane), lambda seen: seen == [1])
        keyboard.type("!")
        until(lambda: sources(room), lambda seen: seen == ["one", "!two", "r"])
        assert [cell.id for cell in room.cells][1:] == ["c0", "c1"]
        keyboard.press("Control+z")
        until(lambda: sources(room), lambda seen: seen == ["one", "two", "r"])
        keyboard.press("Escape")
        keyboard.press("z")
        until(lambda: sources(room), lambda seen: seen == ["one\ntwo", "r"])


def test_what_one_types_at_the_ends_of_cells_that_another_merges_offline_is_where_it_was_typed(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "ends", "one", "two", "three")
    with person("Ada") as ada, person("Ben") as ben:
        at_ada, at_ben = ada.open_room("ends"), ben.open_room("ends")
        ben.go_offline()
        until(lambda: at_ben.chip, lambda chip: chip == "offline")
        at_ben.editor(0).click()
        for key in ("Escape", "Shift+ArrowDown", "Shift+ArrowDown", "Shift+M"):
            at_ben.page.keyboard.press(key)
        until(lambda: at_ben.cells.count(), lambda count: count == 1)
        for index, (first, last) in enumerate([("A", "B"), ("C", "D"), ("E", "F")]):
            at_ada.editor(index).click()
            for key, letter in (("Control+Home", first), ("Control+End", last)):
                at_ada.page.keyboard.press(key)
                at_ada.page.keyboard.type(letter)
        until(lambda: sources_in(server, "ends"), ["AoneB", "CtwoD", "EthreeF"].__eq__)
        ben.go_offline(False)
        until(lambda: sources_in(server, "ends"), ["AoneB\n\nCtwoD\n\nEthreeF"].__eq__)
        until(lambda: (at_ada.chip, at_ben.chip), ("synced", "synced").__eq__)


def test_several_carets_make_several_pieces(server: RunningServer, join: Join) -> None:
    room_with(server, "carets", "one\ntwo\nthree", "r")
    with join("carets") as (pane, room):
        lines = pane.editor(0).locator(".cm-line")
        for number, keys in [(0, []), (1, ["Control"])]:
            box = lines.nth(number).bounding_box()
            assert box is not None
            place = {"x": box["width"] - 5, "y": box["height"] / 2}
            lines.nth(number).click(position=place, modifiers=keys)  # type: ignore[arg-type]  # a TypedDict, a Literal
        pane.page.keyboard.press("Control+Shift+Minus")
        until(lambda: sources(room), lambda seen: seen == ["one", "two", "three", "r"])
        until(lambda: active(pane), lambda seen: seen == [2])


def test_a_selection_becomes_a_piece_and_the_active_cell(server: RunningServer, join: Join) -> None:
    room_with(server, "selection", "one\ntwo\nthree")
    with join("selection") as (pane, room):
        keyboard = pane.page.keyboard
        pane.editor(0).click()
        keyboard.press("Control+Home")
        for key in ("ArrowDown", "Shift+End"):
            keyboard.press(key)
        keyboard.press("Control+Shift+Minus")
        until(lambda: sources(room), lambda seen: seen == ["one", "two", "three"])
        until(lambda: active(pane), lambda seen: seen == [1])
        keyboard.type("!")
        until(lambda: sources(room), lambda seen: seen == ["one", "!two", "three"])


def test_merging_keeps_the_active_cell(server: RunningServer, join: Join) -> None:
    room_with(server, "neighbours", "one", "two", "three", "four", "five")
    with join("neighbours") as (pane, room):
        choose(pane, 1, "Merge Cell Above")
        until(lambda: sources(room), lambda seen: seen == ["one\n\ntwo", "three", "four", "five"])
        until(lambda: active(pane), lambda seen: seen == [0])
        choose(pane, 1, "Merge Cell Below")
        until(lambda: sources(room), lambda seen: seen == ["one\n\ntwo", "three\n\nfour", "five"])
        until(lambda: active(pane), lambda seen: seen == [1])
        pane.editor(0).click()
        keyboard = pane.page.keyboard
        for key in ("Escape", "Shift+ArrowDown", "Shift+ArrowDown", "Shift+M"):
            keyboard.press(key)
        until(lambda: sources(room), lambda seen: seen == ["one\n\ntwo\n\nthree\n\nfour\n\nfive"])
        assert [cell.id for cell in room.cells] == ["c4"]
        keyboard.press("z")
        until(lambda: sources(room), lambda seen: seen == ["one\n\ntwo", "three\n\nfour", "five"])


def test_text_cells_keep_their_pictures_and_show_their_text(server: RunningServer, join: Join) -> None:
    pictures = {"one.png": {"image/png": "aa"}}, {"two.png": {"image/png": "bb"}}
    cells = [
        {**code_cell(f"c{index}", f"text {index}"), "cell_type": "markdown", "attachments": picture}
        for index, picture in enumerate(pictures)
    ]
    server.create_room("pictures", title="Pictures", content=notebook(*cells))
    with join("pictures") as (pane, room):
        choose(pane, 0, "Merge Cell Below")
        until(lambda: sources(room), lambda seen: seen == ["text 0\n\ntext 1"])
        until(lambda: pane.source(0), lambda seen: seen == "text 0\n\ntext 1")
        assert json.loads(room.export())["cells"][0]["attachments"] == pictures[0] | pictures[1]


def test_a_cell_that_may_not_be_edited_is_neither_split_nor_merged(server: RunningServer, join: Join) -> None:
    fixed = {**code_cell("c0", "fixed"), "metadata": {"editable": False}}
    server.create_room("fixed", title="Fixed", content=notebook(fixed, code_cell("c1", "free")))
    with join("fixed") as (pane, room):
        choose(pane, 1, "Merge Cell Above")
        pane.root.get_by_text("A cell is read-only and cannot be merged.").wait_for()
        choose(pane, 0, "Split Cell")
        pane.root.get_by_text("The cell is read-only and cannot be split.").wait_for()
        assert sources(room) == ["fixed", "free"]
