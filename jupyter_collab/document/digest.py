"""A short text that two copies of a room's document have in common if their texts are the same, cell by cell."""

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from pycrdt import Map, ReadTransaction, Transaction

from .deletion import DELETED
from .order import KEY
from .pycrdt_internals import has_value, read_value
from .values import to_plain

__all__ = ["CellDigest", "cell_digest", "digest"]

KEYS = ("id", "cell_type", KEY, "source")


class CellDigest(NamedTuple):
    """The CRC-32 of a cell's texts, as four bytes with the highest first, and how many bytes these texts have."""

    checksum: bytes = b""
    size_bytes: int = 0


def cell_digest(cell: "Map[Any]", transaction: "Transaction | ReadTransaction") -> CellDigest:
    """The digest of one cell.

    What is there as id, type, place or text of a cell and is no text counts as an empty one.
    """
    texts = [_text(cell, transaction, key) for key in KEYS]
    texts.append(DELETED if has_value(cell, transaction, DELETED) else "")
    framed = "".join(f"{text}\0" for text in texts).encode(errors="replace")
    return CellDigest(zlib.crc32(framed).to_bytes(4), len(framed))


def digest(cells: Sequence[CellDigest]) -> str:
    """The digest of cells in this order, as ``docs/wire.md`` describes it; its TypeScript twin is ``digest.ts``."""
    crc = zlib.crc32(b"".join([checksum for checksum, _ in cells]))
    return f"{crc:08x}-{sum([size_bytes for _, size_bytes in cells])}"


def _text(cell: "Map[Any]", transaction: "Transaction | ReadTransaction", key: str) -> str:
    value = to_plain(read_value(cell, transaction, key))
    return value if isinstance(value, str) else ""
