"""Two tabs of one browser: each keeps what is typed in it, whatever becomes of the other."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import CDPSession, expect

from tests.servers import RunningServer

from .bound import sources_in
from .pages import start_page_server
from .people import Pane, Person, until
from .profile import Profile
from .rooms import room_with

pytestmark = pytest.mark.browser

ROUNDS = 3
ROOM_BYTES = 150_000
LIMITS = {"max_message_bytes": 20_000, "max_room_bytes": ROOM_BYTES}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with small messages and small rooms, without JupyterLab."""
    with start_page_server(tmp_path_factory.mktemp("tabs"), **LIMITS) as running:
        yield running


def paste(pane: Pane, text: str) -> None:
    """Insert a text at once behind that of the first cell, as a paste does."""
    pane.click_end(0)
    pane.page.keyboard.insert_text(text)


def cut_off(*panes: Pane) -> list[CDPSession]:
    """Cut the network of these tabs, and wait until they know; to be given to :func:`reconnect`."""
    sessions = [pane.page.context.new_cdp_session(pane.page) for pane in panes]
    _emulate_network(sessions, offline=True)
    for pane in panes:
        see(pane, "offline")
    return sessions


def reconnect(sessions: list[CDPSession]) -> None:
    """Mend the network of tabs."""
    _emulate_network(sessions, offline=False)


def _emulate_network(sessions: list[CDPSession], *, offline: bool) -> None:
    network = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    for session in sessions:
        session.send("Network.emulateNetworkConditions", network)


def start_anew(server: RunningServer, room: str, text: str) -> None:
    """Give the room a new history."""
    server.request("DELETE", f"rooms/{room}")
    server.request("DELETE", f"rooms/{room}?permanent=true")
    room_with(server, room, text)


def see(pane: Pane, status: str, text: str | None = None) -> None:
    """Wait until the status chip says so, and the first cell has this text."""
    until(lambda: pane.chip, status.__eq__, seconds=40)
    if text is not None:
        until(lambda: pane.source(0), text.__eq__)


def has(server: RunningServer, room: str, text: str) -> None:
    """Wait until the room has one cell, with this text."""
    until(lambda: sources_in(server, room), [text].__eq__)


def take_refusal(tab: Pane) -> None:
    """Have an edit refused, so that the tab takes the room's document anew."""
    paste(tab, "x" * (ROOM_BYTES + 1))
    see(tab, "unsent")


def unsent_text(pane: Pane) -> str:
    """The text that the notice offers."""
    notice = pane.root.locator(".jc-Unsent")
    if notice.locator("pre").first.is_hidden():
        notice.get_by_text("Show it").click()
    return notice.inner_text()


def discard(pane: Pane) -> None:
    """Let go of the text that the notice offers."""
    pane.root.locator(".jc-Unsent").get_by_role("button", name="Discard").click()
    pane.page.locator(".jp-Dialog").get_by_role("button", name="Discard").click()
    expect(pane.root.locator(".jc-Unsent")).to_have_count(0)


def open_tabs(person: Person, room: str, count: int) -> list[Pane]:
    """Open the room in so many new tabs, one after the other."""
    panes = []
    for _ in range(count):
        person.open_tab()
        panes.append(person.open_room_page(room))
    return panes


def close(*panes: Pane) -> None:
    """Close tabs."""
    for pane in panes:
        pane.page.close()


