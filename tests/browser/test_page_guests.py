"""Guests on the page of its own: how they come in, what they are told, and what becomes of them there."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.servers import PLAIN, RunningServer

from .contrast import faint
from .pages import PHONE, invite, join, width_of
from .people import Person, until
from .rooms import room_with
from .running import run, sees

CAN = {"viewer": "", "runner": "run", "writer": "edit", "editor": "edit, run"}

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(page_server: RunningServer) -> RunningServer:
    """A server without JupyterLab."""
    return page_server


def source(server: RunningServer, room: str) -> str:
    """The text of a room's first cell, as the server has it."""
    text: str = server.notebook(room)["cells"][0]["source"]
    return text


def told(person: Person) -> Locator:
    """What went wrong, as the page says it."""
    return person.page.get_by_role("alert")


def test_a_guest_comes_by_a_link_and_stays_over_a_reload(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "guests", "x")
    link = invite(server, "guests", role="editor")
    with person("Gina", **PHONE) as gina:
        gina.open_as_stranger(f"join#{link['token']}")
        name = gina.page.get_by_label("Your name")
        name.wait_for()
        assert gina.page.url == f"{server.url}collab/join"
        expect(gina.page.get_by_text("The others see what you write and run here")).to_be_visible()
        gina.take_picture("invited")
        name.fill("\u202eaniG")
        gina.page.get_by_role("button", name="Join").click()
        expect(told(gina)).to_contain_text("turn the direction of the writing")
        name.fill("Gina")
        gina.page.get_by_role("button", name="Join").click()
        at_gina = gina.see_pane()
        at_gina.type(0, "1")
        until(lambda: source(server, "guests"), lambda text: text == "x1")
        gina.take_picture("inside")
        gina.page.reload()
        gina.see_pane()
        assert gina.page.url == f"{server.url}collab/?room=guests"


def test_an_invite_is_not_lost_when_one_signs_in_to_the_server(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "known", "x")
    with person("Ada") as ada:
        ada.open_as_stranger(f"join#{invite(server, 'known', role='viewer')['token']}")
        ada.page.get_by_role("link", name="Sign in to the server").click()
        ada.page.get_by_label("Password or token:").fill(server.token)
        ada.page.keyboard.press("Enter")
        expect(ada.page.get_by_text("You join as")).to_be_visible()
        assert ada.page.url == f"{server.url}collab/join"
        ada.page.get_by_role("button", name="Join").click()
        ada.see_pane()  # a user of the server owns it already


def test_who_waits_is_let_in_or_told_that_they_are_not(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "lobby", "x")
    link = invite(server, "lobby", role="editor", needs_approval=True)
    with person("Ada") as ada, person("Gina", color_scheme="dark", **PHONE) as gina, person("Hugo") as hugo:
        at_ada = ada.open_room_page("lobby")
        for guest, answer in ((gina, "Admit"), (hugo, "Refuse")):
            join(guest, link, "Ask to join")
            expect(guest.page.get_by_role("status")).to_contain_text("Waiting for an owner to let you in")
            guest.take_picture(f"{guest.name}-waits")
            assert faint(guest.page.locator("body")) == []
            assert width_of(guest) == guest.page.viewport_size["width"]  # type: ignore[index]  # it has one
            notice = at_ada.root.get_by_role("region", name="People who wait for approval")
            expect(notice).to_contain_text(f"{guest.name} (guest) asks to join: Editor")
            notice.get_by_role("button", name=f"{answer} {guest.name}").click()
            expect(notice).to_have_count(0)
        at_gina = gina.see_pane()
        at_gina.type(0, "1")
        until(lambda: at_ada.source(0), lambda text: text == "x1")
        expect(told(hugo)).to_have_text("You were not let in.")
        hugo.take_picture("refused")
        hugo.page.get_by_role("button", name="Use another link or code").click()
        expect(hugo.page.get_by_label("Invitation link or code")).to_be_focused()


