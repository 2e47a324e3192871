"""The servers under test, started and addressed in the same way.

Each has a fresh directory of its own, on the loopback interface. Those for Jupyter run as ``python -m jupyter_server``
with nothing but their own extension switched on and everything else at its default.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.servers import find_port

__all__ = [
    "HOST",
    "Address",
    "JupyterCollab",
    "JupyterCollaboration",
    "Product",
    "RunningServer",
    "ServerFailed",
    "tree_bytes",
]

HOST = "127.0.0.1"
_REPOSITORY = Path(__file__).resolve().parents[2]


class ServerFailed(Exception):
    """A server did not start, or did not make a room; the message holds the end of its log."""


@dataclass(frozen=True)
class Address:
    """Where a room's websocket is.

    Where all rooms share one, each message begins with ``prefix``, and ``hello`` is the first of a room.
    """

    host: str
    port: int
    target: str
    token: str = field(repr=False)
    prefix: bytes = b""
    hello: bytes = b""


class RunningServer:
    """A server process and what can be read off it from outside; it is there when it answers ``ready_path``."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", port: int, token: str, directory: Path, ready_path: str = "api/status"
    ) -> None:
        self._ready_path = ready_path
        self.port = port
        self.token = token
        self.directory = directory
        self._process = process
        self._stats = psutil.Process(process.pid)
        self.http = httpx.Client(
            base_url=f"http://{HOST}:{port}/",
            headers={"Authorization": f"token {token}"},
            timeout=60.0,
            trust_env=False,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def cpu_seconds(self) -> float:
        """CPU time, user and system, of the server and of all processes it started, so far."""
        return sum(map(_cpu_seconds, [self._stats, *self._stats.children(recursive=True)]))

    def own_cpu_seconds(self) -> float:
        """CPU time, user and system, of the server alone, so far."""
        return _cpu_seconds(self._stats)

    def memory_bytes(self) -> int:
        """The server's resident memory now."""
        return int(self._stats.memory_info().rss)

    def peak_memory_bytes(self) -> int:
        """The most resident memory that the server ever had; Linux says so, elsewhere it is that of now."""
        status = Path(f"/proc/{self.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        peaks = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")]
        return peaks[0] if peaks else self.memory_bytes()

    def log_tail(self, lines: int = 15) -> str:
        return "\n".join((self.directory / "log").read_text(errors="replace").splitlines()[-lines:])

    def wait_ready(self, timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise ServerFailed(f"the server ended with {self._process.returncode}:\n{self.log_tail()}")
            try:
                if self.http.get(self._ready_path).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise ServerFailed(f"the server did not answer within {timeout:.0f} s:\n{self.log_tail()}")

    def stop(self) -> None:
        """End the server's process group, politely at first."""
        self.http.close()
        for number, patience in ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0)):
            if self._process.poll() is None:
                os.killpg(self._process.pid, number)
            try:
                self._process.wait(patience)
                return
            except subprocess.TimeoutExpired:
                continue


class Product:
    """One of the servers under test."""

    name: str

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch

    def version(self) -> str:
        """The version that is measured."""
        raise NotImplementedError

    @contextmanager
    def running(self) -> Iterator[RunningServer]:
        """A fresh server; ended, and its directory removed, on leaving."""
        directory = self.scratch / f"{self.name}-{secrets.token_hex(4)}"
        server = self._start(directory)
        try:
            server.wait_ready()
            yield server
        finally:
            server.stop()
            shutil.rmtree(directory, ignore_errors=True)

    def create_room(self, server: RunningServer, name: str, notebook: dict[str, Any]) -> Address:
        """Make a room that holds ``notebook`` and say where it is."""
        raise NotImplementedError

    def store_bytes(self, server: RunningServer) -> int:
        """What the product's store takes on disk now, journals and side files included."""
        raise NotImplementedError

    def _start(self, directory: Path) -> RunningServer:
        """Start a server that has ``directory`` for itself."""
        raise NotImplementedError


