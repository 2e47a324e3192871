"""What a kernel asks of the notebook when a cell has run: the ``payload`` of an execute reply.

The protocol calls payloads deprecated, but IPython's ``name?``, ``%load`` and their like need them; see
https://jupyter-client.readthedocs.io/en/stable/messaging.html#payloads-deprecated. What JupyterLab's notebook does with
them is done here for a room.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..document import RoomDocument

__all__ = ["MAX_INPUT_BYTES", "NextInput", "Payload", "put_input", "read_payload", "text_shown", "words_shown"]

MAX_INPUT_BYTES = 1 * 2**20
"""The longest text that a kernel may put into a cell."""

MAX_ENTRIES = 100
"""What a payload has beyond so many entries is passed over."""


@dataclass(frozen=True, slots=True)
class NextInput:
    """A text for the cell that was run, if it ``replaces`` that, or for a new cell below."""

    text: str
    replaces: bool

    @property
    def is_too_long(self) -> bool:
        """Whether no cell should have that much text."""
        return len(self.text.encode(errors="replace")) > MAX_INPUT_BYTES


@dataclass(frozen=True, slots=True)
class Payload:
    """What a reply asks for. ``shown``: the contents of ``display_data`` messages."""

    shown: Sequence[Mapping[str, Any]] = ()
    next_input: NextInput | None = None
    ends_kernel: bool = False


def read_payload(reply: Mapping[str, Any]) -> Payload:
    """What the content of an execute reply asks for; nothing if the cell failed. Of several next inputs the first."""
    entries = reply.get("payload")
    if reply.get("status") != "ok" or not isinstance(entries, list):
        return Payload()
    shown: list[Mapping[str, Any]] = []
    inputs: list[NextInput] = []
    ends_kernel = False
    for entry in entries[:MAX_ENTRIES]:
        match entry:
            case {"source": "page", "data": {**data}}:
                shown.append({"data": data, "metadata": {}})
            case {"source": "set_next_input", "text": str(text)}:
                inputs.append(NextInput(text, entry.get("replace") is True))
            case {"source": "edit_magic" | "edit", "filename": str(filename)}:
                shown.append(words_shown(f"A room opens no editor for a file. The file is {filename}."))
            case {"source": "ask_exit"}:
                ends_kernel = ends_kernel or entry.get("keepkernel") is not True
    return Payload(shown, inputs[0] if inputs else None, ends_kernel)


def put_input(document: RoomDocument, cell_id: str, ran: str, wanted: NextInput) -> None:
    """Put a text into the cell that was run as ``ran``, or into a new one below it.

    What others typed stays: a cell that says something else by now is not replaced. If the cell is gone, the new one
    is the last.
    """
    if wanted.replaces and document.is_code(cell_id) and document.source(cell_id) == ran:
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


def text_shown(why: str, wanted: NextInput) -> Sequence[Mapping[str, Any]]:
    """What is shown of a text that no cell gets, for the reason ``why``."""
    return [words_shown(f"{why} The kernel wanted to put this text into a cell:"), words_shown(wanted.text)]