def test_each_does_what_their_link_gives_and_nothing_else(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "parts", "6 * 7")
    with person("Vera") as vera, person("Will") as will, person("Rudi", **PHONE) as rudi:
        panes = {}
        for guest, role, status in (
            (vera, "viewer", "read-only"),
            (will, "writer", "synced"),
            (rudi, "runner", "read-only"),
        ):
            join(guest, invite(server, "parts", role=role))
            panes[role] = guest.see_pane(status=status)
            expect(panes[role].root.locator(".jc-Role")).to_have_text(role.capitalize())

        for role in ("viewer", "runner"):
            panes[role].type(0, "no")
        panes["writer"].type(0, " + 1")
        for pane in panes.values():
            until(lambda: pane.source(0), lambda text: text == "6 * 7 + 1")  # noqa: B023

        for role in ("viewer", "writer"):
            run(panes[role], 0)
            panes[role].root.locator(".jc-Notices-message").get_by_text("You may not run cells").wait_for()
        assert server.request("GET", "rooms/parts/runs").json()["runs"] == []
        run(panes["runner"], 0)
        for pane in panes.values():
            sees(pane, 0, "43")
        [one] = server.request("GET", "rooms/parts/runs").json()["runs"]
        assert one["by"]["display_name"] == "Rudi"
        assert source(server, "parts") == "6 * 7 + 1"
        vera.take_picture("viewer")
        will.take_picture("writer")
        rudi.take_picture("runner")


def test_the_bar_of_a_phone_has_what_one_may_do(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "bars", "6 * 7")
    typing = ["Add a code cell below", "Tab: complete or indent", "Undo", "Escape: stop typing"]
    parts = {"viewer": [], "runner": ["Run this cell"], "writer": typing, "editor": ["Run this cell", *typing]}
    for role, names in parts.items():
        with person(role.capitalize(), **PHONE) as guest:
            join(guest, invite(server, "bars", role=role))
            pane = guest.see_pane(status="synced" if role in ("writer", "editor") else "read-only")
            bar = guest.page.locator(".jc-TouchBar")
            shown = bar.locator("button:visible")
            expect(shown).to_have_count(len(names))
            assert [button.get_attribute("aria-label") for button in shown.all()] == names
            expect(bar).to_be_visible(visible=bool(names))
            expect(bar.locator("[aria-disabled='true']:visible")).to_have_count(0)
            kernels = pane.root.get_by_label("Kernel and language").locator("optgroup")
            are_off = kernels.evaluate_all("groups => groups.map(group => [group.label, group.disabled])")
            assert dict(are_off) == {"Kernels": "run" not in CAN[role], "Without a kernel": "edit" not in CAN[role]}
            guest.take_picture(role)


def test_a_guest_s_page_follows_what_an_owner_changes(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "changing", "x")
    with person("Gina", **PHONE) as gina:
        join(gina, invite(server, "changing", role="writer"))
        at_gina = gina.see_pane()
        role = at_gina.root.locator(".jc-Role")
        expect(role).to_have_text("Writer")
        members = server.request("GET", "rooms/changing/members").json()["members"]
        place = next(f"rooms/changing/members/{one['principal']}" for one in members if one["display_name"] == "Gina")

        server.request("PUT", place, json={"role": "viewer"})
        until(lambda: at_gina.chip, lambda chip: chip == "read-only")
        expect(role).to_have_text("Viewer")
        gina.take_picture("viewer")
        server.request("PUT", place, json={"role": "writer"})
        until(lambda: at_gina.chip, lambda chip: chip == "synced")
        at_gina.type(0, "1")
        until(lambda: source(server, "changing"), lambda text: text == "x1")

        gina.go_offline()
        at_gina.type(0, " not sent")
        until(lambda: at_gina.chip, lambda chip: chip == "offline")
        server.request("DELETE", place)
        gina.go_offline(False)
        kept = at_gina.root.locator(".jc-Unsent")
        expect(kept.locator("pre")).to_contain_text("not sent")
        gina.take_picture("removed")
        assert faint(at_gina.root) == []
        assert source(server, "changing") == "x1"
        assert width_of(gina) == PHONE["width"]

        expect(at_gina.cells.first).not_to_be_visible()

        gina.page.reload()
        expect(gina.page.get_by_role("heading", name="You could not join this room")).to_be_visible()
        expect(at_gina.cells.locator("visible=true")).to_have_count(0)
        expect(gina.page.locator(".jc-Unsent pre")).to_contain_text("not sent")
        gina.take_picture("reloaded")
        gina.page.get_by_role("link", name="Your rooms").click()
        expect(gina.page.get_by_text("You have no rooms yet.")).to_be_visible()


