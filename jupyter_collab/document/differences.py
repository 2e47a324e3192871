"""What differs between two texts: lines first, then words, then characters. Plain values, no Yjs.

Positions are characters (Unicode code points), as those of a ``str`` are.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from .values import lines_of

__all__ = ["Replacement", "apply_edits", "changed_parts", "common_length", "differences"]

MAX_COMPARED_LINES = 4_000
"""Comparing more lines than this would take too long; they are replaced as a whole."""

MAX_COMPARED_WORDS = 2_000
"""The same for the words of lines that differ."""

LEAST_LIKENESS = 0.5
"""Lines that have fewer words in common than this are replaced: what little they share says nothing."""

WORDS = re.compile(r"\w+|\n|[^\S\n]+|[^\w\s]")
"""Words, line ends, other white space and single signs: every character of a text is in one of them."""


class Replacement(NamedTuple):
    """An edit: the characters from ``start`` up to, and not with, ``stop`` make place for ``text``."""

    start: int
    stop: int
    text: str


def differences(old: str, new: str) -> list[Replacement]:
    """The edits that make ``new`` of ``old``, in order; none touches what both have."""
    old_lines, new_lines = lines_of(old), lines_of(new)
    first = _common_items(old_lines, new_lines)
    start = sum(map(len, old_lines[:first]))
    last = _common_items(old_lines[first:][::-1], new_lines[first:][::-1])
    old_lines, new_lines = old_lines[first : len(old_lines) - last], new_lines[first : len(new_lines) - last]
    if not old_lines and not new_lines:
        return []
    return list(_of_lines(start, old_lines, new_lines))


def _of_lines(start: int, old: Sequence[str], new: Sequence[str]) -> Iterator[Replacement]:
    """The edits of the lines ``old``, which begin at ``start``."""
    if len(old) + len(new) > MAX_COMPARED_LINES:
        yield _trim(start, "".join(old), "".join(new))
        return
    offsets = _offsets(start, old)
    for i, j, k, n in changed_parts(SequenceMatcher(None, old, new)):
        yield from _of_words(offsets[i], "".join(old[i:j]), "".join(new[k:n]))


def _of_words(start: int, old: str, new: str) -> Iterator[Replacement]:
    """The edits of ``old``, which begins at ``start``: those of its words, if enough of them stay."""
    old_words, new_words = WORDS.findall(old), WORDS.findall(new)
    if not old or not new or len(old_words) + len(new_words) > MAX_COMPARED_WORDS:
        yield _trim(start, old, new)
        return
    matcher = SequenceMatcher(None, old_words, new_words)
    if _likeness(matcher, old_words, new_words) < LEAST_LIKENESS:
        yield _trim(start, old, new)
        return
    offsets = _offsets(start, old_words)
    for i, j, k, n in changed_parts(matcher):
        yield _trim(offsets[i], "".join(old_words[i:j]), "".join(new_words[k:n]))


def _offsets(start: int, parts: Sequence[str]) -> list[int]:
    """Where each of ``parts`` begins, and the end."""
    return list(itertools.accumulate(map(len, parts), initial=start))


def _likeness(matcher: "SequenceMatcher[str]", old: Sequence[str], new: Sequence[str]) -> float:
    """How much of two texts is the same, from 0 to 1; only words count, as signs and spaces are everywhere."""
    same = sum(_count_words(old[start : start + size]) for start, _, size in matcher.get_matching_blocks())
    return 2 * same / max(_count_words(old) + _count_words(new), 1)


def _count_words(parts: Iterable[str]) -> int:
    return sum(_is_word(part[0]) for part in parts)


def _is_word(character: str) -> bool:
    """Whether ``character``, which may be none, can be part of a word."""
    return character.isalnum() or character == "_"


def _common_items(one: Sequence[str], other: Sequence[str]) -> int:
    """How many items both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (item, other_item) in pairs if item != other_item), min(len(one), len(other)))


def changed_parts(matcher: "SequenceMatcher[str]") -> Iterator[tuple[int, int, int, int]]:
    """Where two sequences differ: items ``i`` up to ``j`` of the one are ``k`` up to ``n`` in the other."""
    return ((i, j, k, n) for tag, i, j, k, n in matcher.get_opcodes() if tag != "equal")


def apply_edits(text: str, edits: Iterable[Replacement]) -> str:
    """``text`` after ``edits``, which are in order and do not overlap."""
    parts: list[str] = []
    position = 0
    for start, stop, replacement in edits:
        parts += text[position:start], replacement
        position = stop
    return "".join((*parts, text[position:]))


def _trim(offset: int, old: str, new: str) -> Replacement:
    """The replacement of ``old``, which begins at ``offset``, without what both begin and end with.

    Where little of a word stays it is replaced whole: two words of which each has letters of the other say nothing.
    """
    prefix = common_length(old, new)
    suffix = common_length(old[prefix:][::-1], new[prefix:][::-1])
    if prefix + suffix < min(len(old), len(new)) and 2 * (prefix + suffix) < max(len(old), len(new)):
        prefix = _at_word_start(old, new, prefix)
        suffix = _at_word_start(old[::-1], new[::-1], suffix)
    return Replacement(offset + prefix, offset + len(old) - suffix, new[prefix : len(new) - suffix])


def _at_word_start(old: str, new: str, place: int) -> int:
    """``place``, up to which both are the same, or the beginning of the word that it would cut."""
    if any(_is_word(text[place : place + 1]) for text in (old, new)):
        while place and _is_word(old[place - 1]):
            place -= 1
    return place


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
