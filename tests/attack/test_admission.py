"""Who is let in: nothing is made, opened or remembered for those who are not."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from jupyter_collab.errors import CloseCode

from ..peers import Wire
from ..servers import RunningServer
from ..unit.scenarios import scenario
from .handshake import handshake
from .memory import MIB, resident_bytes

ROOM = "api/collab/room/"
REFUSED = 3_000
GROWTH_BYTES = 50 * MIB
"""Above what repeated runs differ by, well below what building a room for each refusal was seen to cost: 177 MB."""


def _cookie(server: RunningServer) -> str:
    """The cookie of somebody who logged in with the token."""
    with httpx.Client() as browser:
        browser.get(server.url + "tree", params={"token": server.token}).close()
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)


@scenario
async def test_another_sites_origin_is_refused_even_with_the_users_cookie(server: RunningServer, room: str) -> None:
    cookie = _cookie(server)
    own = server.url.rstrip("/")
    assert await handshake(server, ROOM + room, token=False, Cookie=cookie, Origin="https://evil.example") == (
        403,
        None,
    )
    sandboxed = await handshake(server, ROOM + room, token=False, Cookie=cookie, Origin="null")
    assert sandboxed == (403, None)
    async with Wire.open(server, room, headers={"Cookie": cookie}, origin=own) as wire:
        assert wire.closed is None, "the user's own page is let in"


@scenario
async def test_without_a_token_or_with_a_wrong_one_nobody_gets_in(server: RunningServer, room: str) -> None:
    assert await handshake(server, ROOM + room, token=False) == (403, None)
    assert await handshake(server, ROOM + room, token=False, Authorization="token wrong") == (403, None)
    assert await handshake(server, f"{ROOM}{room}?token=wrong", token=False) == (403, None)
    unknown = await handshake(server, ROOM + "no-such-room", token=False)
    assert unknown == (403, None), "and nobody learns which rooms there are"


@pytest.mark.parametrize("token", [False, True], ids=["strangers", "users asking for unknown rooms"])
def test_refusals_leave_no_trace_in_memory(server: RunningServer, token: bool) -> None:
    expected = (101, CloseCode.ROOM_NOT_FOUND) if token else (403, None)

    async def refusals(first: int, count: int) -> None:
        for start in range(first, first + count, 50):
            names = [f"{ROOM}name-{number}" for number in range(start, start + 50)]
            answers = await asyncio.gather(*(handshake(server, name, token=token) for name in names))
            assert set(answers) == {expected}

    asyncio.run(refusals(0, 500))  # whatever a first time allocates
    before = resident_bytes(server)
    asyncio.run(refusals(500, REFUSED))
    assert resident_bytes(server) - before < GROWTH_BYTES
    assert server.request("GET", "rooms", params={"search": "name-"}).json()["total"] == 0


TRICKS = [
    "..",
    "%2e%2e",
    "..%2f..%2fetc%2fpasswd",
    "..%5c..%5cwindows",
    "%2fetc%2fpasswd",
    "room%00.sqlite",
    "%00",
    "%",
    "%zz",
    "%ff%fe",
    "%f0%9f%a6%9c",
    "caf%c3%a9",
    "a%20b",
    "a%0d%0aSet-Cookie:x=y",
    "-dash-first",
    ".hidden",
    "_under",
    "a'--",
    "a%27%20OR%201=1",
    "%25",
    "x" * 129,
    "x" * 60_000,
    "a;b",
    "a:b",
    "~root",
    "con%3a",
    "%e2%80%ae",
]


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick[:24])
def test_tricks_in_a_rooms_name_are_refused_and_touch_no_file(server: RunningServer, trick: str) -> None:
    before = _files(server.folder)
    for path in (ROOM, "api/collab/rooms/"):
        status, _ = asyncio.run(handshake(server, path + trick))
        assert status in (400, 404), path
    assert _files(server.folder) == before
    with httpx.Client(base_url=server.url, headers=server.headers) as client:
        made = client.post("api/collab/rooms", content=json.dumps({"id": trick}))
        assert made.status_code == 400, "nor can such a room be made"


@scenario
async def test_a_name_of_128_characters_is_one(server: RunningServer) -> None:
    name = "x" * 128
    assert server.create_room(name)["id"] == name
    async with Wire.open(server, name) as wire:
        assert wire.closed is None


def _files(folder: Path) -> set[str]:
    """All files of a server, but for those that come and go with any use of the store."""
    return {str(path) for path in folder.rglob("*") if path.suffix not in (".sqlite-wal", ".sqlite-shm")}


def test_a_wish_for_a_role_that_is_none_is_refused(server: RunningServer, room: str) -> None:
    assert asyncio.run(handshake(server, f"{ROOM}{room}?role=emperor")) == (400, None)
    assert asyncio.run(handshake(server, f"{ROOM}{room}?role=")) == (400, None)


def test_a_plain_http_request_for_a_room_is_refused(server: RunningServer, room: str) -> None:
    assert httpx.get(f"{server.url}{ROOM}{room}", headers=server.headers).status_code == 400
    assert httpx.post(f"{server.url}{ROOM}{room}", headers=server.headers).status_code in (403, 405)
