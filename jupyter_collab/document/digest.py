"""A short number that two copies of a room's document have in common if their texts are the same."""

import zlib
from collections.abc import Iterable
from typing import Any

from pycrdt import Map

from .values import to_plain

__all__ = ["digest"]

KEYS = ("id", "cell_type", "source")


def digest(cells: "Iterable[Map[Any]]") -> str:
    """The digest of ``cells`` in this order, as ``docs/wire.md`` describes it; its TypeScript twin is ``digest.ts``.

    What is there as id, type or text of a cell and is no text counts as an empty one.
    """
    crc = size_bytes = 0
    for cell in cells:
        for key in KEYS:
            value = to_plain(cell.get(key))
            text = value.encode(errors="replace") if isinstance(value, str) else b""
            framed = b"%d:%b" % (len(text), text)
            crc = zlib.crc32(framed, crc)
            size_bytes += len(framed)
    return f"{crc:08x}-{size_bytes}"
