"""The OpenAPI file is valid, says what the server does, and the server does what it says."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

import jupyter_collab

from ..servers import RunningServer, start_server

SPECIFICATION = Path(jupyter_collab.__file__).parent / "server" / "openapi.yaml"

RUN_SECONDS = 300

RUNS = {
    "all but import": ["--exclude-operation-id", "importContent"],
    # Which type of body goes with which `format` cannot be said in OpenAPI, so some that it allows are refused; and
    # any bytes that are UTF-8 are text, also those that were made up as something else.
    "import": [
        *("--include-operation-id", "importContent", "--phases", "examples,coverage,fuzzing"),
        *("--exclude-checks", "positive_data_acceptance,negative_data_rejection"),
    ],
}


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
                if status < "400":
                    continue
                answer = shared[response["$ref"].rpartition("/")[2]] if "$ref" in response else response
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Error"}, (path, method, status)


@pytest.mark.timeout(RUN_SECONDS + 60)
@pytest.mark.parametrize("run", RUNS)
def test_server_and_specification_agree(server: RunningServer, run: str, tmp_path: Path) -> None:
    """Made-up requests, good and bad: none fails the server, and each is answered as the specification says."""
    end = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", SPECIFICATION),
            *("--url", f"{server.url}api/collab", "--header", f"Authorization: token {server.token}"),
            *("--checks", "all", "--max-examples", "20", "--seed", "1", "--generation-database", "none"),
            *("--request-timeout", "60", "--continue-on-failure", "--no-shrink", "--warnings", "off"),
            *RUNS[run],
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
    )
    assert end.returncode == 0, end.stdout[-8000:] + end.stderr[-2000:]
    assert "Tested: " in end.stdout
    assert server.is_running
    assert "Traceback" not in server.log
