"""What comes under the keys of maps that matter: values, each of which follows another one or none.

Of all that ever stood under a key the last one counts. If that is deleted, there is nothing any more.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..yjs import DELETED, Item
from .places import Place, Unit

__all__ = ["Chains"]


class Chains:
    """The values of an update, by where they stand. ``is_deleted`` says whether the update deletes a unit."""

    def __init__(self, is_deleted: Callable[[Unit], bool]) -> None:
        self._is_deleted = is_deleted
        self._links: defaultdict[Place, list[_Link]] = defaultdict(list)
        self._roots: dict[Unit, Unit | None] = {}
        self._indices: dict[Unit | None, int] = {}

    def __iter__(self) -> Iterator[Place]:
        return iter(self._links)

    def __contains__(self, place: object) -> bool:
        return place in self._links

    def add(self, item: Item, place: Place, index: int) -> int | None:
        """Item number ``index`` of the update; returns the number of the one that it follows, if that is new, too."""
        root = None if item.left is None else self._roots.get(item.left, item.left)
        last = (item.client, item.clock + item.length - 1)
        self._roots[last] = root
        followed, self._indices[last] = self._indices.get(item.left), index
        self._links[place].append(_Link(item, root))
        return followed

    def live_roots(self, place: Place) -> set[Unit | None]:
        """What those values follow, by way of others in the update, that are the last ones and stay."""
        return {root for item, root in self._ends(place) if self._stays(item)}

    def has_value(self, place: Place) -> bool:
        """Whether something came there, and all that could count in the end stays."""
        return place in self._links and self.keeps_value(place)

    def keeps_value(self, place: Place) -> bool:
        """Whether all that came there and could count in the end stays."""
        return all(self._stays(item) for item, _ in self._ends(place))

    def _ends(self, place: Place) -> list["_Link"]:
        """The values that no other new one follows."""
        links = self._links.get(place, [])
        followed = sorted(link.item.left for link in links if link.item.left is not None)
        return [link for link in links if not _has_one_of(link.item, followed)]

    def _stays(self, item: Item) -> bool:
        return item.kind != DELETED and not self._is_deleted((item.client, item.clock))


class _Link(NamedTuple):
    """A value of a key, and the unit of the document that it follows, perhaps by way of others in the update."""

    item: Item
    root: Unit | None


def _has_one_of(item: Item, units: Sequence[Unit]) -> bool:
    """Whether ``item`` has one of ``units``, which are sorted."""
    index = bisect_left(units, (item.client, item.clock))
    return index < len(units) and units[index] < (item.client, item.clock + item.length)
