"""What we use of Jupyter's packages and of Tornado without their promise is there, and in one module for each."""

import asyncio
import re
from importlib.metadata import version
from inspect import getattr_static
from pathlib import Path

import pytest
from jupyter_client.multikernelmanager import AsyncMultiKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_server.auth.login import LoginFormHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

import jupyter_collab
from jupyter_collab.kernels import jupyter_client_internals
from jupyter_collab.server import jupyter_server_internals, tornado_internals

from .scenarios import scenario, until

PACKAGE = Path(jupyter_collab.__file__).parent

PRIVATE = {
    "tornado_internals.py": r"\bws_connection\b|\bclient_terminated\b|\bread_chunk_size\b|\bread_from_fd\b"
    r"|\.stream\.socket\b|\bHTTP1Connection\b",
    "jupyter_server_internals.py": r"\bstop_watching_activity\b|\blast_kernel_activity\b|\.execution_state\b"
    r"|\bping_callback\b|\.last_pong\b|\._redirect_safe\b",
    "jupyter_client_internals.py": r"\b_pending_kernels\b|\.provisioner\b",
}
"""The names, by the one module that may use them."""


@pytest.mark.parametrize(
    ("package", "written_for"),
    [
        ("tornado", tornado_internals.WRITTEN_FOR),
        ("jupyter_server", jupyter_server_internals.WRITTEN_FOR),
        ("jupyter_client", jupyter_client_internals.WRITTEN_FOR),
    ],
)
def test_each_is_written_for_the_version_that_is_installed(package: str, written_for: str) -> None:
    """With another one, look at what the module uses there, and at what the other tests say."""
    assert version(package).startswith(f"{written_for}.")


@pytest.mark.parametrize("module", PRIVATE)
def test_nothing_else_uses_what_is_not_promised(module: str) -> None:
    found = {path.name for path in PACKAGE.rglob("*.py") if re.search(PRIVATE[module], path.read_text())}
    assert found == {module}


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (AsyncMultiKernelManager, ["_pending_kernels"]),
        (LocalProvisioner, ["pid"]),
        (AsyncMappingKernelManager, ["stop_watching_activity", "last_kernel_activity"]),
        (ServerKernelManager, ["last_activity", "execution_state"]),
        (WebSocketMixin, ["ping_callback", "last_pong", "send_ping"]),
        # Ours replace these.
        (LoginFormHandler, ["_redirect_safe", "_render"]),
        (ExtensionApp, ["_link_jupyter_server_extension", "_start_jupyter_server_extension"]),
    ],
)
def test_the_names_are_there(owner: type, names: list[str]) -> None:
    for name in names:
        getattr_static(owner, name)


@scenario
async def test_of_the_kernels_that_wait_those_are_forgotten_that_did_not_start() -> None:
    kernels = AsyncMultiKernelManager()
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    starting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    kernels._pending_kernels.update(failed=failed, starting=starting)
    failed.cancel()
    jupyter_client_internals.forget_failed_starts(kernels)
    assert list(kernels._pending_kernels) == ["starting"]


class Handler(WebSocketHandler):
    """The server's end of a websocket, the one that was opened last."""

    newest: "Handler"
    heard: list[str | bytes]

    def open(self) -> None:
        Handler.newest, self.heard = self, []

    def on_message(self, message: str | bytes) -> None:
        self.heard.append(message)


@scenario
async def test_a_websockets_stream_is_found_and_can_be_written_to_and_ended_at_once() -> None:
    server = HTTPServer(Application([("/", Handler)]))
    [listening] = bind_sockets(0, "127.0.0.1")
    server.add_socket(listening)
    client = await websocket_connect(f"ws://127.0.0.1:{listening.getsockname()[1]}/")
    handler = Handler.newest
    stream = tornado_internals.stream_of(handler)
    assert isinstance(stream, IOStream)
    tornado_internals.tune(stream)
    assert tornado_internals.send_at_once(stream, b"\x81\x02hi") == b""
    assert await client.read_message() == "hi"
    await client.write_message("before")
    await until(lambda: handler.heard)
    tornado_internals.end_websocket(handler, 4000, "over")
    await client.write_message("too late")
    assert await client.read_message() is None
    assert client.close_code == 4000
    await until(lambda: tornado_internals.stream_of(handler) is None)
    assert handler.heard == ["before"]
    client.close()
    server.stop()
    await server.close_all_connections()
