"""Inviting, coming as a guest, and what a guest's cookie opens: its rooms below ``/collab/``, and nothing else."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from jupyter_collab.dangers import link_danger

from .browsers import Browser
from .conftest import Rest


@pytest.fixture
def browser(http_server_client: Any, jp_base_url: str) -> Callable[[], Browser]:
    return lambda: Browser(http_server_client, jp_base_url)


async def invited(rest: Rest, **wish: object) -> dict[str, Any]:
    """An invitation to the room ``demo``, which is made if it is not there."""
    await rest("POST", "rooms", json={"id": "demo", "title": "The demo"})
    answer = await rest("POST", "rooms/demo/invitations", json=wish)
    assert answer.status == 201, answer.body
    return dict(answer.body)


async def test_a_guest_comes_by_a_link(rest: Rest, browser: Callable[[], Browser], jp_base_url: str) -> None:
    invite = await invited(rest, role="writer", max_uses=1)
    assert invite["path"] == f"{jp_base_url}collab/join#{invite['token']}"
    bob = browser()
    seen = await bob.ask("POST", "join/preview", {"token": invite["token"]})
    assert (seen.status, seen.body["title"], seen.body["role"]) == (200, "The demo", "writer")
    assert (await bob.ask("GET", "me")).status == 401
    came = await bob.ask("POST", "join", {"token": invite["token"], "name": "  Bob  B "})
    assert came.body == {"room": "demo", "status": "active", "role": "writer"}
    assert bob.path == f"{jp_base_url}collab/"
    me = (await bob.ask("GET", "me")).body
    assert (me["kind"], me["display_name"], me["may_create"]) == ("guest", "Bob B", False)
    assert [(room["id"], room["role"]) for room in me["rooms"]] == [("demo", "writer")]
    assert "role" not in me, "they have one in each room"
    assert (await bob.ask("GET", "rooms/demo")).body["role"] == "writer"
    again = await browser().ask("POST", "join", {"token": invite["token"], "name": "Eve"})
    assert again.problem == (403, "invite_exhausted")


async def test_an_invitation_says_what_it_gives_away(rest: Rest) -> None:
    for role in ("viewer", "runner", "writer", "editor"):
        invite = await invited(rest, role=role)
        assert invite["warning"] == link_danger(role)
        rotated = (await rest("POST", f"rooms/demo/invitations/{invite['id']}/rotate")).body
        assert rotated["warning"] == link_danger(role)
    listed = (await rest("GET", "rooms/demo/invitations")).body
    assert [one["warning"] for one in listed["invitations"]] == list(
        map(link_danger, ("editor", "writer", "runner", "viewer"))
    )
    assert listed["kernels_apart"] is False


@pytest.mark.parametrize(
    "limits",
    [{}, {"public_url": "https://jupyter.example.org"}, {"public_url": "https://jupyter.example.org/"}],
)
async def test_a_link_begins_with_the_servers_public_address(
    limits: dict[str, Any], rest: Rest, jp_base_url: str
) -> None:
    invite = await invited(rest)
    whole = f"https://jupyter.example.org{jp_base_url}collab/join#{invite['token']}"
    assert invite["url"] == (whole if limits else None)


async def test_a_code_is_as_good_as_the_link_however_it_is_typed(rest: Rest, browser: Callable[[], Browser]) -> None:
    invite = await invited(rest)
    came = await browser().ask("POST", "join", {"code": invite["code"].lower().replace("-", " "), "name": "Cy"})
    assert came.body["role"] == "viewer"
    wrong = await browser().ask("POST", "join", {"code": "0000-0000", "name": "Cy"})
    assert wrong.problem == (404, "invite_not_found")


@pytest.mark.parametrize("where", ["rooms/other", "rooms/none", "rooms/demo/members", "rooms/demo/invitations"])
async def test_a_guest_sees_their_room_only(rest: Rest, browser: Callable[[], Browser], where: str) -> None:
    invite = await invited(rest, role="editor")
    await rest("POST", "rooms", json={"id": "other"})
    bob = browser()
    await bob.ask("POST", "join", {"token": invite["token"], "name": "Bob"})
    status, reason = (await bob.ask("GET", where)).problem
    assert (status, reason) == (403, "permission_denied" if "demo" in where else "not_a_member")
    assert (await bob.ask("GET", "rooms")).body["total"] == 1
    assert (await bob.ask("POST", "rooms", {"id": "mine"})).problem == (403, "permission_denied")


async def test_the_cookie_opens_nothing_outside(rest: Rest, browser: Callable[[], Browser]) -> None:
    invite = await invited(rest, role="editor")
    bob = browser()
    await bob.ask("POST", "join", {"token": invite["token"], "name": "Bob"})
    for path in ("api/collab/rooms/demo", "api/contents", "api/kernels", "api/sessions", "api/status"):
        assert (await bob.ask("GET", path, below="")).status == 403, path
    for path in ("api/terminals", "lab", "tree", "files/x", "nbconvert/html/x", "collab/room/demo"):
        assert (await bob.ask("GET", path, below="")).status in (302, 403, 404), path


async def test_a_password_and_an_owner_who_lets_in(rest: Rest, browser: Callable[[], Browser]) -> None:
    invite = await invited(rest, password="swordfish", needs_approval=True)
    bob = browser()
    asked = {"token": invite["token"], "name": "Bob"}
    assert (await bob.ask("POST", "join", asked)).problem == (403, "password_required")
    assert (await bob.ask("POST", "join", {**asked, "password": "x"})).problem == (403, "wrong_password")
    assert (await bob.ask("POST", "join", {**asked, "password": "swordfish"})).body["status"] == "waiting"
    assert (await bob.ask("GET", "me")).body["waiting"] == ["demo"]
    assert (await bob.ask("GET", "rooms/demo")).problem == (403, "not_a_member")
    (waiting,) = (await rest("GET", "rooms/demo/members")).body["members"]
    assert (waiting["status"], waiting["display_name"]) == ("waiting", "Bob")
    let_in = await rest("PUT", f"rooms/demo/members/{waiting['principal']}", json={"role": "viewer"})
    assert let_in.body["status"] == "active"
    assert (await bob.ask("GET", "rooms/demo")).status == 200
    kinds = [found["kind"] for found in (await rest("GET", "rooms/demo/audit")).body["events"]]
    assert kinds == ["admitted", "asked_to_join", "invited", "created"]


async def test_what_ends_an_invitation(rest: Rest, browser: Callable[[], Browser]) -> None:
    invite = await invited(rest)
    rotated = (await rest("POST", f"rooms/demo/invitations/{invite['id']}/rotate")).body
    bob = browser()
    asked = {"token": invite["token"], "name": "Bob"}
    assert (await bob.ask("POST", "join", asked)).problem == (404, "invite_not_found")
    asked = {"token": rotated["token"], "name": "Bob"}
    assert (await bob.ask("POST", "join", asked)).status == 200
    options = {"params": {"remove_members": "true"}}
    assert (await rest("DELETE", f"rooms/demo/invitations/{invite['id']}", **options)).status == 204
    assert (await bob.ask("GET", "rooms/demo")).problem == (403, "not_a_member")
    assert (await browser().ask("POST", "join", asked)).problem == (403, "invite_revoked")


async def test_a_planted_cookie_gives_nothing_to_whoever_planted_it(rest: Rest, browser: Callable[[], Browser]) -> None:
    await rest("POST", "rooms", json={"id": "other"})
    eve, victim = browser(), browser()
    trap = await invited(rest)
    await eve.ask("POST", "join", {"token": trap["token"], "name": "Eve"})
    victim.cookie = eve.cookie
    secret = (await rest("POST", "rooms/other/invitations", json={"role": "viewer"})).body
    assert (await victim.ask("POST", "join", {"token": secret["token"], "name": "Vic"})).status == 200
    assert (await victim.ask("GET", "rooms/other")).status == 200
    assert (await eve.ask("GET", "rooms/other")).status == 403


async def test_leaving_ends_the_session(rest: Rest, browser: Callable[[], Browser]) -> None:
    invite = await invited(rest)
    bob = browser()
    await bob.ask("POST", "join", {"token": invite["token"], "name": "Bob"})
    kept = bob.cookie
    assert (await bob.ask("POST", "leave")).status == 204
    bob.cookie = kept
    assert (await bob.ask("GET", "me")).status == 401


async def test_guessing_codes_is_slowed_down_and_keeps_nobody_out_who_has_a_link(
    rest: Rest, browser: Callable[[], Browser]
) -> None:
    invite = await invited(rest)
    eve = browser()
    for _ in range(20):
        await eve.ask("POST", "join/preview", {"code": "0000-0001"})
    assert (await eve.ask("POST", "join/preview", {"code": invite["code"]})).problem == (429, "too_many_attempts")
    assert (await eve.ask("POST", "join/preview", {"token": invite["token"]})).status == 200


async def test_without_our_header_nothing_is_done(rest: Rest, http_server_client: Any, jp_base_url: str) -> None:
    invite = await invited(rest, max_uses=1)
    answer = await http_server_client.fetch(
        f"{jp_base_url}collab/api/join",
        method="POST",
        body=json.dumps({"token": invite["token"], "name": "Eve"}),
        headers={"Content-Type": "application/json"},
        raise_error=False,
    )
    assert answer.code == 403
    assert "Set-Cookie" not in answer.headers


async def test_secrets_are_neither_logged_nor_kept(
    rest: Rest, browser: Callable[[], Browser], caplog: pytest.LogCaptureFixture, tmp_path: Any, jp_serverapp: ServerApp
) -> None:
    with caplog.at_level("DEBUG"):
        invite = await invited(rest, password="swordfish")
        bob = browser()
        asked = {"token": invite["token"], "name": "Bob", "password": "swordfish"}
        await bob.ask("POST", "join", asked)
        await bob.ask("GET", "rooms/demo")
    session = bob.cookie.partition("=")[2]
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("rooms.sqlite*"))
    for secret in (invite["token"], invite["code"], "swordfish", session):
        assert secret not in caplog.text
        assert secret.encode() not in stored


class TestWhereGuestsAreNotAllowed:
    """The deployer's word counts."""

    @pytest.fixture
    def limits(self) -> dict[str, Any]:
        return {"allow_guests": False}

    async def test_nobody_can_invite_or_come(self, rest: Rest, browser: Callable[[], Browser]) -> None:
        await rest("POST", "rooms", json={"id": "demo"})
        assert (await rest("POST", "rooms/demo/invitations", json={})).problem == (403, "guests_not_allowed")
        asked = {"token": "x", "name": "Bob"}
        assert (await browser().ask("POST", "join", asked)).problem == (403, "guests_not_allowed")


