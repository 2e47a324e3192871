"""Edits of shared text: as small as they can be, so that what others type at the same time stays where it was.

Positions here are characters (Unicode code points). pycrdt counts bytes of UTF-8, and a deletion that begins inside
a character ends the process, so they are turned into bytes in this module and nowhere else.
"""

from collections.abc import Sequence

from pycrdt import Text

from .differences import Replacement, differences

__all__ = ["edit_text", "replace_range", "set_text"]


def replace_range(text: Text, start: int, stop: int, replacement: str) -> None:
    """Replace the characters from ``start`` up to ``stop``; positions beyond the end mean the end."""
    _heal(text)
    current = str(text)
    start, stop, _ = slice(start, stop).indices(len(current))
    edit_text(text, [Replacement(start, max(start, stop), replacement)])


def set_text(text: Text, new: str) -> None:
    """Turn ``text`` into ``new``: what both have stays."""
    _heal(text)
    edit_text(text, differences(str(text), new))


def edit_text(text: Text, edits: Sequence[Replacement]) -> None:
    """Edit ``text``; ``edits`` are in order, and say positions as they are before the first of them."""
    _heal(text)
    current = str(text)
    if not edits:
        return
    with text.doc.transaction():
        for start, stop, replacement in reversed(edits):
            _replace_bytes(text, len(current[:start].encode()), len(current[start:stop].encode()), replacement)


def _replace_bytes(text: Text, start: int, length: int, replacement: str) -> None:
    with text.doc.transaction():
        if length:
            del text[start : start + length]
        if replacement:
            text.insert(start, replacement)


def _heal(text: Text) -> None:
    """Take out what is no text (a peer may embed anything): positions would not be what they seem."""
    current = str(text)
    if len(text) != len(current.encode()):
        with text.doc.transaction():
            text.clear()
            text += current
