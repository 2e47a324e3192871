"""One update, looked at item by item: where each stands, and whether a person may put it there."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from ..errors import CausalGap, InvalidUpdate
from ..yjs import ANY, DELETED, GC, TYPE, Deletion, Item, UpdateReader, values_of
from .causality import Causality
from .grammar import ROOTS, Care, care_of, complaint_about, kind_of
from .parts import Pieces, parts_of
from .places import GONE, Kind, Place, Places, PlacesDraft, SharedType, Unit

__all__ = ["MAX_TYPES_DEEP", "Examination"]

MAX_TYPES_DEEP = 100
"""So deep may shared types lie in each other. A notebook's lie four deep; tens of thousands end the process."""

MAX_AT_ONE_PLACE = 1_000
"""So many items of one update may stand between the same two others: yrs compares each of them with all the others."""

MAX_ROOT_NAME_CHARACTERS = 128


NEEDED = {Kind.CELL: ("cell_type", "source", "metadata"), Kind.OUTPUT: ("output_type",)}
"""What JupyterLab needs in a map to show it."""

LACKS = {
    Kind.CELL: "It puts something that is no cell among the cells of the room.",
    Kind.OUTPUT: "It puts something that is no output among the outputs of a cell.",
}

Guards = Mapping[int, Mapping[int, Place]]
"""By client and clock: where that stands which matters and is not deleted."""


