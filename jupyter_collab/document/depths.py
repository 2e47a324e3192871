"""How deep shared types lie in each other: yrs deletes by recursion, so those that lie very deep end the process."""

from collections import defaultdict
from contextlib import suppress

from ..errors import InvalidUpdate
from .yjs import GC, SKIP, STRING, TYPE, Item, UpdateReader, only_kind

__all__ = ["MAX_TYPES_DEEP", "TypeDepths"]

MAX_TYPES_DEEP = 100
"""So deep may shared types lie in each other. A notebook's lie four deep; tens of thousands end the process."""

TOO_DEEP = f"The edit puts shared types more than {MAX_TYPES_DEEP} deep into each other; nothing of it was taken in."

Unit = tuple[int, int]
"""A client and its clock."""


class TypeDepths:
    """Knows how deep the shared types of one document lie, and refuses edits that put others too deep into them.

    A type in a text, or beside something of which nothing is known, may hold no other types.
    """

    def __init__(self) -> None:
        self._known: dict[Unit, int] = {}

    def check(self, update: bytes) -> bool:
        """Make sure that no type that ``update`` brings lies too deep; returns whether it may bring any, to be learnt.

        Raises
        ------
        InvalidUpdate
            One does, or it is no update.
        """
        if update.startswith(b"\x00") or only_kind(update) not in (TYPE, None):  # nearly all have one struct or none
            return False
        depths = _Depths(update, self._known).found
        if any(depth > MAX_TYPES_DEEP for depth in depths.values()):
            raise InvalidUpdate(TOO_DEEP)
        return True

    def learn(self, update: bytes) -> None:
        """Take note of what ``update``, as the document itself reported it, brought into the document."""
        with suppress(InvalidUpdate):  # what yrs took in and we cannot read is not guarded, but not lost either
            self._known.update(_Depths(update, self._known).found)


class _Depths:
    """How deep that lies which an update brings, by the first and the last unit of each item that is no text.

    Each item lies one deeper than the type that holds it, and as deep as what is beside it. That may be known, or come
    later in the update.
    """

    def __init__(self, update: bytes, known: dict[Unit, int]) -> None:
        self.found: dict[Unit, int] = {}
        self._known = known
        self._waiting: defaultdict[Unit, list[Item]] = defaultdict(list)
        open_items: list[Item] = []
        for item in UpdateReader(update).items():
            if item.kind not in (GC, SKIP, STRING) and not self._place(item):
                open_items.append(item)
                for unit in _needed(item):
                    self._waiting[unit].append(item)
        self._settle([unit for unit in self._waiting if unit in self.found])
        units = {unit for item in open_items for unit in _units(item)}
        for item in open_items:
            if _units(item)[0] not in self.found and units.isdisjoint(_needed(item)):
                self._note(item, MAX_TYPES_DEEP)
                self._settle(list(_units(item)))
        if any(_units(item)[0] not in self.found for item in open_items):
            raise InvalidUpdate("The edit puts shared types into each other in a circle; nothing of it was taken in.")

    def _settle(self, units: list[Unit]) -> None:
        """Place what waits for units that are placed by now, and what waits for that."""
        while units:
            for item in self._waiting.pop(units.pop(), ()):
                if _units(item)[0] not in self.found and self._place(item):
                    units += _units(item)

    def _place(self, item: Item) -> bool:
        """Note how deep ``item`` lies; returns whether that is known."""
        if isinstance(item.parent, str):
            self._note(item, 1)
            return True
        depths = [self.found.get(unit, self._known.get(unit)) for unit in _needed(item)]
        known = [depth for depth in depths if depth is not None]
        if known:
            self._note(item, max(known) + (item.parent is not None))
        return bool(known)

    def _note(self, item: Item, depth: int) -> None:
        for unit in _units(item):
            self.found[unit] = depth


def _needed(item: Item) -> list[Unit]:
    """What says how deep an item lies: the type that holds it, or what is beside it."""
    if isinstance(item.parent, tuple):
        return [item.parent]
    return [unit for unit in (item.left, item.right) if unit is not None]


def _units(item: Item) -> tuple[Unit, Unit]:
    return (item.client, item.clock), (item.client, item.clock + item.length - 1)
