"""Behind a real JupyterHub and its proxy: its users are ours, and a guest without an account reaches one room."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from pycrdt import Doc, YMessageType, YSyncMessageType, create_sync_message
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as connect_websocket

from jupyter_collab import connect, join
from jupyter_collab.client import Room
from tests.peers.cells import sources
from tests.programs import need_programs
from tests.servers import find_port

pytestmark = pytest.mark.timeout(400)

START_SECONDS = 120
POLL_SECONDS = 0.2
SERVICE_TOKEN = secrets.token_hex(16)
OWN_PAGE = {"X-Jupyter-Collab": "1"}

# Carol may use Alice's server, Bob may not. The Hub's own programs are started by the Python that runs the tests, which
# need not be the first on the path.
CONFIG = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.command = ["node", "{proxy}"]
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allowed_users = {{"alice", "bob", "carol"}}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/home/{{username}}"
c.Spawner.cmd = ["{python}", "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root", "--CollabExtension.allow_guests=True"]
c.Spawner.environment = {environment}
c.Spawner.start_timeout = {seconds}
c.Spawner.http_timeout = {seconds}
c.JupyterHub.services = [{{"name": "tests", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [
    {{"name": "tests", "services": ["tests"], "scopes": ["admin:users", "admin:servers", "tokens"]}},
    {{"name": "colleague", "users": ["carol"], "scopes": ["access:servers!server=alice/"]}},
]
"""


class Hub:
    """A running JupyterHub, and what its administrators may ask it."""

    def __init__(self, url: str, service: httpx.Client) -> None:
        self.url = url
        self.alices = f"{url}/user/alice/"
        self._service = service

    def start_server(self, username: str) -> None:
        """Start somebody's own server, and wait for it."""
        self._service.post(f"users/{username}/server").raise_for_status()
        until(lambda: self._service.get(f"users/{username}").json()["servers"].get("", {}).get("ready"))

    def token_of(self, username: str) -> str:
        """A token of somebody, which may do all that they may."""
        made = self._service.post(f"users/{username}/tokens", json={"note": "tests"}).raise_for_status()
        return str(made.json()["token"])

    def browser_of(self, username: str) -> httpx.Client:
        """Somebody who is signed in at the Hub, in front of Alice's server."""
        headers = {"Authorization": f"token {self.token_of(username)}"}
        return httpx.Client(base_url=self.alices, headers=headers, timeout=START_SECONDS)


def until(condition: Callable[[], object]) -> None:
    """Wait for it; who does not answer yet says no."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(POLL_SECONDS)


def configure(folder: Path, port: int) -> Path:
    """The file that a Hub is started with, whose public port is ``port``."""
    proxy = need_programs() / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"
    settings = {
        "port": port,
        "hub_port": find_port(),
        "proxy_port": find_port(),
        "folder": folder,
        "proxy": proxy,
        "python": sys.executable,
        "environment": json.dumps({"PATH": os.environ["PATH"], "JUPYTER_CONFIG_DIR": str(folder / "config")}),
        "seconds": START_SECONDS,
        "token": SERVICE_TOKEN,
    }
    written = folder / "hub.py"
    written.write_text(CONFIG.format(**settings))
    return written


@contextmanager
def running(folder: Path) -> Iterator[Hub]:
    """A Hub that answers."""
    port = find_port()
    command = [sys.executable, "-m", "jupyterhub", "-f", str(configure(folder, port))]
    url = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"token {SERVICE_TOKEN}"}
    with (
        (folder / "hub.log").open("wb") as log,
        httpx.Client(base_url=f"{url}/hub/api/", headers=headers, timeout=START_SECONDS) as service,
    ):
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            until(lambda: process.poll() is not None or service.get("").is_success)
            assert process.poll() is None, "it ended at once"
            yield Hub(url, service)
        finally:
            process.send_signal(signal.SIGTERM)  # it ends the proxy and the servers, too
            process.wait(START_SECONDS)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub with Alice's server."""
    folder = tmp_path_factory.mktemp("hub")
    with running(folder) as started:
        try:
            started.start_server("alice")
        except BaseException:
            print((folder / "hub.log").read_text()[-6000:])
            raise
        yield started


@pytest.fixture(scope="module")
def alice(hub: Hub) -> Iterator[httpx.Client]:
    """Alice, who made the rooms ``demo`` and ``other``."""
    with hub.browser_of("alice") as browser:
        for room in ("demo", "other"):
            made = browser.post("api/collab/rooms", json={"id": room})
            assert made.status_code == 201, made.text
        yield browser


def invited(alice: httpx.Client) -> dict[str, str]:
    """An invitation to the room ``demo``."""
    made = alice.post("api/collab/rooms/demo/invitations", json={"role": "writer"})
    return dict(made.raise_for_status().json())


