"""Who signs out on the page leaves nothing of their rooms and no name in the browser, and loses none unasked."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.servers import RunningServer

from .pages import invite, join
from .people import Person, until
from .rooms import room_with

pytestmark = pytest.mark.browser

KEPT = """async () => {
  const open = indexedDB.open('jupyter-collab');
  const database = await new Promise(resolve => { open.onsuccess = () => resolve(open.result); });
  const names = ['rooms', 'records', 'updates', 'texts'];
  const stores = database.transaction(names);
  const counts = names.map(name => new Promise(resolve => {
    const count = stores.objectStore(name).count();
    count.onsuccess = () => resolve(count.result);
  }));
  const all = await Promise.all(counts);
  database.close();
  return all.reduce((sum, count) => sum + count);
}"""


@pytest.fixture(scope="module")
def server(page_server: RunningServer) -> RunningServer:
    """A server without JupyterLab."""
    return page_server


def test_what_was_sent_is_taken_out_of_the_browser(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "leaving", "x")
    with person("Gina") as gina:
        join(gina, invite(server, "leaving", role="editor"))
        pane = gina.see_pane()
        pane.type(0, "1")
        until(lambda: server.notebook("leaving")["cells"][0]["source"], lambda text: text == "x1")
        until(lambda: gina.page.evaluate(KEPT))
        gina.page.get_by_role("link", name="Your rooms").click()
        gina.page.get_by_role("button", name="Sign out").click()
        gina.page.get_by_label("Invitation link or code").wait_for()
        assert gina.page.evaluate(KEPT) == 0
        assert gina.page.evaluate("localStorage.length") == 0
        gina.page.goto(f"{server.url}collab/join#{invite(server, 'leaving', role='viewer')['token']}")
        expect(gina.page.get_by_label("Your name")).to_have_value("")


def test_what_was_not_sent_is_shown_before_it_goes(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "unsent", "x")
    with person("Gina", width=390) as gina:
        join(gina, invite(server, "unsent", role="editor"))
        gina.see_pane()
        until(lambda: gina.page.evaluate(KEPT))
        gina.page.route_web_socket("**/*", lambda socket: socket.close())
        gina.page.reload()
        pane = gina.see_pane(status="offline")
        pane.type(0, " never sent")
        gina.page.get_by_role("link", name="Your rooms").click()
        sign_out = gina.page.get_by_role("button", name="Sign out", exact=True)
        sign_out.click()
        sheet = gina.page.get_by_role("dialog")
        expect(sheet).to_contain_text("x never sent")
        gina.take_picture("asked")
        sheet.get_by_role("button", name="Cancel").click()
        assert gina.page.evaluate(KEPT) > 0
        sign_out.click()
        sheet.get_by_role("button", name="Delete it and sign out").click()
        gina.page.get_by_label("Invitation link or code").wait_for()
        assert gina.page.evaluate(KEPT) == 0
