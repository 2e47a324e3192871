"""A large update in parts that are updates themselves: each builds on those before, and leaves a room that can be
shown.

yrs takes the items of one update in a time that grows with the square of their number where they can be joined, as what
somebody typed letter by letter can. And where something was put at one place by many at once, it compares each with all
of these; so there a part has fewer items.
"""

from array import array
from collections.abc import Generator, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from ..errors import InvalidUpdate
from ..protocol import write_varuint
from ..yjs import TYPE, Deletion, Item, UpdateReader
from .deleted import Deleted
from .units import Unit

__all__ = ["MAX_PART_ITEMS", "MAX_PART_STEPS", "Stride", "parts_of", "parts_of_own", "require_short_spans"]

MAX_PART_ITEMS = 50
"""Of cells that is a few, which take some two milliseconds; they may have as many items more as one of them needs."""

MAX_PART_BYTES = 2**16
MAX_PART_STEPS = 100_000
"""So many comparisons may one part take, some milliseconds: yrs seldom has to make as many as it might."""

MAX_STRIDE = 8
FAST_SECONDS, SLOW_SECONDS = 0.002, 0.006
"""Behind a part that took less, the next may be twice as large; behind one that took more, it is the smallest again."""

MAX_OPEN_ITEMS = 10_000
MAX_OPEN_STEPS = 1_000_000
"""So far may the items lie apart that make one cell or output, and so many comparisons may all between them take."""

MAX_PART_DELETIONS = 2_000


class Excerpt(NamedTuple):
    """An item of ``client`` that begins at ``clock``, and from where to where it is in the update.

    What is deleted of it up to the clock ``end`` is deleted with it; of a long text or list, that may wait. To take it
    in takes so many ``steps``, at most.
    """

    client: int
    clock: int
    end: int
    start: int
    stop: int
    steps: int


NUMBERS = len(Excerpt._fields)


class Excerpts:
    """Where an update has its items: some may have hundreds of thousands."""

    def __init__(self) -> None:
        self._numbers = array("Q")

    def __len__(self) -> int:
        return len(self._numbers) // NUMBERS

    def add(self, item: Item, steps: int, *, has_key: bool = False) -> None:
        """The next one, which takes so many steps, and may stand under a key."""
        end = item.clock + item.length if has_key or item.length == 1 else item.clock
        self._numbers.extend((item.client, item.clock, end, item.start, item.stop, steps))

    def excerpt(self, index: int) -> Excerpt:
        """One of them."""
        return Excerpt(*self._numbers[NUMBERS * index : NUMBERS * index + NUMBERS])


class Stride:
    """How many comparisons the next part of an update may take: more while they turn out not to be needed.

    It begins with ``least`` and never is more than ``most``.

    Attributes
    ----------
    max_steps
        So many.
    """

    def __init__(self, least: int = MAX_PART_STEPS, most: int = MAX_STRIDE * MAX_PART_STEPS) -> None:
        self._least, self._most = least, most
        self.max_steps = least

    def note(self, seconds: float) -> None:
        """A part took so many seconds of work."""
        if seconds < FAST_SECONDS:
            self.max_steps = min(2 * self.max_steps, self._most)
        elif seconds > SLOW_SECONDS:
            self.max_steps = self._least


def require_short_spans(excerpts: Excerpts, spans: Iterable[tuple[int, int]]) -> Iterator[None]:
    """Make sure, in small steps, that no part of an update would be very large; see :func:`parts_of`.

    Raises
    ------
    InvalidUpdate
        One would be.
    """
    waiting = sorted(spans, reverse=True)
    items = steps = until = 0
    for index in range(len(excerpts)):
        while waiting and waiting[-1][0] <= index:
            until = max(until, waiting.pop()[1])
        is_open = index < until
        items, steps = (items + 1, steps + excerpts.excerpt(index).steps) if is_open else (0, 0)
        if items > MAX_OPEN_ITEMS or steps > MAX_OPEN_STEPS:
            raise InvalidUpdate(
                "The edit has too much between the parts of one cell or output. "
                "Nothing of it was taken in. Copy your text, join again, and paste it."
            )
        yield


