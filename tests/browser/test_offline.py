"""Without network one goes on typing; it is kept over a reload, and merges when the network is back."""

from collections.abc import Callable

import pytest

from tests.servers import RunningServer

from .people import Person, until
from .rooms import room_with

pytestmark = pytest.mark.browser


def test_both_edit_while_one_is_offline(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "gap", "both: ", "only ada: ")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = ada.open_room("gap"), bob.open_room("gap")
        ada.go_offline()
        at_ada.type(0, "[ada offline]")
        at_ada.type(1, "also")
        until(lambda: at_ada.chip, lambda chip: chip == "offline")
        ada.take_picture("offline")
        until(lambda: at_bob.people, lambda people: "Ada" not in people, seconds=30)
        at_bob.type(0, "[bob online]")
        assert "[ada offline]" not in at_bob.source(0)

        ada.go_offline(False)
        until(lambda: at_ada.chip, lambda chip: chip == "synced", seconds=40)
        merged = until(lambda: at_bob.source(0), lambda text: "[ada offline]" in text and "[bob online]" in text)
        assert (merged.count("[ada offline]"), merged.count("[bob online]")) == (1, 1)
        until(lambda: at_ada.source(0), lambda text: text == merged)
        until(lambda: at_bob.source(1), lambda text: text == "only ada: also")
        bob.take_picture("merged")


def test_unsent_edits_survive_a_reload(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "reload", "start ")
    with person("Ada") as ada:
        at_ada = ada.open_room("reload")
        server.kill()
        until(lambda: at_ada.chip, lambda chip: chip == "offline")
        at_ada.type(0, "[kept]")
        until(lambda: at_ada.root.locator(".jc-Chip").inner_text(), lambda text: text == "Offline: 6 edits kept")
        ada.page.goto("about:blank")

        server.start()
        at_ada = ada.open_room("reload")
        until(lambda: at_ada.source(0), lambda text: text == "start [kept]")
        exported = server.notebook("reload")
        assert [cell["source"] for cell in exported["cells"]] == ["start [kept]"]


def test_another_history_is_never_merged(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "again", "first life ")
    with person("Ada") as ada:
        at_ada = ada.open_room("again")
        ada.go_offline()
        at_ada.type(0, "[unsent]")
        until(lambda: at_ada.chip, lambda chip: chip == "offline")
        server.request("DELETE", "rooms/again")
        server.request("DELETE", "rooms/again?permanent=true")
        room_with(server, "again", "second life ")

        ada.go_offline(False)
        until(lambda: at_ada.source(0), lambda text: text == "second life ", seconds=40)
        unsent = at_ada.root.locator(".jc-Unsent")
        unsent.get_by_text("Show it").click()
        until(lambda: unsent.inner_text(), lambda text: "[unsent]" in text)
        ada.take_picture("unsent")
        unsent.get_by_role("button", name="Put back").click()
        until(lambda: at_ada.cells.count(), lambda count: count == 2)
        until(lambda: at_ada.chip, lambda chip: chip == "synced")
        exported = server.notebook("again")
        assert [cell["source"] for cell in exported["cells"]] == ["second life ", "first life [unsent]"]
