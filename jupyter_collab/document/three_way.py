"""Three-way merging of texts: what one side did to a text that it read, done to what the text is by now.

Plain values, no Yjs. Nothing that either side wrote is lost, and nothing marks a conflict:

* what was inserted stays in one piece; where both inserted at the same place, the others' text comes first, but what
  goes on with a line stays in it, and whole lines stay whole;
* what either side deleted is gone, but a line that one side deleted and the other wrote in stays, as the other has it;
* where both changed the same words, both new words are there;
* where both replaced the same text by the same, it is there once.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from .differences import Replacement, apply_edits, changed_parts, differences
from .values import lines_of

__all__ = ["merge_edits", "merge_texts"]


def merge_texts(base: str, mine: str, present: str, *, same_once: bool = False) -> str:
    """The text that has what both ``mine`` and ``present`` made of ``base``; parameters as of :func:`merge_edits`."""
    return apply_edits(present, merge_edits(base, differences(base, mine), present, same_once=same_once))


def merge_edits(base: str, edits: Sequence[Replacement], present: str, *, same_once: bool = False) -> list[Replacement]:
    """The edits of ``present`` that do to it what ``edits`` do to ``base``, which it was made of.

    Parameters
    ----------
    edits
        In order; none overlaps another.
    same_once
        Whether lines that both sides inserted at the same place are the same ones, to be there once, and what was
        merged before is not merged again, as when a file is merged a second time. Otherwise they are there twice, as
        when two programs each add a line.
    """
    theirs = differences(base, present)
    if not theirs or not edits:
        return list(edits)
    known = {edit for edit in theirs if same_once or edit.start < edit.stop}
    if same_once and _is_merged(base, edits, present):
        return []
    edits = [edit for edit in edits if edit not in known]
    return list(_Merge(base, edits, theirs, same_once).run()) if edits else []


def _is_merged(base: str, edits: Sequence[Replacement], present: str) -> bool:
    """Whether ``edits`` were merged into ``present`` before: their texts are there, and it is nearer to their result.

    White space around their texts does not count: which of several blanks is whose cannot be told.
    """
    mine = apply_edits(base, edits)
    kept, moved_by = _Kept(mine, present), 0
    for start, stop, text in edits:
        core = text.strip() or text
        if not kept.has(start + moved_by + text.index(core), core):
            return False
        moved_by += len(text) - (stop - start)
    return _size(differences(mine, present)) < _size(differences(base, present))


def _size(edits: Sequence[Replacement]) -> int:
    return sum(stop - start + len(text) for start, stop, text in edits)


class _Kept:
    """Which parts of a text are in another text too, and where."""

    def __init__(self, text: str, other: str) -> None:
        self._text, self._other = _with_end(text), _with_end(other)
        self._places: list[int | None] = []
        """For each character of the text and for its end: the place in the other text."""
        place, end = 0, len(self._text) + 1
        for start, stop, inserted in (*differences(self._text, self._other), Replacement(end, end, "")):
            same = start - len(self._places)
            self._places.extend(range(place, place + same))
            self._places.extend([None] * (stop - start))
            place += same + len(inserted)

    def has(self, start: int, part: str) -> bool:
        """Whether the other text has a part of this one, or, others having written between them, each of its lines."""
        if not part or self._has_in_place(start, start + len(part)):
            return True
        ends = list(itertools.accumulate(map(len, lines_of(part)), initial=start))
        return len(ends) > 2 and all(self._has_in_place(first, end) for first, end in itertools.pairwise(ends))

    def _has_in_place(self, start: int, stop: int) -> bool:
        """Whether the part is there in one piece, and behind the same character as here, or as whole lines as here."""
        first, stays = self._places[start], self._places[start:stop]
        if first is None or stays != list(range(first, first + len(stays))):
            return False
        text, other, end = f"\n{self._text}", f"\n{self._other}", first + len(stays)
        if text[start] == other[first] == "\n":  # the characters before them
            return True
        if self._text[start] == self._text[stop : stop + 1] == self._other[end : end + 1] == "\n":
            return True
        before = self._places[start - 1] if start else None
        return before == first - 1 if before is not None else self._places[stop] == end


def _with_end(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


class _Side:
    """What one side did: which characters it kept, and what it inserted before each of them (and at the end)."""

    def __init__(self, length: int, first: int, edits: Sequence[Replacement]) -> None:
        self.kept = [True] * length
        self.inserted = [""] * (length + 1)
        for start, stop, text in edits:
            self.inserted[start - first] += text
            self.kept[start - first : stop - first] = [False] * (stop - start)

    def deleted_line(self, line: "_Line") -> bool:
        """Whether it deleted all of ``line``, and put nothing else there."""
        stop = line.stop if line.start < line.stop else line.end
        return line.start < stop and not any(self.kept[line.start : stop]) and not self.wrote_in(line)

    def wrote_in(self, line: "_Line") -> bool:
        """Whether it inserted something in ``line``; whole lines before or after it are not in it."""
        return (
            _is_inline(self.inserted[line.start], is_first=True)
            or any(self.inserted[line.start + 1 : line.stop])
            or (line.start < line.stop and _is_inline(self.inserted[line.stop], is_first=False))
        )


def _is_inline(text: str, *, is_first: bool) -> bool:
    return bool(text) and not (text.endswith("\n") if is_first else text.startswith("\n"))


@dataclass(frozen=True)
class _Line:
    """A line: its text is from ``start`` up to ``stop``; ``end`` is behind its line end, if it has one."""

    start: int
    stop: int
    end: int


class _Merge:
    """A merge of two sides; positions are those of the part of the base in which any edit is."""

    def __init__(self, base: str, mine: Sequence[Replacement], theirs: Sequence[Replacement], same_once: bool) -> None:
        self._first = base.rfind("\n", 0, min(mine[0].start, theirs[0].start)) + 1
        last = base.find("\n", max(mine[-1].stop, theirs[-1].stop))
        self._base = base[self._first : len(base) if last < 0 else last + 1]
        self._mine = _Side(len(self._base), self._first, mine)
        self._theirs = _Side(len(self._base), self._first, theirs)
        self._same_once = same_once
        self._restored = [False] * len(self._base)

    def run(self) -> Iterator[Replacement]:
        """The edits of the present text, in order."""
        for line in self._lines():
            if self._mine.deleted_line(line) and self._theirs.wrote_in(line):
                for position in self._whole(line, self._mine):
                    self._mine.kept[position] = True
            elif self._theirs.deleted_line(line) and self._mine.wrote_in(line):
                for position in self._whole(line, self._theirs):
                    self._restored[position] = self._mine.kept[position]
        return _joined(self._edits())

    def _lines(self) -> Iterator[_Line]:
        start = 0
        for text in self._base.split("\n"):
            stop = start + len(text)
            end = min(stop + 1, len(self._base))
            yield _Line(start, stop, end)
            start = end

    def _whole(self, line: _Line, deleting: _Side) -> Iterator[int]:
        """The characters that ``deleting`` deleted and that must stay so that ``line`` is a line of its own."""
        yield from (position for position in range(line.start, line.end) if not deleting.kept[position])
        if self._character_before(line.start, deleting) != "\n":
            yield line.start - 1

    def _character_before(self, place: int, side: _Side) -> str:
        """What ``side`` has before ``place``, with what is restored; a line end if there is nothing."""
        while True:
            if side.inserted[place]:
                return side.inserted[place][-1]
            place -= 1
            if place < 0:
                return "\n"
            if side.kept[place] or self._restored[place]:
                return self._base[place]

    def _edits(self) -> Iterator[Replacement]:
        position = self._first
        for place in range(len(self._base) + 1):
            theirs, mine = self._theirs.inserted[place], self._mine.inserted[place]
            if theirs and mine:
                yield from self._both(position, place)
            elif mine:
                yield Replacement(position, position, mine)
            position += len(theirs)
            if place < len(self._base):
                if self._theirs.kept[place]:
                    if not self._mine.kept[place]:
                        yield Replacement(position, position + 1, "")
                    position += 1
                elif self._restored[place]:
                    yield Replacement(position, position, self._base[place])

    def _both(self, position: int, place: int) -> Iterator[Replacement]:
        """What to insert where both sides did, so that both texts stay whole."""
        theirs, mine = self._theirs.inserted[place], self._mine.inserted[place]
        after = position + len(theirs)
        if self._goes_on_with_the_line(place, mine) and (self._same_once or theirs.startswith("\n")):
            yield Replacement(position, position, mine)
        elif self._same_once:
            yield from _missing(position, theirs, mine)
        elif theirs.endswith("\n") or mine.startswith("\n") or not self._is_line_start(place):
            yield Replacement(after, after, mine)
        elif mine.endswith("\n"):
            yield Replacement(position, position, mine)
        else:
            yield Replacement(after, after, f"\n{mine}" if self._is_line_end(place) else mine)

    def _goes_on_with_the_line(self, place: int, mine: str) -> bool:
        return not mine.startswith("\n") and not self._is_line_start(place)

    def _is_line_start(self, place: int) -> bool:
        return place == 0 or self._base[place - 1] == "\n"

    def _is_line_end(self, place: int) -> bool:
        """Whether nothing of the base is left between ``place`` and the end of its line."""
        while place < len(self._base) and self._base[place] != "\n":
            if self._restored[place] or (self._mine.kept[place] and self._theirs.kept[place]):
                return False
            place += 1
        return True


def _missing(position: int, theirs: str, mine: str) -> Iterator[Replacement]:
    """The lines of ``mine`` that are not in ``theirs``, which is at ``position``."""
    their_lines, my_lines = lines_of(theirs), lines_of(mine)
    for _, j, k, n in changed_parts(SequenceMatcher(None, their_lines, my_lines)):
        if k < n:
            offset = position + sum(map(len, their_lines[:j]))
            separator = "\n" if j and not their_lines[j - 1].endswith("\n") and not my_lines[k].startswith("\n") else ""
            yield Replacement(offset, offset, separator + "".join(my_lines[k:n]))


def _joined(edits: Iterator[Replacement]) -> Iterator[Replacement]:
    """The same with one edit instead of several that follow each other without a gap."""
    last: Replacement | None = None
    for edit in edits:
        if last is not None and last.stop == edit.start:
            last = Replacement(last.start, edit.stop, last.text + edit.text)
            continue
        if last is not None:
            yield last
        last = edit
    if last is not None:
        yield last
