"""JupyterLab itself for chosen accounts, on a server whose deployer set that up; nobody else gets in."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from jupyter_collab.access import hash_password
from jupyter_collab.server.identity import AccountIdentityProvider
from jupyter_collab.store import AccountRecord, SQLStore
from tests.servers import RunningServer, start_server

PASSWORD = "correct horse battery"
OWN_PAGE = {"X-Jupyter-Collab": "1"}


def in_store(server: RunningServer, work: Callable[[SQLStore], Coroutine[Any, Any, object]]) -> None:
    """Do something in the server's store, as ``jupyter collab users`` does."""

    async def do() -> None:
        store = SQLStore(f"sqlite:///{server.folder / 'data' / 'collab' / 'rooms.sqlite'}")
        await store.open()
        try:
            await work(store)
        finally:
            await store.close()

    asyncio.run(do())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A JupyterLab that accounts may use which are allowed to: Ada's and Cy's are, Bob's is not."""
    settings = {
        "identity_provider_class": "jupyter_collab.server.identity.AccountIdentityProvider",
        "allow_unauthenticated_access": True,  # the server's own default
    }
    folder = tmp_path_factory.mktemp("identity")
    rooms = {"allow_accounts": True}
    with start_server(folder, app="jupyterlab", ServerApp=settings, CollabExtension=rooms) as running:
        kept = hash_password(PASSWORD)

        async def make(store: SQLStore) -> None:
            for name in ("ada", "bob", "cy"):
                may = name != "bob"
                await store.accounts.add(AccountRecord(name, f"{name}@example.org", name.title(), kept, may))

        in_store(running, make)
        yield running


@contextmanager
def signed_in(server: RunningServer, name: str) -> Iterator[tuple[httpx.Client, httpx.Response]]:
    """Somebody's browser, which filled in the form that it was led to, and the answer to that."""
    with httpx.Client(base_url=server.url, timeout=60) as browser:
        yield browser, sign_in(browser, name, PASSWORD)


def sign_in(browser: httpx.Client, name: str, password: str) -> httpx.Response:
    """Ask for JupyterLab, and fill in the form."""
    led = browser.get("lab")
    assert led.status_code == 302
    page = browser.get(led.headers["Location"])
    assert "frame-ancestors" in page.headers["Content-Security-Policy"]
    action, field = re.search(r'action="([^"]*)"', page.text), re.search(r'name="_xsrf" value="([^"]*)"', page.text)
    assert action, page.text
    assert field, page.text
    filled = {"email": f"{name}@example.org", "password": password, "_xsrf": field[1]}
    return browser.post(action[1], data=filled)


def statuses(browser: httpx.Client) -> list[int]:
    """What one gets of JupyterLab, of its files and of its kernels."""
    return [browser.get(path).status_code for path in ("lab", "api/contents", "api/kernels")]


def cookie(server: RunningServer, kind: str) -> str:
    """The name of one of our cookies."""
    return f"jupyter-collab-{kind}-{urlsplit(server.url).port}"


OPEN, CLOSED = [200, 200, 200], [302, 403, 403]


def test_who_may_use_the_server_does(server: RunningServer) -> None:
    with signed_in(server, "ada") as (ada, answer):
        assert (answer.status_code, answer.headers["Location"]) == (302, "/lab")
        assert statuses(ada) == OPEN
        xsrf = {"X-XSRFToken": ada.cookies["_xsrf"]}
        note = {"type": "file", "format": "text", "content": "hers"}
        assert ada.put("api/contents/note.txt", json=note, headers=xsrf).status_code == 201
        assert ada.put("api/contents/note.txt", json=note).status_code == 403, "the XSRF token is needed"
        assert ada.get("api/me").json()["identity"]["display_name"] == "Ada"
        made = ada.post("api/collab/rooms", json={"id": "hers"}, headers=xsrf)
        assert made.status_code == 201
        for mount in ("api/collab", "collab/api"):
            me = ada.get(f"{mount}/me").json()
            assert (me["kind"], me["username"], me["may_create"]) == ("account", "ada", True)
            assert ("hers", "owner") in [(room["id"], room["role"]) for room in me["rooms"]]
        renamed = ada.patch("api/me", json={"display_name": "Eve"}, headers=xsrf)
        assert renamed.status_code == 400
        for page in ("lab", "tree", "notebooks/note.ipynb"):
            assert server.token not in ada.get(page).text, "who has it needs no account any more"
        assert not any(name.startswith("username-") for name in ada.cookies)
        kept = ada.cookies[cookie(server, "server")]
        assert ada.post("logout", data={"_xsrf": ada.cookies["_xsrf"]}).status_code == 200
        assert cookie(server, "server") not in ada.cookies
        ada.cookies.set(cookie(server, "server"), kept)
        assert statuses(ada) == CLOSED


