"""Edits of shared text: as small as they can be, so that what others type at the same time stays where it was.

Positions here are characters (Unicode code points). pycrdt counts bytes of UTF-8, and a deletion that begins inside
a character ends the process, so they are turned into bytes in this module and nowhere else.
"""

from collections.abc import Iterator
from difflib import SequenceMatcher

from pycrdt import Text

__all__ = ["common_length", "replace_range", "set_text"]

MAX_COMPARED_LINES = 4_000
"""Comparing more lines than this would take too long; they are replaced as a whole."""


def replace_range(text: Text, start: int, stop: int, replacement: str) -> None:
    """Replace the characters from ``start`` up to ``stop``; positions beyond the end mean the end."""
    _heal(text)
    current = str(text)
    start, stop, _ = slice(start, stop).indices(len(current))
    stop = max(start, stop)
    first_byte = len(current[:start].encode())
    _replace_bytes(text, first_byte, len(current[start:stop].encode()), replacement)


def set_text(text: Text, new: str) -> None:
    """Turn ``text`` into ``new``: lines that both have stay, and so do the equal ends of what differs."""
    _heal(text)
    old = str(text)
    if old == new:
        return
    with text.doc.transaction():
        for start, stop, replacement in sorted(_differences(old, new), reverse=True):
            _replace_bytes(text, len(old[:start].encode()), len(old[start:stop].encode()), replacement)


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


def _differences(old: str, new: str) -> Iterator[tuple[int, int, str]]:
    """Where ``old`` is to be replaced, and by what, to become ``new``: (start, stop, replacement)."""
    start, stop, replacement = _trim(0, old, new)
    old_lines, new_lines = old[start:stop].splitlines(keepends=True), replacement.splitlines(keepends=True)
    if min(len(old_lines), len(new_lines)) < 2 or len(old_lines) + len(new_lines) > MAX_COMPARED_LINES:
        yield start, stop, replacement
        return
    offsets = [start]
    for line in old_lines:
        offsets.append(offsets[-1] + len(line))
    for tag, i, j, k, n in SequenceMatcher(None, old_lines, new_lines).get_opcodes():
        if tag != "equal":
            yield _trim(offsets[i], "".join(old_lines[i:j]), "".join(new_lines[k:n]))


def _trim(offset: int, old: str, new: str) -> tuple[int, int, str]:
    """``old``, which begins at ``offset``, and ``new`` without what they begin and end with alike."""
    prefix = common_length(old, new)
    old, new = old[prefix:], new[prefix:]
    suffix = common_length(old[::-1], new[::-1])
    return offset + prefix, offset + prefix + len(old) - suffix, new[: len(new) - suffix]


def common_length(one: str, other: str) -> int:
    """How many characters both begin with; by halving, as comparing slices is fast and comparing characters is not."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
