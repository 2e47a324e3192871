"""The outputs of a code cell, edited in the ways that JupyterLab's cells can follow.

JupyterLab (``CodeCellModel``, up to 4.6 at least) shows whatever is inserted among the outputs after all others, and
whatever happens to the text of a stream at the end of the last one; and a stream that follows outputs which were
removed it adds to what is before them. So text is changed in the last output only, and at its end. Everything else
exchanges the outputs from some place to the end, and what is new is inserted behind the old before that is removed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pycrdt import Array, Map, Text

from .cells import build_output, is_sound
from .differences import common_length

__all__ = ["OutputList"]

Output = Mapping[str, Any]


class OutputList:
    """The outputs of ``cell``, a code cell in a document."""

    def __init__(self, cell: "Map[Any]") -> None:
        if not is_sound(cell.get("outputs")):
            cell["outputs"] = Array()
        self._shared: Array[Any] = cell["outputs"]

    def __len__(self) -> int:
        return len(self._shared)

    def update(self, old: Sequence[Output] | None, new: Sequence[Output]) -> None:
        """Make ``new`` the outputs; ``old`` are those of the last update, if nothing else can have changed them.

        An output that stays the same must be the same object. Streams are one or the other by their ``text``.
        """
        if old is None or not self._are(old):
            self._replace(0, new)
            return
        start = _same(old, new)
        if start == len(old) == len(new):
            return
        if start == len(old) - 1 and start < len(new) and _is_one_stream(old[start], new[start]):
            self._change_last_text(old[start]["text"], new[start]["text"])
            start += 1
            self._append(new[start:])
        elif start == len(old):
            self._append(new[start:])
        else:
            self._replace(_replaceable(start, new), new)

    def _are(self, outputs: Sequence[Output]) -> bool:
        """Whether these may be the outputs that are there, as far as editing them goes."""
        if len(self._shared) != len(outputs):
            return False
        if not outputs or outputs[-1]["output_type"] != "stream":
            return True
        text = self._last_text()
        return text is not None and len(text) == len(outputs[-1]["text"].encode())

    def _last_text(self) -> Text | None:
        last = self._shared[len(self._shared) - 1]
        text = last.get("text") if isinstance(last, Map) else None
        return text if isinstance(text, Text) else None

    def _change_last_text(self, old: str, new: str) -> None:
        text = self._last_text()
        assert text is not None, "it was looked at just before"
        kept = common_length(old, new)
        if kept < len(new):
            text += new[kept:]
        if kept < len(old):
            start = len(old[:kept].encode())
            del text[start : start + len(old[kept:].encode())]

    def _append(self, outputs: Sequence[Output]) -> None:
        if outputs:
            self._shared.extend([build_output(output) for output in outputs])

    def _replace(self, start: int, outputs: Sequence[Output]) -> None:
        stop = len(self._shared)
        self._append(outputs[start:])
        if start < stop:
            del self._shared[start:stop]


def _same(old: Sequence[Output], new: Sequence[Output]) -> int:
    """How many outputs at the beginning are the same objects."""
    for index, (one, other) in enumerate(zip(old, new, strict=False)):
        if one is not other:
            return index
    return min(len(old), len(new))


def _is_one_stream(one: Output, other: Output) -> bool:
    return one["output_type"] == other["output_type"] == "stream" and bool(one["name"] == other["name"])


def _replaceable(start: int, new: Sequence[Output]) -> int:
    """The place, up to ``start``, from which outputs can be exchanged: a stream is taken for more of another."""
    if start >= len(new):
        return 0
    while start > 0 and new[start]["output_type"] == "stream":
        start -= 1
    return start
