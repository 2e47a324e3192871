"""A guest with every trick: what they were not given they do not get, in their room or any other."""

import asyncio
import json
from typing import Any

import httpx
import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from jupyter_collab.access import SessionTokens
from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import (
    SUBPROTOCOL,
    AwarenessEntry,
    AwarenessMessage,
    Event,
    Hello,
    QueryAwareness,
    Rejection,
    Update,
    build_awareness,
    parse_awareness,
)

from ..peers import Wire
from ..servers import RunningServer
from ..unit.scenarios import scenario
from .guests import API, browser, cookie_of, guest, invited, session_of
from .handshake import handshake
from .test_admission import TRICKS

EDIT = b"\x01\x01\x01\x00\x04\x01\x04text\x01x\x00"
"""An edit that anybody could make: it inserts into a root text."""


def connecting(server: RunningServer, room: str, cookie: str, query: str = "") -> connect:
    """A guest's connection in the making."""
    url = f"{server.ws_url}collab/api/room/{room}{query}"
    options: dict[str, Any] = {"compression": None, "proxy": None, "close_timeout": 1}
    return connect(url, additional_headers={"Cookie": cookie}, subprotocols=[Subprotocol(SUBPROTOCOL)], **options)


@pytest.mark.parametrize("query", ["", "?role=owner", "?role=editor", "?role=viewer&role=owner"])
@scenario
async def test_a_viewer_is_a_viewer_whatever_they_say(server: RunningServer, room: str, query: str) -> None:
    with guest(server, room) as eve:
        async with connecting(server, room, cookie_of(eve), query) as socket, Wire(socket) as wire:
            assert (await wire.receive(Hello)).info["capabilities"] == ["read"]
            await wire.send(Update(EDIT))
            assert (await wire.receive(Rejection)).reason == "permission_denied"
            await wire.send(Event({"type": "role", "role": "owner", "capabilities": ["manage"]}))
            assert (await wire.end()).code == CloseCode.UNSUPPORTED
        asked = {"role": "owner"}
        assert eve.post(f"rooms/{room}/runs", json={"cells": "all"}, params=asked).status_code == 403
        assert eve.get(f"rooms/{room}", params=asked).json()["role"] == "viewer"
        own = f"guest:{eve.get('me').json()['username']}"
        assert eve.put(f"rooms/{room}/members/{own}", json={"role": "owner"}).status_code == 403
        assert eve.post(f"rooms/{room}/invitations", json={"role": "editor"}).status_code == 403


@scenario
async def test_presence_says_who_the_server_says_one_is(server: RunningServer, room: str) -> None:
    with guest(server, room, role="writer") as eve:
        async with connecting(server, room, cookie_of(eve)) as socket, Wire(socket) as wire:
            hello = await wire.receive(Hello)
            forged = {"user": {**hello.info["user"], "name": "Ada", "role": "owner", "kind": "server"}}
            await wire.send(AwarenessMessage(build_awareness([AwarenessEntry(7, 1, json.dumps(forged))])))
            async with Wire.open(server, room) as ada:
                await ada.send(QueryAwareness())
                heard = await ada.receive(AwarenessMessage)
            (entry,) = parse_awareness(heard.payload, max_state_bytes=10**6, max_entries=10)
            said = json.loads(entry.state)["user"]
            assert (said["name"], said["role"], said["kind"]) == ("Eve", "writer", "guest")


