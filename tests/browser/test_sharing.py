"""Sharing a room: invitations, roles that change while people are there, and people who are removed."""

import re
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.attack.guests import guest
from tests.servers import RunningServer

from .contrast import faint
from .people import Pane, Person, until
from .rooms import room_with

pytestmark = pytest.mark.browser


RUNS_AS_YOU = re.compile("^They can run any code on this server: with your files and your rights")


def open_dialog(person: Person, pane: Pane) -> Locator:
    """Press Share."""
    pane.root.get_by_role("button", name="Share", exact=True).click()
    dialog = person.page.get_by_role("dialog", name="Share “")
    expect(dialog.get_by_text("Activity")).to_be_visible()
    return dialog


def come(server: RunningServer, link: str, name: str) -> tuple[httpx.Client, dict[str, Any]]:
    """Open a link as somebody without a login; answers their browser, and what the server said."""
    guest = httpx.Client(base_url=f"{server.url}collab/api/", headers={"X-Jupyter-Collab": "1"})
    return guest, guest.post("join", json={"token": link.partition("#")[2], "name": name}).json()


def test_roles_change_while_people_are_there(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "roles", "x = 1")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada = ada.open_room("roles")
        dialog = open_dialog(ada, at_ada)
        everyone = dialog.get_by_label("Everyone on this server")
        warning = dialog.locator(".jc-Share-server").get_by_text(RUNS_AS_YOU)
        expect(warning).to_be_visible()
        expect(everyone).to_have_accessible_description(RUNS_AS_YOU)
        everyone.select_option("writer")
        expect(everyone).to_have_accessible_description(re.compile("If you run a cell, you run their code"))
        everyone.select_option("")
        expect(warning).not_to_be_visible()
        dialog.get_by_label("Name of a user").fill("bob")
        dialog.get_by_label("Their role").select_option("viewer")
        dialog.get_by_role("button", name="Add").click()
        place = dialog.locator("[data-member='server:bob']")
        place.wait_for()
        at_bob = open_as_viewer(bob, "roles")
        assert at_bob.root.get_by_role("button", name="Share", exact=True).get_attribute("aria-disabled") == "true"

        assert place.get_by_role("combobox").get_attribute("title") == ""
        place.get_by_role("combobox").select_option("editor")
        expect(place.get_by_role("combobox")).to_have_attribute("title", RUNS_AS_YOU)
        expect(place.get_by_role("combobox")).to_have_accessible_description(RUNS_AS_YOU)
        until(lambda: at_bob.chip, lambda chip: chip == "synced")
        at_bob.type(0, " # by bob")
        until(lambda: at_ada.source(0), lambda source: source == "x = 1 # by bob")
        place.get_by_role("combobox").select_option("viewer")
        until(lambda: at_bob.chip, lambda chip: chip == "read-only")
        place.get_by_role("combobox").select_option("editor")
        until(lambda: at_bob.chip, lambda chip: chip == "synced")

        bob.go_offline()
        at_bob.type(0, " not sent")
        until(lambda: at_bob.chip, lambda chip: chip == "offline")
        place.get_by_role("button", name="Remove").click()
        ada.page.get_by_role("dialog", name="Remove").get_by_role("button", name="Remove").click()
        expect(place).to_have_count(0)
        bob.go_offline(False)
        kept = at_bob.root.locator(".jc-Unsent")
        kept.wait_for()
        assert "not sent" in (kept.locator("pre").text_content() or "")
        assert "not sent" not in at_ada.source(0)
        expect(kept.get_by_role("button", name="Copy")).to_be_visible()
        bob.take_picture("removed")
        ada.take_picture("dialog")


def open_as_viewer(person: Person, room: str) -> Pane:
    """Open a room in which one may look only."""
    person.page.goto(f"{person.server.url}lab/workspaces/{person.name.lower()}?token={person.server.token}&room={room}")
    return person.see_pane(status="read-only")


def test_who_is_removed_is_told_at_once(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "out", "x = 1")
    server.request("PUT", "rooms/out/members/server:bob", json={"role": "editor"})
    with person("Ada") as ada, person("Bob") as bob:
        at_ada = ada.open_room("out")
        dialog = open_dialog(ada, at_ada)
        dialog.get_by_label("Everyone on this server").select_option("")
        at_bob = bob.open_room("out")
        place = dialog.locator("[data-member='server:bob']")
        place.get_by_role("button", name="Remove").click()
        ada.page.get_by_role("dialog", name="Remove").get_by_role("button", name="Remove").click()
        expect(at_bob.root.get_by_role("heading", name="An owner has removed you")).to_be_visible()
        assert at_bob.chip == "refused"


