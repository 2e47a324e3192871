"""Which kernels rooms may use is the deployer's word."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from jupyter_server.serverapp import ServerApp

from jupyter_collab.kernels.specs import KernelRules, specs_for_rooms
from jupyter_collab.server.kernel_host import SessionHost
from tests.servers import RunningServer, start_server

from .kernel_texts import create_room, printed_by


def install_kernel(data: Path, name: str) -> None:
    """A kernelspec below one of Jupyter's data folders."""
    folder = data / "kernels" / name
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": name, "language": "python", "env": {"KERNELSPEC": name}}
    (folder / "kernel.json").write_text(json.dumps(spec))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    install_kernel(tmp_path / "data", "apart")
    install_kernel(tmp_path / "data", "other")
    with start_server(tmp_path, CollabExtension={"room_kernels": ["apart*"]}) as running:
        yield running


def message_of(response: httpx.Response) -> str:
    body = response.json()
    assert (response.status_code, body["reason"]) == (404, "kernel_not_found")
    return str(body["message"])


def test_a_room_uses_the_kernel_that_it_may(server: RunningServer) -> None:
    create_room(server)
    assert printed_by(server, "import os; print(os.environ['KERNELSPEC'])") == "apart\n"
    state = server.request("GET", "rooms/demo/kernel").json()
    assert ([spec["name"] for spec in state["specs"]], state["default"]) == (["apart"], "apart")


def test_another_one_cannot_be_chosen(server: RunningServer) -> None:
    create_room(server)
    response = httpx.put(f"{server.url}api/collab/rooms/demo/kernel", json={"name": "python3"}, headers=server.headers)
    assert message_of(response) == "This server keeps the kernel 'python3' out of rooms. Choose one of: apart."


def test_a_notebook_that_names_another_one_is_not_run_with_it(server: RunningServer) -> None:
    create_room(server, "python3")
    server.request("POST", "rooms/demo/runs", json={"cells": "all"})
    while (state := server.request("GET", "rooms/demo/kernel").json())["queue"]:
        pass
    assert state["kernel"] is None
    assert state["message"] == "This server keeps the kernel 'python3' out of rooms. Choose one of: apart."
    assert httpx.get(f"{server.url}api/kernels", headers=server.headers).json() == []


async def test_a_session_with_another_one_is_not_taken_up(jp_serverapp: ServerApp) -> None:
    sessions = jp_serverapp.session_manager
    session = await sessions.create_session(path="collab:demo", name="demo", type="room", kernel_name="python3")
    assert await SessionHost(jp_serverapp, "one", KernelRules(["apart"])).find("demo") is None
    kernel = await SessionHost(jp_serverapp, "one", KernelRules(["python*"])).find("demo")
    assert kernel is not None
    await kernel.close()
    await sessions.delete_session(session["id"])


def test_the_first_pattern_that_fits_says_the_default() -> None:
    assert KernelRules(["z*", "apart"]).choice(["apart", "python3", "z1"]) == ["z1", "apart"]
    assert KernelRules().choice(["python3", "r"]) == ["python3", "r"]


@pytest.mark.parametrize(
    ("rooms_may_use", "are_apart"),
    [(("apart",), True), (("apart", "also-*"), True), ((), False), (("apart", "python3"), False), (("none",), False)],
)
def test_kernels_are_apart_if_no_room_can_have_another_one(rooms_may_use: tuple[str, ...], are_apart: bool) -> None:
    apart = {"metadata": {"kernel_provisioner": {"provisioner_name": "jupyter-collab-apart"}}}
    odd = {"metadata": {"kernel_provisioner": None}}
    found = {name: {"spec": apart} for name in ("apart", "also-apart")} | {
        "python3": {"spec": {}},
        "odd": {"spec": odd},
    }
    assert specs_for_rooms(found, KernelRules(rooms_may_use), "python3").are_apart == are_apart
