"""The running server is found as Jupyter's own tools find it, and the token never shows."""

import json
import logging
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import pytest

from jupyter_collab.client.http.discovery import find_server
from jupyter_collab.client.http.server_access import Secret, Server
from jupyter_collab.errors import NotSignedIn, ServerNotFound, ServerUnreachable

TOKEN = "tok-7c1d"


class JupyterDouble:
    """Answers as a Jupyter server with jupyter_collab does, at ``base_url``, to those who have its token."""

    def __init__(self, base_url: str = "/", token: str = TOKEN, *, has_extension: bool = True) -> None:
        self.asked: list[str] = []
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                double.asked.append(self.path)
                if token and self.headers.get("Authorization") != f"token {token}":
                    self.send_error(403)
                elif has_extension and self.path.startswith(f"{base_url}api/collab/rooms"):
                    self.answer(b'{"rooms": [], "total": 0}')
                elif self.path.startswith(f"{base_url}lab/"):  # JupyterLab's page, whatever follows
                    self.answer(b"<!DOCTYPE html>")
                else:
                    self.send_error(404)

            def answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}{base_url}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where running servers leave their files; nothing else tells of a server."""
    for name in tuple(os.environ):
        if name.startswith(("JUPYTER_COLLAB_", "JUPYTERHUB_", "JPY_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def doubles() -> Iterator[Any]:
    made: list[JupyterDouble] = []

    def make(*arguments: Any, **options: Any) -> JupyterDouble:
        made.append(JupyterDouble(*arguments, **options))
        return made[-1]

    yield make
    for double in made:
        double.stop()


def leave_file(folder: Path, double: JupyterDouble, pid: int, token: str = TOKEN, age_seconds: int = 0) -> None:
    """What a running server leaves for its user."""
    path = folder / f"jpserver-{pid}.json"
    base_url = "/" + double.url.split("/", 3)[3]
    path.write_text(json.dumps({"url": double.url, "token": token, "pid": pid, "base_url": base_url}))
    os.utime(path, (path.stat().st_mtime - age_seconds,) * 2)


def find(**arguments: Any) -> Server:
    async def run() -> Server:
        return await find_server(**arguments)

    return anyio.run(run)


def test_a_kernel_talks_to_the_server_that_started_it(runtime: Path, doubles: Any) -> None:
    mine, newer = doubles(), doubles()
    leave_file(runtime, mine, os.getpid(), age_seconds=100)
    leave_file(runtime, newer, os.getppid())
    assert find(environment={"JPY_PARENT_PID": str(os.getpid())}).url == mine.url


def test_a_script_talks_to_the_server_that_started_last(runtime: Path, doubles: Any) -> None:
    older, newer = doubles(), doubles()
    leave_file(runtime, older, os.getpid(), age_seconds=100)
    leave_file(runtime, newer, os.getppid())
    assert find(environment={}).url == newer.url


def test_servers_without_the_extension_are_passed_over(runtime: Path, doubles: Any) -> None:
    older, newer = doubles(), doubles(has_extension=False)
    leave_file(runtime, older, os.getpid(), age_seconds=100)
    leave_file(runtime, newer, os.getppid())
    assert find(environment={}).url == older.url


def test_files_that_servers_left_behind_are_passed_over(runtime: Path, doubles: Any) -> None:
    dead = doubles()
    leave_file(runtime, dead, pid=2**22 + 7)  # more than Linux counts up to
    (runtime / "jpserver-9.json").write_text("{half a fi")
    (runtime / "jpserver-10.json").write_text('{"url": "http+unix://%2Fsock", "pid": 1}')
    with pytest.raises(ServerNotFound, match="no running Jupyter server"):
        find(environment={})
    assert dead.asked == []


def test_an_address_that_was_given_wins(runtime: Path, doubles: Any) -> None:
    running, given = doubles(), doubles()
    leave_file(runtime, running, os.getpid())
    assert find(url=given.url, token=TOKEN, environment={}).url == given.url
    assert running.asked == []


@pytest.mark.parametrize("page", ["", "lab", "lab/tree/a%20folder/x.ipynb", "tree?", "notebooks/x.ipynb#top"])
def test_the_address_of_a_page_will_do(runtime: Path, doubles: Any, page: str) -> None:
    double = doubles("/user/ada/")
    mark = "&" if "?" in page else "?"
    address, fragment, rest = f"{double.url}{page}".partition("#")
    found = find(url=f"{address}{mark}token={TOKEN}{fragment}{rest}", environment={})
    assert found.url == double.url
    assert found.token is not None
    assert found.token.reveal() == TOKEN


def test_a_base_url_that_looks_like_a_page_is_taken_as_it_is(runtime: Path, doubles: Any) -> None:
    double = doubles("/lab/")
    assert find(url=double.url, token=TOKEN, environment={}).url == double.url


def test_a_running_servers_token_is_used_for_its_address(runtime: Path, doubles: Any) -> None:
    double = doubles()
    leave_file(runtime, double, os.getpid())
    found = find(url=double.url.replace("127.0.0.1", "localhost"), environment={})
    assert found.headers == {"Authorization": f"token {TOKEN}"}


def test_the_environment_names_a_server(runtime: Path, doubles: Any) -> None:
    double = doubles()
    environment = {"JUPYTER_COLLAB_URL": double.url, "JUPYTER_COLLAB_TOKEN": TOKEN}
    assert find(environment=environment).url == double.url


def test_the_environments_token_goes_to_no_other_server(runtime: Path, doubles: Any) -> None:
    named, other = doubles(), doubles()
    environment = {"JUPYTER_COLLAB_URL": named.url, "JUPYTER_COLLAB_TOKEN": TOKEN}
    with pytest.raises(NotSignedIn, match="wants a token"):
        find(url=other.url, environment=environment)


def test_on_jupyterhub_the_hubs_token_opens_the_server(runtime: Path, doubles: Any) -> None:
    double = doubles("/user/ada/")
    environment = {
        "JUPYTERHUB_API_TOKEN": TOKEN,
        "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
        "JUPYTERHUB_SERVICE_URL": double.url.replace("127.0.0.1", "0.0.0.0"),
    }
    assert find(environment=environment).url == double.url


def test_a_kernel_on_jupyterhub_takes_the_hubs_token_for_its_own_server(runtime: Path, doubles: Any) -> None:
    double = doubles("/user/ada/")
    leave_file(runtime, double, os.getpid(), token="")
    environment = {
        "JPY_PARENT_PID": str(os.getpid()),
        "JUPYTERHUB_API_TOKEN": TOKEN,
        "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
    }
    assert find(environment=environment).headers == {"Authorization": f"token {TOKEN}"}


def test_the_hubs_token_goes_to_no_other_server(runtime: Path, doubles: Any) -> None:
    double = doubles("/")
    leave_file(runtime, double, os.getpid(), token="")
    environment = {"JUPYTERHUB_API_TOKEN": TOKEN, "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}
    with pytest.raises(NotSignedIn, match="wants a token"):
        find(environment=environment)


def test_the_error_lists_what_was_tried(runtime: Path, doubles: Any) -> None:
    refusing, bare = doubles(token="another"), doubles(has_extension=False)
    leave_file(runtime, refusing, os.getpid())
    leave_file(runtime, bare, os.getppid(), age_seconds=100)
    with pytest.raises(ServerNotFound) as raised:
        find(environment={"JPY_PARENT_PID": str(os.getpid())})
    message = str(raised.value)
    assert f"{refusing.url} (started this kernel): does not accept the token" in message
    assert f"{bare.url} (is running): runs without the jupyter_collab extension" in message
    assert "jupyter lab" in message
    assert TOKEN not in message


def test_no_answer_is_said_with_the_address(runtime: Path) -> None:
    with pytest.raises(ServerUnreachable, match=r"http://127\.0\.0\.1:1/ \(the address given\): does not respond"):
        find(url="http://127.0.0.1:1/lab?token=abc", environment={})


@pytest.mark.parametrize("url", ["ftp://x/", "http://", "http://host:port/", "http://[::1/", "ws://x/?token=s3"])
def test_what_is_no_address_is_said_so(runtime: Path, url: str) -> None:
    with pytest.raises(ServerUnreachable, match="no http or https address") as raised:
        find(url=url, environment={})
    assert "s3" not in str(raised.value)


def test_the_token_does_not_show(runtime: Path, doubles: Any, caplog: pytest.LogCaptureFixture) -> None:
    double = doubles()
    caplog.set_level(logging.DEBUG)
    found = find(url=f"{double.url}?token={TOKEN}", environment={})
    assert TOKEN not in repr(found) + str(found) + repr(found.token) + str(found.__dict__)
    assert TOKEN not in found.room_url("demo", {"role": "viewer", "epoch": ""})
    assert caplog.text
    assert TOKEN not in caplog.text


def test_a_room_url_is_quoted() -> None:
    server = Server("https://host/user/a/", Secret(TOKEN))
    url = server.room_url("a b/../c", {"role": "viewer", "epoch": "x&y"})
    assert url == "wss://host/user/a/api/collab/room/a%20b%2F..%2Fc?role=viewer&epoch=x%26y"


def test_no_proxy_is_asked_for_a_server_of_this_machine(
    runtime: Path, doubles: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    double = doubles()
    assert find(url=double.url, token=TOKEN, environment={}).url == double.url
