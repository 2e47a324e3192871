"""Signing in with an account of the store, over HTTP, and what that opens."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPRequest
from tornado.simple_httpclient import HTTPStreamClosedError
from tornado.websocket import WebSocketHandler, websocket_connect

from jupyter_collab.access import Role, hash_password
from jupyter_collab.errors import AccountExists, CloseCode
from jupyter_collab.rooms import RoomManager
from jupyter_collab.server.identity import AccountIdentityProvider
from jupyter_collab.store import AccountRecord, EventRecord, MemberRecord

from .browsers import Browser
from .conftest import Rest
from .sockets import Connect, make_demo

PASSWORD = "correct horse battery"


@pytest.fixture
def limits() -> dict[str, Any]:
    return {"allow_accounts": True, "recheck_seconds": 3600.0}


@pytest.fixture
def browser(http_server_client: Any, jp_base_url: str) -> Callable[[], Browser]:
    return lambda: Browser(http_server_client, jp_base_url)


async def account(manager: RoomManager, account_id: str = "a1", email: str = "ada@example.org") -> None:
    await manager.start()
    await manager.store.accounts.add(AccountRecord(account_id, email, "Ada", hash_password(PASSWORD)))


async def test_an_account_reaches_the_rooms_it_was_let_into(
    rest: Rest, manager: RoomManager, browser: Callable[[], Browser]
) -> None:
    await account(manager)
    await rest("POST", "rooms", json={"id": "demo"})
    await rest("POST", "rooms", json={"id": "other"})
    ada = browser()
    assert (await ada.ask("GET", "me")).body["accounts"] is True
    asked = {"email": " ADA@example.org", "password": PASSWORD}
    assert (await ada.ask("POST", "sign-in", asked)).body == {"display_name": "Ada"}
    me = (await ada.ask("GET", "me")).body
    assert (me["kind"], me["rooms"], me["may_create"]) == ("account", [], False)
    assert (await ada.ask("GET", "rooms/demo")).problem == (403, "not_a_member")
    assert (await ada.ask("POST", "rooms", {})).problem == (403, "permission_denied")
    let_in = await rest("PUT", "rooms/demo/members/account:a1", json={"role": "owner", "display_name": "Ada"})
    assert let_in.status == 200
    assert (await ada.ask("GET", "rooms/demo")).body["role"] == "owner"
    assert (await ada.ask("GET", "rooms/other")).problem == (403, "not_a_member")
    assert (await ada.ask("GET", "api/contents", below="")).status == 403


async def test_wrong_ones_are_all_refused_alike(manager: RoomManager, browser: Callable[[], Browser]) -> None:
    await account(manager)
    await manager.store.accounts.add(AccountRecord("a2", "locked@example.org", "L", hash_password(PASSWORD)))
    await manager.store.accounts.set_disabled("a2", disabled=True)
    await manager.store.accounts.add(AccountRecord("a3", "elsewhere@example.org", "E"))
    answers = [
        await browser().ask("POST", "sign-in", {"email": email, "password": password})
        for email, password in (
            ("ada@example.org", "wrong"),
            ("ada@example.org", ""),
            ("nobody@example.org", PASSWORD),
            ("locked@example.org", PASSWORD),
            ("elsewhere@example.org", PASSWORD),
        )
    ]
    assert {answer.problem for answer in answers} == {(403, "sign_in_refused")}
    assert len({answer.body["message"] for answer in answers}) == 1


async def test_guessing_one_password_is_slowed_down(manager: RoomManager, browser: Callable[[], Browser]) -> None:
    await account(manager)
    await account(manager, "a2", "bob@example.org")
    eve = browser()
    for _ in range(10):
        await eve.ask("POST", "sign-in", {"email": "ada@example.org", "password": "guess"})
    right = {"email": "ada@example.org", "password": PASSWORD}
    assert (await eve.ask("POST", "sign-in", right)).problem == (429, "too_many_attempts")
    assert (await eve.ask("POST", "sign-in", {**right, "email": "bob@example.org"})).status == 200


async def test_another_password_ends_the_other_sessions(manager: RoomManager, browser: Callable[[], Browser]) -> None:
    await account(manager)
    here, there = browser(), browser()
    for one in (here, there):
        await one.ask("POST", "sign-in", {"email": "ada@example.org", "password": PASSWORD})
    assert (await here.ask("PUT", "password", {"old": PASSWORD, "new": "short"})).problem == (400, "invalid_content")
    new = "a new and longer one"
    assert (await here.ask("PUT", "password", {"old": PASSWORD, "new": new})).status == 204
    assert ((await here.ask("GET", "me")).status, (await there.ask("GET", "me")).status) == (200, 401)
    assert (await there.ask("POST", "sign-in", {"email": "ada@example.org", "password": new})).status == 200


async def test_another_password_ends_what_the_other_sessions_have_open_at_once(
    manager: RoomManager, browser: Callable[[], Browser], connect: Connect
) -> None:
    await account(manager)
    here, there = browser(), browser()
    for one in (here, there):
        await one.ask("POST", "sign-in", {"email": "ada@example.org", "password": PASSWORD})
    await make_demo(manager)
    ada = EventRecord("demo", "added", "server:ada", "Ada")
    await manager.store.people.put_member(MemberRecord("demo", "account:a1", "Ada", Role.EDITOR), ada)
    async with connect({"Cookie": here.cookie}) as own, connect({"Cookie": there.cookie}) as other:
        body = {"old": PASSWORD, "new": "a new and longer one"}
        assert (await here.ask("PUT", "password", body)).status == 204
        assert await other.end() == (CloseCode.FORBIDDEN, "session_ended")
        assert await own.end() == (CloseCode.TRY_AGAIN_LATER, "session_replaced")
    async with connect({"Cookie": here.cookie}):
        assert [person["display_name"] for person in manager.people("demo")] == ["Ada"]


async def test_a_session_survives_the_server(
    manager: RoomManager, browser: Callable[[], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    await account(manager)
    ada = browser()
    await ada.ask("POST", "sign-in", {"email": "ada@example.org", "password": PASSWORD})
    key = await manager.store.people.secret("session_key", "another")
    assert key != "another"
    assert (await ada.ask("GET", "me")).status == 200
    await manager.store.people.end_sessions(principal="account:a1")
    assert (await ada.ask("GET", "me")).status == 401


class TestAccountsThatMayUseTheServer:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        server = {**jp_server_config["ServerApp"], "identity_provider_class": AccountIdentityProvider}
        return {**jp_server_config, "ServerApp": server}

    @pytest.fixture
    def ada(self, manager: RoomManager, browser: Callable[[], Browser]) -> Callable[[], Awaitable[Browser]]:
        """Makes a browser in which Ada, who may use the server, is signed in."""

        async def sign_in() -> Browser:
            with contextlib.suppress(AccountExists):
                await account(manager)
            await manager.store.accounts.set_use_of_server("a1", allowed=True)
            made = browser()
            await made.ask("POST", "sign-in", {"email": "ada@example.org", "password": PASSWORD})
            return made

        return sign_in

    async def test_another_password_ends_what_the_server_let_in_and_replaces_the_own(
        self, ada: Callable[[], Awaitable[Browser]], connect: Connect
    ) -> None:
        here, there = await ada(), await ada()
        async with connect(on_server(here), "api/collab") as own, connect(on_server(there), "api/collab") as other:
            body = {"old": PASSWORD, "new": "a new and longer one"}
            assert (await here.ask("PUT", "password", body)).status == 204
            assert await other.end() == (CloseCode.FORBIDDEN, "session_ended")
            assert await own.end() == (CloseCode.TRY_AGAIN_LATER, "session_replaced")
        async with connect(on_server(here), "api/collab"):
            pass

    async def test_who_signs_out_leaves_the_rooms_that_the_server_let_them_into(
        self, ada: Callable[[], Awaitable[Browser]], connect: Connect
    ) -> None:
        here, there = await ada(), await ada()
        async with connect(on_server(here), "api/collab") as own, connect(on_server(there), "api/collab") as other:
            assert (await here.ask("POST", "leave")).status == 204
            assert await own.end() == (CloseCode.FORBIDDEN, "session_ended")
            assert other.connection.close_code is None

    async def test_a_session_that_ends_during_a_handshake_opens_nothing(
        self, ada: Callable[[], Awaitable[Browser]], jp_serverapp: ServerApp, http_server_port: Any, jp_base_url: str
    ) -> None:
        began, may_go_on = asyncio.Event(), asyncio.Event()

        class Slow(WebSocketMixin, WebSocketHandler, JupyterHandler):
            @ws_authenticated
            async def get(self) -> None:
                began.set()
                await may_go_on.wait()
                await super().get()

            def on_message(self, message: str | bytes) -> None:
                """Nothing comes."""

        application: Any = jp_serverapp.web_app
        application.add_handlers(".*$", [(f"{jp_base_url}slow", Slow)])
        here = await ada()
        url = f"ws://localhost:{http_server_port[-1]}{jp_base_url}slow"
        opening = asyncio.ensure_future(websocket_connect(HTTPRequest(url, headers=on_server(here))))
        await began.wait()
        assert (await here.ask("POST", "leave")).status == 204
        may_go_on.set()
        with pytest.raises(HTTPStreamClosedError):
            await opening


def on_server(browser: Browser) -> dict[str, str]:
    """What a browser sends to the server itself."""
    return {"Cookie": browser.cookie.replace("jupyter-collab-session", "jupyter-collab-server")}
