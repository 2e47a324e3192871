"""Deleting a cell is a mark: the cell and its text stay, so that what others type in it meanwhile is not lost.

``deleted`` in a cell says when, by whom, and into which other cell it was merged, if it was. ``dropped`` is the
CRC-32 of the text that was deleted knowingly. A deleted cell whose text is another one is *late*: somebody typed in it
who did not know of the deletion.
"""

import zlib
from collections.abc import Mapping
from typing import Any

from pycrdt import Map, Text

from .values import clean_text, to_plain

__all__ = ["deleted_at", "dismiss", "is_deleted", "is_late", "mark_deleted", "mark_late", "restore"]

DELETED = "deleted"
DROPPED = "dropped"


def is_deleted(cell: "Map[Any]") -> bool:
    """Whether ``cell`` is marked as deleted."""
    return DELETED in cell


def deleted_at(cell: "Map[Any]") -> float:
    """When ``cell`` was deleted, by the clock of the person who did it, in milliseconds since 1970; 0 if unknown."""
    mark = to_plain(cell.get(DELETED))
    at = mark.get("at") if isinstance(mark, Mapping) else None
    return at if isinstance(at, int | float) and not isinstance(at, bool) else 0


def mark_deleted(cell: "Map[Any]", by: str, at_ms: int) -> None:
    """Delete ``cell``, with the text that it has now; ``by`` is a name for people."""
    cell[DELETED] = {"at": at_ms, "by": clean_text(by)}
    cell[DROPPED] = _crc(_text(cell))


def mark_late(cell: "Map[Any]", at_ms: int) -> None:
    """Delete ``cell`` without its text: that is late from the beginning."""
    cell[DELETED] = {"at": at_ms, "by": ""}


def dismiss(cell: "Map[Any]") -> None:
    """Say that the text which ``cell`` has now is deleted, too; also what went into no other cell."""
    mark = to_plain(cell.get(DELETED))
    mark_deleted(cell, str(mark.get("by", "")) if isinstance(mark, Mapping) else "", int(deleted_at(cell)))


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