IMAGE = {"Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors"}
LED_HERE = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}


@pytest.mark.parametrize(
    "headers",
    [IMAGE, {**LED_HERE, "Sec-Fetch-Site": "cross-site"}, {**LED_HERE, "Sec-Fetch-Site": "same-site"}, {}],
    ids=["a picture", "another site", "another host", "an old browser"],
)
def test_nobody_is_signed_out_without_wanting_it(server: RunningServer, headers: dict[str, str]) -> None:
    with signed_in(server, "ada") as (ada, _):
        page = ada.get("logout", headers=headers)
        assert page.status_code == 200
        assert cookie(server, "server") in ada.cookies
        assert ada.post("logout").status_code == 403, "another site's page does not know the XSRF token"
        assert statuses(ada) == OPEN
        field = re.search(r'name="_xsrf" value="([^"]*)"', page.text)
        assert field, page.text
        assert "Sign out</button>" in page.text
        assert ada.post("logout", data={"_xsrf": field[1]}).status_code == 200
        assert cookie(server, "server") not in ada.cookies
        assert statuses(ada) == CLOSED


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_menu_of_jupyterlab_and_the_typed_address_sign_out_at_once(server: RunningServer, site: str) -> None:
    with signed_in(server, "ada") as (ada, _):
        kept = ada.cookies[cookie(server, "server")]
        assert ada.get("logout", headers={**LED_HERE, "Sec-Fetch-Site": site}).status_code == 200
        ada.cookies.set(cookie(server, "server"), kept)
        assert statuses(ada) == CLOSED


def test_who_may_not_use_the_server_is_led_to_the_rooms(server: RunningServer) -> None:
    with signed_in(server, "bob") as (bob, answer):
        assert (answer.status_code, answer.headers["Location"]) == (302, "/collab/")
        assert bob.get("collab/api/me").json()["display_name"] == "Bob"
        assert statuses(bob) == CLOSED
        bob.cookies.set(cookie(server, "server"), bob.cookies[cookie(server, "session")])
        assert statuses(bob) == CLOSED


def test_signing_in_on_the_page_opens_the_server_too_until_one_leaves_or_is_another(server: RunningServer) -> None:
    with httpx.Client(base_url=server.url, headers=OWN_PAGE, timeout=60) as browser:

        def become(name: str) -> None:
            asked = {"email": f"{name}@example.org", "password": PASSWORD}
            browser.post("collab/api/sign-in", json=asked).raise_for_status()

        become("ada")
        assert statuses(browser) == OPEN
        become("bob")
        assert statuses(browser) == CLOSED
        assert browser.get("collab/api/me").json()["display_name"] == "Bob"
        become("ada")
        kept = browser.cookies[cookie(server, "server")]
        assert browser.post("collab/api/leave").status_code == 204
        browser.cookies.set(cookie(server, "server"), kept)
        assert statuses(browser) == CLOSED


def test_a_guest_stays_outside(server: RunningServer) -> None:
    server.create_room("open")
    invite = server.request("POST", "rooms/open/invitations", json={}).json()
    with httpx.Client(base_url=server.url, headers=OWN_PAGE, timeout=60) as guest:
        guest.post("collab/api/join", json={"token": invite["token"], "name": "Gil"}).raise_for_status()
        guest.cookies.set(cookie(server, "server"), guest.cookies[cookie(server, "session")])
        assert guest.get("collab/api/me").json()["kind"] == "guest"
        assert statuses(guest) == CLOSED


def test_what_is_changed_in_the_store_counts_at_once(server: RunningServer) -> None:
    with signed_in(server, "cy") as (cy, _):
        for change, left in (
            (lambda store: store.accounts.set_use_of_server("cy", allowed=False), 200),
            (lambda store: store.accounts.set_disabled("cy", disabled=True), 401),
        ):
            in_store(server, lambda store: store.accounts.set_use_of_server("cy", allowed=True))
            assert statuses(cy) == OPEN
            in_store(server, change)
            assert statuses(cy) == CLOSED
            assert cy.get("collab/api/me").status_code == left


def test_a_wrong_password_says_so_and_the_token_goes_on_to_work(server: RunningServer) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as browser:
        refused = sign_in(browser, "ada", "wrong")
        assert refused.status_code == 403
        assert "do not belong together" in refused.text
        assert statuses(browser) == CLOSED
        page = browser.get("login").text
        field = re.search(r'name="_xsrf" value="([^"]*)"', page)
        assert field is not None
        assert browser.post("login", data={"password": server.token, "_xsrf": field[1]}).status_code == 302
        assert statuses(browser) == OPEN


def test_without_a_token_nobody_gets_in_but_by_an_account() -> None:
    provider = AccountIdentityProvider(token="")
    assert (provider.auth_enabled, provider.login_available) == (True, True)
