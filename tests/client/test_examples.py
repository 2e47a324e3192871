"""The programs in the docs do what the text says, at a real server."""

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_collab import connect
from tests.servers import REPOSITORY, RunningServer, start_server

from .doubles import notebook

PROGRAM_SECONDS = 60


def programs_of(page: Path) -> str:
    """The Python of a page, one piece after the other; without what runs cells, which needs a room with some."""
    pieces = re.findall(r"^ *```python\n(.*?)^ *```$", page.read_text(), re.DOTALL | re.MULTILINE)
    return "\n".join(textwrap.dedent(piece) for piece in pieces if "room.run(" not in piece)


def start(page: Path, server: RunningServer, folder: Path) -> "subprocess.Popen[str]":
    """Run the programs of a page, in a process of its own that finds the server as a user's script does."""
    source = f"import asyncio\nasync def main():\n{textwrap.indent(programs_of(page), '    ')}\nasyncio.run(main())\n"
    own = {"JUPYTER_COLLAB_URL": server.url, "JUPYTER_COLLAB_TOKEN": server.token, "PYTHONPATH": str(REPOSITORY)}
    others = {name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"}
    command = [sys.executable, "-c", source]
    return subprocess.Popen(command, cwd=folder, env={**others, **own}, text=True, stdout=subprocess.PIPE)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server with the room of which the docs speak."""
    with start_server(tmp_path) as server:
        server.create_room("demo", content=notebook("from a person"))
        yield server


@pytest.mark.timeout(2 * PROGRAM_SECONDS)
def test_the_programs_of_the_page_for_python_run(server: RunningServer, tmp_path: Path) -> None:
    server.create_room("lecture-1", title="Lecture 1")
    with connect("demo", server.url, server.token) as ada:
        program = start(REPOSITORY / "docs" / "python.md", server, tmp_path)
        ada.wait_for(lambda: ada.cells[0].source == "# HOW MANY\nCOUNT = 1\nPRINT(COUNT)\n", PROGRAM_SECONDS)
        ada.cells[1].append("\ndone")
        printed, _ = program.communicate(timeout=PROGRAM_SECONDS)
        assert program.returncode == 0
        assert "lecture-1 Lecture 1 0" in printed
        assert "done" in (tmp_path / "copy.ipynb").read_text()
        ada.wait_for(lambda: [cell.source for cell in ada.cells] == ["x = 1", "from a person\ndone"], 20)
    assert server.request("GET", "rooms/lecture-2").json()["title"] == "Lecture 2"


@pytest.mark.timeout(2 * PROGRAM_SECONDS)
def test_the_programs_of_the_first_page_run(server: RunningServer, tmp_path: Path) -> None:
    program = start(REPOSITORY / "README.md", server, tmp_path)
    program.communicate(timeout=PROGRAM_SECONDS)
    assert program.returncode == 0
    with connect("demo", server.url, server.token) as ada:
        assert ada.cells[0].source.endswith("\nprint('hello from Python')")
