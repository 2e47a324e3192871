"""What comes under the keys of maps that matter: values, each of which follows another one or none.

Of all that ever stood under a key the last one counts (see :mod:`.trails`). If that is deleted, there is nothing any
more.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from ..yjs import DELETED, Item
from .deleted import Deleted
from .shared_types import Place
from .trails import Branch, Step
from .units import Unit

__all__ = ["Chains"]


class Chains:
    """The values of an update, by where they stand. ``deleted`` holds the units that the update deletes."""

    def __init__(self, deleted: Deleted) -> None:
        self._deleted = deleted
        self._links: defaultdict[Place, list[_Link]] = defaultdict(list)
        self._followers: dict[int, list[tuple[int, _Link]]] = {}
        self._indices: dict[Unit | None, int] = {}

    def __iter__(self) -> Iterator[Place]:
        return iter(self._links)

    def __contains__(self, place: object) -> bool:
        return place in self._links

    def add(self, item: Item, place: Place, start: int, index: int) -> int | None:
        """Item number ``index`` of the update, which is new from the clock ``start`` on.

        Returns the number of the one that it follows, if that is new, too.
        """
        step = Step(item.client, start, item.clock + item.length)
        link = _Link(step, item.left, is_gone=item.kind == DELETED)
        self._links[place].append(link)
        if item.left is not None:
            client, clock = item.left
            insort(self._followers.setdefault(client, []), (clock, link), key=itemgetter(0))
        followed = self._indices.get(item.left)
        self._indices[step.client, step.stop - 1] = index
        return followed

    def has_value(self, place: Place) -> bool:
        """Whether something came there, and what counts in the end is there."""
        return place in self._links and self.keeps_value(place)

    def keeps_value(self, place: Place) -> bool:
        """Whether what counts in the end is there: something new, or what was there."""
        way = self._way(place)
        if way is not None:
            return self._stays(way[1][-1])
        last = place.trail.last
        return last in place.guarded and last not in self._deleted

    def commit(self, place: Place) -> None:
        """What came to ``place`` is part of the document now."""
        way = self._way(place)
        if way is not None:
            place.trail.go_on(way[0], [link.step for link in way[1]])

    def _way(self, place: Place) -> tuple[Branch, list["_Link"]] | None:
        """Where the way to the last value leaves the known one, and by which new ones it goes on; ``None`` if not."""
        branches = [
            (branch, link)
            for link in self._links.get(place, ())
            if (branch := place.trail.branch(link.left, link.step.client)) is not None
        ]
        if not branches:
            return None
        first = min(branch for branch, _ in branches)
        link = max((link for branch, link in branches if branch == first), key=_rank)
        return first, self._go_on(link)

    def _go_on(self, link: "_Link") -> list["_Link"]:
        """``link``, and the new values by which the way goes on behind it."""
        way = [link]
        while (found := self._follower(way[-1].step)) is not None:
            clock, following = found
            way[-1] = way[-1]._replace(step=way[-1].step._replace(stop=clock + 1))
            way.append(following)
        return way

    def _follower(self, step: Step) -> tuple[int, "_Link"] | None:
        """The first value of ``step``, by its clock, behind which the way leaves the step, and where it goes on."""
        followers = self._followers.get(step.client, [])
        found: tuple[int, _Link] | None = None
        for clock, link in followers[bisect_left(followers, step.start, key=itemgetter(0)) :]:
            if clock >= step.stop or (found is not None and clock > found[0]):
                break
            leaves = clock == step.stop - 1 or link.step.client > step.client
            if leaves and (found is None or _rank(link) > _rank(found[1])):
                found = clock, link
        return found

    def _stays(self, link: "_Link") -> bool:
        return not link.is_gone and (link.step.client, link.step.stop - 1) not in self._deleted


class _Link(NamedTuple):
    """Values of a key, and what the first of them follows; ``is_gone`` says that they came without their content."""

    step: Step
    left: Unit | None
    is_gone: bool


def _rank(link: _Link) -> tuple[int, int]:
    """Of several that follow one: the last is that of the highest client; of one client's the first, as Yjs has it."""
    return link.step.client, -link.step.start
