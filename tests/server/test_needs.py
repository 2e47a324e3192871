"""Each method that is about a room declares what one must be allowed to there, and asks before it reads a body."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

import jupyter_collab
from jupyter_collab.access import Capability
from jupyter_collab.server.guests import GUEST_ROUTES
from jupyter_collab.server.kernels import KERNEL_ROUTES
from jupyter_collab.server.members import MEMBER_ROUTES
from jupyter_collab.server.needs import needed_for
from jupyter_collab.server.rest import REST_ROUTES
from jupyter_collab.server.signing_in import ACCOUNT_ROUTES

from ..servers import RunningServer, start_server

SPECIFICATION = Path(jupyter_collab.__file__).parent / "server" / "openapi.yaml"
ROUTES = (*REST_ROUTES, *KERNEL_ROUTES, *MEMBER_ROUTES, *GUEST_ROUTES, *ACCOUNT_ROUTES)
PARAMETER = re.compile(r"\{[^}]+\}")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """A path, a method and an operation, of each that the specification has."""
    for path, methods in yaml.safe_load(SPECIFICATION.read_text())["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield path, method, operation


@pytest.mark.parametrize(("path", "method", "operation"), list(operations()))
def test_a_handler_needs_what_the_specification_says(path: str, method: str, operation: dict[str, Any]) -> None:
    address = PARAMETER.sub("a", path)
    handlers = [handler for pattern, handler in ROUTES if re.fullmatch(pattern, address)]
    assert len(handlers) == 1
    needed = needed_for(handlers[0], method)
    assert (None if needed is None else needed.value) == operation.get("x-needs")
    assert (needed is not None) == path.startswith("/rooms/{room_id}")


def test_every_method_that_is_about_a_room_declares_what_it_needs() -> None:
    for pattern, handler in ROUTES:
        for method in ("get", "head", "post", "put", "patch", "delete"):
            is_own = method in vars(handler)
            if is_own and pattern.startswith(r"/rooms/([^/]+)"):
                assert isinstance(needed_for(handler, method), Capability), (pattern, method)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with start_server(tmp_path) as running:
        running.create_room("demo")
        yield running


def cookie_of_guest(server: RunningServer, role: str) -> str:
    invite = server.request("POST", "rooms/demo/invitations", json={"role": role}).json()
    with httpx.Client(base_url=f"{server.url}collab/api/", headers={"X-Jupyter-Collab": "1"}) as browser:
        browser.post("join", json={"token": invite["token"], "name": "Bob"}).raise_for_status()
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


@pytest.mark.parametrize("announced", ["Content-Length: 5000000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("request_line", ["PUT /collab/api/rooms/demo/content", "POST /collab/api/rooms/demo/runs"])
def test_who_may_not_is_refused_before_their_large_body_is_sent(
    server: RunningServer, request_line: str, announced: str
) -> None:
    address = urlsplit(server.url)
    size = "900000" if "runs" in request_line else "5000000"
    headers = [
        f"{request_line} HTTP/1.1",
        f"Host: {address.netloc}",
        "Content-Type: application/json",
        "X-Jupyter-Collab: 1",
        f"Cookie: {cookie_of_guest(server, 'viewer')}",
        announced.replace("5000000", size),
    ]
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall("\r\n".join([*headers, "", ""]).encode())
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 403"), answer[:200]
    assert "which may not" in answer


def test_who_is_lowered_while_they_send_is_refused_in_the_end(server: RunningServer) -> None:
    address = urlsplit(server.url)
    cookie = cookie_of_guest(server, "editor")
    members = server.request("GET", "rooms/demo/members").json()["members"]
    (guest,) = [member["principal"] for member in members if member["principal"].startswith("guest:")]
    body = b'{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[]}' + b" " * 20_000
    headers = [
        "PUT /collab/api/rooms/demo/content HTTP/1.1",
        f"Host: {address.netloc}",
        "Content-Type: application/json",
        "X-Jupyter-Collab: 1",
        f"Cookie: {cookie}",
        f"Content-Length: {len(body)}",
    ]
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall("\r\n".join([*headers, "", ""]).encode() + body[:100])
        server.request("DELETE", f"rooms/demo/members/{guest}").raise_for_status()
        connection.sendall(body[100:])
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 403"), answer[:200]