class Examination:
    """What ``update`` would do to the document that ``known`` and ``guards`` describe.

    If ``is_judged``, it is refused as soon as there is a reason. Else it is part of the document already, and only
    where things stand is to be learnt.

    Attributes
    ----------
    draft
        Where what is new stands.
    writers
        The clients of which something is new.
    known
        The items of which the document has a part, or all.
    pieces, deletions
        Where the update has what is new, in an order in which it can be taken in; and what it deletes.
    valued
        What is new and matters, by where it stands; see :func:`~.grammar.care_of`.
    touched
        The cells of which it changes what only runs should change, and whether it puts outputs there; if it is part
        of the document already, also whether it takes a part of them away.
    cuts_outputs
        Whether it says that a part of some outputs goes, which may have gone before.
    """

    def __init__(self, update: bytes, known: Places, guards: Guards, *, is_judged: bool) -> None:
        self._update = update
        self._places = known
        self._guards = guards
        self._is_judged = is_judged
        self._neighbours: Counter[object] = Counter()
        self._new: list[tuple[SharedType, Unit]] = []
        self._indices: dict[Unit, int] = {}
        self.pieces = Pieces()
        self.deletions: list[Deletion] = []
        self.draft = PlacesDraft(known)
        self.writers: set[int] = set()
        self.known: list[Item] = []
        self.valued: defaultdict[Place, list[Item]] = defaultdict(list)
        self.touched: dict[SharedType, bool] = {}
        self.cares_for_deletions = False
        self.cuts_outputs = False
        self._deleted: dict[int, _Ranges] = {}
        self._spans: list[tuple[int, int]] = []
        self._lasts: defaultdict[Place, dict[Unit, int]] = defaultdict(dict)
        self._followed: set[Unit] = set()
        self._gone: set[Unit] = set()

    def run(self) -> None:
        """Look at all of it."""
        for _ in self.steps():
            pass

    def steps(self) -> Iterator[None]:
        """Look at all of it, in small steps."""
        reader = UpdateReader(self._update, is_ours=not self._is_judged)
        causality = Causality(self._places.end)
        for item in reader.items():
            for next_item in causality.feed(item):
                self._take(next_item)
                yield
        causality.finish()
        for deletion in reader.deletions():
            self.deletions.append(deletion)
            self._deleted.setdefault(deletion.client, _Ranges()).add(deletion.clock, deletion.clock + deletion.length)
            yield
        for deletion in self.deletions:
            self._look_at_deletion(deletion)
            yield
        if self._is_judged:
            yield from self._require_values()
            yield from self._require_whole()

    # Items

    def _take(self, item: Item) -> None:
        known_end = self.draft.end(item.client)
        if item.clock < known_end:
            self.known.append(item)
            if item.clock + item.length <= known_end:
                return
            if item.kind != GC:  # yrs puts the rest behind what it knows
                item = item._replace(left=(item.client, known_end - 1))
        place = self._locate(item)
        self.writers.add(item.client)
        self.pieces.add(item)
        self.draft.extend(item.client, place, item.clock + item.length)
        if item.kind == GC or (place is GONE and item.kind != TYPE):
            return
        if self._is_judged:
            self._judge(item, place)
        if item.kind == TYPE:
            self._add_type(item, place)
        self._note(item, place)

    def _locate(self, item: Item) -> Place:
        if item.kind == GC:
            return GONE
        if item.left is not None or item.right is not None:
            return self._beside(item)
        if isinstance(item.parent, str):
            if self._is_judged and len(item.parent) > MAX_ROOT_NAME_CHARACTERS:
                self._refuse("It names a root type by more than 128 characters.")
            holder = self.draft.root(item.parent, ROOTS.get(item.parent, Kind.FREE))
        else:
            found = None if item.parent is None else self.draft.type(item.parent)
            if found is None:
                if self._is_judged and (item.parent is None or self.draft.of(item.parent) is not GONE):
                    self._refuse("It puts something into what is no shared type.")
                return GONE
            holder = found
        return GONE if holder.kind is Kind.GONE else self.draft.place(holder, item.key)

    def _beside(self, item: Item) -> Place:
        left = None if item.left is None else self.draft.of(item.left)
        right = None if item.right is None else self.draft.of(item.right)
        if left is None or left is GONE:
            return right or GONE
        if self._is_judged and right is not None and right is not left and right is not GONE:
            self._refuse("It puts something between two that do not stand beside each other.")
        return left

    def _judge(self, item: Item, place: Place) -> None:
        complaint = complaint_about(place, item, self._update)
        if complaint is not None:
            self._refuse(complaint)
        care = care_of(place)
        if care is not None and place.key is not None:
            self._judge_value(item, place, care)
        before = (item.client, item.clock - 1)
        if before in (item.left, item.right):  # nothing else stands beside what was written just before
            return
        neighbours = (place, item.left, item.right)
        self._neighbours[neighbours] += 1
        if self._neighbours[neighbours] > MAX_AT_ONE_PLACE:
            self._refuse(f"It puts more than {MAX_AT_ONE_PLACE} things between the same two others.")

    def _judge_value(self, item: Item, place: Place, care: Care) -> None:
        """Judge what comes under a key that matters.

        Of all that ever stood there the last one counts. What comes is the last one, or before another one that came
        and names it as its left, or before what is there. If it is deleted, there is nothing any more.
        """
        if item.length != 1 and item.kind != DELETED:
            self._refuse("It sets a key to several values.")
        if care is Care.WATCHED:
            return
        if care is Care.KEPT and place.guarded:
            self._refuse(f"It takes the {place.key} of a {_named(place)} away.")
        if item.right is not None:
            self._refuse(f"It puts a {place.key} of a {_named(place)} before another one.")
        lasts = self._lasts[place]
        if item.left is not None:
            self._followed.add(item.left)
            index = lasts.pop(item.left, None)
            if index is not None:
                self._spans.append((index, len(self.pieces) - 1))
        if item.kind == DELETED:
            self._gone.add((item.client, item.clock + item.length - 1))
        lasts[item.client, item.clock + item.length - 1] = len(self.pieces) - 1

    def _add_type(self, item: Item, place: Place) -> None:
        unit = (item.client, item.clock)
        shared_type = SharedType(kind_of(place, item, self._update), None if place is GONE else place, unit)
        if self._is_judged and shared_type.depth > MAX_TYPES_DEEP:
            self._refuse(f"It puts shared types more than {MAX_TYPES_DEEP} deep into each other.")
        self.draft.types[unit] = shared_type
        if shared_type.kind in NEEDED:
            self._indices[unit] = len(self.pieces) - 1
            self._new.append((shared_type, unit))

    def _note(self, item: Item, place: Place) -> None:
        """Take note of what matters in an item that is new."""
        care = care_of(place)
        if item.kind == DELETED:
            self.cuts_outputs = self.cuts_outputs or place.type.is_output
            if care is Care.WATCHED:
                self._touch(place, is_output=False)
            return
        if care is not None:
            self._indices[item.client, item.clock] = len(self.pieces) - 1
            self.valued[place].append(item)
        if place.type.is_output or care is Care.WATCHED:
            self._touch(place, is_output=place.type.is_output)

    def _touch(self, place: Place, *, is_output: bool) -> None:
        cell = place.type.cell
        if cell is not None:
            self.touched[cell] = is_output or self.touched.get(cell, False)

    # Deletions

    def _look_at_deletion(self, deletion: Deletion) -> None:
        client, start, length = deletion
        if start + length > self.draft.end(client):
            raise CausalGap("The edit deletes text that the room does not have.")
        for place in self._places.between(client, start, start + length):
            if place.type.is_output:
                self.cuts_outputs = True
                if not self._is_judged:
                    self._touch(place, is_output=True)
        guarded = self._guards.get(client)
        if guarded:
            for clock in _within(guarded, start, start + length):
                self.cares_for_deletions = True
                self._look_at_guarded(guarded[clock], (client, clock))

    def _look_at_guarded(self, place: Place, unit: Unit) -> None:
        care = care_of(place)
        if care is Care.WATCHED:
            self._touch(place, is_output=False)
        owner = place.type.unit
        if not self._is_judged or (owner is not None and self.is_deleted(owner)):
            return
        if care is Care.KEPT or (care is Care.REPLACED and unit not in self._followed):
            what = "a cell" if place.key is None else f"the {place.key} of a {_named(place)}"
            self._refuse(f"It takes {what} away. To delete a cell, mark it as 'deleted'.")

    def _has_value(self, place: Place) -> bool:
        """Whether something new stands in ``place`` that the update does not delete."""
        return any(not self.is_deleted((item.client, item.clock)) for item in self.valued.get(place, ()))

    def is_deleted(self, unit: Unit) -> bool:
        """Whether the update deletes ``unit``."""
        ranges = self._deleted.get(unit[0])
        return ranges is not None and unit[1] in ranges

    # The whole

    def _require_values(self) -> Iterator[None]:
        """Make sure that what comes last under a key that matters is not deleted."""
        for place, lasts in self._lasts.items():
            owner = place.type.unit
            if owner is None or not self.is_deleted(owner):
                for unit in lasts:
                    if unit in self._gone or self.is_deleted(unit):
                        self._refuse(f"It takes the {place.key} of a {_named(place)} away.")
            yield

    def _require_whole(self) -> Iterator[None]:
        """Make sure that the cells and outputs that come can be shown; notes from where to where they are not whole."""
        for shared_type, unit in self._new:
            if not self.is_deleted(unit):
                places = self._needed(shared_type)
                if not all(map(self._has_value, places)):
                    self._refuse(LACKS[shared_type.kind])
                self._spans.append((self._indices[unit], max(map(self._first_value, places))))
            yield

    def _needed(self, shared_type: SharedType) -> list[Place]:
        """The places in a new cell or output where there must be something for it to be shown."""
        keys = list(NEEDED[shared_type.kind])
        if shared_type.kind is Kind.OUTPUT and self._is_said(shared_type, "output_type", "stream"):
            keys.append("text")
        if shared_type.kind is Kind.CELL and self._is_said(shared_type, "cell_type", "code"):
            keys.append("outputs")
        return [self.draft.place(shared_type, key) for key in keys]

    def parts(self) -> Iterator[bytes]:
        """The update in parts; see :func:`~.parts.parts_of`."""
        return parts_of(self._update, self.pieces, self.deletions, self._spans)

    def _first_value(self, place: Place) -> int:
        """Which of the new items puts something into ``place``."""
        live = (item for item in self.valued[place] if not self.is_deleted((item.client, item.clock)))
        return min(self._indices[item.client, item.clock] for item in live)

    def _is_said(self, shared_type: SharedType, key: str, value: str) -> bool:
        """Whether a new map has ``value`` under ``key``, or had it for a time."""
        items = self.valued.get(self.draft.place(shared_type, key), ())
        return any(value in values_of(self._update, item) for item in items)

    def ids(self) -> Iterator[tuple[SharedType, str]]:
        """The cells that are given an id, with it."""
        for place, items in self.valued.items():
            if place.type.kind is Kind.CELL and place.key == "id":
                for value in values_of(self._update, items[-1]) if items[-1].kind == ANY else ():
                    if isinstance(value, str):
                        yield place.type, value

    def _refuse(self, complaint: str) -> None:
        raise InvalidUpdate(f"The edit cannot be taken in. {complaint} Nothing of it was taken in.")


