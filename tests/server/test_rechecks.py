"""Whoever is connected is asked again who they are: logins end, sessions are ended, rules change."""

from typing import Any

import pytest
import tornado.gen
import tornado.httpclient
import tornado.web
from jupyter_server.auth import AllowAllAuthorizer, IdentityProvider, User
from jupyter_server.serverapp import ServerApp

from jupyter_collab.access import InviteSecrets, Role, hash_token
from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import Event, Rejection, Update, build
from jupyter_collab.rooms import RoomManager
from jupyter_collab.store import EventRecord, InviteRecord

from .browsers import Browser
from .sockets import Connect, make_demo


class Directory(IdentityProvider):
    """Knows Ada by a header, until ``known`` says otherwise."""

    known = True
    error: Exception | None = None

    async def get_user(self, handler: Any) -> User | None:
        if "collab" not in handler.request.path:
            return User("tests")
        if self.error is not None:
            raise self.error
        return User("ada") if self.known and handler.request.headers.get("X-Test-Login") else None


class Rules(AllowAllAuthorizer):
    """Lets everybody do everything, until ``actions`` says otherwise."""

    actions = frozenset({"read", "write", "execute"})

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return resource != "collab" or action in self.actions


@pytest.fixture
def limits() -> dict[str, Any]:
    return {"recheck_seconds": 0.1}


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    server = {**jp_server_config["ServerApp"], "identity_provider_class": Directory, "authorizer_class": Rules}
    return {**jp_server_config, "ServerApp": server}


@pytest.fixture
def directory(jp_serverapp: ServerApp) -> Directory:
    assert isinstance(jp_serverapp.identity_provider, Directory)
    return jp_serverapp.identity_provider


@pytest.fixture
def rules(jp_serverapp: ServerApp) -> Rules:
    assert isinstance(jp_serverapp.authorizer, Rules)
    return jp_serverapp.authorizer


LOGIN = {"X-Test-Login": "yes"}


@pytest.fixture
def bob(http_server_client: Any, jp_base_url: str) -> Browser:
    return Browser(http_server_client, jp_base_url)


async def come(manager: RoomManager, bob: Browser) -> str:
    """Bob comes by an invitation; answers its token."""
    await make_demo(manager)
    made = InviteSecrets.new()
    hashes: dict[str, Any] = {"token_hash": hash_token(made.token), "code_hash": "0" * 64}
    invite = InviteRecord("i1", "demo", Role.WRITER, "server:ada", "Ada", **hashes)
    await manager.store.people.add_invite(invite, EventRecord("demo", "invited", "server:ada", "Ada"))
    answer = await bob.ask("POST", "join", {"token": made.token, "name": "Bob"})
    assert answer.status == 200, answer.body
    return made.token


@pytest.mark.parametrize("mount", ["collab/api", "api/collab"])
async def test_whoever_is_signed_out_is_disconnected(
    directory: Directory, connect: Connect, manager: RoomManager, mount: str
) -> None:
    async with connect(LOGIN, mount) as socket:
        directory.known = False
        assert await socket.end() == (CloseCode.FORBIDDEN, "session_ended")
    assert manager.people("demo") == []


@pytest.mark.parametrize("error", [tornado.web.HTTPError(502, "the hub does not answer"), RuntimeError("a bug")])
async def test_while_nobody_can_be_asked_people_stay(
    directory: Directory, connect: Connect, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    async with connect(LOGIN) as socket:
        directory.error = error
        while " who server:ada is" not in caplog.text:
            await tornado.gen.sleep(0.01)
        assert socket.connection.close_code is None
        directory.error, directory.known = None, False
        assert await socket.end() == (CloseCode.FORBIDDEN, "session_ended")


async def test_who_may_only_read_from_now_on_is_a_viewer(rules: Rules, connect: Connect, manager: RoomManager) -> None:
    async with connect(LOGIN) as socket:
        rules.actions = frozenset({"read"})
        event = await socket.next(Event)
        while event.info["type"] != "role":
            event = await socket.next(Event)
        assert (event.info["role"], event.info["capabilities"]) == ("viewer", ["read"])
        await socket.connection.write_message(build(Update(b"\x01\x01\x01\x00\x04\x01\x04text\x01x\x00")), binary=True)
        assert (await socket.next(Rejection)).reason == "permission_denied"
        rules.actions = frozenset()
        assert await socket.end() == (CloseCode.FORBIDDEN, "session_ended")
    assert manager.people("demo") == []


async def test_a_guest_who_leaves_is_disconnected_at_once(bob: Browser, connect: Connect, manager: RoomManager) -> None:
    await come(manager, bob)
    async with connect({"Cookie": bob.cookie}) as one, connect({"Cookie": bob.cookie}) as other:
        assert (await bob.ask("POST", "leave")).status == 204
        for socket in (one, other):
            assert await socket.end() == (CloseCode.FORBIDDEN, "session_ended")


async def test_who_comes_anew_ends_what_was_open_before_and_may_reconnect(
    bob: Browser, connect: Connect, manager: RoomManager
) -> None:
    token = await come(manager, bob)
    former = bob.cookie
    async with connect({"Cookie": former}) as socket:
        assert (await bob.ask("POST", "join", {"token": token, "name": "Bob"})).status == 200
        assert await socket.end() == (CloseCode.TRY_AGAIN_LATER, "session_replaced")
    async with connect({"Cookie": bob.cookie}):
        assert [person["display_name"] for person in manager.people("demo")] == ["Bob"]
    with pytest.raises(tornado.httpclient.HTTPClientError, match="403"):
        async with connect({"Cookie": former}):
            pass


async def test_a_session_that_is_ended_elsewhere_is_noticed(
    bob: Browser, connect: Connect, manager: RoomManager, jp_serverapp: ServerApp
) -> None:
    """By another server, which only the store tells."""
    await come(manager, bob)
    async with connect({"Cookie": bob.cookie}) as socket:
        (guest,) = [member for member in await manager.store.people.members("demo") if member.display_name == "Bob"]
        await manager.store.people.end_sessions(principal=guest.principal)
        assert await socket.end() == (CloseCode.FORBIDDEN, "session_ended")
