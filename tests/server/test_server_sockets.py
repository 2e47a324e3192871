"""A session of an account that may use the server: with it end the kernels' and terminals' websockets that it opened.

On a real server, with real terminals and kernels. Nothing that comes over such a connection afterwards is run.
"""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import tornado.httpclient
from jupyter_client.session import Session
from tornado.websocket import WebSocketClientConnection, websocket_connect

from jupyter_collab.access import hash_password
from jupyter_collab.errors import CloseCode
from jupyter_collab.server import users
from jupyter_collab.store import AccountRecord, SQLStore
from tests.servers import RunningServer, start_server

PASSWORD, NEW_PASSWORD = "correct horse battery", "a new and longer one"
OWN_PAGE = {"X-Jupyter-Collab": "1"}
ENDED = (CloseCode.FORBIDDEN, "session_ended")

LONG_SECONDS, SHORT_SECONDS = 3600.0, 0.1
"""Between two rechecks: where an end must be heard of at once, and where only the store knows of it."""

AT_ONCE_SECONDS = 5.0
"""Far less than :data:`LONG_SECONDS`, and enough for a busy machine."""

RUN_SECONDS = 60.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with _server(tmp_path_factory.mktemp("sockets"), LONG_SECONDS) as running:
        make_account(running, "bob")
        yield running


