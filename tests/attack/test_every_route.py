"""A guest at every route of a whole JupyterLab: a stranger everywhere but in the room that they were invited to."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from jupyter_collab.errors import CloseCode
from jupyter_collab.store import Blob, SQLStore

from ..servers import RunningServer, start_server
from .guests import OWN_PAGE, cookie_of, guest, invited, session_of
from .handshake import handshake
from .routes import LISTED_AT, samples

SECRET = b"open sesame"
"""It is in all that a guest must not see."""

OTHER, FILE = "otherroom", "plans.txt"

OWN_PLACES = {"rooms", "me", "join", "join/preview", "leave", "sign-in", "password"}
"""What the API has for guests that is in no room; each has tests of its own."""

WITHOUT_ANSWER = "/lab/api/licenses/"
"""JupyterLab lets a stranger's request to it wait for ever."""

XSRF_FIELD = re.compile(rb'name="_xsrf" value="[^"]*"')


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab in which there is something to see, and what names it."""

    server: RunningServer
    routes: list[dict[str, Any]]
    values: list[str]
    digest: str

    def below(self, path: str, *, public: bool) -> list[tuple[str, str, str]]:
        """Pattern, method and path of all routes that begin with ``path``, or of all others; websockets left out."""
        return [
            (route["pattern"], method, sample.lstrip("/"))
            for route in self.routes
            if route["pattern"].startswith(path) is public and not route["is_websocket"]
            if not route["pattern"].startswith(WITHOUT_ANSWER)
            for sample in samples(route["pattern"], self.values)
            for method in route["methods"]
        ]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab with a notebook, a kernel and a room, as its owner left it."""
    extensions = {"jupyter_collab": True, "tests.attack.routes": True}
    settings = {"jpserver_extensions": extensions, "allow_unauthenticated_access": True}  # the server's own default
    folder = tmp_path_factory.mktemp("lab")
    with (
        start_server(folder, app="jupyterlab", ServerApp=settings) as server,
        httpx.Client(base_url=server.url, headers=server.headers, timeout=60) as owner,
    ):
        (folder / "root" / FILE).write_bytes(SECRET)
        asked = {"path": FILE, "name": SECRET.decode(), "type": "file", "kernel": {"name": "python3"}}
        session = owner.post("api/sessions", json=asked).raise_for_status().json()
        server.create_room(OTHER, title=SECRET.decode())
        digest = asyncio.run(_put_blob(folder))
        for path in (f"files/{FILE}", f"api/sessions/{session['id']}", f"collab/api/rooms/{OTHER}/blobs/{digest}"):
            assert SECRET in owner.get(path).content, "there is something to see"
        values = ["", OTHER, FILE, f"/{FILE}", "html", session["kernel"]["id"], session["id"], digest]
        yield Lab(server, owner.get(LISTED_AT).json()["routes"], [*values, "server:ada", "0" * 16, "1"], digest)


async def _put_blob(folder: Path) -> str:
    """Keep something large in the other room; answers its digest."""
    blob = Blob.of(SECRET * 10_000, "text/plain")
    store = SQLStore(f"sqlite:///{folder / 'data' / 'collab' / 'rooms.sqlite'}")
    await store.open()
    try:
        await store.put_blobs(OTHER, [blob])
    finally:
        await store.close()
    return blob.digest


@pytest.fixture(scope="module")
def eve(lab: Lab) -> Iterator[dict[str, dict[str, str]]]:
    """What a guest of another room can send, besides the cookie and header against forged requests that all get."""
    room = lab.server.create_room()["id"]
    invite = invited(lab.server, room)
    with guest(lab.server, room, role="editor") as browser:
        xsrf = httpx.get(f"{lab.server.url}login").cookies["_xsrf"]
        session = session_of(browser)
        stranger = {**OWN_PAGE, "X-XSRFToken": xsrf, "Cookie": f"_xsrf={xsrf}"}
        with_cookie = {**stranger, "Cookie": f"{stranger['Cookie']}; {cookie_of(browser)}"}
        yield {
            "stranger": stranger,
            "cookie": with_cookie,
            "session as a token": {**with_cookie, "Authorization": f"token {session}"},
            "invitation as a token": {**stranger, "Authorization": f"token {invite['token']}"},
        }


def seen(answer: httpx.Response) -> tuple[int, str, bytes]:
    """What somebody can tell from an answer; pages with a form have another secret in it each time."""
    assert answer.status_code < 500, (answer.request.method, answer.url, answer.text[:300])
    content = XSRF_FIELD.sub(b"", answer.content) if answer.is_success else b""
    return answer.status_code, answer.headers.get("Location", ""), content


def test_outside_a_guest_is_a_stranger(lab: Lab, eve: dict[str, dict[str, str]]) -> None:
    asked = lab.below("/collab/", public=False)
    assert len({pattern for pattern, *_ in asked}) > 60
    with httpx.Client(base_url=lab.server.url, timeout=60) as browser:
        for pattern, method, path in asked:
            stranger, *others = (seen(browser.request(method, path, headers=one)) for one in eve.values())
            assert others == [stranger] * len(others), (pattern, method, path)
            assert SECRET not in stranger[2], (pattern, method, path)
            if method not in ("GET", "HEAD", "OPTIONS"):
                assert stranger[0] in (302, 401, 403, 404, 405), (pattern, method, path)


def test_below_collab_a_guest_gets_nothing_of_another_room(lab: Lab, eve: dict[str, dict[str, str]]) -> None:
    asked = lab.below("/collab/", public=True)
    in_rooms = set()
    with httpx.Client(base_url=lab.server.url, timeout=60) as browser:
        for pattern, method, path in asked:
            place = path.removeprefix("collab/api/")
            if place in OWN_PLACES:
                continue
            answer = browser.request(method, path, headers=eve["cookie"])
            assert SECRET not in answer.content, (method, path)
            if not place.startswith(f"rooms/{OTHER}"):
                assert seen(answer) == seen(browser.request(method, path, headers=eve["stranger"])), (method, path)
            elif method != "OPTIONS":
                assert (answer.status_code, answer.json()["reason"]) == (403, "not_a_member"), (method, path)
                in_rooms.add(pattern)
        assert len(in_rooms) > 15
        blob = browser.get(f"collab/api/rooms/{OTHER}/blobs/{lab.digest}", headers=eve["cookie"])
        assert blob.json()["reason"] == "not_a_member"
        own = browser.get("collab/api/rooms", headers=eve["cookie"]).json()["rooms"][0]["id"]
        elsewhere = browser.get(f"collab/api/rooms/{own}/blobs/{lab.digest}", headers=eve["cookie"])
        assert elsewhere.status_code == 404, "a blob is kept by room"


def test_no_websocket_opens_for_a_guest_but_their_rooms(lab: Lab, eve: dict[str, dict[str, str]]) -> None:
    sockets = [route["pattern"] for route in lab.routes if route["is_websocket"]]
    assert len(sockets) >= 4
    for pattern in sockets:
        for path in samples(pattern, lab.values):
            answered = asyncio.run(handshake(lab.server, path.lstrip("/"), token=False, Cookie=eve["cookie"]["Cookie"]))
            if path.startswith("/collab/"):
                assert answered in ((101, CloseCode.FORBIDDEN), (400, None)), path
            else:
                assert answered in ((401, None), (403, None), (404, None)), path
