"""``jupyter collab``."""

import asyncio
from pathlib import Path

import httpx
import nbformat
import pytest

from jupyter_collab.server import launch
from jupyter_collab.server.launch import lab_arguments
from tests.peers import eventually
from tests.servers import start_server

DEMO = Path(launch.__file__).parent / "demo.ipynb"


def test_opens_the_demo_room_by_default() -> None:
    assert lab_arguments(["--no-browser"]) == [
        "--LabApp.default_url=/collab/room/demo",
        "--CollabExtension.demo_room=demo",
        "--no-browser",
    ]


def test_opens_another_room_and_passes_the_rest_on() -> None:
    assert lab_arguments(["class-7b", "--port", "8889"]) == [
        "--LabApp.default_url=/collab/room/class-7b",
        "--port",
        "8889",
    ]


def test_refuses_a_name_that_no_room_may_have(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        lab_arguments(["../etc"])
    assert "letters" in capsys.readouterr().err


def test_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        lab_arguments(["--help"])
    assert "shared room" in capsys.readouterr().out


def test_the_address_of_a_room_leads_to_it(tmp_path: Path) -> None:
    with start_server(tmp_path, ServerApp={"base_url": "/user/ada/"}) as server:
        address = f"{server.url}collab/room/demo"
        answer = httpx.get(address, headers=server.headers)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/user/ada/lab?room=demo")
        assert "login" in httpx.get(address).headers["Location"]
        assert httpx.get(f"{server.url}collab/room/..%2Flab", headers=server.headers).status_code == 400


def test_makes_the_demo_room_once_and_keeps_what_was_written_into_it(tmp_path: Path) -> None:
    with start_server(tmp_path, CollabExtension={"demo_room": "demo"}) as server:
        asyncio.run(eventually(lambda: server.request("GET", "rooms").json()["rooms"], "the room is made"))
        content = server.request("GET", "rooms/demo/content").json()
        nbformat.validate(nbformat.from_dict(content))
        assert [cell["id"] for cell in content["cells"]] == [
            cell["id"] for cell in nbformat.read(DEMO, as_version=4).cells
        ]
        server.request("PUT", "rooms/demo/content?format=md", content="mine")
        server.restart()
        assert server.request("GET", "rooms/demo/content?format=md").text == "mine"
