"""What keeps one from joining is said at once, and in words that help."""

import http

import pytest

from jupyter_collab.client import connect_async
from jupyter_collab.client.http.server_access import Secret, Server
from jupyter_collab.client.replica.room_core import RoomCore
from jupyter_collab.errors import (
    CollabError,
    EpochMismatch,
    InvalidRoomId,
    NotSignedIn,
    PermissionDenied,
    ProtocolError,
    RoomDeleted,
    RoomFull,
    RoomNotFound,
    ServerFull,
    ServerUnreachable,
    StoreUnavailable,
    TooManyConnections,
)

from .doubles import QUICK, TOKEN, ScriptedServer, scripted_server, until

pytestmark = pytest.mark.anyio


async def join(server: ScriptedServer, token: str = TOKEN, timeout: float = 5) -> RoomCore:
    """Join without looking for the server first."""
    core = RoomCore(Server(server.server.url, Secret(token)), "demo", None, QUICK)
    await core.open(timeout)
    return core


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (http.HTTPStatus.BAD_REQUEST, InvalidRoomId),
        (http.HTTPStatus.FORBIDDEN, NotSignedIn),
        (http.HTTPStatus.FOUND, NotSignedIn),
        (http.HTTPStatus.NOT_FOUND, ServerUnreachable),
        (http.HTTPStatus.BAD_GATEWAY, ServerUnreachable),
    ],
)
async def test_a_refused_handshake_is_told(answer: http.HTTPStatus, error: type[Exception]) -> None:
    async with scripted_server("", answer=answer) as server:
        with pytest.raises(error) as raised:
            await join(server)
        assert TOKEN not in str(raised.value)


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (4404, "room_not_found: create it", RoomNotFound),
        (4410, "room_deleted: an owner can restore it", RoomDeleted),
        (4409, "epoch_mismatch: start from an empty document", EpochMismatch),
        (4403, "permission_denied: ask the owner", PermissionDenied),
        (1013, "room_full: try later", RoomFull),
        (1013, "server_full: try later", ServerFull),
        (4529, "too_many_connections: close a page", TooManyConnections),
        (1013, "store_unavailable: try later", StoreUnavailable),
        (1001, "server is stopping", CollabError),
    ],
)
async def test_a_room_that_hangs_up_says_why(code: int, reason: str, error: type[Exception]) -> None:
    async with scripted_server("", hangs_up=(code, reason)) as server:
        with pytest.raises(error, match=reason.split(": ")[-1]):
            await join(server)
        assert len(server.queries) == 1


async def test_a_wrong_token_is_told() -> None:
    async with scripted_server("") as server:
        with pytest.raises(NotSignedIn, match=r"127\.0\.0\.1"):
            await connect_async("demo", server.server.url, "wrong")
        with pytest.raises(NotSignedIn):
            await join(server, "wrong")


async def test_no_server_is_told() -> None:
    with pytest.raises(ServerUnreachable, match="does not respond"):
        await join(ScriptedServer())


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async with scripted_server("", is_silent=True) as server:
        with pytest.raises(ServerUnreachable, match=r"was not received within 0\.2 s"):
            await join(server, timeout=0.2)
        await until(lambda: not server.connections)


async def test_a_room_can_be_awaited_or_entered() -> None:
    async with scripted_server("a") as server:
        room = await connect_async("demo", server.server.url, TOKEN)
        assert room.text == "a"
        await room.close()
        async with connect_async("demo", server.server.url, TOKEN) as entered:
            assert entered.text == "a"
        await until(lambda: not server.connections)


async def test_an_error_inside_is_not_hidden_by_unsaved_edits() -> None:
    async def fail_with_unsaved_edits(server: ScriptedServer) -> None:
        async with connect_async("demo", server.server.url, TOKEN, backoff=QUICK) as room:
            room.text = "x"
            await server.stop()
            await server.start()
            raise ZeroDivisionError

    async with scripted_server("", reject="permission_denied") as server:
        with pytest.raises(ZeroDivisionError):
            await fail_with_unsaved_edits(server)


async def test_a_role_that_there_is_not_is_told() -> None:
    async with scripted_server("") as server:
        with pytest.raises(ValueError, match="use one of viewer, runner, writer, editor, owner"):
            await connect_async("demo", server.server.url, TOKEN, role="admin")  # type: ignore[arg-type]  # on purpose


async def test_a_server_that_does_not_speak_our_protocol_is_told() -> None:
    async with scripted_server("", speaks_v1=False) as server:
        with pytest.raises(ProtocolError, match=r"does not speak jupyter-collab\.v1"):
            await join(server)


async def test_a_redirect_is_not_followed() -> None:
    async with scripted_server("") as other, scripted_server("", answer=http.HTTPStatus.FOUND) as server:
        server.location = f"ws://127.0.0.1:{other.port}/api/collab/room/demo"
        with pytest.raises(NotSignedIn):
            await join(server)
        assert other.queries == []


async def test_no_proxy_is_asked_for_a_room_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "ws_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with scripted_server("a") as server:
        core = await join(server)
        assert core.document.cell_ids == ["c0"]
        await core.close(5)