@pytest.fixture(scope="module")
def often(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with _server(tmp_path_factory.mktemp("often"), SHORT_SECONDS) as running:
        make_account(running, "bob")
        yield running


def _server(folder: Path, recheck_seconds: float) -> RunningServer:
    settings = {
        "identity_provider_class": "jupyter_collab.server.identity.AccountIdentityProvider",
        "jpserver_extensions": {"jupyter_collab": True, "jupyter_server_terminals": True},
    }
    rooms = {"allow_accounts": True, "recheck_seconds": recheck_seconds}
    return start_server(folder, ServerApp=settings, CollabExtension=rooms)


def store_url(server: RunningServer) -> str:
    return f"sqlite:///{server.folder / 'data' / 'collab' / 'rooms.sqlite'}"


async def in_store(server: RunningServer, work: Callable[[SQLStore], Awaitable[object]]) -> None:
    """Do something in the server's store, as another server or ``jupyter collab users`` does."""
    store = SQLStore(store_url(server))
    await store.open()
    try:
        await work(store)
    finally:
        await store.close()


@pytest.fixture
def ada(server: RunningServer, request: pytest.FixtureRequest) -> str:
    """The id of an account that may use the server, of this test alone."""
    return make_account(server, hashlib.sha256(request.node.name.encode()).hexdigest()[:8])


def make_account(server: RunningServer, account_id: str) -> str:
    record = AccountRecord(account_id, f"{account_id}@example.org", "Ada", hash_password(PASSWORD), may_use_server=True)
    asyncio.run(in_store(server, lambda store: store.accounts.add(record)))
    return account_id


class Line:
    """A websocket that drops what it hears."""

    connection: WebSocketClientConnection

    def __init__(self) -> None:
        self._ended = asyncio.Event()

    async def open(self, request: tornado.httpclient.HTTPRequest) -> None:
        self.connection = await websocket_connect(request, on_message_callback=self._hear)

    def _hear(self, message: str | bytes | None) -> None:
        if message is None:
            self._ended.set()

    async def send(self, text: str) -> None:
        await self.connection.write_message(text)

    async def end(self) -> tuple[int | None, str]:
        """Wait until it has ended; return how."""
        async with asyncio.timeout(AT_ONCE_SECONDS):
            await self._ended.wait()
        return self.connection.close_code, (self.connection.close_reason or "").partition(":")[0]


class Visit:
    """A browser in which somebody is signed in."""

    terminal: str
    kernel: str

    def __init__(self, server: RunningServer, account_id: str) -> None:
        self.http = httpx.AsyncClient(base_url=server.url, headers=OWN_PAGE, timeout=60)
        self._ws_url = server.ws_url
        self._account_id = account_id
        self._lines: list[Line] = []

    async def sign_in(self, password: str = PASSWORD, account_id: str | None = None) -> None:
        asked = {"email": f"{account_id or self._account_id}@example.org", "password": password}
        (await self.http.post("collab/api/sign-in", json=asked)).raise_for_status()
        await self.http.get("logout")  # asks first, with a form, and so brings the XSRF token

    @property
    def _xsrf(self) -> dict[str, str]:
        return {"X-XSRFToken": self.http.cookies["_xsrf"]}

    @property
    def cookies(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies.jar)

    async def change_password(self, where: str) -> None:
        body = {"old": PASSWORD, "new": NEW_PASSWORD}
        (await self.http.put(f"{where}/password", json=body, headers=self._xsrf)).raise_for_status()

    async def post(self, path: str) -> httpx.Response:
        return await self.http.post(path, json={}, headers=self._xsrf)

    async def make(self, path: str) -> dict[str, Any]:
        return dict((await self.post(path)).raise_for_status().json())

    async def delete(self, path: str) -> None:
        (await self.http.delete(path, headers=self._xsrf)).raise_for_status()

    async def open(self, path: str) -> "Line":
        line = Line()
        await line.open(tornado.httpclient.HTTPRequest(self._ws_url + path, headers={"Cookie": self.cookies}))
        self._lines.append(line)
        return line

    async def close(self) -> None:
        for line in self._lines:
            line.connection.close()
            await line.end()


@asynccontextmanager
async def signed_in(server: RunningServer, account_id: str) -> AsyncIterator[Visit]:
    visit = Visit(server, account_id)
    async with visit.http:
        await visit.sign_in()
        try:
            yield visit
        finally:
            await visit.close()


class Open:
    """A terminal, a kernel and the server's events, all open in one browser."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit

    async def open(self, terminal: str, kernel: str) -> "Open":
        self.terminal = await self._visit.open(f"terminals/websocket/{terminal}")
        self.kernel = await self._visit.open(f"api/kernels/{kernel}/channels")
        self.events = await self._visit.open("api/events/subscribe")
        return self

    async def run(self, mark: Path) -> None:
        """Make a file by a command in the terminal, and one by the kernel."""
        await self.terminal.send(in_terminal(mark))
        await self.kernel.send(in_kernel(mark))

    async def goes_on(self, mark: Path) -> None:
        """Find that what is run here is run."""
        await self.run(mark)
        async with asyncio.timeout(RUN_SECONDS):
            while not all(path.exists() for path in made_by(mark)):  # noqa: ASYNC110  # files are no events
                await asyncio.sleep(0.02)

    async def has_ended(self) -> None:
        """Find that the server ends all of it at once, for good."""
        assert [await line.end() for line in (self.terminal, self.kernel, self.events)] == [ENDED] * 3


def made_by(mark: Path) -> tuple[Path, Path]:
    return Path(f"{mark}.terminal"), Path(f"{mark}.kernel")


def in_terminal(mark: Path) -> str:
    return json.dumps(["stdin", f"touch {made_by(mark)[0]}\r"])


def in_kernel(mark: Path) -> str:
    code = f"open({str(made_by(mark)[1])!r}, 'w').close()"
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    return json.dumps({**Session().msg("execute_request", content), "channel": "shell"}, default=str)


class Stubborn:
    """A websocket of somebody who hears no goodbye: whatever the server says, they go on to send."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    @classmethod
    async def open(cls, server: RunningServer, path: str, cookies: str) -> "Stubborn":
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        lines = (
            f"GET /{path} HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            f"Cookie: {cookies}",
        )
        writer.write("\r\n".join((*lines, "", "")).encode())
        assert b" 101 " in await reader.readline()
        return cls(writer)

    def send(self, text: str) -> None:
        """One masked frame (RFC 6455, section 5.2); the mask is zero."""
        data = text.encode()
        self._writer.write(b"\x81\xfe" + len(data).to_bytes(2, "big") + bytes(4) + data)

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


@asynccontextmanager
async def two_browsers(
    server: RunningServer, account_id: str, folder: Path
) -> AsyncIterator[tuple[Visit, Open, Visit, Open]]:
    """One account in two browsers, each with its own connections to the same terminal and the same kernel."""
    async with signed_in(server, account_id) as here, signed_in(server, account_id) as there:
        here.terminal = there.terminal = (await here.make("api/terminals"))["name"]
        here.kernel = there.kernel = (await here.make("api/kernels"))["id"]
        own, other = Open(here), Open(there)
        for name, opened in (("own", own), ("other", other)):
            await opened.open(here.terminal, here.kernel)
            await opened.goes_on(folder / name)
        yield here, own, there, other
        await here.delete(f"api/kernels/{here.kernel}")
        await here.delete(f"api/terminals/{here.terminal}")


@pytest.mark.parametrize("where", ["collab/api", "api/collab"])
def test_another_password_ends_what_other_sessions_have_open_and_leaves_the_own(
    server: RunningServer, ada: str, tmp_path: Path, where: str
) -> None:
    async def change() -> None:
        async with two_browsers(server, ada, tmp_path) as (here, own, _, other):
            await here.change_password(where)
            await other.has_ended()
            await own.goes_on(tmp_path / "later")
            assert (await here.http.post("collab/api/leave")).status_code == 204
            await own.has_ended()
            await here.sign_in(NEW_PASSWORD)

    asyncio.run(change())


def test_nothing_runs_of_what_is_sent_after_the_goodbye(server: RunningServer, ada: str, tmp_path: Path) -> None:
    async def change() -> None:
        async with two_browsers(server, ada, tmp_path) as (here, own, there, _):
            terminal = await Stubborn.open(server, f"terminals/websocket/{there.terminal}", there.cookies)
            kernel = await Stubborn.open(server, f"api/kernels/{there.kernel}/channels", there.cookies)
            await here.change_password("collab/api")
            terminal.send(in_terminal(tmp_path / "after"))
            kernel.send(in_kernel(tmp_path / "after"))
            await own.goes_on(tmp_path / "later")  # the same terminal and the same kernel do one thing after the other
            assert not any(path.exists() for path in made_by(tmp_path / "after"))
            await terminal.close()
            await kernel.close()

    asyncio.run(change())


@pytest.mark.parametrize("way", ["the page", "the server", "another account", "the same account"])
def test_who_signs_out_or_signs_in_anew_ends_what_that_browser_has_open_and_no_other(
    server: RunningServer, ada: str, tmp_path: Path, way: str
) -> None:
    async def leave() -> None:
        async with two_browsers(server, ada, tmp_path) as (_, own, there, other):
            if way == "the page":
                assert (await there.http.post("collab/api/leave")).status_code == 204
            elif way == "the server":
                assert (await there.post("logout")).status_code == 200
            else:
                await there.sign_in(account_id=ada if way == "the same account" else "bob")
            if way == "the same account":
                await other.goes_on(tmp_path / "again")
                assert (await there.http.post("collab/api/leave")).status_code == 204
            await other.has_ended()
            await own.goes_on(tmp_path / "later")

    asyncio.run(leave())


COMMANDS = [["lock"], ["password", "--generate"], ["deny-server"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_command_ends_what_is_open_at_once(
    server: RunningServer, ada: str, tmp_path: Path, command: list[str]
) -> None:
    async def change() -> None:
        arguments = [*command, f"{ada}@example.org"]
        assert await asyncio.to_thread(users.main, arguments, lambda: store_url(server)) == 0

    asyncio.run(notice(server, ada, tmp_path, change))


def test_what_the_store_alone_knows_is_noticed(often: RunningServer, tmp_path: Path) -> None:
    async def change() -> None:
        await in_store(often, lambda store: store.accounts.set_use_of_server(account_id, allowed=False))

    account_id = make_account(often, "ada")
    asyncio.run(notice(often, account_id, tmp_path, change))


async def notice(server: RunningServer, account_id: str, folder: Path, change: Callable[[], Awaitable[object]]) -> None:
    """Find that ``change`` ends what the account has open, and nothing of Bob's."""
    async with signed_in(server, account_id) as visit, signed_in(server, "bob") as bob:
        terminal, kernel = (await bob.make("api/terminals"))["name"], (await bob.make("api/kernels"))["id"]
        opened, others = await Open(visit).open(terminal, kernel), await Open(bob).open(terminal, kernel)
        await opened.goes_on(folder / "before")
        await change()
        await opened.has_ended()
        await others.goes_on(folder / "later")
        await bob.delete(f"api/kernels/{kernel}")
        await bob.delete(f"api/terminals/{terminal}")


def test_a_session_that_ends_during_a_handshake_opens_nothing(server: RunningServer, ada: str, tmp_path: Path) -> None:
    """Whoever begins to connect while the password is changed is let in with the new session only."""

    async def race() -> None:
        async with signed_in(server, ada) as here, signed_in(server, ada) as there:
            kernel = (await here.make("api/kernels"))["id"]
            opening = [asyncio.create_task(there.open(f"api/kernels/{kernel}/channels")) for _ in range(20)]
            await here.change_password("collab/api")
            for result in await asyncio.gather(*opening, return_exceptions=True):
                if isinstance(result, Line):
                    await result.end()
            await here.delete(f"api/kernels/{kernel}")

    asyncio.run(race())
