"""A room's whole document in parts, each of which yrs takes in within some milliseconds."""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator

from ..causality import Causality
from ..yjs import GC, Item, UpdateReader
from .deleted import Deleted
from .parts import Excerpts, Stride, parts_of
from .units import Unit

__all__ = ["Lists", "parts_of_whole"]

UNKNOWN = 0
"""The list of all units of which it is not known where they stand."""


class Lists:
    """In how many pieces each list, text and key of a document is kept, at most: so many may yrs have to compare."""

    def __init__(self) -> None:
        self._sizes = array("Q", [0])
        self._numbers: dict[tuple[str | Unit | None, str | None], int] = {}
        """The lists of which the name or the maker is known."""
        self._starts: defaultdict[int, list[int]] = defaultdict(list)
        self._stands_in: defaultdict[int, list[int]] = defaultdict(list)
        """For each client, from which clock on its units stand in which list."""

    def put(self, item: Item) -> int:
        """``item`` comes where it says; returns how many pieces are there with it."""
        if item.kind == GC:
            return 1
        number = self._list_of(item)
        stands_in = self._stands_in[item.client]
        if not stands_in or stands_in[-1] != number:
            self._starts[item.client].append(item.clock)
            stands_in.append(number)
        self._sizes[number] += 1
        return self._sizes[number]

    def _list_of(self, item: Item) -> int:
        beside = item.left or item.right
        if beside is None:
            return self._numbered(item.parent, item.key)
        client, clock = beside
        index = bisect_right(self._starts[client], clock) - 1
        return self._stands_in[client][index] if index >= 0 else UNKNOWN

    def _numbered(self, parent: str | Unit | None, key: str | None) -> int:
        number = self._numbers.get((parent, key))
        if number is None:
            number = self._numbers[parent, key] = len(self._sizes)
            self._sizes.append(0)
        return number


def parts_of_whole(
    update: bytes, lists: Lists, end_of: Callable[[int], int], stride: Stride
) -> Generator[None, None, Iterator[bytes]]:
    """Look at an update that yrs wrote here in small steps; returns parts of it, to be applied one after the other.

    Nobody is shown the document before all are applied. ``end_of`` returns how many units of a client there are before.
    Raises ``CausalGap`` or ``InvalidUpdate`` if it cannot be cut.
    """
    reader = UpdateReader(update, is_ours=True)
    causality, excerpts = Causality(end_of), Excerpts()
    for item in reader.items():
        for next_item in causality.feed(item):
            excerpts.add(next_item, lists.put(next_item))
        yield
    causality.finish()
    deleted = Deleted()
    for deletion in reader.deletions():
        deleted.add(deletion)
        yield
    return parts_of(update, excerpts, deleted, (), stride)
