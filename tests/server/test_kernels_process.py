"""The rooms' kernels on a server process of its own: whoever leaves, whatever is killed, however much is printed."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from jupyter_collab import connect
from tests.servers import RunningServer, start_server

WAIT_SECONDS = 60.0
LOOK_SECONDS = 0.05
BLOB_TYPE = "application/vnd.jupyter-collab.blob+json"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with start_server(tmp_path) as running:
        yield running


def create(server: RunningServer, *sources: str) -> None:
    """The room ``demo``, with code cells whose ids are c0, c1 and so on."""
    cells = [
        {"id": f"c{number}", "cell_type": "code", "source": source, "metadata": {}, "outputs": []}
        for number, source in enumerate(sources)
    ]
    server.create_room("demo", content={"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


def run(server: RunningServer, *cells: str) -> None:
    server.request("POST", "rooms/demo/runs", json={"cells": cells or "all"})


def until(server: RunningServer, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The state of the kernel, as soon as it is as wanted."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition(state := server.request("GET", "rooms/demo/kernel").json()):
        assert time.monotonic() < deadline, state
        time.sleep(LOOK_SECONDS)
    return dict(state)


def cell(server: RunningServer, number: int) -> dict[str, Any]:
    """A cell as it is now."""
    with connect("demo", server.url, server.token) as room:
        return dict(room.cells[number].to_dict())


def printed(shown: dict[str, Any]) -> str:
    return "".join(output.get("text", "") for output in shown["outputs"])


def run_info(shown: dict[str, Any]) -> dict[str, Any]:
    return dict(shown["metadata"]["jupyter_collab"]["run"])


def until_cell(server: RunningServer, number: int, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition(shown := cell(server, number)):
        assert time.monotonic() < deadline, shown
        time.sleep(LOOK_SECONDS)
    return shown


def is_running(shown: dict[str, Any]) -> bool:
    return "begun" in printed(shown) and run_info(shown)["status"] == "running"


def blob_of(server: RunningServer, shown: dict[str, Any]) -> httpx.Response:
    """What the only link of a cell leads to."""
    (digest,) = (
        output["data"][BLOB_TYPE]["digest"] for output in shown["outputs"] if BLOB_TYPE in output.get("data", {})
    )
    return server.request("GET", f"rooms/demo/blobs/{digest}")


def test_a_run_goes_on_when_its_author_leaves(server: RunningServer) -> None:
    create(
        server, "import time\nprint('begun', flush=True)\nwhile not open('go').read(): time.sleep(0.01)\nprint('end')"
    )
    go = server.folder / "root" / "go"
    go.write_text("")
    with connect("demo", server.url, server.token) as room:
        run(server)
        room.wait_for(lambda: is_running(room.cells[0].to_dict()), WAIT_SECONDS)
    assert httpx.get(f"{server.url}api/collab/rooms/demo", headers=server.headers).json()["people"] == []
    go.write_text("now")
    until(server, lambda state: not state["queue"])
    shown = cell(server, 0)
    assert (printed(shown), run_info(shown)["status"]) == ("begun\nend\n", "ok")


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_server_that_is_started_again_says_that_the_kernel_is_gone(server: RunningServer, end: str) -> None:
    create(server, "print('begun', flush=True)\nwhile True: pass", "1 + 1")
    run(server)
    until_cell(server, 0, is_running)
    getattr(server, end)()
    server.start()
    state = until(server, lambda state: True)
    assert (state["kernel"], state["queue"]) == (None, [])
    assert "gone" in state["message"]
    shown = cell(server, 0)
    assert (printed(shown), run_info(shown)["status"]) == ("begun\n", "aborted")
    run(server, "c1")
    state = until(server, lambda state: not state["queue"])
    assert (state["message"], cell(server, 1)["outputs"][0]["data"]["text/plain"]) == (None, "2")


def test_a_server_whose_kernel_could_not_start_says_so_and_stops_when_asked(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    folder = server.folder / "data" / "kernels" / "nowhere"
    folder.mkdir(parents=True)
    spec = {"argv": ["/no/such/program", "{connection_file}"], "display_name": "Nowhere", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    with server:
        create(server, "1 + 1")
        server.request("PUT", "rooms/demo/kernel", json={"name": "nowhere"})
        run(server)
        state = until(server, lambda state: not state["queue"])
        assert state["kernel"] is None
        assert "'nowhere' did not start" in state["message"]
        server.request("PUT", "rooms/demo/kernel", json={"name": "python3"})
        run(server)
        until(server, lambda state: not state["queue"])
        assert cell(server, 0)["outputs"][0]["data"]["text/plain"] == "2"
    assert "Error" not in server.log.split("stopping")[-1]


def test_a_hundred_thousand_lines_are_small_in_the_room_and_whole_behind_a_link(server: RunningServer) -> None:
    create(server, "for number in range(100_000): print('line', number)")
    run(server)
    until(server, lambda state: not state["queue"])
    shown = cell(server, 0)
    assert len(json.dumps(shown)) < 100_000
    assert printed(shown).endswith("line 99999\n")
    blob = blob_of(server, shown)
    assert blob.text + printed(shown) == "".join(f"line {number}\n" for number in range(100_000))
    assert blob.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert blob.headers["Content-Security-Policy"] == "sandbox"
    assert blob.headers["X-Content-Type-Options"] == "nosniff"
    assert httpx.get(str(blob.request.url)).status_code == httpx.codes.FORBIDDEN


def test_a_large_image_is_behind_a_link(server: RunningServer) -> None:
    create(
        server,
        "import os\nfrom IPython.display import Image, display\n"
        "display(Image(b'\\x89PNG\\r\\n\\x1a\\n' + os.urandom(20_000_000), format='png', width=1, height=1))",
    )
    run(server)
    until(server, lambda state: not state["queue"])
    shown = cell(server, 0)
    assert run_info(shown)["status"] == "ok"
    assert len(json.dumps(shown)) < 10_000
    blob = blob_of(server, shown)
    assert (len(blob.content), blob.headers["Content-Type"]) == (20_000_008, "image/png")


@pytest.mark.parametrize("end", ["\\n", "\\r"])
def test_while_a_cell_prints_without_end_the_others_go_on_and_it_can_be_interrupted(
    server: RunningServer, end: str
) -> None:
    create(server, f"print('begun')\nwhile True: print('again and again', end='{end}', flush=True)", "")
    run(server, "c0")
    until_cell(server, 0, lambda shown: "again" in printed(shown))
    with connect("demo", server.url, server.token) as ada, connect("demo", server.url, server.token) as ben:
        for number in range(20):
            ada.cells[1].append(f"{number} ")
            ada.wait_saved(WAIT_SECONDS)
        text = "".join(f"{number} " for number in range(20))
        ben.wait_for(lambda: ben.cells[1].source == text, WAIT_SECONDS)
    server.request("POST", "rooms/demo/kernel/interrupt")
    until(server, lambda state: not state["queue"])
    shown = cell(server, 0)
    assert run_info(shown)["status"] == "error"
    assert len(json.dumps(shown)) < 200_000
