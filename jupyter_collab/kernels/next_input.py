"""A text that a kernel wants to put into a cell: it is an edit by the person who ran what wants it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..access import Capability
from ..document import RoomDocument
from ..errors import CollabError, NotSaved
from ..rooms import RoomManager
from .run_queue import Run

__all__ = ["MAX_INPUT_BYTES", "NextInput", "put_input", "words_shown"]

MAX_INPUT_BYTES = 1 * 2**20
"""The longest text that a kernel may put into a cell."""

TOO_LONG = (
    f"The kernel wanted to put a text into a cell that is longer than {MAX_INPUT_BYTES // 2**20} MiB. That is too much "
    "for a cell: let the code read the file instead."
)


@dataclass(frozen=True, slots=True)
class NextInput:
    """A text for the cell that was run, if it ``replaces`` that, or for a new cell below."""

    text: str
    replaces: bool

    @property
    def is_too_long(self) -> bool:
        """Whether no cell should have that much text."""
        return len(self.text.encode(errors="replace")) > MAX_INPUT_BYTES


async def put_input(rooms: RoomManager, room_id: str, run: Run, wanted: NextInput) -> Sequence[Mapping[str, Any]]:
    """Put the text into a cell of the room; returns what is shown instead if that must not be, or fails.

    These are contents of ``display_data`` messages.
    """
    if wanted.is_too_long:
        return [words_shown(TOO_LONG)]
    is_put = False

    def change(document: RoomDocument) -> None:
        nonlocal is_put
        _put(document, run, wanted)
        is_put = True

    try:
        if not await run.may(Capability.EDIT):
            return _text_shown(f"{run.user.shown_name} ran this and may not edit.", wanted)
        async with rooms.using(room_id) as room:
            await room.edits.change(change, run.origin)
    except NotSaved as error:
        return [] if is_put else _text_shown(str(error), wanted)  # it is saved later
    except CollabError as error:
        return _text_shown(str(error), wanted)
    return []


def _put(document: RoomDocument, run: Run, wanted: NextInput) -> None:
    """Put the text into the cell that was run, or into a new one below it.

    What others typed stays: a cell that says something else by now is not replaced. If the cell is gone, the new one
    is the last.
    """
    cell_id = run.cell_id
    if wanted.replaces and document.is_code(cell_id) and document.source(cell_id) == run.code.source:
        document.set_source(cell_id, wanted.text)
        return
    try:
        index = document.index_of(cell_id) + 1
    except KeyError:
        index = len(document.cell_ids)
    document.insert_cell(index, "code", wanted.text)


def words_shown(words: str) -> Mapping[str, Any]:
    """The content of a ``display_data`` message that says something to people."""
    return {"data": {"text/plain": words}, "metadata": {}}


def _text_shown(why: str, wanted: NextInput) -> Sequence[Mapping[str, Any]]:
    """What is shown of a text that no cell gets, for the reason ``why``."""
    return [words_shown(f"{why} The kernel wanted to put this text into a cell:"), words_shown(wanted.text)]
