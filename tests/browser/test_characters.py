"""What input methods do to characters of two UTF-16 units, such as emoji: everybody has the same text."""

from collections.abc import Callable

import pytest
from playwright.sync_api import CDPSession

import jupyter_collab
from tests.servers import RunningServer

from .bound import bound_cell, open_notebook, sources_in
from .people import Person, until
from .rooms import room_with, write_cells

pytestmark = pytest.mark.browser


def choose(keyboard: CDPSession, *candidates: str) -> None:
    """Go from one candidate of an input method to the next, and take the last one."""
    for text in candidates:
        place = {"selectionStart": len(text), "selectionEnd": len(text)}
        keyboard.send("Input.imeSetComposition", {"text": text, **place})
    keyboard.send("Input.insertText", {"text": candidates[-1]})


def test_two_people_choose_among_characters_that_share_a_half(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "halves", "start ")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = ada.open_room("halves"), bob.open_room_page("halves")
        seen = "start "

        def see(text: str) -> str:
            """What everybody has now."""
            until(lambda: (at_ada.source(0), at_bob.source(0)), lambda sources: sources == (text, text))
            until(lambda: sources_in(server, "halves"), lambda sources: sources == [text])
            return text

        choices = ((ada, at_ada, ("😀", "😁")), (bob, at_bob, ("𠮟", "𠮷")), (bob, at_bob, ("🐀", "🀀")))
        for who, at, candidates in choices:
            at.click_end(0)
            choose(who.context.new_cdp_session(who.page), *candidates)
            who.page.keyboard.type(f" by {who.name} ")
            seen = see(f"{seen}{candidates[-1]} by {who.name} ")
        with jupyter_collab.connect("halves", url=server.url, token=server.token) as newcomer:
            assert newcomer.cells[0].source == seen
        with person("Zoe") as zoe:
            at_zoe = zoe.open_room_page("halves")
            until(lambda: at_zoe.source(0), lambda source: source == seen)


def test_an_emoji_is_chosen_in_a_shared_cell_of_ones_own_notebook(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "own-halves", "start ")
    path = write_cells(server, "halves.ipynb", bound_cell("own", "own-halves", "c0", "start "))
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = open_notebook(ada, path), bob.open_room_page("own-halves")
        at_ada.wait_for_state(0, "shared")
        at_ada.click_end(0)
        choose(ada.context.new_cdp_session(ada.page), "😀", "😁")
        ada.page.keyboard.type(" more")
        until(lambda: sources_in(server, "own-halves"), lambda sources: sources == ["start 😁 more"])
        until(lambda: (at_ada.source(0), at_bob.source(0)), lambda sources: sources == ("start 😁 more",) * 2)
