"""The widget in a real kernel that a real server started."""

import json
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from jupyter_collab import connect
from tests.servers import PLAIN, RunningServer

CELL_SECONDS = 60.0


class Kernel:
    """A kernel of the server's, and what it answered."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._id = self._request("POST", "kernels", {"name": "python3"}).json()["id"]
        path = Path(server.environment["JUPYTER_RUNTIME_DIR"]) / f"kernel-{self._id}.json"
        self._client = BlockingKernelClient(connection_file=str(path))
        self._client.load_connection_file()
        self._client.hb_channel.time_to_dead = CELL_SECONDS  # a busy machine is not a dead kernel
        self._client.start_channels()
        self._client.wait_for_ready(timeout=CELL_SECONDS)

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        url = f"{self._server.url}api/{path}"
        headers = self._server.headers
        return httpx.request(method, url, json=body, headers=headers, timeout=30, verify=PLAIN).raise_for_status()

    def run(self, code: str, *, status: str = "ok") -> list[dict[str, Any]]:
        """Run a cell, which is to end so; answers what it sent besides its status."""
        sent: list[dict[str, Any]] = []
        reply = self._client.execute_interactive(
            textwrap.dedent(code), output_hook=lambda message: sent.append(message), timeout=CELL_SECONDS
        )
        assert reply["content"]["status"] == status, sent
        return sent

    def interrupt(self) -> None:
        """Interrupt what it runs."""
        self._request("POST", f"kernels/{self._id}/interrupt")

    def printed(self, code: str) -> str:
        return "".join(message["content"]["text"] for message in self.run(code) if message["msg_type"] == "stream")

    def stop(self) -> None:
        self._client.stop_channels()
        self._request("DELETE", f"kernels/{self._id}")


def connected(server: RunningServer, room_id: str) -> int:
    """How many connections the server counts in a room: with token login, each is a user of its own."""
    room = httpx.get(f"{server.url}api/collab/rooms/{room_id}", headers=server.headers, timeout=30).raise_for_status()
    return len(room.json()["people"])


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until ``condition()`` is true; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def kernel(server: RunningServer) -> Iterator[Kernel]:
    kernel = Kernel(server)
    yield kernel
    kernel.stop()


def test_the_widget_lives_in_a_kernel(server: RunningServer, kernel: Kernel) -> None:
    sent = kernel.run(
        """
        import threading
        from jupyter_collab import SharedEditor
        heard = []
        editor = SharedEditor("in-a-kernel", cell=0)
        editor.observe(lambda change: heard.append((change["new"], threading.current_thread().name)), "value")
        editor
        """
    )
    assert server.token not in json.dumps(sent, default=repr)
    [shown] = [message["content"]["data"] for message in sent if message["msg_type"] == "execute_result"]
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert shown["text/plain"].startswith("SharedEditor('in-a-kernel', cell=0")

    with connect("in-a-kernel", server.url, server.token) as room:
        room.text = "typed elsewhere"
        room.wait_saved(10)
        until(lambda: "typed elsewhere" in kernel.printed("print(heard)"))
        assert "MainThread" in kernel.printed("print(heard)")

        kernel.run("editor.value = 'typed in the kernel'; editor.room.wait_saved(10)")
        room.wait_for(lambda: room.text == "typed in the kernel", 10)

        room.cell(0).append("!")
        room.wait_saved(10)
        until(lambda: kernel.printed("print(editor.value, len(editor.people))") == "typed in the kernel! 1\n")
        assert [person.is_me for person in room.people] == [True]
        assert connected(server, "in-a-kernel") == 2

        kernel.run("editor.close()")
        until(lambda: connected(server, "in-a-kernel") == 1)


def test_cells_that_run_again_leave_no_connections_behind(server: RunningServer, kernel: Kernel) -> None:
    for _ in range(4):
        kernel.run("from jupyter_collab import SharedEditor, connect; SharedEditor('again')")
    assert connected(server, "again") == 1
    for _ in range(4):
        kernel.run("program = connect('again')")
    until(lambda: connected(server, "again") == 2)


def test_a_room_can_be_used_with_await_in_a_cell(server: RunningServer, kernel: Kernel) -> None:
    printed = kernel.printed(
        """
        from jupyter_collab import connect_async
        async with connect_async("awaited", create=True) as room:
            room.text = "from a cell"
            await room.wait_saved(10)
        print(room.text, room.status)
        """
    )
    assert printed == "from a cell offline\n"


@pytest.mark.parametrize("waiting", ["pass", "await asyncio.sleep(0.02)"])
def test_a_shared_cell_can_be_interrupted(server: RunningServer, kernel: Kernel, tmp_path: Path, waiting: str) -> None:
    flag = tmp_path / "runs"
    kernel.run("%load_ext jupyter_collab")
    with connect("endless", server.url, server.token, create=True) as room:
        room.text = f"import asyncio\nopen({str(flag)!r}, 'w').close()\nwhile True: {waiting}"
        room.wait_saved(10)

    def interrupt() -> None:
        until(flag.exists, CELL_SECONDS)
        kernel.interrupt()

    with ThreadPoolExecutor(1) as threads:
        interrupted = threads.submit(interrupt)
        sent = kernel.run("%collab run_here endless/0", status="error")
        interrupted.result(CELL_SECONDS)
    errors = [message["content"]["ename"] for message in sent if message["msg_type"] == "error"]
    assert errors[0] in ("KeyboardInterrupt", "CancelledError")


def test_a_kernel_that_is_shut_down_leaves_the_room(server: RunningServer) -> None:
    kernel = Kernel(server)
    try:
        kernel.run("from jupyter_collab import SharedEditor; editor = SharedEditor('left', cell=0); editor.value = 'x'")
        with connect("left", server.url, server.token) as room:
            room.wait_for(lambda: room.text == "x", 10)
            assert connected(server, "left") == 2
            kernel.stop()
            until(lambda: connected(server, "left") == 1)
    finally:
        kernel._client.stop_channels()
