"""Joining is open to strangers: what they send is bounded, and slow ones take nothing from anybody."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import httpx
import pytest

from ..servers import RunningServer
from ..unit.scenarios import scenario
from .guests import OWN_PAGE, browser, guest
from .memory import MIB, resident_bytes

OPEN_TO_STRANGERS = ("join", "join/preview", "leave", "sign-in")
GROWTH_BYTES = 60 * MIB
SLOW_ONES = 300


def _head(server: RunningServer, path: str, length_bytes: int) -> str:
    """The beginning of a request whose body is announced to be so long."""
    own_page = [f"{name}: {value}" for name, value in OWN_PAGE.items()]
    lines = [f"POST /collab/api/{path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *own_page]
    return "\r\n".join([*lines, "Content-Type: application/json", f"Content-Length: {length_bytes}", "", ""])


def _megabytes(count: int) -> Iterator[bytes]:
    yield b'{"token": "'
    for _ in range(count):
        yield b"x" * MIB


@pytest.mark.parametrize("path", OPEN_TO_STRANGERS)
def test_a_body_that_is_too_long_is_not_kept(server: RunningServer, path: str) -> None:
    before = resident_bytes(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as line:
        line.sendall(_head(server, path, 10**9).encode())
        assert line.recv(1024).startswith(b"HTTP/1.1 413")
    with browser(server) as eve, contextlib.suppress(httpx.WriteError, httpx.ReadError):
        answer = eve.post(path, content=_megabytes(100), headers={"Content-Type": "application/json"})
        assert answer.status_code in (204, 413)
    assert resident_bytes(server) - before < GROWTH_BYTES


@pytest.mark.parametrize("request_line", ["GET /collab/api/rooms", "POST /collab/api/rooms", "GET /api/collab/rooms"])
def test_whose_body_is_not_read_is_told_that_the_connection_ends(server: RunningServer, request_line: str) -> None:
    """A proxy would send somebody else's next request there, and say that the server does not answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as line:
        line.sendall(f"{request_line} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        head, _, _ = line.makefile("rb").read().partition(b"\r\n\r\n")  # it ends, so there is an end
    assert head.startswith(b"HTTP/1.1 403")
    assert b"\r\nConnection: close" in head


@pytest.mark.parametrize(
    "body", [b"[" * 60_000, b'{"token": 1e999}', b'{"token": NaN}', b"\xff", b"{", b"null", b'"x"']
)
def test_what_is_no_json_object_is_refused(server: RunningServer, body: bytes) -> None:
    with browser(server) as eve:
        for path in ("join", "join/preview", "sign-in"):
            answer = eve.post(path, content=body, headers={"Content-Type": "application/json"})
            assert (answer.status_code, answer.json()["reason"]) == (400, "invalid_content")
    assert "Traceback" not in server.log


@scenario
async def test_slow_strangers_take_nothing_from_anybody(server: RunningServer, room: str) -> None:
    """Each sends the beginning of a request, and then a little now and then."""
    before = resident_bytes(server)
    head = _head(server, "join", 60_000)
    writers = []
    try:
        for _ in range(SLOW_ONES):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(head.encode() + b'{"token": "')
            writers.append(writer)
        for _ in range(3):
            for writer in writers:
                writer.write(b"x")
                await writer.drain()
        with guest(server, room) as bob:
            assert bob.get("me").status_code == 200
        assert resident_bytes(server) - before < GROWTH_BYTES
    finally:
        for writer in writers:
            writer.close()
