"""A real jupyter-collaboration beside ours: one notebook on several pages, with a cell that a room has too."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

import jupyter_collab
from tests.servers import REPOSITORY, RunningServer

from .bound import bound_cell, open_notebook
from .conftest import start_lab
from .packages import install
from .people import Person, until
from .rooms import room_with, write_cells

pytestmark = pytest.mark.browser

PACKAGES = [
    "jupyter-collaboration-ui~=3.0",
    "jupyter-docprovider~=3.0",
    "jupyter-server-fileid~=0.10.0",
    "jupyter-server-ydoc~=3.0",
    "jupyter-ydoc~=4.2",
    "pycrdt-store~=0.1.5",
    "pycrdt-websocket~=0.16.5",
    "sqlite-anyio~=0.2.10",
]
"""Those parts of jupyter-collaboration, and of what it needs, that ours does not need.

They are kept out of the tests' own environment, where they would be part of every server.
"""


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with jupyter-collaboration, in no environment."""
    folder = tmp_path_factory.mktemp("peer")
    install(folder, PACKAGES)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, peer: Path) -> Iterator[RunningServer]:
    """A JupyterLab with both."""
    folder = tmp_path_factory.mktemp("both")
    path = os.pathsep.join(str(place) for place in (folder / "share", peer / "share" / "jupyter"))
    with start_lab(
        folder,
        env={"PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(peer)]), "JUPYTER_PATH": path},
        extensions=["jupyter_server_fileid", "jupyter_server_ydoc"],
    ) as lab:
        yield lab


def test_all_who_type_are_heard_once(browser: Browser, server: RunningServer, tmp_path: Path) -> None:
    room_with(server, "both", "x")
    path = write_cells(server, "both.ipynb", bound_cell("own", "both", "c0", "x"))
    with (
        jupyter_collab.connect("both", url=server.url, token=server.token) as eve,
        Person(browser, server, "Bob", tmp_path) as bob,
        Person(browser, server, "Ada", tmp_path) as ada,
    ):
        at_bob = open_notebook(bob, path)
        at_bob.wait_for_state(0, "shared")
        at_ada = open_notebook(ada, path)
        at_ada.wait_for_state(0, "elsewhere")
        for step in range(6):
            at_ada.type(0, "a")
            at_bob.type(0, "b")
            eve.cells[0].append("e")
            if step % 3 == 0:
                until(lambda: len(at_ada.source(0)) == len(eve.cells[0].source))

        def texts() -> set[str]:
            return {eve.cells[0].source, at_ada.source(0), at_bob.source(0)}

        (text,) = until(texts, lambda seen: len(seen) == 1 and len(min(seen)) == 1 + 18)
        assert sorted(text) == sorted("x" + "abe" * 6)
        ada.take_picture("both")

        bob.page.goto("about:blank")
        at_ada.wait_for_state(0, "shared")
        at_ada.type(0, "!")
        until(lambda: eve.cells[0].source, lambda seen: seen == text + "!")
