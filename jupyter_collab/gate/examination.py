"""One update, looked at item by item: where each stands, and whether a person may put it there."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from ..causality import Causality
from ..depths import MAX_TYPES_DEEP
from ..errors import CausalGap, InvalidUpdate
from ..yjs import ANY, DELETED, GC, STRING, TYPE, Deletion, Item, UpdateReader, values_of
from .chains import Chains
from .deleted import Deleted
from .draft import PlacesDraft
from .grammar import ROOTS, Care, care_of, complaint_about, kind_of
from .guards import Guards
from .parts import Excerpts, Stride, parts_of, require_short_spans
from .places import Places
from .shared_types import GONE, Kind, Place, SharedType
from .units import Unit

__all__ = ["MAX_AT_ONE_PLACE", "Examination"]

MAX_AT_ONE_PLACE = 1_000
"""So many items of one update may stand between the same two others: yrs compares each of them with all the others."""

MAX_ROOT_NAME_CHARACTERS = 128

NOT_BESIDE = "It puts something between two that do not stand beside each other."

DELETABLE = frozenset({Kind.FREE, Kind.STREAM})
"""The kinds of lists and texts that people may delete as a whole, and so make again."""

NEEDED = {Kind.CELL: ("cell_type", "source", "metadata"), Kind.OUTPUT: ("output_type",)}
"""What JupyterLab needs in a map to show it."""

LACKS = {
    Kind.CELL: "It puts something that is no cell among the cells of the room.",
    Kind.OUTPUT: "It puts something that is no output among the outputs of a cell.",
}


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
    excerpts, deletions
        Where the update has what is new, in an order in which it can be taken in; and what it deletes.
    valued
        What is new and matters, by where it stands; see :func:`~.grammar.care_of`.
    deletes
        Whether it deletes anything, be it that a value takes the place of another one.
    touched
        The cells of which it changes what only runs should change, and whether it puts outputs there; if it is part
        of the document already, also whether it takes a part of them away.
    orphaning
        The shared types in which something comes that stands beside what is gone. That can only be if they are deleted.
    cuts_outputs
        Whether it says that a part of some outputs goes, which may have gone before.
    """

    def __init__(self, update: bytes, known: Places, guards: Guards, *, is_judged: bool) -> None:
        self._update = update
        self._places = known
        self._guards = guards
        self._is_judged = is_judged
        self._new: list[tuple[SharedType, Unit]] = []
        self._indices: dict[Unit, int] = {}
        self._deleted = Deleted()
        self._several: list[Deletion] = []
        """Several values of one key, which the update must delete."""
        self._spans: list[tuple[int, int]] = []
        self._chains = Chains(self._deleted)
        self._neighbours: Counter[tuple[Place, Unit | None, Unit | None]] = Counter()
        """How many new things stand between the same two others."""
        self.excerpts = Excerpts()
        self.deletions: list[Deletion] = []
        self.draft = PlacesDraft(known)
        self.writers: set[int] = set()
        self.known: list[Item] = []
        self.valued: defaultdict[Place, list[Item]] = defaultdict(list)
        self.touched: dict[SharedType, bool] = {}
        self.orphaning: set[SharedType] = set()
        self.deletes = False
        self.cuts_outputs = False

    def steps(self) -> Iterator[None]:
        """Look at all of it, in small steps."""
        reader = UpdateReader(self._update, is_ours=not self._is_judged)
        causality = Causality(self._places.end)
        for item in reader.items():
            yield  # it may be one of many that wait for others
            for next_item in causality.feed(item):
                self._take(next_item)
                yield
        causality.finish()
        for deletion in reader.deletions():
            self._deleted.add(deletion)
            yield
        for deletion in self._deleted.joined():
            self.deletions.append(deletion)
            self.deletes = True
            yield
        for deletion in self.deletions:
            self._look_at_deletion(deletion)
            yield
        if self._is_judged:
            yield from self._require_whole()

    # Items

    def _take(self, item: Item) -> None:
        known_end = self.draft.end(item.client)
        if item.clock < known_end:
            self.known.append(item)
            if item.clock + item.length <= known_end:
                return
            if item.kind != GC:
                item = self._rest_of(item, (item.client, known_end - 1))
        place = self._locate(item)
        if self._is_judged and place.key is not None and item.length > 1 and item.kind not in (GC, DELETED):
            item = self._values_that_are_gone(item, max(item.clock, known_end))
        self.writers.add(item.client)
        self.deletes = self.deletes or place.key is not None
        stands_in = place.tomb if item.kind == DELETED and place is not GONE else place
        end = item.clock + item.length
        self.draft.put(item.client, stands_in, end, item.left, item.right, is_text=item.kind == STRING)
        if item.kind == GC or (place is GONE and item.kind != TYPE):
            self.excerpts.add(item, 1)
            return
        if self._is_judged:
            self._judge(item, place)
            self._count(item, place)
        self.excerpts.add(item, self.draft.pieces_in(place), has_key=place.key is not None)
        if item.kind == TYPE:
            self._add_type(item, place)
        self._note(item, place, max(item.clock, known_end))

    def _values_that_are_gone(self, item: Item, start: int) -> Item:
        """Several values of one key: Yjs joins those that are deleted and kept for an undo. Nobody is shown any."""
        self._several.append(Deletion(item.client, start, item.clock + item.length - start))
        return item._replace(kind=DELETED)

    def _rest_of(self, item: Item, last: Unit) -> Item:
        """An item of which the document has the units up to ``last``: yrs puts the rest behind these."""
        if self._is_judged and self._locate(item).site is not self._site(last):
            self._refuse("It says that something stands elsewhere than where it does.")
        return item._replace(left=last)

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
                where = None if item.parent is None else self.draft.of(item.parent)
                if self._is_judged and where is not GONE and not (where is not None and where.is_tomb):
                    self._refuse("It puts something into what is no shared type.")
                return GONE
            holder = found
        return GONE if holder.kind is Kind.GONE else self.draft.place(holder, item.key)

    def _beside(self, item: Item) -> Place:
        left, right = self._site(item.left), self._site(item.right)
        place = right if left is None or left is GONE else left
        if place is None or place is GONE:
            return GONE
        if GONE in (left, right):
            self.orphaning.add(place.type)
        elif self._is_judged and right is not None and right is not place:
            self._refuse(NOT_BESIDE)
        return place

    def _site(self, unit: Unit | None) -> Place | None:
        place = None if unit is None else self.draft.of(unit)
        return None if place is None else place.site

    def _judge(self, item: Item, place: Place) -> None:
        complaint = complaint_about(place, item, self._update)
        if complaint is not None:
            self._refuse(complaint)
        if place.key is None and not self._may_stand_there(item, place):
            self._refuse(NOT_BESIDE)
        if place.key is not None and item.right is not None:
            self._refuse("It puts a value of a key before another one.")
        is_kept = place.key is not None and care_of(place) is Care.KEPT
        if is_kept and (place.guarded or (item.left is None and place in self._chains)):
            self._refuse(f"It takes the {place.key} of a {place.type.kind.words} away.")

    def _may_stand_there(self, item: Item, place: Place) -> bool:
        """Whether somebody can have seen those beside each other between which ``item`` comes into a list or text.

        Who undoes the deletion of a shared type makes it again with all that was in it. Of that Yjs does not always
        say truly between which two it stands, so the one who made a type that can be deleted may say anything there.
        """
        owner = place.type.unit
        if place.type.kind in DELETABLE and owner is not None and owner[0] == item.client:
            return True
        return item.right is None or self.draft.lines.may_stand_between(item.left, item.right)

    def _count(self, item: Item, place: Place) -> None:
        """Count what comes between the same two others: yrs compares each of them with all.

        What comes there edit by edit costs more and more, which the room measures.
        """
        before = (item.client, item.clock - 1)
        if before in (item.left, item.right):  # nothing else stands beside what was written just before
            return
        self._neighbours[place, item.left, item.right] += 1
        if self._neighbours[place, item.left, item.right] > MAX_AT_ONE_PLACE:
            self._refuse(f"It puts more than {MAX_AT_ONE_PLACE} things between the same two others.")

    def _add_type(self, item: Item, place: Place) -> None:
        unit = (item.client, item.clock)
        if place is GONE:
            shared_type = SharedType(Kind.GONE, None, unit, self._depth_in_what_is_gone(item))
        else:
            shared_type = SharedType(kind_of(place, item, self._update), place, unit)
        if self._is_judged and shared_type.depth > MAX_TYPES_DEEP:
            self._refuse(f"It puts shared types more than {MAX_TYPES_DEEP} deep into each other.")
        self.draft.types[unit] = shared_type
        if shared_type.kind in NEEDED:
            self._indices[unit] = len(self.excerpts) - 1
            self._new.append((shared_type, unit))

    def _depth_in_what_is_gone(self, item: Item) -> int:
        holder = self.draft.type(item.parent) if isinstance(item.parent, tuple) else None
        return 1 if holder is None else holder.depth + 1

    def _note(self, item: Item, place: Place, start: int) -> None:
        """Take note of what matters in an item that is new from the clock ``start`` on."""
        care = care_of(place)
        if care is not None and place.key is not None:
            followed = self._chains.add(item, place, start, len(self.excerpts) - 1)
            if followed is not None:  # no part of the update may end with a value that is gone
                self._spans.append((followed, len(self.excerpts) - 1))
        if care is Care.WATCHED:
            self._touch(place, is_output=False)
        if item.kind == DELETED:
            self.cuts_outputs = self.cuts_outputs or place.type.is_output
            return
        if care is not None:
            self._indices[item.client, item.clock] = len(self.excerpts) - 1
            self.valued[place].append(item)
        if place.type.is_output:
            self._touch(place, is_output=True)

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
        for unit, place in self._guards.within(client, start, start + length):
            self._look_at_guarded(place, unit)

    def _look_at_guarded(self, place: Place, unit: Unit) -> None:
        care = care_of(place)
        if care is Care.WATCHED:
            self._touch(place, is_output=False)
        if not self._is_judged or self._goes_with_its_type(place):
            return
        if care is Care.KEPT or (care is Care.REPLACED and place not in self._chains):
            what = "a cell" if place.key is None else f"the {place.key} of a {place.type.kind.words}"
            self._refuse(f"It takes {what} away. To delete a cell, mark it as 'deleted'.")

    def _goes_with_its_type(self, place: Place) -> bool:
        owner = place.type.unit
        return owner is not None and self.is_deleted(owner)

    def require_gone(self) -> None:
        """Make sure that :attr:`orphaning` types are deleted, before or now: yrs would show what Yjs drops."""
        if not all(any(map(self._is_gone, shared_type.holders())) for shared_type in self.orphaning):
            self._refuse(NOT_BESIDE)

    def _is_gone(self, shared_type: SharedType) -> bool:
        return shared_type.is_deleted or (shared_type.unit is not None and self.is_deleted(shared_type.unit))

    def is_deleted(self, unit: Unit) -> bool:
        """Whether the update deletes ``unit``."""
        return unit in self._deleted

    # The whole

    def _require_whole(self) -> Iterator[None]:
        """Make sure that the cells and outputs that come can be shown; notes from where to where they are not whole."""
        for place in self._chains:
            is_needed = care_of(place) in (Care.KEPT, Care.REPLACED)
            if is_needed and not self._goes_with_its_type(place) and not self._chains.keeps_value(place):
                self._refuse(f"It takes the {place.key} of a {place.type.kind.words} away.")
            yield
        for deletion in self._several:
            if not self._deleted.covers(deletion):
                self._refuse("It sets a key to several values.")
            yield
        for shared_type, unit in self._new:
            if not self.is_deleted(unit):
                places = self._needed(shared_type)
                if not all(map(self._chains.has_value, places)):
                    self._refuse(LACKS[shared_type.kind])
                cell_id = self.draft.place(shared_type, "id")  # or the server gives the cell one between two parts
                if self._chains.has_value(cell_id):
                    places.append(cell_id)
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

    def lay_trails(self) -> None:
        """Keep in which order values stand that may be exchanged: the update is part of the document now."""
        for place in self._chains:
            if care_of(place) is Care.REPLACED:
                self._chains.commit(place)

    def require_short_spans(self) -> Iterator[None]:
        """Make sure, in small steps, that :meth:`parts` are not very large; raises what their function does."""
        return require_short_spans(self.excerpts, self._spans)

    def parts(self, stride: Stride) -> Iterator[bytes]:
        """The update in parts; see :func:`~.parts.parts_of`."""
        return parts_of(self._update, self.excerpts, self._deleted, self._spans, stride)

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
