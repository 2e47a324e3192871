"""Signing out of a JupyterLab for accounts: by its menu at once, by a picture in somebody's text never."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import expect

from jupyter_collab.access import hash_password
from jupyter_collab.store import AccountRecord, SQLStore
from tests.servers import RunningServer, start_server

from .people import Person

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A JupyterLab that Ada's account may use."""
    settings = {"identity_provider_class": "jupyter_collab.server.identity.AccountIdentityProvider"}
    rooms = {"allow_accounts": True}
    folder = tmp_path_factory.mktemp("lab")
    with start_server(folder, app="jupyterlab", ServerApp=settings, CollabExtension=rooms) as running:
        with ThreadPoolExecutor() as beside:  # playwright has an event loop in this thread
            beside.submit(asyncio.run, _add_ada(running)).result()
        yield running


async def _add_ada(server: RunningServer) -> None:
    store = SQLStore(f"sqlite:///{server.folder / 'data' / 'collab' / 'rooms.sqlite'}")
    await store.open()
    await store.accounts.add(AccountRecord("ada", "ada@example.org", "Ada", hash_password(PASSWORD), True))
    await store.close()


def test_the_menu_signs_out_and_a_picture_does_not(person: Callable[..., Person], server: RunningServer) -> None:
    with person("Ada") as ada:
        page = ada.page
        page.goto(f"{server.url}lab")
        page.get_by_label("E-mail:").fill("ada@example.org")
        page.locator("#account_password_input").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("menuitem", name="File", exact=True).wait_for(timeout=60_000)
        with page.expect_response("**/logout"):
            page.evaluate("() => { new Image().src = '/logout'; }")
        page.goto(f"{server.url}lab")
        page.get_by_role("menuitem", name="File", exact=True).click(timeout=60_000)
        page.get_by_role("menuitem", name="Log Out").click()
        expect(page.get_by_text("Successfully logged out")).to_be_visible()
        page.goto(f"{server.url}lab")
        expect(page.get_by_label("E-mail:")).to_be_visible()