def test_what_somebody_runs_who_is_removed_can_be_ended(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "left", "import time; time.sleep(600)")
    with person("Ada") as ada, guest(server, "left", name="Gus", role="editor") as gus:
        gus.post("rooms/left/runs", json={"cells": "all"}).raise_for_status()
        dialog = open_dialog(ada, ada.open_room("left"))
        until(lambda: kernel_of(server, "left")["status"], lambda status: status == "busy")
        dialog.get_by_role("button", name="Remove Gus").click()
        removal = ada.page.get_by_role("dialog", name="Remove Gus?")
        expect(removal).to_contain_text("A cell that they started still runs, and goes on.")
        ada.take_picture("removal")
        removal.get_by_role("button", name="Remove").click()
        question = ada.page.get_by_role("dialog", name="End what Gus ran?")
        expect(question).to_contain_text("still runs")
        ada.take_picture("left-running")
        question.get_by_role("button", name="Interrupt").click()
        expect(question).to_have_count(0)
        until(lambda: kernel_of(server, "left")["status"], lambda status: status == "idle")


def test_what_those_run_who_came_by_a_link_can_be_ended_with_it(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "left-by-link", "import time; time.sleep(600)")
    with person("Ada") as ada, guest(server, "left-by-link", name="Gus", role="editor") as gus:
        dialog = open_dialog(ada, ada.open_room("left-by-link"))
        gus.post("rooms/left-by-link/runs", json={"cells": "all"}).raise_for_status()
        until(lambda: kernel_of(server, "left-by-link")["status"], lambda status: status == "busy")
        dialog.get_by_role("button", name="Take back…").click()
        question = ada.page.get_by_role("dialog", name="Take this invitation back?")
        question.get_by_label("Also remove everybody").check()
        question.get_by_role("button", name="Take back").click()
        question = ada.page.get_by_role("dialog", name="End what those who came by it ran?")
        question.get_by_role("button", name="Restart the kernel").click()
        expect(question).to_have_count(0)
        until(lambda: kernel_of(server, "left-by-link")["status"], lambda status: status == "idle")


def test_what_others_on_the_server_run_can_be_ended_when_the_room_is_closed_to_them(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "left-by-others", "import time; time.sleep(600)")
    server.request("PUT", "rooms/left-by-others/members/server:ada", json={"role": "owner"})
    with person("Ada") as ada, person("Bob") as bob:
        dialog = open_dialog(ada, ada.open_room("left-by-others"))
        at_bob = bob.open_room("left-by-others")
        at_bob.root.get_by_role("button", name="Run this cell").click()
        until(lambda: kernel_of(server, "left-by-others")["status"], lambda status: status == "busy")
        dialog.get_by_label("Everyone on this server").select_option("viewer")
        question = ada.page.get_by_role("dialog", name="End what others on this server ran?")
        expect(question).to_contain_text("still runs")
        question.get_by_role("button", name="Interrupt").click()
        expect(question).to_have_count(0)
        until(lambda: kernel_of(server, "left-by-others")["status"], lambda status: status == "idle")


def test_a_link_says_whom_it_is_for_and_where_it_opens(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "two-roles", "x = 1")
    with person("Ada") as ada:
        dialog = open_dialog(ada, ada.open_room("two-roles"))
        dialog.get_by_role("button", name="Make a link").click()
        for_viewers = dialog.get_by_role("region", name="Link for a Viewer")
        expect(for_viewers).to_contain_text("Copy it now: it is not shown again.")
        expect(for_viewers).to_contain_text("This link opens on this computer only, for it begins with 127.0.0.1.")
        dialog.get_by_role("radio", name="Runner").check()
        warning = dialog.get_by_text("Anyone who has this link can run the cells of this room as they are")
        expect(warning).to_be_visible()
        expect(warning).to_contain_text("answer what a cell asks for, and interrupt, restart, end or change the kernel")
        expect(for_viewers).not_to_contain_text("can run")
        ada.take_picture("viewers-link-while-runner-is-chosen")
        dialog.get_by_role("button", name="Make a link").click()
        for_runners = dialog.get_by_role("region", name="Link for a Runner")
        expect(for_viewers).to_have_count(0)
        for_runners.get_by_role("button", name="Full screen").click()
        screen = ada.page.locator(".jc-Projector-screen")
        expect(screen).to_contain_text("Link for a Runner")
        expect(screen).to_contain_text("run the cells of this room as they are")
        ada.take_picture("full-screen")