def parts_of(
    update: bytes,
    excerpts: Excerpts,
    deleted: Deleted,
    spans: Iterable[tuple[int, int]],
    stride: Stride,
) -> Iterator[bytes]:
    """``update`` in parts. What it brings and deletes is deleted in the part that brings it: no cell comes and goes.

    Parameters
    ----------
    update, excerpts, deleted
        An update, where it has what is new, in an order in which it can be taken in, and what it deletes.
    spans
        From which to which of ``excerpts`` something is not whole yet that cannot be shown then.
    stride
        How much one part may take; looked at for each.
    """
    start = 0
    for stop in _cuts(excerpts, spans, stride):
        part = [excerpts.excerpt(index) for index in range(start, stop)]
        at_once = (deleted.within(excerpt.client, excerpt.clock, excerpt.end) for excerpt in part)
        yield _insertion_of(update, part) + _deletions_of(chain.from_iterable(at_once))
        start = stop
    deletions = list(deleted.joined())
    for start in range(0, len(deletions), MAX_PART_DELETIONS):
        yield b"\x00" + _deletions_of(deletions[start : start + MAX_PART_DELETIONS])


def parts_of_own(update: bytes) -> Generator[None, None, list[bytes]]:
    """The parts of an update by one client that was made here, found in small steps without looking at the document.

    What is made here comes in one go, type by type, so it can be cut before whatever lies in no type that is new.
    """
    reader = UpdateReader(update, is_ours=True)
    excerpts, spans = Excerpts(), list[tuple[int, int]]()
    inside: set[Unit] = set()
    types: set[Unit] = set()
    for index, item in enumerate(reader.items()):
        first, last = (item.client, item.clock), (item.client, item.clock + item.length - 1)
        if item.parent in types or item.left in inside or item.right in inside:
            inside.update((first, last))
            spans.append((index - 1, index))
        if item.kind == TYPE:
            types.add(first)
        excerpts.add(item, 1)
        yield
    parts = []
    for part in parts_of(update, excerpts, Deleted(reader.deletions()), spans, Stride()):
        parts.append(part)
        yield
    return parts


def _cuts(excerpts: Excerpts, spans: Iterable[tuple[int, int]], stride: Stride) -> Iterator[int]:
    """Behind how many of ``excerpts`` parts may end."""
    waiting = sorted(spans, reverse=True)
    start = until = size_bytes = steps = 0
    for index in range(len(excerpts)):
        excerpt = excerpts.excerpt(index)
        size_bytes += excerpt.stop - excerpt.start
        steps += excerpt.steps
        while waiting and waiting[-1][0] <= index:
            until = max(until, waiting.pop()[1])
        is_large = index + 1 - start >= MAX_PART_ITEMS or size_bytes >= MAX_PART_BYTES or steps >= stride.max_steps
        if index >= until and is_large:
            yield index + 1
            start, size_bytes, steps = index + 1, 0, 0
    if start < len(excerpts):
        yield len(excerpts)


def _insertion_of(update: bytes, excerpts: Iterable[Excerpt]) -> bytes:
    """An update of just these excerpts of another one, up to what it deletes."""
    by_client: dict[int, list[Excerpt]] = {}
    for excerpt in excerpts:
        by_client.setdefault(excerpt.client, []).append(excerpt)
    sections = [
        write_varuint(len(of_client))
        + write_varuint(client)
        + write_varuint(of_client[0].clock)
        + b"".join(update[excerpt.start : excerpt.stop] for excerpt in of_client)
        for client, of_client in by_client.items()
    ]
    return write_varuint(len(sections)) + b"".join(sections)


def _deletions_of(deletions: Iterable[Deletion]) -> bytes:
    by_client: dict[int, list[Deletion]] = {}
    for deletion in deletions:
        by_client.setdefault(deletion.client, []).append(deletion)
    sections = [
        write_varuint(client)
        + write_varuint(len(of_client))
        + b"".join(write_varuint(deletion.clock) + write_varuint(deletion.length) for deletion in of_client)
        for client, of_client in by_client.items()
    ]
    return write_varuint(len(sections)) + b"".join(sections)
