"""Who has a login on the Jupyter server and signs out on the page is nobody there afterwards."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.servers import RunningServer, start_server

from .pages import invite, join
from .people import Person
from .rooms import room_with

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(page_server: RunningServer) -> RunningServer:
    """A server without JupyterLab, with a token."""
    return page_server


def test_going_back_signs_nobody_in_again(person: Callable[..., Person], server: RunningServer) -> None:
    with person("Ada") as ada:
        ada.open_page("")
        page = ada.page
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("Successfully logged out")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("heading", name="Shared rooms")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="Shared rooms")).to_be_visible()


def test_who_came_as_a_guest_before_is_no_guest_afterwards(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "before", "x")
    with person("Ada") as ada:
        join(ada, invite(server, "before"))
        ada.see_pane(status="read-only")
        ada.open_page("")
        page = ada.page
        expect(page.get_by_role("link", name="JupyterLab")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("Successfully logged out")).to_be_visible()
        page.goto(f"{server.url}collab/")
        expect(page.get_by_role("heading", name="Shared rooms")).to_be_visible()


def test_a_server_that_lets_everybody_in_offers_no_way_out(browser: Browser, tmp_path: Path) -> None:
    with (
        start_server(tmp_path, IdentityProvider={"token": ""}) as server,
        Person(browser, server, "Ada", tmp_path) as ada,
    ):
        ada.page.goto(f"{server.url}collab/")
        expect(ada.page.get_by_role("link", name="JupyterLab")).to_be_visible()
        expect(ada.page.get_by_role("button", name="Sign out")).to_have_count(0)
