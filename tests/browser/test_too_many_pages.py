"""A guest who has as many pages of a room open as one may."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.servers import RunningServer

from .pages import invite, join, start_page_server
from .people import Person
from .rooms import room_with

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server on which each guest may have one page of a room."""
    with start_page_server(tmp_path_factory.mktemp("page"), max_room_connections_per_person=1) as running:
        yield running


def test_one_page_too_many_says_so_and_joins_when_another_is_closed(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "pages", "x")
    with person("Gina") as gina:
        join(gina, invite(server, "pages", role="writer"))
        gina.see_pane()
        second = gina.context.new_page()
        second.goto(gina.page.url)
        expect(second.get_by_text("You have 1 connection to this room, as many as one may")).to_be_visible()
        gina.see_pane()  # the first page keeps its place
        gina.page.close()
        expect(second.locator(".jc-Cell, .jp-Cell").first).to_be_visible(timeout=40_000)
