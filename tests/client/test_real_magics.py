"""The magics where people use them: in a notebook that is run as a whole, and in a terminal."""

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
import pexpect  # type: ignore[import-untyped]  # it has no types
import pytest
from nbclient import NotebookClient

from jupyter_collab import connect
from tests.servers import RunningServer

from .doubles import notebook

CELL_SECONDS = 60


@pytest.fixture(autouse=True)
def _found(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process starts finds the server, and no other."""
    for name in ("JPY_PARENT_PID", "JUPYTER_COLLAB_URL", "JUPYTERHUB_SERVICE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)


def run_notebook(*sources: str) -> list[list[dict[str, Any]]]:
    """The outputs of a notebook's cells, those of failing cells among them."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    whole = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(whole, timeout=CELL_SECONDS, kernel_name="python3", allow_errors=True).execute()
    return [cell.outputs for cell in whole.cells]


def printed(outputs: list[dict[str, Any]]) -> str:
    return "".join(output["text"] for output in outputs if output["output_type"] == "stream")


def results(outputs: list[dict[str, Any]]) -> list[str]:
    return [output["data"]["text/plain"] for output in outputs if output["output_type"] == "execute_result"]


def errors(outputs: list[dict[str, Any]]) -> list[str]:
    return [output["ename"] for output in outputs if output["output_type"] == "error"]


def test_a_notebook_shares_and_runs(server: RunningServer) -> None:
    server.create_room("lesson", content=notebook("base = 20", "base + 1", "base / 0"))
    _, shared, editor, ran, failed, later, mistake = run_notebook(
        "%load_ext jupyter_collab",
        "%%collab exercise\nx = 1\nx + 1",
        "from jupyter_collab import SharedEditor\neditor = SharedEditor('lesson', 0)\neditor.run_here(); print(base)",
        "%collab run_here lesson/1",
        "editor.run_here(2)",
        "print(x, base)",
        "%collab run_here nobody-made-this",
    )
    assert printed(shared) == "Room 'exercise' is new.\nShared as cell 0 of room 'exercise'.\n"
    assert results(shared) == ["2"]
    assert printed(editor) == "20\n"
    assert results(ran) == ["21"]
    assert errors(failed) == ["ZeroDivisionError", "CellFailed"]
    assert failed[-1]["traceback"] == ["Cell 2 of room 'lesson' failed: ZeroDivisionError: division by zero"]
    assert printed(later) == "1 20\n"
    assert "UsageError: There is no room 'nobody-made-this'" in printed(mistake)
    with connect("exercise", server.url, server.token) as room:
        assert room.text == "x = 1\nx + 1"


def test_shared_cells_await_as_a_notebooks_own_cells_do(server: RunningServer) -> None:
    waiting = "import asyncio\nvalue = await asyncio.sleep(0, 'awaited')\nvalue"
    server.create_room("waiting", content=notebook(waiting, "len(value)", "await asyncio.sleep(0)\n1 / 0", "'never'"))
    _, shared, ran, failed, mixed, unknown = run_notebook(
        "%load_ext jupyter_collab",
        "%%collab new-waiting\nimport asyncio\ntask = asyncio.ensure_future(asyncio.sleep(0, 5))\nawait task",
        "%collab run_here waiting/0",
        "%collab run_here waiting",
        "print(task.done(), value)\n%collab run_here waiting/0",
        "%collab run_here waiting/7",
    )
    assert results(shared) == ["5"]
    assert results(ran) == ["'awaited'"]
    assert results(failed) == ["'awaited'", "7"]
    assert errors(failed) == ["ZeroDivisionError", "CellFailed"]
    assert printed(mixed).startswith("True awaited\n")
    assert "with nothing else in the cell" in printed(mixed)
    assert "UsageError: Room 'waiting' has no cell '7'" in printed(unknown)


def test_a_terminal(server: RunningServer, tmp_path: Path) -> None:
    server.create_room("console", content=notebook("print(6 * 7)", "1 / 0"))
    arguments = ["-m", "IPython", "--no-banner", "--no-confirm-exit", "--colors=nocolor", "--simple-prompt"]
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path), "TERM": "dumb"}
    terminal = pexpect.spawn(sys.executable, arguments, env=environment, timeout=CELL_SECONDS, encoding="utf-8")
    try:
        for line, answer in (
            ("%load_ext jupyter_collab", ""),
            ("%collab connect console", "You are owner in 'console'"),
            ("%collab run_here console/0", "42"),
            ("%collab run_here console/1", "Cell 1 of room 'console' failed: ZeroDivisionError"),
            ("%collab who", r"console: .* \(you\)"),
            ("%collab run_here console/7", "UsageError: Room 'console' has no cell '7'"),
            ("y = 1", ""),
            ("%collab push console", "Cell 2 of 'console' has it"),
        ):
            terminal.expect(r"In \[\d+\]: ")
            terminal.sendline(line)
            terminal.expect(answer)
        terminal.expect(r"In \[\d+\]: ")
        terminal.sendline("exit")
        terminal.expect(pexpect.EOF)
    finally:
        terminal.close(force=True)
    with connect("console", server.url, server.token) as room:
        assert room.cells[2].source == "y = 1"
        room.wait_for(lambda: len(room.people) == 1, 20)


def test_tab_in_a_terminal(server: RunningServer, tmp_path: Path) -> None:
    server.create_room("console-with-a-long-name", content=notebook("print(6 * 7)"))
    arguments = ["-m", "IPython", "--no-banner", "--no-confirm-exit", "--colors=nocolor"]
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path), "TERM": "xterm"}
    terminal = pexpect.spawn(
        sys.executable, arguments, env=environment, timeout=CELL_SECONDS, encoding="utf-8", dimensions=(40, 120)
    )
    try:
        terminal.expect(r"In .*\[.*1.*\]")
        terminal.sendline("%load_ext jupyter_collab")
        terminal.expect(r"In .*\[.*2.*\]")
        terminal.send("%collab run_here console-with\t")
        terminal.expect("-a-long-name")
        terminal.sendline("")
        terminal.expect("42")
        terminal.sendline("exit")
        terminal.expect(pexpect.EOF)
    finally:
        terminal.close(force=True)
