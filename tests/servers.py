"""Real Jupyter servers for tests: each a process of its own, on 127.0.0.1, with folders of its own.

::

    with start_server(tmp_path, CollabExtension={"max_message_bytes": 1_000_000}) as server:
        server.create_room("demo")
        server.kill()       # kill -9; its kernels notice and end by themselves
        server.restart()    # same address, token, folders and rooms

Keyword arguments are sections of the server's configuration.
"""

import atexit
import contextlib
import json
import os
import random
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import httpx
import nbformat
from nbformat import NotebookNode

__all__ = ["PLAIN", "REPOSITORY", "RunningServer", "find_port", "start_server"]

REPOSITORY = Path(__file__).resolve().parent.parent

START_SECONDS = 60.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.05
LOG_TAIL_CHARACTERS = 4_000

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""``httpx.get(…, verify=PLAIN)`` does not read the machine's certificates, which takes more time than the request."""

App = Literal["jupyter_server", "jupyterlab", "notebook"]

PAGES = ("jupyter_lsp", "jupyter_server_terminals", "jupyterlab", "notebook", "notebook_shim")
"""Extensions without which a server starts in half the time; where nobody opens its pages they are left out."""


def find_port() -> int:
    """A free port below those that the system hands out to clients, and not one of pytest's other workers.

    A client that keeps calling a dead server's port could otherwise be given that very port, and answer itself.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    for _ in range(100):
        port = random.randrange(12_000 + worker, 31_000, workers)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("Found no free port between 12000 and 31000.")


class RunningServer:
    """One Jupyter server. A context manager that stops it.

    Attributes
    ----------
    url
        ``http://127.0.0.1:PORT/BASE/``.
    token
        Its token.
    folder
        Holds its root (``root``), its Jupyter folders (``config``, ``data``, ``runtime``) and its log.
    """

    def __init__(
        self,
        folder: Path,
        app: App,
        config: Mapping[str, Any],
        env: Mapping[str, str],
        arguments: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.token = secrets.token_hex(16)
        self.port = find_port()
        server_app = {**_defaults(self.port, folder, app), **config.get("ServerApp", {})}
        self.url = f"http://127.0.0.1:{self.port}{server_app.get('base_url', '/')}"
        self._has_extension = server_app["jpserver_extensions"].get("jupyter_collab", False)
        self._app = app
        self._arguments = arguments
        self._env = {**os.environ, **_environment(folder), **env}
        self._write_config({**config, "ServerApp": server_app})
        self._process: subprocess.Popen[bytes] | None = None

    def _write_config(self, config: Mapping[str, Any]) -> None:
        identity = {"token": self.token, **config.get("IdentityProvider", {})}
        whole = {**config, "IdentityProvider": identity}
        # Each application reads the file of its own name too, but only this one is read by all of them.
        (self.folder / "config" / "jupyter_server_config.json").write_text(json.dumps(whole, indent=1))

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._process is None:
            raise RuntimeError("The server does not run.")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def headers(self) -> dict[str, str]:
        """What authenticates an HTTP request or a websocket handshake."""
        return {"Authorization": f"token {self.token}"}

    @property
    def ws_url(self) -> str:
        """:attr:`url` for websockets."""
        return "ws" + self.url.removeprefix("http")

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which Jupyter tools find this server, and no other."""
        return dict(self._env)

    @property
    def log(self) -> str:
        """Everything that the server said."""
        path = self.folder / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Start the process and wait until the server answers."""
        if self.is_running:
            raise RuntimeError("The server already runs.")
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._app, *self._arguments],
                cwd=self.folder / "root",
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        atexit.register(self.kill)
        self._wait_until_up()

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.is_running:
                raise RuntimeError(f"The server ended at once:\n{self.log[-LOG_TAIL_CHARACTERS:]}")
            if self._answers("api/status") == httpx.codes.OK:
                self._check_extension()
                return
            time.sleep(POLL_SECONDS)
        self.kill()
        raise TimeoutError(f"No answer within {START_SECONDS} s:\n{self.log[-LOG_TAIL_CHARACTERS:]}")

    def _answers(self, path: str) -> int:
        """The status of the answer; 0 if there is none."""
        try:
            return httpx.get(self.url + path, headers=self.headers, timeout=5, verify=PLAIN).status_code
        except httpx.TransportError:
            return 0

    def _check_extension(self) -> None:
        """Jupyter serves on without an extension that it could not load; a test must not."""
        if self._has_extension and self._answers("api/collab/rooms") == httpx.codes.NOT_FOUND:
            self.kill()
            raise RuntimeError(f"The extension was not loaded:\n{self.log[-LOG_TAIL_CHARACTERS:]}")

    def kill(self) -> None:
        """End it as ``kill -9`` does, at once. Nothing if it does not run."""
        process = self._forget()
        if process is not None:
            _kill_group(process)

    def stop(self) -> None:
        """Ask it to shut down and wait for that. Nothing if it does not run."""
        process = self._forget()
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"Did not stop within {STOP_SECONDS} s:\n{self.log[-LOG_TAIL_CHARACTERS:]}") from error
        finally:
            _kill_group(process)

    def restart(self) -> None:
        """Stop it if it runs, and start it again with the same address, token and folders."""
        self.stop()
        self.start()

    def _forget(self) -> subprocess.Popen[bytes] | None:
        process, self._process = self._process, None
        atexit.unregister(self.kill)
        return process

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """An authenticated request to ``api/collab/{path}``; an answer from 400 up is an error."""
        url = f"{self.url}api/collab/{path}"
        response = httpx.request(method, url, headers=self.headers, timeout=30, verify=PLAIN, **arguments)
        response.raise_for_status()
        return response

    def create_room(self, room_id: str | None = None, **fields: Any) -> dict[str, Any]:
        """Make a room (fields: ``title``, ``content``) and return its description."""
        body = {"id": room_id, **fields} if room_id is not None else fields
        room: dict[str, Any] = self.request("POST", "rooms", json=body).json()
        return room

    def notebook(self, room_id: str) -> NotebookNode:
        """What a room holds, read as Jupyter reads the file."""
        text = self.request("GET", f"rooms/{room_id}/content").text
        notebook: NotebookNode = nbformat.reads(text, as_version=4)
        return notebook

    def __enter__(self) -> "RunningServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<RunningServer {self.url} {'running' if self.is_running else 'stopped'}>"


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):  # the whole group may have ended already
        os.killpg(process.pid, signal.SIGKILL)  # the group's id is the process's, as it began a session of its own
    process.wait()


def _defaults(port: int, folder: Path, app: App) -> dict[str, Any]:
    has_pages = app != "jupyter_server"
    return {
        "ip": "127.0.0.1",
        "port": port,
        "port_retries": 0,
        "open_browser": False,
        "allow_root": True,
        "root_dir": str(folder / "root"),
        "allow_unauthenticated_access": False,
        "jpserver_extensions": {"jupyter_collab": True, **({} if has_pages else dict.fromkeys(PAGES, False))},
    }


def _environment(folder: Path) -> dict[str, str]:
    names = ("root", "config", "data", "runtime", "share", "home")
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "config" / "lab-settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "config" / "lab-workspaces"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": str(folder / "home" / ".ipython"),
        "JUPYTER_PATH": _joined(_share(folder), os.environ.get("JUPYTER_PATH")),
        "PYTHONPATH": _joined(str(REPOSITORY), os.environ.get("PYTHONPATH")),
    }


def _share(folder: Path) -> str:
    """A Jupyter data folder that serves the checkout's own bundle, if there is one, before an installed one."""
    bundle = REPOSITORY / "jupyter_collab" / "labextension"
    link = folder / "share" / "labextensions" / "jupyter-collab"
    if bundle.exists() and not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(bundle, target_is_directory=True)
    return str(folder / "share")


def _joined(first: str, rest: str | None) -> str:
    return os.pathsep.join([first, rest]) if rest else first


def start_server(
    tmp_path: Path,
    *,
    app: App = "jupyter_server",
    env: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    **config: Any,
) -> RunningServer:
    """Start a server with this package's extension and wait until it answers.

    Parameters
    ----------
    tmp_path
        A folder for its files; a second server of one test needs another one.
    app
        ``jupyter_server``, or with its pages ``jupyterlab`` or ``notebook``.
    env
        More environment variables.
    arguments
        More of the command line.
    config
        Sections of its configuration, each a mapping from trait to a JSON value.
    """
    server = RunningServer(tmp_path, app, config, env or {}, arguments)
    server.start()
    return server
