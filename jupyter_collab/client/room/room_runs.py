"""Runs of cells on their room's kernel: asked for, waited for, and judged."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, Literal

import anyio

from ...document import RoomDocument
from ...errors import CellFailed
from ..http.kernel_client import CellRun
from ..replica.room_core import RoomCore
from .room_view import RoomView

__all__ = ["require_success", "run_in_room"]

FIRST_PAUSE_SECONDS = 0.05
LAST_PAUSE_SECONDS = 5.0
"""How long to wait before the server is asked again; its events make that shorter."""

MAY_FAIL_TAG = "raises-exception"


async def run_in_room(
    core: RoomCore, cells: Sequence[str] | Literal["all"], timeout_seconds: float | None
) -> list[CellRun]:
    """Run cells, by their ids, on the room's kernel; returns when all have ended and their outputs are here.

    Raises
    ------
    TimeoutError
        When it takes longer; what was asked for goes on.
    """
    try:
        with anyio.fail_after(timeout_seconds):
            await core.wait_saved(None)
            cell_of = await core.kernel.run(cells)
            ended = await _all_ended(core, cell_of.keys())
            await core.catch_up()
    except TimeoutError:
        raise TimeoutError(f"The cells of room {core.room_id!r} still run after {timeout_seconds} s.") from None
    document = core.document
    return [CellRun(number, cell, ended[number], _outputs(document, cell)) for number, cell in cell_of.items()]


async def _all_ended(core: RoomCore, runs: Collection[int]) -> dict[int, str]:
    """How each run ended. The room's history of runs says so, once the outputs are durable."""
    ended: dict[int, str] = {}
    waiting = set(runs)
    pause = FIRST_PAUSE_SECONDS
    while waiting:
        if not _are_told_to_have_ended(core, waiting):
            pause = FIRST_PAUSE_SECONDS
            with anyio.move_on_after(LAST_PAUSE_SECONDS):
                await core.wait_for(partial(_are_told_to_have_ended, core, waiting), None)
        ended |= await core.kernel.ended(waiting)
        waiting -= ended.keys()
        if waiting and _are_told_to_have_ended(core, waiting):
            await anyio.sleep(pause)  # the news, or what is kept of the run, is on its way
            pause = min(2 * pause, LAST_PAUSE_SECONDS)
    return ended


def _are_told_to_have_ended(core: RoomCore, runs: set[int]) -> bool:
    return core.replica.queued_runs.isdisjoint(runs)


def _outputs(document: RoomDocument, cell_id: str) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = []
    return document.cell(cell_id).get("outputs", outputs) if cell_id in document.cell_ids else outputs


def require_success(room: RoomView, runs: Sequence[CellRun]) -> None:
    """Raise for the first run that did not end well, but not for a cell whose tag says that it may fail.

    Raises
    ------
    CellFailed
        It says how.
    """
    for run in runs:
        name = room.read(partial(_failed_cell, run=run))
        if name:
            raise CellFailed(f"{name} of room {room.id!r} {_what_happened(run)}.")


def _failed_cell(document: RoomDocument, run: CellRun) -> str:
    """What messages call the cell of a run that did not end well; empty if it did, or may fail."""
    is_left = run.cell in document.cell_ids
    if run.status == "ok" or (run.status == "error" and is_left and MAY_FAIL_TAG in document.tags(run.cell)):
        return ""
    return f"Cell {document.index_of(run.cell)}" if is_left else "A cell"


def _what_happened(run: CellRun) -> str:
    errors = [output for output in run.outputs if output["output_type"] == "error"]
    if run.status == "aborted":
        return "did not run to its end"
    return f"failed: {errors[-1]['ename']}: {errors[-1]['evalue']}" if errors else "failed"