def test_who_pasted_too_much_sees_the_cell_and_goes_on_in_it(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "too-long", "start", "second")
    with person("Ada") as ada:
        tab = ada.open_room_page("too-long")
        tab.paste(0, "pasted line of text\n" * (ROOM_BYTES // 19))
        see(tab, "unsent", "start")
        expect(tab.editor(0)).to_be_in_viewport(ratio=0.9)
        ada.page.keyboard.type(".")
        until(lambda: sources_in(server, "too-long"), ["start.", "second"].__eq__)


def test_a_tab_keeps_what_is_typed_offline_when_an_edit_of_another_one_was_refused(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "refused", "start ")
    seen = "start "
    with person("Ada") as ada:
        for number in range(ROUNDS):
            one, other = open_tabs(ada, "refused", 2)
            take_refusal(one)
            server.kill()
            see(other, "offline")
            other.type(0, f"[{number}]")
            expect(other.root.locator(".jc-Chip").first).to_have_text("Offline: 3 edits kept")
            close(one, other)
            server.start()

            ada.open_tab()
            again = ada.open_room_page("refused", status="unsent")
            seen += f"[{number}]"
            see(again, "unsent", seen)
            has(server, "refused", seen)
            assert "xxx" in unsent_text(again)
            ada.take_picture(f"again-{number}")
            discard(again)
            see(again, "synced")
            close(again)


def test_a_tab_keeps_what_is_typed_offline_when_another_one_took_a_new_history(
    person: Callable[..., Person], server: RunningServer
) -> None:
    with person("Ada") as ada:
        for number in range(ROUNDS):
            room = (
                f"history-{number}"  # what is kept may be offered twice, if tabs are closed one right after the other
            )
            room_with(server, room, f"life {number} ")
            one, other = open_tabs(ada, room, 2)
            cut_off(other)
            other.type(0, f"[former {number}]")
            network = cut_off(one)
            start_anew(server, room, f"life {number + 1} ")
            reconnect(network)
            see(one, "synced", f"life {number + 1} ")
            one.type(0, "[present]")
            has(server, room, f"life {number + 1} [present]")
            close(*((one, other) if number % 2 else (other, one)))

            ada.open_tab()
            again = ada.open_room_page(room, status="unsent")
            assert again.source(0) == f"life {number + 1} [present]"
            assert f"[former {number}]" in unsent_text(again)
            ada.take_picture(f"history-{number}")
            discard(again)
            close(again)


@pytest.mark.parametrize("is_reloaded", [False, True])
def test_edits_of_the_present_history_come_back_into_the_room(
    person: Callable[..., Person], server: RunningServer, is_reloaded: bool
) -> None:
    room = f"present-{is_reloaded}"
    room_with(server, room, "life 0 ")
    with person("Ada") as ada:
        for number in range(ROUNDS):
            one, other = open_tabs(ada, room, 2)
            network = cut_off(one, other)
            start_anew(server, room, f"life {number + 1} ")
            reconnect(network)
            for pane in (one, other):
                see(pane, "synced", f"life {number + 1} ")
            if is_reloaded:
                other.page.reload()
                other = ada.see_pane()
            ada.go_offline()
            for pane, text in ((one, "[one]"), (other, "[other]")):
                pane.type(0, text)
                see(pane, "offline")
            close(one, other)
            ada.go_offline(False)

            ada.open_tab()
            again = ada.open_room_page(room)
            see(again, "synced")
            text = again.source(0)
            assert (text.count("[one]"), text.count("[other]")) == (1, 1)
            assert text.startswith(f"life {number + 1} ")
            has(server, room, text)
            close(again)


def test_a_long_paste_goes_in_pieces(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "paste", "start ")
    text = "漢😀x" * 6000
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = ada.open_room_page("paste"), bob.open_room_page("paste")
        paste(at_ada, text)
        has(server, "paste", f"start {text}")
        see(at_ada, "synced")
        at_bob.type(0, "[bob]")
        has(server, "paste", f"start {text}[bob]")


def test_what_was_typed_offline_goes_in_pieces(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "offline", "start ")
    parts = [f"[{number}]" + "y" * 15_000 for number in range(5)]
    with person("Ada") as ada:
        pane = ada.open_room_page("offline")
        ada.go_offline()
        for part in parts:
            paste(pane, part)
        see(pane, "offline")
        close(pane)
        ada.go_offline(False)
        ada.open_tab()
        pane = ada.open_room_page("offline")
        has(server, "offline", "start " + "".join(parts))
        see(pane, "synced")


@pytest.mark.parametrize("is_offline", [False, True])
def test_a_paste_into_a_nearly_full_room_is_refused_as_a_whole(
    person: Callable[..., Person], server: RunningServer, is_offline: bool
) -> None:
    room = f"full-{is_offline}"
    text = "z" * (ROOM_BYTES * 2 // 3)
    room_with(server, room, "start ")
    with person("Ada") as ada:
        pane = ada.open_room_page(room)
        ada.go_offline(is_offline)
        paste(pane, text)
        ada.go_offline(False)
        has(server, room, f"start {text}")
        see(pane, "synced")
        ada.go_offline(is_offline)
        paste(pane, "[too much]" * (ROOM_BYTES // 20))
        ada.go_offline(False)
        see(pane, "unsent")
        assert sources_in(server, room) == [f"start {text}"]
        assert "[too much]" in unsent_text(pane)
        ada.take_picture("full")


def test_a_browser_that_is_killed_soon_after_its_first_visit_keeps_what_was_typed(
    profile: Profile, person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "killed", "start ")

    def open_as_nobody() -> tuple[Person, Pane, str]:
        """Come without a cookie, to be given a name by the server: it was not written down when the browser died."""
        nobody = person("Nobody", context=profile.start())
        nobody.context.clear_cookies()
        pane = nobody.open_room_page("killed")
        [here] = server.request("GET", "rooms/killed").json()["people"]
        return nobody, pane, here["username"]

    nobody, pane, name = open_as_nobody()
    server.kill()
    see(pane, "offline")
    pane.type(0, "[kept]")
    expect(pane.root.locator(".jc-Chip").first).to_have_text("Offline: 6 edits kept")
    profile.kill()
    nobody.console.check()
    server.start()
    nobody, pane, other_name = open_as_nobody()
    see(pane, "synced", "start [kept]")
    has(server, "killed", "start [kept]")
    nobody.take_picture("again")
    nobody.console.check()
    assert name != other_name
