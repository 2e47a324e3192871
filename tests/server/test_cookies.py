"""Our cookies: of which server they are, and when browsers may send them."""

from http.cookies import Morsel, SimpleCookie
from typing import Any

import pytest

from .browsers import Browser
from .conftest import Rest


async def come(rest: Rest, client: Any, base_url: str) -> tuple[Browser, "Morsel[str]"]:
    """A guest, and the cookie that they were given."""
    await rest("POST", "rooms", json={"id": "demo"})
    invite = (await rest("POST", "rooms/demo/invitations", json={})).body
    guest = Browser(client, base_url)
    answer = await guest.ask("POST", "join", {"token": invite["token"], "name": "Bob"})
    assert answer.status == 200
    (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    return guest, cookie


async def test_the_cookie_is_of_one_port_and_counts_nowhere_else(
    rest: Rest, http_server_client: Any, http_server_port: Any, jp_base_url: str
) -> None:
    bob, cookie = await come(rest, http_server_client, jp_base_url)
    assert cookie.key == f"jupyter-collab-session-{http_server_port[-1]}"
    assert (await bob.ask("GET", "me")).status == 200
    for name in ("jupyter-collab-session", "jupyter-collab-session-1"):
        bob.cookie = f"{name}={cookie.value}"
        assert (await bob.ask("GET", "me")).status == 401
    assert not cookie["secure"], "the server has no TLS, and no other address is known"


@pytest.mark.parametrize(
    ("limits", "name", "secure"),
    [
        ({"public_url": "https://jupyter.example.org"}, "jupyter-collab-session", True),
        ({"public_url": "https://jupyter.example.org:8443/"}, "jupyter-collab-session-8443", True),
        ({"public_url": "http://jupyter.example.org"}, "jupyter-collab-session", False),
    ],
)
async def test_the_public_address_says_the_name_and_whether_it_needs_tls(
    limits: dict[str, Any], name: str, secure: bool, rest: Rest, http_server_client: Any, jp_base_url: str
) -> None:
    bob, cookie = await come(rest, http_server_client, jp_base_url)
    assert (cookie.key, bool(cookie["secure"])) == (name, secure)
    assert (await bob.ask("GET", "me")).status == 200
