"""A Jupyter server with the extension, in the test's own process."""

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import tornado.httpclient
import tornado.websocket
from jupyter_server.serverapp import ServerApp

# Imported here, its fixtures and hooks hold for this folder; as a plugin it would take over all asynchronous tests.
from pytest_jupyter.jupyter_server import *  # noqa: F403 - all of them, for they need each other

from jupyter_collab.protocol import SUBPROTOCOL, Hello
from jupyter_collab.rooms import RoomManager

from .sockets import Connect, Socket, make_demo


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    body: Any
    headers: Any

    @property
    def problem(self) -> tuple[int, str]:
        """Status and reason of an error that is as it should be."""
        assert set(self.body) == {"message", "reason"}, self.body
        assert self.headers["Content-Type"] == "application/json"
        assert len(self.body["message"]) > 10
        return self.status, self.body["reason"]


Rest = Callable[..., Coroutine[Any, Any, Answer]]


@pytest.fixture
def limits() -> dict[str, Any]:
    """More traits of the extension; a test module may override it."""
    return {}


@pytest.fixture  # type: ignore[no-redef]  # ours instead of the imported one
def jp_server_config(tmp_path: Path, limits: dict[str, Any]) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_collab": True}, "allow_unauthenticated_access": False},
        "CollabExtension": {"store_url": f"sqlite:///{tmp_path / 'rooms.sqlite'}", **limits},
    }


@pytest.fixture
def manager(jp_serverapp: ServerApp) -> RoomManager:
    return jp_serverapp.web_app.settings["jupyter_collab_manager"]  # type: ignore[no-any-return]


@pytest.fixture
def rest(http_server_client: Any, jp_auth_header: dict[str, str], jp_base_url: str) -> Rest:
    """Ask the REST API; ``json`` or ``text`` is the body, ``path`` is sent as it is. Errors are answers, too."""

    async def ask(method: str, path: str, *, text: str | bytes | None = None, **options: Any) -> Answer:
        headers = {**jp_auth_header, **options.pop("headers", {})}
        if "json" in options:
            text = json.dumps(options.pop("json"))
            headers.setdefault("Content-Type", "application/json")
        if text is not None or "body_producer" in options or method == "POST":
            headers.setdefault("Content-Type", "")  # or Tornado's client calls it a form
        url = f"{jp_base_url}api/collab/{path}?{urlencode(options.pop('params', {}))}"
        response = await http_server_client.fetch(
            url,
            method=method,
            body=text,
            headers=headers,
            raise_error=False,
            allow_nonstandard_methods=True,
            request_timeout=60,
            **options,
        )
        is_json = "json" in response.headers.get("Content-Type", "") and response.body
        return Answer(response.code, json.loads(response.body) if is_json else response.body, response.headers)

    return ask


@pytest.fixture
def connect(manager: RoomManager, http_server_client: Any, http_server_port: Any, jp_base_url: str) -> Connect:
    """``async with connect(headers)``: a connection to the room ``demo``, which is made, that has been greeted."""

    @asynccontextmanager
    async def open_socket(headers: dict[str, str], mount: str = "collab/api") -> AsyncIterator[Socket]:
        await make_demo(manager)
        url = f"ws://localhost:{http_server_port[-1]}{jp_base_url}{mount}/room/demo"
        request = tornado.httpclient.HTTPRequest(url, headers=headers)
        connection = await tornado.websocket.websocket_connect(request, subprotocols=[SUBPROTOCOL])
        socket = Socket(connection)
        try:
            await socket.next(Hello)
            yield socket
        finally:
            connection.close()

    return open_socket
