"""One output of a cell, as the document shows it, within bounds."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..document.content import parse_output
from ..document.values import canonical, clean_json
from ..errors import ContentError
from ..store import Blob
from .blobs import BLOB_TYPE, Spool, reference, value_bytes, words_about, words_for
from .limits import OutputLimits
from .terminal import TerminalText, count_bytes

__all__ = ["Item", "ShownBundle", "ShownOutput", "ShownStream", "words_output"]

Item = Mapping[str, Any]
"""An output of nbformat 4; one that changes becomes another object."""

MAX_MIME_TYPES = 50
LINE_OVERHEAD_BYTES = 8
SMALL_BYTES = 4 * 2**10
"""So much of an output is still shown in a cell that has too many of them."""


def words_output(words: str, data: Mapping[str, Any] | None = None) -> Item:
    """An output that says something to people."""
    return {"output_type": "display_data", "data": {**(data or {}), "text/plain": words}, "metadata": {}}


class ShownStream:
    """What a program prints to ``name`` without anything in between.

    ``outran``: between the last two times that :attr:`items` was asked for, so much was printed that nobody saw all.
    """

    def __init__(self, name: str, limits: OutputLimits) -> None:
        self.name = name
        self.blobs: list[Blob] = []
        self._limits = limits
        self._rest = _Rest(name, limits.blob_bytes)
        self._text = TerminalText(limits.stream_bytes, self._rest.add)
        self._is_closed = False
        self._is_stale = True
        self._new_bytes = 0
        self.outran = False
        self._item: Item = {"output_type": "stream", "name": name, "text": ""}

    @property
    def items(self) -> list[Item]:
        """The stream, and before it what there is to say about what is missing."""
        self.outran = self._new_bytes > self._limits.stream_bytes
        self._new_bytes = 0
        if self._is_stale:
            self._is_stale = False
            text = self._text.text
            if text != self._item["text"]:
                self._item = {**self._item, "text": text}
        return [self._item] if self._rest.note is None else [self._rest.note, self._item]

    @property
    def size_bytes(self) -> int:
        """What it takes in the document."""
        return count_bytes(self._text.text)

    def add(self, text: str) -> None:
        """The program printed ``text``."""
        self._is_stale = True
        self._new_bytes += count_bytes(text)
        self._text.add(text)

    def close(self, *, is_small: bool) -> None:
        """What did not fit becomes a blob, and what does not fit from now on is lost; if ``is_small``, little fits."""
        if self._is_closed:
            return
        if is_small:
            self._is_stale = True
            self._text.shrink(SMALL_BYTES)
        self._is_closed = True
        blob = self._rest.close()
        if blob is not None:
            self.blobs.append(blob)


class _Rest:
    """What of the stream ``name`` is out of sight, at most ``max_bytes`` of it; ``note`` tells people of it."""

    def __init__(self, name: str, max_bytes: int) -> None:
        self.note: Item | None = None
        self._name = name
        self._max_bytes = max_bytes
        self._spool: Spool | None = None
        self._is_closed = False

    def add(self, data: bytes) -> None:
        """So much more is out of sight."""
        if self._is_closed:
            self.note = self.note or words_output("What came before is lost.")
            return
        if self._spool is None:
            self._spool = Spool(self._max_bytes)
            self.note = words_output("What came before can be opened when the cell has run.")
        self._spool.add(data)

    def close(self) -> Blob | None:
        """Return what there is; what comes from now on is lost."""
        self._is_closed = True
        if self._spool is None:
            return None
        blob = self._spool.take("text/plain")
        link = {**reference(blob, self._name), "stream": self._name}
        words = f"{words_for(self._spool.kept_bytes)} that came before are kept apart."
        if self._spool.lost_bytes:
            link["lost_bytes"] = self._spool.lost_bytes
            words = f"The first {words} The {words_for(self._spool.lost_bytes)} after them are lost."
        self.note = words_output(words, {BLOB_TYPE: link})
        self._spool = None
        return blob


@dataclass(slots=True)
class ShownBundle:
    """An output that comes whole: a display, a result or an error."""

    item: Item
    display_id: str | None = None
    blobs: list[Blob] = field(default_factory=list)
    size_bytes: int = 0

    @classmethod
    def of(
        cls, output: Mapping[str, Any], display_id: str | None, max_bytes: int, limits: OutputLimits
    ) -> "ShownBundle":
        """``output``, of which no value has more than ``max_bytes``."""
        shown = cls({}, display_id)
        try:
            item = parse_output(clean_json(output), "The kernel's output")
        except ContentError as error:
            shown.item = words_output(f"The kernel sent an output that cannot be shown. {error}")
            return shown
        if item["output_type"] == "error":
            _cut_error(item, limits.stream_bytes)
        else:
            item["data"] = shown._without_large(item["data"], max_bytes, limits)
            if len(canonical(item["metadata"])) > limits.bundle_bytes:
                item["metadata"] = {}
        shown.item = item
        shown.size_bytes = len(canonical(item))
        return shown

    @property
    def items(self) -> list[Item]:
        """The output."""
        return [self.item]

    def close(self, *, is_small: bool) -> None:
        """It is whole already."""

    def _without_large(self, data: Mapping[str, Any], max_bytes: int, limits: OutputLimits) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        references, words = [], []
        for media_type, value in itertools.islice(data.items(), MAX_MIME_TYPES):
            if _size(value) <= max_bytes:
                shown[media_type] = value
                continue
            blob = value_bytes(media_type, value)
            if len(blob.data) > limits.blob_bytes:
                words.append(f"{media_type} of {words_for(len(blob.data))} is too large to be kept.")
                continue
            self.blobs.append(blob)
            references.append(reference(blob, "output"))
        if references:
            words.insert(0, words_about(references))
            first, *others = references
            shown[BLOB_TYPE] = {**first, "also": others} if others else first
        if words:
            shown.setdefault("text/plain", "\n".join(words))
        return shown


ShownOutput = ShownStream | ShownBundle


def _size(value: Any) -> int:
    return count_bytes(value) if isinstance(value, str) else len(json.dumps(value))


def _cut_error(item: dict[str, Any], max_bytes: int) -> None:
    """Keep the beginnings of what an error says, and the end of its traceback."""
    for key in ("ename", "evalue"):
        item[key] = item[key][: max_bytes // 8]
    lines, size = [], 0
    for line in reversed(item["traceback"]):
        size += count_bytes(line) + LINE_OVERHEAD_BYTES
        if size > max_bytes:
            lines.append("… (the beginning of the traceback is left out)")
            break
        lines.append(line)
    item["traceback"] = lines[::-1]