class _Ranges:
    """Ranges of one client's clocks, which come in any order."""

    __slots__ = ("_are_sorted", "_starts", "_stops")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []
        self._are_sorted = True

    def add(self, start: int, stop: int) -> None:
        """From ``start`` up to ``stop``."""
        if self._stops and start < self._stops[-1]:
            self._are_sorted = False
        self._starts.append(start)
        self._stops.append(stop)

    def __contains__(self, clock: int) -> bool:
        if not self._are_sorted:
            self._sort()
        index = bisect_right(self._starts, clock) - 1
        return index >= 0 and clock < self._stops[index]

    def _sort(self) -> None:
        """Put them in order, and join those that overlap."""
        pairs = sorted(zip(self._starts, self._stops, strict=True))
        self._starts, self._stops = [], []
        for start, stop in pairs:
            if self._stops and start < self._stops[-1]:
                self._stops[-1] = max(stop, self._stops[-1])
            else:
                self._starts.append(start)
                self._stops.append(stop)
        self._are_sorted = True


def _named(place: Place) -> str:
    return place.type.kind.name.lower().replace("_", " ")


def _within(clocks: Mapping[int, object], start: int, stop: int) -> list[int]:
    """Those of ``clocks`` from ``start`` up to ``stop``."""
    if stop - start < len(clocks):
        return [clock for clock in range(start, stop) if clock in clocks]
    return [clock for clock in clocks if start <= clock < stop]
