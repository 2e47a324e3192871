"""The OpenAPI file is valid, says what the server does, and the server does what it says."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from openapi_spec_validator import validate

import jupyter_collab

from ..servers import RunningServer, start_server

SPECIFICATION = Path(jupyter_collab.__file__).parent / "server" / "openapi.yaml"

EXAMPLES = int(os.environ.get("JC_API_EXAMPLES", "6"))
"""How many made-up requests each operation gets, beside those at the edges of what is allowed."""

RUN_SECONDS = 300 + 60 * EXAMPLES

COMING = ("join", "previewInvitation", "signIn", "changePassword")
IMPORTS = ("importContent", "mergeContent")
LEFT_OUT = (*IMPORTS, *COMING)

RUNS = {
    "all but import": [
        *(part for name in LEFT_OUT for part in ("--exclude-operation-id", name)),
        *("--max-examples", str(EXAMPLES)),
    ],
    # Which type of body goes with which `format` cannot be said in OpenAPI, so some that it allows are refused; and
    # any bytes that are UTF-8 are text, also those that were made up as something else.
    "import": [
        *(part for name in IMPORTS for part in ("--include-operation-id", name)),
        *("--phases", "examples,coverage,fuzzing"),
        *("--exclude-checks", "positive_data_acceptance,negative_data_rejection", "--max-examples", str(EXAMPLES)),
    ],
    # What is right in form is refused all the same: nobody guesses a token, and who guesses often must wait.
    "coming": [
        *(part for name in COMING for part in ("--include-operation-id", name)),
        *("--exclude-checks", "positive_data_acceptance", "--max-examples", str(EXAMPLES)),
        *("--phases", "examples,coverage,fuzzing"),
    ],
}

QUICK = ("--max-examples", "1", "--phases", "examples,fuzzing")
"""For those who are refused most of what they ask, before it is looked at what that is."""


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(SPECIFICATION.read_text())
    return loaded


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with start_server(tmp_path) as running:
        running.create_room("demo")  # what the specification takes as its example
        yield running


def test_the_specification_is_valid(specification: dict[str, Any]) -> None:
    validate(specification)


def test_every_answer_of_an_error_is_one_error(specification: dict[str, Any]) -> None:
    shared = specification["components"]["responses"]
    for path, operations in specification["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            for status, response in operation["responses"].items():
                if status < "400" or (path, status) == ("/me", "401"):  # it says as well how one can sign in
                    continue
                answer = shared[response["$ref"].rpartition("/")[2]] if "$ref" in response else response
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Error"}, (path, method, status)


def agree(server: RunningServer, folder: Path, mount: str, headers: dict[str, str], *options: str) -> None:
    """Made-up requests, good and bad: none fails the server, and each is answered as the specification says."""
    end = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", SPECIFICATION, "--url", f"{server.url}{mount}"),
            *(part for name, value in headers.items() for part in ("--header", f"{name}: {value}")),
            *("--checks", "all", "--seed", "1", "--generation-database", "none"),
            *(
                "--request-timeout",
                "60",
                "--max-response-time",
                "60",
                "--continue-on-failure",
                "--no-shrink",
                "--warnings",
                "off",
            ),
            *options,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
    )
    assert end.returncode == 0, end.stdout[-8000:] + end.stderr[-2000:]
    assert "Tested: " in end.stdout
    assert server.is_running
    assert "Traceback" not in server.log


@pytest.mark.timeout(RUN_SECONDS + 60)
@pytest.mark.parametrize("run", RUNS)
def test_server_and_specification_agree(server: RunningServer, run: str, tmp_path: Path) -> None:
    agree(server, tmp_path, "api/collab", server.headers, *RUNS[run])


@pytest.mark.timeout(RUN_SECONDS + 60)
def test_a_guest_is_answered_as_the_specification_says(server: RunningServer, tmp_path: Path) -> None:
    server.create_room("secret", title="The secret room")
    invite = server.request("POST", "rooms/demo/invitations", json={"role": "writer"}).json()
    own_page = {"X-Jupyter-Collab": "1"}
    with httpx.Client(base_url=f"{server.url}collab/api/", headers=own_page) as browser:
        browser.post("join", json={"token": invite["token"], "name": "Bob"}).raise_for_status()
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        left_out = (*LEFT_OUT, "leave")
        options = [part for name in left_out for part in ("--exclude-operation-id", name)]
        unasked = "ignored_auth"  # who is a guest by a cookie of their own is not what it tries
        agree(
            server,
            tmp_path,
            "collab/api",
            {**own_page, "Cookie": cookie},
            *QUICK,
            *options,
            "--exclude-checks",
            unasked,
        )
        assert browser.get("me").json()["display_name"] == "Bob"
    assert server.request("GET", "rooms/secret").json()["title"] == "The secret room"
    assert [room["id"] for room in server.request("GET", "rooms").json()["rooms"]] == ["secret", "demo"]


@pytest.mark.timeout(RUN_SECONDS + 60)
def test_who_may_only_read_is_answered_as_the_specification_says(tmp_path: Path) -> None:
    store = {"store_url": f"sqlite:///{tmp_path / 'rooms.sqlite'}"}
    for name in ("writable", "readable"):
        (tmp_path / name).mkdir()
    with start_server(tmp_path / "writable", CollabExtension=store) as writable:
        writable.create_room("demo", title="Before")
    readable = {"authorizer_class": "tests.attack.authorizers.ReadOnly"}
    with start_server(tmp_path / "readable", ServerApp=readable, CollabExtension=store) as server:
        options = [part for name in LEFT_OUT for part in ("--exclude-operation-id", name)]
        agree(server, tmp_path, "api/collab", server.headers, *QUICK, *options)
        rooms = server.request("GET", "rooms").json()["rooms"]
        assert [(room["id"], room["title"], room["role"]) for room in rooms] == [("demo", "Before", "viewer")]