class JupyterProduct(Product):
    """An extension of a Jupyter server.

    ``extensions`` are the only ones that are switched on.
    """

    extensions: tuple[str, ...]

    def __init__(self, python: str, scratch: Path) -> None:
        super().__init__(scratch)
        self.python = python

    def version(self) -> str:
        """The version of the distribution that is installed for ``python``."""
        code = f"from importlib.metadata import version; print(version({self.name!r}))"
        done = subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=False)
        return done.stdout.strip() or "unknown"

    def _start(self, directory: Path) -> RunningServer:
        places = {name: directory / name for name in ("root", "config", "data", "runtime")}
        for place in places.values():
            place.mkdir(parents=True)
        (places["config"] / "jupyter_server_config.json").write_text(json.dumps(self._config()))
        port, token = find_port(), secrets.token_hex(16)
        environment = os.environ | {
            "JUPYTER_CONFIG_DIR": str(places["config"]),
            "JUPYTER_DATA_DIR": str(places["data"]),
            "JUPYTER_RUNTIME_DIR": str(places["runtime"]),
            "JUPYTER_TOKEN": token,
            **self._environment(),
        }
        arguments = [f"--ServerApp.ip={HOST}", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
        arguments += [f"--ServerApp.root_dir={places['root']}", "--no-browser", "--allow-root"]
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(
                [self.python, "-m", "jupyter_server", *arguments],
                cwd=places["root"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        return RunningServer(process, port, token, directory)

    def _config(self) -> dict[str, Any]:
        others: tuple[str, ...] = ("jupyter_collab", "jupyter_lsp", "jupyter_server_fileid", "jupyter_server_terminals")
        others += ("jupyter_server_ydoc", "jupyterlab", "jupyterlab_jupytext", "notebook", "notebook_shim")
        extensions = {name: name in self.extensions for name in others}
        return {"ServerApp": {"jpserver_extensions": extensions}}

    def _environment(self) -> dict[str, str]:
        return {}


class JupyterCollab(JupyterProduct):
    """This project, from the tree that this benchmark lies in."""

    name = "jupyter_collab"
    extensions = ("jupyter_collab",)

    def __init__(self, scratch: Path) -> None:
        super().__init__(sys.executable, scratch)

    def create_room(self, server: RunningServer, name: str, notebook: dict[str, Any]) -> Address:
        answer = server.http.post("api/collab/rooms", json={"id": name, "title": name, "content": notebook})
        if answer.status_code != 201:
            raise ServerFailed(f"POST rooms: {answer.status_code} {answer.reason_phrase}\n{server.log_tail()}")
        return Address(HOST, server.port, f"/api/collab/room/{name}", server.token)

    def store_bytes(self, server: RunningServer) -> int:
        return tree_bytes(server.directory / "data")

    def _environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(_REPOSITORY)}


class JupyterCollaboration(JupyterProduct):
    """jupyter-collaboration, from an environment of its own."""

    name = "jupyter-collaboration"
    extensions = ("jupyter_server_fileid", "jupyter_server_ydoc")

    def create_room(self, server: RunningServer, name: str, notebook: dict[str, Any]) -> Address:
        file = server.directory / "root" / f"{name}.ipynb"
        file.write_text(json.dumps(notebook))
        body = {"format": "json", "type": "notebook"}
        answer = server.http.put(f"api/collaboration/session/{file.name}", json=body)
        if answer.status_code not in (200, 201):
            raise ServerFailed(f"PUT session: {answer.status_code} {answer.reason_phrase}\n{server.log_tail()}")
        session = answer.json()
        room = f"json:notebook:{session['fileId']}"
        target = f"/api/collaboration/room/{room}?sessionId={session['sessionId']}"
        return Address(HOST, server.port, target, server.token)

    def store_bytes(self, server: RunningServer) -> int:
        return sum(file.stat().st_size for file in (server.directory / "root").glob(".jupyter_ystore.db*"))


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def tree_bytes(directory: Path) -> int:
    """What all files below a folder take."""
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
