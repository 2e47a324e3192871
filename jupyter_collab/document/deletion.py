"""Deleting a cell is a mark: the cell and its text stay, so that what others type in it meanwhile is not lost.

``deleted`` in a cell says when, by whom, and into which other cell it was merged, if it was. ``dropped`` is the
CRC-32 of the text that was deleted knowingly. A deleted cell whose text is another one is *late*: somebody typed in it
who did not know of the deletion. ``noticed`` says when the server noticed the deletion, if ``deleted`` says another
time: people's clocks may be wrong. It is a key of its own, for a page may take ``deleted`` back at the same moment.
"""

import math
import zlib
from collections.abc import Mapping
from typing import Any

from pycrdt import Map, Text

from .values import clean_text, to_plain

__all__ = [
    "DELETED",
    "NOTICED",
    "age_of",
    "correct_time",
    "dismiss",
    "drop_text",
    "is_deleted",
    "is_late",
    "mark_deleted",
    "mark_late",
    "note_time",
    "restore",
]

DELETED = "deleted"
DROPPED = "dropped"
NOTICED = "noticed"

CLOCK_TOLERANCE_MS = 5 * 60 * 1000
"""By so much a person's clock may be wrong."""


def is_deleted(cell: "Map[Any]") -> bool:
    """Whether ``cell`` is marked as deleted."""
    return DELETED in cell


def age_of(cell: "Map[Any]", now_ms: int) -> float:
    """For how many milliseconds ``cell`` has been deleted, as far as is known; ``now_ms`` are those since 1970."""
    return now_ms - _time_of(cell)


def note_time(cell: "Map[Any]", now_ms: int) -> None:
    """Take note that ``cell`` was deleted or brought back just now, by the server's clock."""
    is_wrong = DELETED in cell and abs(now_ms - _marked_at(cell)) > CLOCK_TOLERANCE_MS
    if is_wrong:
        cell[NOTICED] = now_ms
    elif NOTICED in cell:
        del cell[NOTICED]


def correct_time(cell: "Map[Any]", now_ms: int) -> None:
    """Let a deleted cell that says no time, or one to come, be deleted now."""
    if not 0 < _time_of(cell) <= now_ms + CLOCK_TOLERANCE_MS:
        cell[NOTICED] = now_ms


def _time_of(cell: "Map[Any]") -> float:
    noticed = _number(to_plain(cell.get(NOTICED)))
    return noticed or _marked_at(cell)


def _marked_at(cell: "Map[Any]") -> float:
    """When ``cell`` was deleted, by the clock of the person who did it, in milliseconds since 1970; 0 if unknown."""
    mark = cell.get(DELETED)  # if it is a shared type, nobody notices when the time in it is changed
    return _number(to_plain(mark.get("at"))) if isinstance(mark, dict) else 0


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0
    return value


def mark_deleted(cell: "Map[Any]", by: str, at_ms: int) -> None:
    """Delete ``cell``, with the text that it has now; ``by`` is a name for people."""
    cell[DELETED] = {"at": at_ms, "by": clean_text(by)}
    drop_text(cell)


def mark_late(cell: "Map[Any]", at_ms: int) -> None:
    """Delete ``cell`` without its text: that is late from the beginning."""
    cell[DELETED] = {"at": at_ms, "by": ""}


def drop_text(cell: "Map[Any]") -> None:
    """Say that the text which ``cell`` has now is deleted, too."""
    cell[DROPPED] = _crc(_text(cell))


def dismiss(cell: "Map[Any]") -> None:
    """Say that the text which ``cell`` has now is deleted, too; also what went into no other cell."""
    mark = to_plain(cell.get(DELETED))
    mark_deleted(cell, str(mark.get("by", "")) if isinstance(mark, Mapping) else "", int(_marked_at(cell)))


def restore(cell: "Map[Any]") -> None:
    """Bring a deleted cell back."""
    for key in (DELETED, DROPPED):
        if key in cell:
            del cell[key]


def is_late(cell: "Map[Any]") -> bool:
    """Whether ``cell`` is deleted, and has text that nobody deleted knowingly."""
    if DELETED not in cell:
        return False
    text = _text(cell)
    return text != "" and to_plain(cell.get(DROPPED)) != _crc(text)


def _text(cell: "Map[Any]") -> str:
    source = cell.get("source")
    return str(source) if isinstance(source, Text) else ""


def _crc(text: str) -> int:
    return zlib.crc32(text.encode())
