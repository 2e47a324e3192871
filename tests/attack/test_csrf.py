"""Another site's page sends requests with its visitor's cookies: nothing is done, at any route that writes."""

from pathlib import Path

import httpx
import pytest

from ..servers import RunningServer, start_server
from .guests import OWN_PAGE, WRITING, guest

REFUSED = 403
ONCE = httpx.Limits(max_keepalive_connections=0)
"""Who is refused before a body is read is hung up on; so each request has a connection of its own."""


@pytest.fixture
def login(server: RunningServer) -> dict[str, str]:
    """The cookies of somebody who is signed in to the server."""
    with httpx.Client(timeout=60) as browser:
        browser.get(server.url + "tree", params={"token": server.token}).close()
        return dict(browser.cookies.items())


@pytest.mark.parametrize("mount", ["api/collab", "collab/api"])
def test_nothing_is_done_in_the_name_of_who_is_signed_in(
    server: RunningServer, room: str, login: dict[str, str], mount: str
) -> None:
    before = server.request("GET", f"rooms/{room}").json()
    with httpx.Client(base_url=f"{server.url}{mount}/", cookies=login, timeout=60, limits=ONCE) as evil:
        assert evil.get(f"rooms/{room}").status_code == 200, "the cookies are good"
        for method, path in WRITING:
            answer = evil.request(method, path.format(room_id=room), headers={"Origin": "https://evil.example"})
            assert answer.status_code in (REFUSED, 404), (method, path, answer.text)
    assert server.request("GET", f"rooms/{room}").json() == before


def test_nothing_is_done_in_a_guests_name(server: RunningServer, room: str) -> None:
    with guest(server, room, role="editor") as bob:
        cookies = dict(bob.cookies.items())
    with httpx.Client(base_url=f"{server.url}collab/api/", cookies=cookies, timeout=60, limits=ONCE) as evil:
        assert evil.get(f"rooms/{room}").status_code == 200, "the cookie is good"
        for method, path in WRITING:
            for headers in ({}, {**OWN_PAGE, "Sec-Fetch-Site": "cross-site"}):
                answer = evil.request(method, path.format(room_id=room), headers=headers)
                assert answer.status_code == REFUSED, (method, path, headers)
                assert "set-cookie" not in answer.headers
        assert evil.get("me").json()["display_name"] == "Eve"


def test_other_sites_are_not_told_that_they_may_send_our_header(server: RunningServer, room: str) -> None:
    for mount in ("api/collab", "collab/api"):
        asked = {"Origin": "https://evil.example", "Access-Control-Request-Headers": "x-jupyter-collab"}
        answer = httpx.options(f"{server.url}{mount}/rooms/{room}", headers=asked, timeout=60)
        assert "x-jupyter-collab" not in answer.headers.get("Access-Control-Allow-Headers", "").lower()
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_check_of_our_own_page_cannot_be_turned_off(tmp_path: Path) -> None:
    settings = {"disable_check_xsrf": True}
    with start_server(tmp_path, ServerApp=settings) as lenient:
        answer = httpx.post(f"{lenient.url}collab/api/join", content='{"token": "x", "name": "Eve"}', timeout=60)
        assert answer.status_code == REFUSED
