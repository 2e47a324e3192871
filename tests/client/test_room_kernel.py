"""A room's cells, run on the room's kernel from Python; against a real server."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
from pycrdt import Map

from jupyter_collab import SharedEditor, connect, connect_async
from jupyter_collab.client import Room
from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import CellFailed, InputNotWanted, KernelNotFound, NoKernel, PermissionDenied
from tests.servers import RunningServer

from .doubles import notebook

CELL_SECONDS = 60.0


@pytest.fixture
def room(server: RunningServer, request: pytest.FixtureRequest) -> Iterator[Room]:
    """A room of the test's own, as its owner; its kernel ends with the test."""
    with connect(request.node.name[:60], server.url, server.token, create=True) as room:
        yield room
        room.kernel.stop()


def fill(room: Room, *sources: str) -> None:
    """Give a room these cells."""
    room.import_content(json.dumps(notebook(*sources)))


def test_cells_run_for_everybody_to_see(server: RunningServer, room: Room) -> None:
    fill(room, "x = 41", "print('so far')\nx + 1")
    with connect(room.id, server.url, server.token, role="viewer") as viewer:
        assert (room.kernel.status, room.kernel.name, room.kernel.waiting) == ("none", "", [])
        with pytest.raises(NoKernel):
            room.kernel.interrupt()
        first, second = room.run(timeout=CELL_SECONDS)
        assert (first.cell, first.status, first.outputs) == ("c0", "ok", [])
        assert [output.get("text") or output["data"]["text/plain"] for output in second.outputs] == ["so far\n", "42"]
        assert room.cell(1).outputs == second.outputs
        viewer.wait_for(lambda: viewer.cell(1).outputs == second.outputs, 20)
        viewer.wait_for(lambda: viewer.kernel.status == "idle" and not viewer.kernel.waiting, 20)
        assert room.kernel.name == "python3"
        with pytest.raises(PermissionDenied):
            viewer.run(0)
        with pytest.raises(PermissionDenied):
            viewer.kernel.restart()


def test_an_editor_runs_what_it_shows_in_the_kernel_of_the_room(server: RunningServer, room: Room) -> None:
    fill(room, "shared = 1", "shared + 1", "1 / 0")
    one, whole = (SharedEditor(room.id, cell, url=server.url, token=server.token) for cell in (0, None))
    try:
        (run,) = one.run(timeout=CELL_SECONDS)
        assert (run.cell, run.status) == ("c0", "ok")
        (run,) = whole.run(1, timeout=CELL_SECONDS)
        room.wait_for(lambda: room.cell(1).outputs == run.outputs, 20)
        assert run.outputs[0]["data"]["text/plain"] == "2"
        with pytest.raises(CellFailed):
            whole.run(timeout=CELL_SECONDS)
        assert [run.status for run in whole.run(timeout=CELL_SECONDS, check=False)] == ["ok", "ok", "error"]
    finally:
        one.close()
        whole.close()


def test_help_is_among_the_outputs(room: Room) -> None:
    room.cells[0].source = "print?"
    room.run(0, timeout=60)
    (output,) = room.cells[0].outputs
    assert "Signature" in output["data"]["text/plain"]


def test_the_last_edit_is_what_runs_and_failing_is_an_error(room: Room) -> None:
    fill(room, "", "'after'", "# text")
    room.set_cell_type(2, "markdown")
    room.cell(0).source = "{}['missing']"
    with pytest.raises(CellFailed, match=r"Cell 0 of room '.*' failed: KeyError: 'missing'"):
        room.run(timeout=CELL_SECONDS)
    failed, after = room.run(0, 1, 2, timeout=CELL_SECONDS, check=False)
    assert (failed.status, failed.outputs[-1]["output_type"]) == ("error", "error")
    assert (after.status, after.outputs) == ("aborted", [])
    room.edit(lambda document: _metadata(document, "c0").update({"tags": ["raises-exception"]}))
    assert [run.status for run in room.run(room.cell(0), "c1", timeout=CELL_SECONDS)] == ["error", "ok"]


def test_questions_are_answered_and_what_goes_on_for_ever_is_interrupted(room: Room) -> None:
    fill(room, "from getpass import getpass\nlen(getpass('Word? '))", "import time\nwhile True:\n    time.sleep(0.05)")
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(room.run, 0, timeout=CELL_SECONDS)
        question = room.wait_for(lambda: room.kernel.question, CELL_SECONDS)
        assert question is not None
        assert (question.prompt, question.is_password, question.cell) == ("Word? ", True, "c0")
        assert room.kernel.waiting == ["c0"]
        room.kernel.answer(question, "secret")
        [answered] = running.result(CELL_SECONDS)
        assert answered.outputs[-1]["data"]["text/plain"] == "6"
        with pytest.raises(InputNotWanted):
            room.kernel.answer(question, "again")

        endless = threads.submit(room.run, 1)
        room.wait_for(lambda: room.kernel.status == "busy" and room.kernel.waiting == ["c1"], 20)
        with pytest.raises(TimeoutError, match="still run"):
            room.run(0, timeout=0.5)
        room.kernel.cancel()
        room.wait_for(lambda: room.kernel.waiting == ["c1"], 20)
        room.kernel.interrupt()
        with pytest.raises(CellFailed, match=r"Cell 1 of .* failed: KeyboardInterrupt"):
            endless.result(CELL_SECONDS)


def test_with_async_and_another_kernel(server: RunningServer, room: Room) -> None:
    fill(room, "x = 1", "x")

    async def run() -> None:
        async with connect_async(room.id, server.url, server.token) as twin:
            assert "python3" in [spec.name for spec in await twin.kernel.specs()]
            with pytest.raises(KernelNotFound):
                await twin.kernel.choose("no-such-kernel")
            await twin.run(0, timeout=CELL_SECONDS)
            await twin.kernel.restart()
            with pytest.raises(CellFailed, match="NameError"):
                await twin.run(1, timeout=CELL_SECONDS)
            await twin.kernel.stop()
            await twin.wait_for(lambda: twin.kernel.status == "none", 20)
            assert [run.status for run in await twin.run(0, 1, timeout=CELL_SECONDS)] == ["ok", "ok"]

    anyio.run(run)


def _metadata(document: RoomDocument, cell_id: str) -> "Map[Any]":
    metadata: Map[Any] = next(cell for cell in document.doc["cells"] if cell["id"] == cell_id)["metadata"]
    return metadata
