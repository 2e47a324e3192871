"""A room's kernel is told no secret of the server by its environment."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers import RunningServer, start_server

from .kernel_texts import create_room, printed_by, run_in

SECRETS = {
    "JUPYTER_TOKEN": "the-server's-token",
    "JUPYTERHUB_API_TOKEN": "the-hub's-token",
    "CONFIGPROXY_AUTH_TOKEN": "the-proxy's-token",
    "DATABASE_URL": "postgresql://collab:the-password@db/rooms",
    "PIP_INDEX_URL": "https://me:the-password@pypi.example.org/simple",
    "HTTPS_PROXY": "http://me:the-password@proxy.example.org:3128",
    "AWS_ACCESS_KEY_ID": "the-key",
    "CONDA_TOKEN": "the-conda-token",
    "SSH_AUTH_SOCK": "/tmp/agent",
}

ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    env = {**SECRETS, "COURSE_DATA": "/srv/data", "NO_PROXY": "localhost", "OMP_NUM_THREADS": "2"}
    with start_server(tmp_path, env=env, CollabExtension={"room_kernel_environment": ["COURSE_*"]}) as running:
        yield running


def test_a_kernel_has_no_secret_of_the_server_in_its_environment(server: RunningServer) -> None:
    create_room(server)
    environment = json.loads(printed_by(server, ENVIRONMENT))
    assert not SECRETS.keys() & environment.keys()
    assert not [value for secret in SECRETS.values() for value in environment.values() if secret in value]


def test_a_kernel_that_was_restarted_has_none_either(server: RunningServer) -> None:
    create_room(server)
    printed_by(server, "print(1)")
    server.request("POST", "rooms/demo/kernel/restart")
    assert not SECRETS.keys() & json.loads(printed_by(server, ENVIRONMENT)).keys()


def test_nor_has_one_whose_session_was_given_another_path(server: RunningServer) -> None:
    create_room(server)
    printed_by(server, "print(1)")
    (session,) = httpx.get(f"{server.url}api/sessions", headers=server.headers).json()
    change = {"path": "elsewhere.ipynb", "type": "notebook", "name": "elsewhere"}
    address = f"{server.url}api/sessions/{session['id']}"
    httpx.patch(address, json=change, headers=server.headers).raise_for_status()
    server.request("POST", "rooms/demo/kernel/restart")
    assert not SECRETS.keys() & json.loads(printed_by(server, ENVIRONMENT)).keys()


def test_a_cell_cannot_read_them_by_the_shell(server: RunningServer) -> None:
    create_room(server)
    printed = printed_by(server, "!env; echo $JUPYTER_TOKEN")
    assert "PATH=" in printed
    assert not [secret for secret in SECRETS.values() if secret in printed]


def test_a_kernel_has_what_it_needs_and_what_the_deployer_names(server: RunningServer) -> None:
    create_room(server)
    environment = json.loads(printed_by(server, ENVIRONMENT))
    assert {"PATH", "HOME", "JUPYTER_RUNTIME_DIR", "PYTHONPATH"} <= environment.keys()
    assert (environment["COURSE_DATA"], environment["NO_PROXY"]) == ("/srv/data", "localhost")
    assert (environment["OMP_NUM_THREADS"], environment["JPY_SESSION_NAME"]) == ("2", "collab:demo")


def test_the_working_folder_is_that_of_the_server(server: RunningServer) -> None:
    create_room(server)
    assert printed_by(server, "import os; print(os.getcwd())").strip() == str(server.folder / "root")


def test_a_kernel_that_ends_leaves_no_session(server: RunningServer) -> None:
    create_room(server)
    assert run_in(server, "import os; os._exit(1)")[0] == "aborted"
    server.request("DELETE", "rooms/demo/kernel")
    assert printed_by(server, "print(2)") == "2\n"
