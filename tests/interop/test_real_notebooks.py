"""Notebooks that others wrote, run whole on a room's kernel: the outputs are those that nbclient gets."""

import contextlib
import copy
import itertools
import json
import os
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.servers import RunningServer

RUN_SECONDS = 120.0

SHARE = [
    ("nbclient", "tests/files/Clear Output.ipynb"),
    ("nbclient", "tests/files/Inline Image.ipynb"),
    ("nbclient", "tests/files/SVG.ipynb"),
    ("nbclient", "tests/files/Skip Exceptions with Cell Tags.ipynb"),
    ("nbclient", "tests/files/UnicodePy3.ipynb"),
    ("nbclient", "tests/files/update-display-id.ipynb"),
    ("nbconvert", "tests/exporters/files/notebook2.ipynb"),
    ("nbconvert", "tests/files/notebook3_with_errors.ipynb"),
]
"""Packages of the test environment, and notebooks in their source archives: one for each thing that a kernel says."""

MORE = [
    ("nbclient", "tests/files/Empty Cell.ipynb"),
    ("nbclient", "tests/files/Error.ipynb"),
    ("nbclient", "tests/files/Factorials.ipynb"),
    ("nbclient", "tests/files/Skip Exceptions.ipynb"),
    ("nbconvert", "tests/exporters/files/rst_output.ipynb"),
    ("nbconvert", "tests/exporters/files/svg.ipynb"),
]
"""Those that say the same again; played with ``JC_NOTEBOOKS``."""

NOTEBOOKS = [*SHARE, *(MORE if "JC_NOTEBOOKS" in os.environ else [])]

CORNER = "2.3.0"
"""A package that only a kernel of its own has; in its source archive is a tutorial that plots."""

TUTORIAL = "docs/pages/sigmas.ipynb"

SEED = "import random, numpy\nrandom.seed(7)\nnumpy.random.seed(7)"
STYLE = "import matplotlib\nmatplotlib.rcParams['svg.hashsalt'] = 'same'\nmatplotlib.rcParams['svg.fonttype'] = 'none'"


def pip(*arguments: str) -> None:
    """Run pip; a machine that cannot skips the test, CI must not."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        why = f"pip {' '.join(arguments)}: {done.stderr[-500:]}"
        assert not os.environ.get("CI"), f"CI cannot run other people's notebooks: {why}"
        pytest.skip(why)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Fetches a package's source archive; answers the folder with its contents."""
    folder = tmp_path_factory.mktemp("sources")

    @cache
    def fetch(package: str, number: str) -> Path:
        pip("download", "--no-deps", "--no-binary", package, "--dest", str(folder), f"{package}=={number}")
        [archive] = folder.glob(f"{package}-*.tar.gz")
        with tarfile.open(archive) as contents:
            contents.extractall(folder, filter="data")
        return next(path for path in folder.glob(f"{package}-*") if path.is_dir())

    return fetch


@pytest.fixture(scope="module")
def plotter(server: RunningServer) -> str:
    """The name of a kernel on the server that has corner, which this environment has not."""
    packages, spec = server.folder / "packages", server.folder / "data" / "kernels" / "plotter" / "kernel.json"
    pip("install", "--no-deps", "--target", str(packages), f"corner=={CORNER}")
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    env = {"PYTHONPATH": str(packages)}
    spec.write_text(json.dumps({"argv": argv, "display_name": "Plotter", "language": "python", "env": env}))
    return "plotter"


def load(path: Path) -> Any:
    """A notebook without its outputs, and with nothing in it left to chance."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    prelude = nbformat.v4.new_code_cell(f"{SEED}\n{STYLE}")
    prelude.pop("id")
    notebook.cells.insert(0, prelude)
    return notebook


def by_nbclient(notebook: Any, environment: dict[str, str], folder: Path, kernel: str = "python3") -> Any:
    """The notebook with the outputs that nbclient gets, up to the first error."""
    client = NotebookClient(
        notebook,
        timeout=int(RUN_SECONDS),
        kernel_name=kernel,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    with contextlib.suppress(CellExecutionError):  # as in a room, what comes after an error is not run
        client.execute(env=environment)
    return notebook


def by_room(notebook: Any, server: RunningServer, room_id: str) -> Any:
    """The notebook with the outputs that it gets in a room, exported."""
    server.create_room(room_id, content=notebook)
    server.request("POST", f"rooms/{room_id}/runs", json={"cells": "all"})
    deadline = time.monotonic() + RUN_SECONDS
    while server.request("GET", f"rooms/{room_id}/kernel").json()["queue"]:
        assert time.monotonic() < deadline, "the room's kernel is not done"
        time.sleep(0.05)
    server.request("DELETE", f"rooms/{room_id}/kernel")
    text = server.request("GET", f"rooms/{room_id}/content", params={"format": "ipynb"}).text
    exported = nbformat.reads(text, as_version=4)
    nbformat.validate(exported)
    return exported


def results(notebook: Any) -> list[Any]:
    """What the code cells show, without what differs from run to run."""
    return [
        steady({"source": cell.source, "execution_count": cell.execution_count, "outputs": settled(cell.outputs)})
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def settled(outputs: list[Any]) -> list[Any]:
    """``outputs`` with neighbouring streams in one order: a kernel sends stdout and stderr whenever each is flushed."""
    found: list[Any] = []
    for is_stream, group in itertools.groupby(outputs, lambda output: output["output_type"] == "stream"):
        if not is_stream:
            found.extend(group)
            continue
        texts: dict[str, str] = {}
        for output in group:
            texts[output["name"]] = texts.get(output["name"], "") + output["text"]
        found.extend({"output_type": "stream", "name": name, "text": texts[name]} for name in sorted(texts))
    return found


def steady(value: Any) -> Any:
    """A value without memory addresses, process ids and times of day."""
    match value:
        case str():
            for pattern in (r"0x[0-9a-f]{6,}", r"ipykernel_\d+", r"\d{4}-\d\d-\d\dT[\d:.]+"):
                value = re.sub(pattern, "…", value)
            return value
        case {**fields}:
            return {key: steady(field) for key, field in fields.items()}
        case [*items]:
            return [steady(item) for item in items]
        case _:
            return value


@pytest.mark.parametrize(("package", "path"), NOTEBOOKS, ids=lambda value: Path(value).stem)
def test_a_room_gets_the_outputs_that_nbclient_gets(
    server: RunningServer, source: Callable[[str, str], Path], package: str, path: str
) -> None:
    file = source(package, version(package)) / path
    room_id = re.sub(r"\W+", "-", f"{package} {file.stem}".lower())
    expected = by_nbclient(load(file), server.environment, server.folder / "root")
    exported = by_room(load(file), server, room_id)
    assert results(exported) == results(expected)
    assert any(cell["outputs"] for cell in results(exported))


@pytest.mark.timeout(400)  # pip builds and installs first
def test_a_tutorial_runs_on_the_kernel_that_it_names(
    server: RunningServer,
    source: Callable[[str, str], Path],
    plotter: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", server.environment["JUPYTER_DATA_DIR"])  # where nbclient looks for kernels
    notebook = load(source("corner", CORNER) / TUTORIAL)
    notebook.metadata["kernelspec"] = {"name": plotter, "display_name": "Plotter", "language": "python"}
    expected = by_nbclient(copy.deepcopy(notebook), server.environment, server.folder / "root", plotter)
    exported = by_room(notebook, server, "tutorial")
    assert results(exported) == results(expected)
    outputs = [output for cell in results(exported) for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert len([output for output in outputs if "image/png" in output.get("data", {})]) == 2