@pytest.fixture
def guest(hub: Hub, alice: httpx.Client) -> Iterator[httpx.Client]:
    """Somebody without an account who came by an invitation."""
    with httpx.Client(base_url=hub.alices, headers=OWN_PAGE, timeout=START_SECONDS) as browser:
        came = browser.post("collab/api/join", json={"token": invited(alice)["token"], "name": "Gil"})
        assert came.json() == {"room": "demo", "status": "active", "role": "writer"}
        yield browser


def cookies_of(browser: httpx.Client) -> dict[str, str]:
    """All cookies of a browser, as a header that is sent wherever one likes."""
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}


def test_the_users_of_the_hub_are_ours(alice: httpx.Client) -> None:
    me = alice.get("collab/api/me").json()
    assert (me["kind"], me["username"], me["may_create"], me["guests"]) == ("server", "alice", True, True)
    assert (me["accounts"], me["providers"]) == (False, [])


def test_who_may_not_use_the_server_gets_in_nowhere(hub: Hub, alice: httpx.Client) -> None:
    with hub.browser_of("bob") as bob:
        for path in ("api/collab/rooms", "collab/api/rooms", "collab/api/rooms/demo", "api/contents"):
            assert bob.get(path).status_code == 403, path
        assert bob.get("collab/api/me").status_code == 401


def sees(room: Room, texts: set[str], people: set[str]) -> bool:
    """Whether somebody has these cells, and these people around them."""
    return texts <= set(sources(room)) and people == {person.name for person in room.people}


def test_two_users_and_a_guest_write_in_one_room(hub: Hub, alice: httpx.Client) -> None:
    link = urljoin(hub.url, invited(alice)["path"])
    assert link.startswith(f"{hub.alices}collab/join#")
    with (
        connect("demo", hub.alices, hub.token_of("alice")) as own,
        connect("demo", hub.alices, hub.token_of("carol")) as colleague,
        join(link, "Bob") as guest,
    ):
        rooms = {"alice": own, "carol": colleague, "Bob": guest}
        written = {f"by {name}" for name in rooms}
        for name, room in rooms.items():
            room.append_cell(f"by {name}")
        for room in rooms.values():
            room.wait_for(partial(sees, room, written, set(rooms)), START_SECONDS)
        kinds = {person.name: person.role for person in own.people}
        assert kinds == {"alice": "owner", "carol": "owner", "Bob": "writer"}


def test_a_guest_without_an_account_reaches_one_room(hub: Hub, guest: httpx.Client) -> None:
    assert [cookie.path for cookie in guest.cookies.jar if "session" in cookie.name] == ["/user/alice/collab/"]
    page = guest.get("collab/")
    assert page.status_code == 200, page.text
    assert guest.get("collab/api/rooms/demo").json()["role"] == "writer"
    assert guest.get("collab/api/rooms").json()["total"] == 1
    assert guest.get("collab/api/rooms/other").status_code == 403
    cookies = cookies_of(guest)
    for path in ("api/collab/rooms/demo", "api/contents", "api/kernels", "api/terminals"):
        assert guest.get(path, headers=cookies).status_code == 403, path
    sent_away = guest.get("lab", headers=cookies)
    assert (sent_away.status_code, "/hub/api/oauth2/authorize" in sent_away.headers["Location"]) == (302, True)
    at_the_hub = guest.get(f"{hub.url}/hub/api/user", headers=cookies)
    assert at_the_hub.status_code == 403


def test_a_guests_websocket_comes_through_the_proxy_and_another_sites_does_not(hub: Hub, guest: httpx.Client) -> None:
    cookies = cookies_of(guest)
    address = f"{hub.alices.replace('http', 'ws', 1)}collab/api/room/demo"
    with connect_websocket(address, additional_headers=cookies, open_timeout=START_SECONDS) as socket:
        socket.send(create_sync_message(Doc()))
        step_2 = bytes((YMessageType.SYNC, YSyncMessageType.SYNC_STEP2))
        while socket.recv(timeout=START_SECONDS, decode=False)[:2] != step_2:
            pass  # the server asks, too, and says who is here
    for headers in ({}, {**cookies, "Origin": "http://evil.example"}):
        with pytest.raises(InvalidStatus) as refused:
            connect_websocket(address, additional_headers=headers, open_timeout=START_SECONDS)
        assert refused.value.response.status_code == 403


def test_a_guest_cannot_start_a_server(hub: Hub, guest: httpx.Client) -> None:
    led = guest.get(f"{hub.url}/user/bob/collab/", follow_redirects=True)
    assert led.url.path == "/hub/login"
