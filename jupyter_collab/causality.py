"""In which order the items of an update can be taken in, and whether all is there that they build on."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from heapq import heappop, heappush

from .errors import CausalGap
from .yjs import SKIP, Item

__all__ = ["Causality"]

GAP = "The edit builds on edits that the room does not have."


class Causality:
    """Puts the items of an update, which come client by client, into an order in which each is behind all it needs.

    ``end_of`` returns how many units of a client there are before. Only what must wait is kept.
    """

    def __init__(self, end_of: Callable[[int], int]) -> None:
        self._end_of = end_of
        self._ends: dict[int, int] = {}
        self._held: dict[int, deque[Item]] = {}
        self._waiting: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)

    def feed(self, item: Item) -> Iterator[Item]:
        """The items that can be taken in when ``item`` has come; what only says that something is left out does not.

        Raises
        ------
        CausalGap
            It needs something of its own client that does not come before it.
        """
        if item.kind == SKIP:
            return
        held = self._held.get(item.client)
        if held is not None:
            held.append(item)
        elif self._may_come(item):
            yield self._taken(item)
            yield from self._woken(item.client)
        else:
            self._held[item.client] = deque([item])

    def finish(self) -> None:
        """All items have come; raises ``CausalGap`` if some of them still wait."""
        if self._held:
            raise CausalGap(GAP)

    def _taken(self, item: Item) -> Item:
        self._ends[item.client] = max(self._end(item.client), item.clock + item.length)
        return item

    def _end(self, client: int) -> int:
        end = self._ends.get(client)
        return self._end_of(client) if end is None else end

    def _may_come(self, item: Item) -> bool:
        """Whether all is there that ``item`` needs; if not, its client waits for it."""
        client = item.client
        if item.clock > self._end(client):
            raise CausalGap(GAP)
        for unit in _needed(item):
            if unit[1] >= self._end(unit[0]):
                if unit[0] == client:
                    raise CausalGap(GAP)
                heappush(self._waiting[unit[0]], (unit[1], client))
                return False
        return True

    def _woken(self, client: int) -> Iterator[Item]:
        """The items that waited for what has come of ``client``, and those that waited for these."""
        progressed = [client]
        while progressed:
            moved = progressed.pop()
            waiting = self._waiting.get(moved)
            while waiting and waiting[0][0] < self._end(moved):
                woken = heappop(waiting)[1]
                yield from self._released(woken)
                progressed.append(woken)

    def _released(self, client: int) -> Iterator[Item]:
        """The items of a client that has waited, up to one that must wait again."""
        held = self._held[client]
        while held and self._may_come(held[0]):
            yield self._taken(held.popleft())
        if not held:
            del self._held[client]


def _needed(item: Item) -> Iterator[tuple[int, int]]:
    if item.left is not None:
        yield item.left
    if item.right is not None:
        yield item.right
    if isinstance(item.parent, tuple):
        yield item.parent
