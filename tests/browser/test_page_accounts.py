"""Those who have a login of the server, an account of the store, or somebody who vouches for them, on the page."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Route, expect

from tests.programs import openid_provider, openid_settings
from tests.servers import RunningServer, find_port

from .contrast import faint
from .pages import PHONE, invite, start_page_server, width_of
from .people import Person, until
from .rooms import room_with

pytestmark = pytest.mark.browser

GITHUB = {"id": "github", "kind": "github", "name": "GitHub", "client_id": "nobody", "client_secret": "none"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server on which one signs in with a password, at a real provider, and at one that is never asked."""
    port = find_port()
    settings = {"allow_accounts": True, "sign_in_providers": [openid_settings(port), GITHUB]}
    started = start_page_server(tmp_path_factory.mktemp("server"), **settings)
    with started as running, openid_provider(port, running.url):
        yield running


def make_account(server: RunningServer, email: str, name: str) -> tuple[str, str]:
    """An account made from the command line; answers its principal and its password."""
    program = "from jupyter_collab.server.launch import main; main()"
    command = [sys.executable, "-c", program, "users", "add", email, "--name", name, "--generate"]
    said = subprocess.run(command, env=server.environment, check=True, capture_output=True, text=True).stdout
    found = re.search(r"The password is (\S+)\s+Made the account (\w+) for", said)
    assert found, said
    return f"account:{found[2]}", found[1]


def sign_in_at_provider(person: Person, login: str) -> None:
    """Go to the provider, give it a login, and agree to what it asks."""
    person.page.get_by_role("link", name="Continue with Test").click()
    person.page.locator("input[name=login]").fill(login)
    person.page.locator("input[name=password]").fill("any")
    person.page.locator("button[type=submit]").click()
    person.page.get_by_role("button", name="Continue").click()


def test_a_user_of_the_server_finds_their_rooms(person: Callable[..., Person], server: RunningServer) -> None:
    for room in ("physics", "history"):
        room_with(server, room, f"# {room}")
    with person("Ada") as ada:
        ada.open_page("")
        page = ada.page
        expect(page.get_by_role("heading", name="Your rooms")).to_be_visible()
        expect(page.get_by_text("You are Ada.")).to_be_visible()
        rooms = page.get_by_role("list", name="Rooms").get_by_role("link")
        for title in ("Physics", "History"):
            expect(rooms.filter(has_text=title)).to_be_visible()
        listed = rooms.count()
        ada.take_picture("home")
        assert faint(page.locator("body")) == []
        page.get_by_label("Search").fill("phys")
        expect(rooms).to_have_count(1)
        rooms.click()
        assert ada.see_pane().source(0) == "# physics"
        page.go_back()
        page.get_by_role("button", name="New room").click()
        at_ada = ada.see_pane()
        at_ada.root.get_by_role("link", name="Your rooms").click()
        expect(rooms).to_have_count(listed + 1)
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/logout")
        ada.page.goto(f"{server.url}collab/")
        expect(page.get_by_role("heading", name="Shared rooms")).to_be_visible()


def test_somebody_signs_in_with_a_password_and_out_again(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "zoes", "x")
    principal, password = make_account(server, "zoe@example.org", "Zoe")
    server.request("PUT", f"rooms/zoes/members/{principal}", json={"role": "editor"})
    with person("Zoe", color_scheme="dark", **PHONE) as zoe:
        zoe.open_as_stranger("?room=zoes")
        page = zoe.page
        page.get_by_label("E-mail").fill("zoe@example.org")
        page.get_by_label("Password").fill("guessed")
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_text("do not belong together")).to_be_visible()
        expect(page.get_by_label("Password")).to_be_focused()
        zoe.take_picture("wrong")
        assert width_of(zoe) == PHONE["width"]
        page.keyboard.type(password)
        page.keyboard.press("Enter")
        at_zoe = zoe.see_pane()
        at_zoe.type(0, "1")
        assert at_zoe.people == {"Zoe"}
        until(lambda: at_zoe.chip, lambda chip: chip == "synced")
        at_zoe.root.get_by_role("link", name="Your rooms").click()
        expect(page.get_by_text("You are Zoe.")).to_be_visible()
        expect(page.get_by_role("list", name="Rooms").get_by_role("link")).to_have_count(1)
        expect(page.get_by_role("button", name="New room")).to_have_count(0)
        zoe.take_picture("home")
        assert faint(page.locator("body")) == []
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Shared rooms")).to_be_visible()
        page.reload()
        expect(page.get_by_label("E-mail")).to_be_visible()
        zoe.take_picture("stranger")


def test_a_provider_vouches_for_somebody_on_their_way_in(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "vouched", "x")
    link = invite(server, "vouched", role="viewer")
    with person("Yan") as yan:
        page = yan.page
        yan.open_as_stranger(f"join#{link['token']}")
        page.get_by_text("Sign in with an account").click()
        expect(page.get_by_role("link", name="Continue with GitHub")).to_have_attribute(
            "href", re.compile(r"/collab/auth/github/login\?next=%2Fcollab%2Fjoin$")
        )
        yan.take_picture("ways")
        assert faint(page.locator("body")) == []
        sign_in_at_provider(yan, "unverified")
        expect(page.get_by_role("alert")).to_contain_text("does not confirm that your e-mail address is yours")
        yan.take_picture("refused")
        page.get_by_role("button", name="Try again").click()
        yan.context.clear_cookies()  # the provider knows them still
        page.get_by_text("Sign in with an account").click()
        sign_in_at_provider(yan, "yan")
        expect(page.get_by_text("You join as YAN.")).to_be_visible()
        assert page.url == f"{server.url}collab/join"
        page.get_by_role("button", name="Join").click()
        at_yan = yan.see_pane(status="read-only")
        assert at_yan.people == {"YAN"}
        page.reload()
        yan.see_pane(status="read-only")


def test_where_guests_are_not_let_in_one_signs_in_first(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "closed", "x")
    _, password = make_account(server, "xia@example.org", "Xia")
    link = invite(server, "closed", role="viewer")
    with person("Xia") as xia:
        page = xia.page
        page.route("**/collab/api/me", without_guests)
        xia.open_as_stranger(f"join#{link['token']}")
        expect(page.get_by_text("Guests are not let in here.")).to_be_visible()
        expect(page.get_by_label("Your name")).to_have_count(0)
        xia.take_picture("no-guests")
        page.get_by_label("E-mail").fill("xia@example.org")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_text("You join as Xia.")).to_be_visible()
        page.get_by_role("button", name="Join").click()
        xia.see_pane(status="read-only")


def without_guests(route: Route) -> None:
    """The server's answer, as one gives it that admits no guests but has an invitation from before."""
    answer = route.fetch()
    route.fulfill(response=answer, json={**answer.json(), "guests": False})
