"""A session that is ended at another server, or by a command, ends its connections here at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jupyter_collab.access import Role, Session, User, hash_password
from jupyter_collab.backplane import EVERYWHERE, PollingBackplane
from jupyter_collab.errors import CloseCode
from jupyter_collab.people import EndedSessions, Sessions, account_user
from jupyter_collab.rooms import Limits, RoomManager
from jupyter_collab.server import users
from jupyter_collab.store import AccountRecord, EventRecord, MemberRecord, ServerMessage, SQLStore

from ..unit.scenarios import until
from .browsers import Browser
from .sockets import Connect, make_demo

PASSWORD = "correct horse battery"
ACCOUNT = AccountRecord("a1", "ada@example.org", "Ada")


@pytest.fixture
def limits() -> dict[str, Any]:
    return {"allow_accounts": True, "recheck_seconds": 3600.0}


@pytest.fixture
def ada() -> User:
    return account_user(ACCOUNT)


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'rooms.sqlite'}"


@pytest.fixture
def browser(http_server_client: Any, jp_base_url: str) -> Browser:
    """Ada's."""
    return Browser(http_server_client, jp_base_url)


@asynccontextmanager
async def another_server(store_url: str) -> AsyncIterator[Sessions]:
    """The sessions of another server on the store."""
    store = SQLStore(store_url)
    manager = RoomManager(store, PollingBackplane(store, 0.01, "another"), Limits())
    await manager.start()
    try:
        yield Sessions(manager, timedelta(days=1))
    finally:
        await manager.stop()


async def let_in(manager: RoomManager, connect: Connect, browser: Browser) -> Any:
    """Ada signs in; a connection of her browser's to the room."""
    await make_demo(manager)
    await manager.store.accounts.add(AccountRecord("a1", "ada@example.org", "Ada", hash_password(PASSWORD)))
    answer = await browser.ask("POST", "sign-in", {"email": "ada@example.org", "password": PASSWORD})
    assert answer.status == 200, answer.body
    member = MemberRecord("demo", "account:a1", "Ada", Role.EDITOR)
    await manager.store.people.put_member(member, EventRecord("demo", "added", "server:o", "O"))
    return connect({"Cookie": browser.cookie})


async def test_an_end_at_another_server_ends_the_connection(
    manager: RoomManager, connect: Connect, browser: Browser, store_url: str
) -> None:
    async with await let_in(manager, connect, browser) as socket, another_server(store_url) as sessions:
        await sessions.end(browser.cookie.partition("=")[2])
        assert await socket.end() == (CloseCode.FORBIDDEN, "session_ended")


async def test_of_all_sessions_that_end_elsewhere_the_own_one_may_reconnect(
    manager: RoomManager, connect: Connect, browser: Browser, store_url: str, ada: User
) -> None:
    async with await let_in(manager, connect, browser) as socket, another_server(store_url) as sessions:
        own = await sessions.find(browser.cookie.partition("=")[2])
        assert own is not None
        await manager.store.people.end_sessions(principal=ada.principal)
        successor, _ = await sessions.begin(ada)
        sessions.all_ended(own, successor)
        assert await socket.end() == (CloseCode.TRY_AGAIN_LATER, "session_replaced")


async def test_a_session_that_goes_on_is_not_ended_by_what_is_said_of_others(
    manager: RoomManager,
    connect: Connect,
    browser: Browser,
    store_url: str,
    ada: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with await let_in(manager, connect, browser) as socket, another_server(store_url) as sessions:
        looks: list[bool] = []
        goes_on = Sessions.goes_on

        async def counted(self: Sessions, session: Session) -> bool:
            looks.append(await goes_on(self, session))
            return looks[-1]

        monkeypatch.setattr(Sessions, "goes_on", counted)
        late = EndedSessions(ada.principal, is_replaced=True)
        odd = [b"", b"1", b"{}", b"[1]", b"\xff"]
        messages = [ServerMessage(EVERYWHERE, "sessions", "third", data) for data in (*odd, late.data)]
        await manager.store.add_messages(messages)
        await until(lambda: looks)
        await sessions.end(browser.cookie.partition("=")[2])
        assert await socket.end() == (CloseCode.FORBIDDEN, "session_ended"), "and not session_replaced, before"
        assert looks[0]


async def test_an_account_that_a_command_locks_is_disconnected_at_once(
    manager: RoomManager, connect: Connect, browser: Browser, store_url: str
) -> None:
    async with await let_in(manager, connect, browser) as socket:
        assert await asyncio.to_thread(users.main, ["lock", "ada@example.org"], lambda: store_url) == 0
        assert await socket.end() == (CloseCode.FORBIDDEN, "session_ended")