class TestWhereGuestsMayNotRun:
    """The deployer's word counts, also for invitations that were made before."""

    @pytest.fixture
    def limits(self) -> dict[str, Any]:
        return {"guests_may_run": False}

    async def test_an_editor_is_a_writer(self, rest: Rest, browser: Callable[[], Browser]) -> None:
        invite = await invited(rest, role="editor")
        bob = browser()
        await bob.ask("POST", "join", {"token": invite["token"], "name": "Bob"})
        assert (await bob.ask("GET", "rooms/demo")).body["role"] == "writer"
        assert (await bob.ask("POST", "rooms/demo/runs", {"cells": "all"})).problem == (403, "permission_denied")


HALF = "swordfish \ud800"
"""A string of JSON may have half a character in it. It is no text: nothing can hash it, keep it, or send it on."""


async def test_half_a_character_is_refused_wherever_text_is_asked_for(
    rest: Rest, browser: Callable[[], Browser]
) -> None:
    invite = await invited(rest, password="swordfish")
    bob = browser()
    asked = {"token": invite["token"], "name": "Bob", "password": "swordfish"}
    for path, body in (
        *(("join", {**asked, key: HALF}) for key in asked),
        ("join", {"code": HALF, "name": "Bob"}),
        ("join/preview", {"token": HALF}),
        ("sign-in", {"email": "ada@example.org", "password": HALF}),
        ("sign-in", {"email": HALF, "password": "correct horse battery"}),
    ):
        assert (await bob.ask("POST", path, body)).problem == (400, "invalid_content"), (path, body)
    for method, path, body in (
        ("POST", "rooms/demo/invitations", {"role": "viewer", "password": HALF}),
        ("PUT", "rooms/demo/members/server:bob", {"role": "viewer", "display_name": HALF}),
        ("PUT", "rooms/demo/members/server:bob", {"role": "viewer", "display_name": "\u3164"}),
        ("PATCH", "rooms/demo", {"title": HALF}),
        ("POST", "rooms/demo/runs", {"cells": [{"id": HALF}]}),
    ):
        answer = await rest(method, path, json=body)
        assert answer.problem == (400, "invalid_content"), (path, body, answer)