def test_who_is_removed_while_there_is_told_at_once(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "removing", "x")
    link = invite(server, "removing", role="editor")
    with person("Gina", color_scheme="dark") as gina:
        join(gina, link)
        at_gina = gina.see_pane()
        server.request("DELETE", f"rooms/removing/invitations/{link['id']}", params={"remove_members": "true"})
        expect(at_gina.root.get_by_role("heading", name="An owner has removed you")).to_be_visible()
        assert at_gina.chip == "refused"
        expect(at_gina.cells.first).not_to_be_visible()
        expect(at_gina.root.get_by_role("button", name="Try again")).to_have_count(0)
        gina.take_picture("removed")


def test_a_typed_code_and_its_password_lead_in(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "coded", "x")
    link = invite(server, "coded", role="viewer", password="open sesame")
    with person("Gina", color_scheme="dark", **PHONE) as gina:
        gina.open_as_stranger("")
        code = gina.page.get_by_label("Invitation link or code")
        code.fill("no?")
        gina.page.get_by_role("button", name="Continue").tap()
        expect(told(gina)).to_have_text("This is neither an invitation link nor a code.")
        gina.take_picture("home")
        code.fill(link["code"])
        gina.page.get_by_role("button", name="Continue").tap()
        gina.page.get_by_label("Your name").fill("Gina")
        password = gina.page.get_by_label("Password of the invitation")
        password.fill("open")
        gina.page.get_by_role("button", name="Join").tap()
        expect(told(gina)).to_have_text("That is not the password.")
        expect(password).to_be_focused()
        gina.take_picture("wrong")
        assert faint(gina.page.locator("body")) == []
        assert gina.page.url == f"{server.url}collab/join"
        gina.page.keyboard.type("open sesame")
        gina.page.keyboard.press("Enter")
        at_gina = gina.see_pane(status="read-only")
        assert at_gina.source(0) == "x"


def test_an_invitation_that_is_over_says_why(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "over", "x")
    back, once = (invite(server, "over", role="viewer", **wish) for wish in ({}, {"max_uses": 1}))
    server.request("DELETE", f"rooms/over/invitations/{back['id']}")
    late = invite(server, "over", role="viewer", expires_in_seconds=1)
    api, headers = f"{server.url}collab/api/", {"X-Jupyter-Collab": "1"}
    httpx.post(f"{api}join", json={"token": once["token"], "name": "First"}, headers=headers).raise_for_status()
    preview = {"json": {"token": late["token"]}, "headers": headers, "verify": PLAIN}
    until(lambda: httpx.post(f"{api}join/preview", **preview).status_code, lambda status: status >= 400)  # type: ignore[arg-type]  # as httpx has them
    with person("Gina") as gina:
        for link, words in ((back, "taken back"), (late, "its time is over"), (once, "as often as it may be")):
            gina.open_as_stranger(f"join#{link['token']}")
            expect(told(gina)).to_have_text(re.compile(words))
            expect(gina.page.get_by_role("heading")).to_have_text("You cannot join with this invitation")
            gina.page.goto("about:blank")
        gina.open_as_stranger(f"join#{late['token']}")
        gina.page.get_by_role("button", name="Use another link or code").click()
        gina.page.get_by_label("Invitation link or code").fill(back["code"])
        gina.page.keyboard.press("Enter")
        expect(told(gina)).to_have_text(re.compile("taken back"))
        gina.take_picture("over")
        assert faint(gina.page.locator("body")) == []