def kernel_of(server: RunningServer, room: str) -> dict[str, Any]:
    """The room's kernel, as the server describes it."""
    kernel: dict[str, Any] = server.request("GET", f"rooms/{room}/kernel").json()["kernel"] or {"status": "none"}
    return kernel


def test_an_invitation_from_its_making_to_its_end(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "guests", "x = 1")
    with person("Ada") as ada:
        at_ada = ada.open_room("guests")
        dialog = open_dialog(ada, at_ada)
        warning = dialog.get_by_text("Anyone who has this link can run any code on this server")
        assert not warning.is_visible()
        dialog.get_by_role("radio", name="Editor").check()
        expect(warning).to_be_visible()
        roles = dialog.get_by_role("group", name="Who comes by the link")
        expect(roles).to_have_accessible_description(re.compile("with your files and your rights"))
        dialog.get_by_role("radio", name="Writer").check()
        expect(warning).not_to_be_visible()
        expect(roles).to_have_accessible_description(re.compile("If you run a cell, you run their code"))
        ada.take_picture("danger")
        dialog.get_by_label("I let each one in myself").check()
        dialog.get_by_label("How many may come").fill("3")
        dialog.get_by_role("button", name="Make a link").click()
        said = re.compile("If you run a cell, you run their code.*results that nobody computed")
        expect(dialog.get_by_label("Link", exact=True)).to_have_accessible_description(said)
        link = dialog.get_by_label("Link", exact=True).input_value()
        assert re.fullmatch(re.escape(f"{server.url}collab/join#") + r"[\w-]{20,}", link)
        assert re.fullmatch(r"\w{4}-\w{4}", dialog.get_by_label("Code", exact=True).inner_text())
        expect(dialog.get_by_role("img", name="QR code")).to_be_visible()
        row = dialog.locator("[data-invitation]")
        expect(row).to_contain_text("not used yet, good for 3")
        ada.take_picture("invitation-light")
        assert faint(dialog) == []
        ada.page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(at_ada.root.get_by_role("button", name="Share", exact=True)).to_be_focused()

        guest, answer = come(server, link, "Zoë")
        with closing(guest):
            assert answer["status"] == "waiting"
            notice = at_ada.root.locator(".jc-Waiting")
            expect(notice).to_contain_text("Zoë (guest) asks to join: Writer")
            ada.take_picture("waiting")
            assert faint(notice) == []
            notice.get_by_role("button", name="Admit").click()
            expect(notice).not_to_be_visible()
            assert guest.get("rooms/guests").json()["role"] == "writer"

            ada.set_theme("JupyterLab Dark")
            dialog = open_dialog(ada, at_ada)
            expect(dialog.locator(".jc-Share-badge", has_text="guest")).to_be_visible()
            ada.take_picture("dialog-dark")
            assert faint(dialog) == []
            dialog.get_by_role("button", name="Take back…").click()
            question = ada.page.get_by_role("dialog", name="Take this invitation back?")
            question.get_by_label("Also remove everybody").check()
            question.get_by_role("button", name="Take back").click()
            expect(dialog.locator("[data-invitation]")).to_have_count(0)
            expect(dialog.locator("[data-member^='guest:']")).to_have_count(0)
            assert guest.get("rooms/guests").status_code == 403
        late, answer = come(server, link, "Late")
        with closing(late):
            assert answer["reason"] == "invite_revoked"


def test_on_a_phone(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "phone", "x = 1")
    with person("Ada", width=390, height=800) as ada:
        at_ada = ada.open_room("phone")
        ada.run("application:toggle-left-area")
        dialog = open_dialog(ada, at_ada)
        dialog.get_by_role("button", name="Make a link").click()
        dialog.get_by_label("Link", exact=True).wait_for()
        ada.take_picture("dialog")
        too_wide = "node => node.scrollWidth - node.clientWidth"
        assert dialog.evaluate(too_wide) == 0
        dialog.get_by_role("button", name="Full screen").click()
        screen = ada.page.locator(".jc-Projector-screen")
        expect(screen.get_by_role("img", name="QR code")).to_be_visible()
        ada.take_picture("projector")
