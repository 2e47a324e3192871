"""Signing in through a real OpenID provider, there and back, as a browser does it without scripts."""

import re
import sqlite3
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
import pytest

from tests.programs import openid_provider, openid_settings
from tests.servers import RunningServer, find_port, start_server

START_SECONDS = 30
FORM = re.compile(r"<form[^>]*action=\"([^\"]*)\"[^>]*>(.*?)</form>", re.S)
FIELD = re.compile(r"<input[^>]*name=\"([^\"]*)\"[^>]*value=\"([^\"]*)\"")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose people a real provider vouches for."""
    port = find_port()
    settings = {"sign_in_providers": [{**openid_settings(port), "domains": ["example.org"]}]}
    started = start_server(tmp_path_factory.mktemp("openid"), CollabExtension=settings)
    with started as running, openid_provider(port, running.url):
        yield running


@pytest.fixture(scope="module")
def server_for_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Another one, which itself is for those of them who may use it."""
    port = find_port()
    provider = "jupyter_collab.server.identity.AccountIdentityProvider"
    started = start_server(
        tmp_path_factory.mktemp("accounts"),
        ServerApp={"identity_provider_class": provider},
        CollabExtension={"sign_in_providers": [openid_settings(port)]},
    )
    with started as running, openid_provider(port, running.url):
        yield running


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=START_SECONDS) as client:
        yield client


def way_back(browser: httpx.Client, server: RunningServer, login: str, **query: str) -> str:
    """Begin to sign in, fill in the provider's forms as ``login``, and answer where it sends the browser back to."""
    answer = browser.get(f"{server.url}collab/auth/test/login", params=query)
    for _ in range(20):
        if answer.is_redirect:
            url = urljoin(str(answer.url), answer.headers["Location"])
            if url.startswith(server.url):
                return url
            answer = browser.get(url)
            continue
        found = FORM.search(answer.text)
        assert found, f"{answer.status_code} {answer.text[:500]}"
        fields = dict(FIELD.findall(found[2]))
        if 'name="login"' in found[2]:
            fields.update(login=login, password="any")
        answer = browser.post(urljoin(str(answer.url), unescape(found[1])), data=fields)
    raise AssertionError("The provider sends nobody back.")


def me(browser: httpx.Client, server: RunningServer) -> httpx.Response:
    return browser.get(f"{server.url}collab/api/me")


def test_somebody_signs_in(server: RunningServer, browser: httpx.Client) -> None:
    assert me(browser, server).json()["providers"] == [{"id": "test", "name": "Test"}]
    answer = browser.get(way_back(browser, server, "zoe"))
    assert (answer.status_code, answer.headers["Location"]) == (302, urlsplit(f"{server.url}collab/").path)
    said = me(browser, server).json()
    assert (said["kind"], said["display_name"], said["rooms"]) == ("account", "ZOE", [])
    with httpx.Client() as other:
        other.get(way_back(other, server, "zoe"))
        assert me(other, server).json()["username"] == said["username"]


@pytest.mark.parametrize(
    ("wanted", "end"),
    [
        ("{home}join", "{home}join"),
        ("{home}?room=demo", "{home}?room=demo"),
        ("{home}../lab", "{home}"),
        ("https://example.org{home}", "{home}"),
        ("//example.org{home}", "{home}"),
        ("{home}\\..\\lab", "{home}"),
        ("{home}\tjoin", "{home}"),
        ("{home}\x7fjoin", "{home}"),
        ("{home}" + "a" * 500, "{home}"),
    ],
)
def test_one_comes_back_to_where_one_was_in_the_page(
    server: RunningServer, browser: httpx.Client, wanted: str, end: str
) -> None:
    home = urlsplit(f"{server.url}collab/").path
    answer = browser.get(way_back(browser, server, "kim", next=wanted.format(home=home)))
    assert answer.headers["Location"] == end.format(home=home)


def test_an_answer_is_good_once_and_for_who_asked(server: RunningServer, browser: httpx.Client) -> None:
    back = way_back(browser, server, "yan")
    with httpx.Client() as eve:
        assert eve.get(back).status_code == 400
        assert me(eve, server).status_code == 401
    assert browser.get(back).status_code == 302
    assert browser.get(back).status_code == 400
    with httpx.Client() as victim:
        own = parse_qs(urlsplit(way_back(victim, server, "vic")).query)
        stolen = parse_qs(urlsplit(way_back(browser, server, "eve")).query)
        mixed = urlencode({"code": stolen["code"][0], "state": own["state"][0]})
        answer = victim.get(f"{server.url}collab/auth/test/callback?{mixed}")
        assert answer.status_code == 403  # the code was asked for with another verifier
        assert me(victim, server).status_code == 401


@pytest.mark.parametrize("change", ["state", "iss", "code"])
def test_a_changed_answer_lets_nobody_in(server: RunningServer, browser: httpx.Client, change: str) -> None:
    address, _, query = way_back(browser, server, "xia").partition("?")
    said = {name: values[0] for name, values in parse_qs(query).items()} | {change: "http://127.0.0.1:1"}
    answer = browser.get(f"{address}?{urlencode(said)}")
    assert answer.status_code == (400 if change == "state" else 403)
    assert me(browser, server).status_code == 401


def test_an_address_that_is_not_theirs_lets_nobody_in(server: RunningServer, browser: httpx.Client) -> None:
    answer = browser.get(way_back(browser, server, "unverified"))
    assert answer.status_code == 403
    assert "does not confirm that your e-mail address is yours" in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert me(browser, server).status_code == 401


def test_an_account_that_was_locked_stays_out(server: RunningServer, browser: httpx.Client) -> None:
    browser.get(way_back(browser, server, "mia"))
    username = me(browser, server).json()["username"]
    with sqlite3.connect(server.folder / "data" / "collab" / "rooms.sqlite") as store:
        store.execute("UPDATE accounts SET disabled_at = created_at WHERE id = ?", (username,))
    store.close()
    with httpx.Client() as again:
        assert again.get(way_back(again, server, "mia")).status_code == 403


def test_there_is_no_other_provider(server: RunningServer, browser: httpx.Client) -> None:
    for end in ("login", "callback"):
        assert browser.get(f"{server.url}collab/auth/none/{end}").status_code == 404


@pytest.mark.parametrize(
    ("may_use_server", "wanted", "end"),
    [
        (True, "/api/contents", "/api/contents"),
        (True, "/collab/?room=demo", "/collab/?room=demo"),
        (True, "//example.org/", "/collab/"),
        (True, "/\\example.org/", "/collab/"),
        (True, "/\t/example.org/", "/collab/"),
        (True, "https://example.org/", "/collab/"),
        (False, "/api/contents", "/collab/"),
        (False, "/collab/?room=demo", "/collab/?room=demo"),
    ],
)
def test_who_may_use_the_server_comes_back_to_where_one_was_on_it(
    server_for_accounts: RunningServer, browser: httpx.Client, may_use_server: bool, wanted: str, end: str
) -> None:
    server = server_for_accounts
    browser.get(way_back(browser, server, "zoe"))
    with sqlite3.connect(server.folder / "data" / "collab" / "rooms.sqlite") as store:
        store.execute("UPDATE accounts SET may_use_server = ?", (may_use_server,))
    store.close()
    answer = browser.get(way_back(browser, server, "zoe", next=wanted))
    assert answer.headers["Location"] == end
    assert browser.get(f"{server.url}api/contents").status_code == (200 if may_use_server else 403)
