"""Where this client's caret is, in the way that Yjs programs understand (relative positions)."""

from typing import Any

from pycrdt import Assoc, Text

from ...document import RoomDocument

__all__ = ["cursor_at"]


def cursor_at(document: RoomDocument, cell_id: str, anchor: int | None, head: int | None) -> dict[str, Any] | None:
    """The presence state's ``cursor`` for two positions, in characters, in a cell's text; ``None`` if it has none.

    pycrdt counts UTF-8 bytes where Yjs counts UTF-16 units, and gives wrong positions in a text with other characters
    than ASCII ones, except for its end. No cursor is better than one in the wrong place.
    """
    if anchor is None or head is None:
        return None
    text = document.source_type(cell_id)
    ends = [_relative(text, position) for position in (anchor, head)]
    return None if None in ends else {"cell": cell_id, "anchor": ends[0], "head": ends[1]}


def _relative(text: Text, position: int) -> dict[str, Any] | None:
    plain = str(text)
    if not 0 <= position <= len(plain):
        raise IndexError(f"The cell's text has {len(plain)} characters, and no position {position}.")
    if position == len(plain):
        # The start, kept to its left, is told by the text's own id; the same id, kept to its right, means the end.
        return {**text.sticky_index(0, Assoc.BEFORE).to_json(), "assoc": Assoc.AFTER.value}
    if not plain.isascii():
        return None
    return text.sticky_index(position, Assoc.AFTER).to_json()
