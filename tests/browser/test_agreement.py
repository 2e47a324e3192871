"""A page whose text came to differ from the room's, by a fault of a library say, finds out and takes the room's."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.servers import RunningServer

from .bound import sources_in
from .contrast import faint
from .people import Pane, Person, until
from .rooms import room_with

pytestmark = pytest.mark.browser

SPOIL = """text => {
  const { room } = window.jupyterapp.shell.currentWidget.content;
  const source = room.sharedModel.ydoc.getArray('cells').get(0).get('source');
  if (source.length !== text.length || source._start.content.str.length !== text.length) {
    throw new Error('The text must stay as long as it is.');
  }
  source._start.content.str = text;
}"""


def spoil(pane: Pane, text: str) -> None:
    """Change the text that a page has of the first cell, behind the back of all that listens; not what is shown."""
    pane.page.evaluate(SPOIL, text)


def divergences(server: RunningServer, room: str) -> int:
    """How many connections came to differ, as the server counts them."""
    count: int = server.request("GET", f"rooms/{room}").json()["divergences"]
    return count


@pytest.mark.parametrize(("noticed_at", "role"), [("idle", ""), ("join", "viewer")])
def test_a_page_that_differs_takes_the_room_s_text_and_keeps_its_own(
    person: Callable[..., Person], server: RunningServer, role: str, noticed_at: str
) -> None:
    room = f"differs-{role}-{noticed_at}"
    room_with(server, room, "abc", "other")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = ada.open_room(room, role), bob.open_room(room)
        spoil(at_ada, "xyz")
        if noticed_at == "idle":
            at_bob.type(1, " by bob")
        else:
            ada.go_offline()
            until(lambda: at_ada.chip, "offline".__eq__)
            ada.go_offline(False)
        notice = at_ada.root.locator(".jc-Unsent")
        expect(notice).to_be_visible()
        until(lambda: at_ada.chip, "read-only".__eq__ if role else "unsent".__eq__)
        assert at_ada.source(0) == "abc"
        assert divergences(server, room) == 1
        assert f"Room {room}: the document of ada#" in server.log
        notice.get_by_text("Show it").click()
        expect(notice).to_contain_text("xyz")
        assert faint(notice) == []
        ada.take_picture("differs")

        at_bob.type(0, "d")
        until(lambda: at_ada.source(0), "abcd".__eq__)
        expect(at_bob.root.locator(".jc-Unsent")).to_have_count(0)
        if not role:
            notice.get_by_role("button", name="Put back").click()
            until(lambda: sources_in(server, room)[:2], ["abcd", "xyz"].__eq__)
            until(lambda: at_ada.chip, "synced".__eq__)
            expect(at_bob.editor(1)).to_have_text("xyz")
        assert divergences(server, room) == 1
