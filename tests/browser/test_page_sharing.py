"""The share dialog on the page of its own, with the keyboard alone."""

import csv
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.servers import RunningServer

from .contrast import faint
from .people import Person
from .rooms import room_with

pytestmark = pytest.mark.browser

NAME_OF_FOCUS = """() => {
  const { activeElement: node } = document;
  return node.getAttribute('aria-label') ?? node.labels?.[0]?.innerText ?? node.innerText;
}"""


@pytest.fixture(scope="module")
def server(page_server: RunningServer) -> RunningServer:
    """A server without JupyterLab."""
    return page_server


def open_dialog(person: Person) -> Locator:
    """Go to Share and press it."""
    share = person.page.get_by_role("button", name="Share", exact=True)
    share.focus()
    person.page.keyboard.press("Enter")
    dialog = person.page.get_by_role("dialog", name="Share “")
    expect(dialog.locator("[aria-busy='false']")).to_be_visible()
    return dialog


def close(person: Person) -> None:
    """Press Escape; one is where one was."""
    person.page.keyboard.press("Escape")
    expect(person.page.get_by_role("dialog")).to_have_count(0)
    expect(person.page.get_by_role("button", name="Share", exact=True)).to_be_focused()


def answer(server: RunningServer, link: str) -> str:
    """What somebody is told who follows a link: its room, or why not."""
    body = {"token": link.partition("#")[2]}
    said = httpx.post(f"{server.url}collab/api/join/preview", json=body, headers={"X-Jupyter-Collab": "1"}).json()
    return str(said.get("title") or said["reason"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_goes_through_the_dialog_in_order(
    person: Callable[..., Person], server: RunningServer, scheme: str
) -> None:
    room_with(server, f"order-{scheme}", "x")
    with person("Ada", color_scheme=scheme) as ada:
        ada.open_room_page(f"order-{scheme}")
        dialog = open_dialog(ada)
        walked = [ada.page.evaluate(NAME_OF_FOCUS)]
        while "Activity" not in walked and len(walked) < 40:
            ada.page.keyboard.press("Tab")
            walked.append(ada.page.evaluate(NAME_OF_FOCUS))
        assert walked[:1] == ["Close"]
        assert walked[1].startswith("Viewer")
        assert [name.partition("\n")[0] for name in walked[2:10]] == [
            "Good for",
            "How many may come",
            "Password",
            "I let each one in myself",
            "Make a link",
            "Everyone on this server",
            "Name of a user of this server",
            "Their role",
        ]
        assert walked[-1] == "Activity"
        ada.take_picture("dialog")
        assert faint(dialog) == []
        close(ada)


def test_an_invitation_from_its_making_to_its_end(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "keys", "x")
    with person("Ada") as ada:
        ada.open_room_page("keys")
        press = ada.page.keyboard.press
        dialog = open_dialog(ada)
        dialog.get_by_role("button", name="Make a link").focus()
        press("Enter")
        expect(dialog.get_by_role("button", name="Copy")).to_be_focused()
        field = dialog.get_by_label("Link", exact=True)
        first = field.input_value()
        assert answer(server, first) == "Keys"

        dialog.get_by_role("button", name="New link").focus()
        press("Enter")
        expect(field).not_to_have_value(first)
        expect(dialog.get_by_role("button", name="Copy")).to_be_focused()
        second = field.input_value()
        assert (answer(server, first), answer(server, second)) == ("invite_not_found", "Keys")

        take_back = dialog.get_by_role("button", name="Take back…")
        take_back.focus()
        press("Enter")
        question = ada.page.get_by_role("dialog", name="Take this invitation back?")
        expect(question.get_by_role("button", name="Cancel")).to_be_focused()
        assert faint(question) == []
        press("Escape")
        expect(question).to_have_count(0)
        expect(take_back).to_be_focused()
        press("Enter")
        press("Tab")
        press("Enter")
        expect(dialog.locator("[data-invitation]")).to_have_count(0)
        expect(dialog.get_by_role("heading", name="Invitations")).to_be_focused()
        expect(field).to_have_count(0)
        assert answer(server, second) == "invite_revoked"

        dialog.get_by_role("button", name="Make a link").focus()
        press("Enter")
        assert answer(server, field.input_value()) == "Keys"
        ada.take_picture("another")
        assert faint(dialog) == []
        close(ada)


def test_all_that_was_done_is_saved(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "deeds", "x")
    for number in range(30):  # one more than are shown at first, with what was done before
        role = "editor" if number % 2 else "viewer"
        server.request("PUT", "rooms/deeds/members/server:bob", json={"role": role, "display_name": "Bob"})
    with person("Ada") as ada:
        ada.open_room_page("deeds")
        press = ada.page.keyboard.press
        dialog = open_dialog(ada)
        dialog.get_by_text("Activity").focus()
        press("Enter")
        expect(dialog.get_by_text("changed Bob: Editor, before Viewer").first).to_be_visible()
        dialog.get_by_role("button", name="Show older").focus()
        press("Enter")
        expect(dialog.get_by_text("added Bob: Viewer")).to_be_visible()
        expect(dialog.get_by_role("button", name="Save all as CSV")).to_be_focused()
        with ada.page.expect_download() as saved:
            press("Enter")
        assert saved.value.suggested_filename == "deeds-audit.csv"
        with saved.value.path().open(newline="") as file:
            rows = list(csv.DictReader(file))
        kinds = [row["kind"] for row in rows]
        assert kinds[-2:] == ["added", "created"]
        close(ada)
