"""In which order the items of an update can be taken in, and whether all is there that they build on."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush

from ..errors import CausalGap
from ..yjs import SKIP, Item
from .places import Unit

__all__ = ["GAP", "in_order"]

GAP = "The edit builds on edits that the room does not have."


def in_order(items: Iterable[Item], end_of: Callable[[int], int]) -> Iterator[Item]:
    """``items``, client by client as in an update, so that each comes behind all that it needs.

    ``end_of`` returns how many units of a client there are before. What only says that something is left out does not
    come.

    Raises
    ------
    CausalGap
        One of them needs something that is not there; those before it have come by then.
    """
    return _Walk(items, end_of).run()


class _Walk:
    """Goes on with one client's items until one needs those of another client that are still to come."""

    def __init__(self, items: Iterable[Item], end_of: Callable[[int], int]) -> None:
        self._ends: dict[int, int] = {}
        self._end_of = end_of
        self._items: defaultdict[int, list[Item]] = defaultdict(list)
        for item in items:
            self._items[item.client].append(item)
        self._waiting: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)

    def run(self) -> Iterator[Item]:
        """All of them."""
        rests = {client: iter(items) for client, items in self._items.items()}
        heads = {client: next(rest) for client, rest in rests.items()}
        ready = list(reversed(heads))
        while ready:
            client = ready.pop()
            while (item := heads.get(client)) is not None and self._may_come(item):
                if item.kind != SKIP:
                    yield item
                    self._ends[client] = max(self._end(client), item.clock + item.length)
                following = next(rests[client], None)
                if following is None:
                    del heads[client]
                else:
                    heads[client] = following
            ready += self._woken(client)
        if heads:
            raise CausalGap(GAP)

    def _end(self, client: int) -> int:
        end = self._ends.get(client)
        return self._end_of(client) if end is None else end

    def _may_come(self, item: Item) -> bool:
        """Whether all is there that ``item`` needs; if it is still to come, its client waits for it."""
        client = item.client
        if item.kind == SKIP:
            return True
        if item.clock > self._end(client):
            raise CausalGap(GAP)
        for unit in _needed(item):
            if unit[1] >= self._end(unit[0]):
                if unit[0] == client or unit[0] not in self._items:
                    raise CausalGap(GAP)
                heappush(self._waiting[unit[0]], (unit[1], client))
                return False
        return True

    def _woken(self, client: int) -> Iterator[int]:
        """Those who waited for what has come of ``client``."""
        waiting = self._waiting.get(client)
        while waiting and waiting[0][0] < self._end(client):
            yield heappop(waiting)[1]


def _needed(item: Item) -> Iterator[Unit]:
    if item.left is not None:
        yield item.left
    if item.right is not None:
        yield item.right
    if isinstance(item.parent, tuple):
        yield item.parent
