"""What a kernel asks of the notebook when a cell has run: the ``payload`` of an execute reply.

The protocol calls payloads deprecated, but IPython's ``name?``, ``%load`` and their like need them; see
https://jupyter-client.readthedocs.io/en/stable/messaging.html#payloads-deprecated. What JupyterLab's notebook does with
them is done here for a room.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .next_input import NextInput, words_shown

__all__ = ["Payload", "read_payload"]

MAX_ENTRIES = 100
"""What a payload has beyond so many entries is passed over."""


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
