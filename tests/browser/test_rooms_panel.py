"""The side panel: find, make, rename, delete and restore rooms, and see who is in each."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator

from tests.servers import RunningServer

from .people import Person, until
from .rooms import room_with

pytestmark = pytest.mark.browser


def open_panel(person: Person) -> Locator:
    """Show the Rooms panel."""
    panel = person.page.locator(".jc-RoomsPanel")
    person.page.locator(".jp-SideBar.jp-mod-left li[title='Rooms']").click()
    panel.wait_for()
    return panel


def test_a_room_from_its_making_to_the_bin_and_back(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "physics", "x = 1")
    with person("Ada") as ada, person("Bob") as bob:
        ada.open_room("physics")
        bob.open_room("physics")
        panel = open_panel(bob)
        physics = panel.locator(".jc-RoomsPanel-item[data-room='physics']")
        until(lambda: physics.locator(".jc-Avatar").count(), lambda count: count == 2)
        bob.take_picture("panel-light")
        bob.set_theme("JupyterLab Dark")
        bob.take_picture("panel-dark")

        panel.get_by_role("button", name="New note", exact=True).click()
        rooms = until(lambda: server.request("GET", "rooms").json()["rooms"], lambda rooms: rooms[0]["kind"] == "note")
        made = panel.locator(f".jc-RoomsPanel-item[data-room='{rooms[0]['id']}']")
        made.wait_for()

        physics.hover()
        physics.get_by_role("button", name="Rename").click()
        dialog = bob.page.locator(".jp-Dialog")
        dialog.locator("input").fill("Physics II")
        dialog.get_by_role("button", name="Rename").click()
        until(lambda: physics.inner_text(), lambda text: "Physics II" in text)
        until(lambda: ada.page.locator(".jc-Pane-title").first.inner_text(), lambda title: title == "Physics II")

        panel.locator(".jc-RoomsPanel-search").fill("physics ii")
        until(lambda: panel.locator(".jc-RoomsPanel-item[data-deleted='false']").count(), lambda count: count == 1)

        physics.hover()
        physics.get_by_role("button", name="bin").click()
        until(lambda: server.request("GET", "rooms?deleted=true").json()["total"], lambda total: total == 1)
        until(lambda: ada.page.locator(".jc-State").count(), lambda count: count > 0)
        ada.take_picture("room-in-the-bin")

        panel.locator(".jc-RoomsPanel-bin summary").click()
        binned = panel.locator(".jc-RoomsPanel-item[data-deleted='true'][data-room='physics']")
        binned.hover()
        binned.get_by_role("button", name="Restore").click()
        until(lambda: server.request("GET", "rooms?deleted=true").json()["total"], lambda total: total == 0)
