"""Run shared cells in the kernel, or terminal, that this code itself runs in."""

import asyncio
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

from ...document import RoomDocument
from ...errors import CannotRun, CellFailed
from ..room.cell import Cell
from ..room.room_view import RoomView

__all__ = [
    "code_cells",
    "is_async",
    "is_in_event_loop",
    "run_here",
    "run_source",
    "run_source_awaited",
    "sources_to_run",
]

LANGUAGE = "python"


def code_cells(room: RoomView) -> list[Cell]:
    """The cells of a room that can be run, in order."""
    return [cell for cell in room.cells if cell.cell_type == "code"]


def run_here(room: RoomView, cells: Iterable[Cell]) -> None:
    """Run cells one after another, as they are now, whatever others do meanwhile; outputs appear where this was called.

    Raises
    ------
    CannotRun
        When they cannot be run here.
    CellFailed
        When one failed; those after it are not run. IPython has shown its traceback by then.
    """
    for source, name in sources_to_run(room, cells):
        run_source(source, name)


def sources_to_run(room: RoomView, cells: Iterable[Cell]) -> Iterator[tuple[str, str]]:
    """The text of each cell as it is when the first is asked for, and what messages call it.

    Raises
    ------
    CannotRun
        As of :func:`run_here`; also when the turn of a cell comes that is not there any more.
    """
    language = room.read(lambda document: _language_of(document.metadata))
    if language not in ("", LANGUAGE):
        raise CannotRun(f"The cells of room {room.id!r} are {language}, and what runs here is Python.")
    for cell_id, source, name in [(cell.id, *_code_in(room, cell.id)) for cell in cells]:
        _code_in(room, cell_id)
        yield source, name


def _code_in(room: RoomView, cell_id: str) -> tuple[str, str]:
    """The source of a code cell now, and what messages call it; ``CannotRun``."""
    try:
        index, kind, source = room.read(partial(_look, cell_id=cell_id))
    except KeyError:
        raise CannotRun(f"A cell of room {room.id!r} was deleted before it could run.") from None
    name = f"Cell {index} of room {room.id!r}"
    if kind != "code":
        raise CannotRun(f"{name} is {kind}, not code.")
    return source, name


def run_source(source: str, name: str) -> None:
    """Run a text as a cell of the IPython around us; ``name`` is what messages call it. Errors as of :func:`run_here`.

    It gets no number of its own in the history, as it runs within a cell that has one.
    """
    shell = _shell()
    if is_async(shell, source) and is_in_event_loop():
        raise CannotRun(
            f"{name} uses `await`, which cannot run within other code. Run it with `%collab run_here`, with nothing "
            "else in the cell; press “Run here” in its editor; or take it into a cell of your own with `%collab pull`."
        )
    _require_success(shell.run_cell(source, store_history=False), name)


async def run_source_awaited(source: str, name: str) -> None:
    """Do what :func:`run_source` does, for a text that may ``await`` too."""
    shell = _shell()
    if not is_async(shell, source):
        with _interruptible():
            _require_success(shell.run_cell(source, store_history=False), name)
        return
    result = await shell.run_cell_async(
        source, store_history=False, transformed_cell=shell.transform_cell(source), preprocessing_exc_tuple=None
    )
    shell.events.trigger("post_execute")
    shell.events.trigger("post_run_cell", result)
    _require_success(result, name)


def _shell() -> InteractiveShell:
    shell = get_ipython()
    if shell is None:
        raise CannotRun("There is no IPython here to run it in: call this in a notebook, or in `ipython`.")
    return shell


def _require_success(result: ExecutionResult, name: str) -> None:
    error = result.error_before_exec or result.error_in_exec
    if error is not None:
        raise CellFailed(f"{name} failed: {type(error).__name__}: {error}") from error


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let an interrupt stop code that never awaits: what a kernel does of it in a cell that awaits ends only that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _look(document: RoomDocument, cell_id: str) -> tuple[int, str, str]:
    """A cell's index, type and source at one moment; KeyError if it is not there."""
    return document.index_of(cell_id), document.cell(cell_id)["cell_type"], document.source(cell_id)


def is_async(shell: InteractiveShell, source: str) -> bool:
    """Whether a text uses ``await`` outside of functions, and that is allowed here."""
    try:
        transformed = shell.transform_cell(source)
    except Exception:  # noqa: BLE001  # whatever a transformer has against it, running it will tell
        return False
    return shell.should_run_async(source, transformed_cell=transformed)


def is_in_event_loop() -> bool:
    """Whether this is called from within an event loop, which nothing can then wait for: as in a kernel."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _language_of(metadata: Mapping[str, Any]) -> str:
    """The language that a notebook's metadata names, in lower case; empty if it names none."""
    for key, field in (("language_info", "name"), ("kernelspec", "language")):
        match metadata.get(key):
            case {**fields} if isinstance(name := fields.get(field), str) and name:
                return name.lower()
    return ""