@scenario
async def test_the_last_use_of_an_invitation_is_used_once(server: RunningServer, room: str) -> None:
    invite = invited(server, room, max_uses=2)
    url, headers = f"{server.url}collab/api/join", {"X-Jupyter-Collab": "1"}

    async def come(number: int) -> httpx.Response:
        async with httpx.AsyncClient(headers=headers, timeout=60) as client:
            return await client.post(url, json={"token": invite["token"], "name": f"Guest {number}"})

    answers = await asyncio.gather(*(come(number) for number in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [403] * 10
    assert {a.json()["reason"] for a in answers if a.status_code == 403} == {"invite_exhausted"}
    assert len(server.request("GET", f"rooms/{room}/members").json()["members"]) == 2


@scenario
async def test_another_sites_page_opens_no_websocket_with_a_guests_cookie(server: RunningServer, room: str) -> None:
    with guest(server, room) as eve:
        cookie = cookie_of(eve)
    for origin in ("https://evil.example", "null", f"{server.url.rstrip('/')}.evil.example", "http://127.0.0.1:1"):
        refused = await handshake(server, f"collab/api/room/{room}", token=False, Cookie=cookie, Origin=origin)
        assert refused == (403, None), origin
    async with connecting(server, room, cookie) as socket, Wire(socket) as wire:
        await wire.receive(Hello)


def test_a_guests_cookie_opens_no_other_room(server: RunningServer, room: str) -> None:
    other = server.create_room(title="Other")["id"]
    with guest(server, room, role="editor") as eve:
        for method, path in API:
            if "{room_id}" in path:
                answer = eve.request(method, path.format(room_id=other))
                assert (answer.status_code, answer.json()["reason"]) == (403, "not_a_member"), (method, path)
                nowhere = eve.request(method, path.format(room_id="no-such-room"))
                assert nowhere.json() == json.loads(answer.text.replace(other, "no-such-room")), "nor says which exist"
        status, code = asyncio.run(handshake(server, f"collab/api/room/{other}", token=False, Cookie=cookie_of(eve)))
        assert (status, code) == (101, CloseCode.FORBIDDEN)
        assert asyncio.run(handshake(server, f"api/collab/room/{room}", token=False, Cookie=cookie_of(eve)))[0] == 403
    assert server.request("GET", f"rooms/{other}").json()["title"] == "Other"


def test_forged_sessions_are_nobodys(server: RunningServer, room: str) -> None:
    with guest(server, room) as eve:
        good = session_of(eve)
        name = cookie_of(eve).partition("=")[0]
    said = jwt.decode(good, options={"verify_signature": False})
    other_key = SessionTokens.new_key()
    forged = [
        jwt.encode(said, other_key, "HS256"),
        jwt.encode({**said, "kind": "server", "sub": "ada"}, other_key, "HS256"),
        jwt.encode(said, "", "none"),
        good[:-4] + "AAAA",
        good.rpartition(".")[0] + ".",
        "x" * 4000,
        '"',
        "",
    ]
    with browser(server) as mallory:
        for token in forged:
            cookie = {"Cookie": f"{name}={token}"}
            assert mallory.get("me", headers=cookie).status_code == 401, token[:40]
            assert mallory.get(f"rooms/{room}", headers=cookie).status_code == 403
            path = f"collab/api/room/{room}"
            assert asyncio.run(handshake(server, path, token=False, **cookie)) == (403, None)
        assert mallory.get("me", headers={"Cookie": f"{name}={good}"}).status_code == 200


@pytest.mark.parametrize("trick", TRICKS[1:], ids=lambda trick: trick[:24])  # clients resolve ".." themselves
def test_tricks_in_the_names_of_people_and_invitations(server: RunningServer, room: str, trick: str) -> None:
    once = httpx.Limits(max_keepalive_connections=0)  # a path that is no text ends the connection
    with httpx.Client(base_url=f"{server.url}api/collab/rooms/{room}/", headers=server.headers, limits=once) as ada:
        for path in (
            f"members/guest:{trick}",
            f"members/{trick}",
            f"invitations/{trick}",
            f"invitations/{trick}/rotate",
        ):
            for method in ("PUT", "DELETE", "POST"):
                answer = ada.request(method, path)
                assert answer.status_code in (400, 404, 405, 409, 414), (method, path[:60], answer.text[:200])
        assert [one["principal"] for one in ada.get("members").json()["members"]] == []


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", "{{7*7}}", "=HYPERLINK(1)", "'; DROP TABLE rooms; --"]
)
def test_markup_in_a_name_is_just_a_name(server: RunningServer, room: str, name: str) -> None:
    with guest(server, room, name=name) as eve:
        me = eve.get("me")
        assert me.json()["display_name"] == name
        assert me.headers["Content-Type"].startswith("application/json")
        assert me.headers["X-Content-Type-Options"] == "nosniff"
    events = server.request("GET", f"rooms/{room}/audit?format=csv")
    assert events.headers["Content-Disposition"].startswith("attachment")
    assert not any(cell.startswith(('"=', "=")) for line in events.text.splitlines() for cell in line.split(","))


@pytest.mark.parametrize("name", ["", "  ", "a\x1bb", "a\x00b", "\u202eecila", "x" * 61, 7, None, ["Eve"]])
def test_what_is_no_name_is_refused(server: RunningServer, room: str, name: object) -> None:
    invite = invited(server, room)
    with browser(server) as eve:
        answer = eve.post("join", json={"token": invite["token"], "name": name})
        assert (answer.status_code, answer.json()["reason"]) == (400, "invalid_content")
        assert not eve.cookies


def test_who_guesses_keeps_nobody_out_and_is_not_taken_for_another(server: RunningServer, room: str) -> None:
    invite = invited(server, room)
    with browser(server) as eve:
        said = [
            eve.post("join/preview", json={"code": f"0000-{n:04}"}, headers={"X-Forwarded-For": f"192.0.2.{n}"})
            for n in range(25)
        ]
        assert [answer.status_code for answer in said] == [404] * 20 + [429] * 5
        assert eve.post("join/preview", json={"token": "wrong"}).status_code == 404
        locked = invited(server, room, password="swordfish")["token"]
        with browser(server) as ben:
            came = ben.post("join", json={"token": locked, "name": "Ben", "password": "swordfish"})
            assert came.status_code == 200, "a link with a password is open to others at that address"
        assert eve.post("join", json={"token": invite["token"], "name": "Bob"}).status_code == 200
