"""Where each unit of a document stands: in which shared type, and for maps under which key.

Yjs names what it keeps by *units*: a client and its clock. An item of an update says beside which unit it stands, and
only rarely in which type; so to know what an item means one has to know where all units stand.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import Enum, auto

from .lines import UNKNOWN, Lines, Unit
from .trails import Trail
from .units import Units

__all__ = ["GONE", "Kind", "Place", "Places", "SharedType", "Unit"]

PIECES_PER_DELETION = 2
"""Into so many more a piece falls out of which something is deleted, at most."""

FEW_INSERTIONS = 1_000
"""Where fewer pieces were put, it is not kept by whom."""


class Kind(Enum):
    """What a shared type is in the document of a room. ``docs/wire.md`` describes each."""

    CELLS = auto()
    META = auto()
    STATE = auto()
    CELL = auto()
    SOURCE = auto()
    CELL_METADATA = auto()
    OUTPUTS = auto()
    OUTPUT = auto()
    STREAM = auto()
    NOTEBOOK_METADATA = auto()
    FREE = auto()
    """Anything may stand in it."""
    GONE = auto()
    """It was deleted and collected, so nothing is known of it, and nothing that stands there is shown."""

    @property
    def words(self) -> str:
        """What people are told that it is."""
        return self.name.lower().replace("_", " ")


class SharedType:
    """A shared type, made by ``unit`` in ``owner``, or a root one, of ``depth`` 0.

    ``is_output`` says whether it is outputs or a part of them. ``cell_id`` is what a cell says its id is.
    ``is_deleted`` says whether it is known to be; what lies in it is gone with it.
    """

    __slots__ = ("_cell", "cell_id", "depth", "is_deleted", "is_output", "kind", "owner", "places", "unit")

    def __init__(
        self, kind: Kind, owner: "Place | None" = None, unit: Unit | None = None, depth: int | None = None
    ) -> None:
        holder = None if owner is None else owner.type
        self.kind = kind
        self.owner = owner
        self.unit = unit
        self.depth: int = depth if depth is not None else 0 if holder is None else holder.depth + 1
        self._cell: SharedType | None = None if holder is None else holder.cell
        self.is_output: bool = kind is Kind.OUTPUTS or (holder is not None and holder.is_output)
        self.cell_id: str | None = None
        self.is_deleted = False
        self.places: dict[str | None, Place] = {}

    def holders(self) -> "Iterator[SharedType]":
        """Itself, and the types in which it lies."""
        holder: SharedType | None = self
        while holder is not None:
            yield holder
            holder = None if holder.owner is None else holder.owner.type

    @property
    def cell(self) -> "SharedType | None":
        """The cell that it is, or in which it lies."""
        return self if self.kind is Kind.CELL else self._cell


class Place:
    """Where units stand. ``guarded`` are those of its units that matter and are not deleted; see :mod:`.guards`.

    ``is_text`` says whether characters stand there, and nothing else. What came without its content, as that had been
    deleted, stands in the :attr:`tomb` of a place, whose ``site`` is that place: it may have been a shared type.
    ``pieces`` is in about how many yrs keeps what stands there, and ``insertions`` how many of these were put there.
    """

    __slots__ = (
        "_inserted_by",
        "_site",
        "_tomb",
        "_trail",
        "guarded",
        "insertions",
        "is_text",
        "key",
        "pieces",
        "type",
    )

    def __init__(self, shared_type: SharedType, key: str | None, site: "Place | None" = None) -> None:
        self.type = shared_type
        self.key = key
        self._site = site
        self._tomb: Place | None = None
        self.is_text = key is None and shared_type.kind is Kind.SOURCE
        self.guarded: set[Unit] = set()
        self.pieces = 0
        self.insertions = 0
        self._inserted_by: Counter[str] | None = None
        self._trail: Trail | None = None

    @property
    def site(self) -> "Place":
        """The place itself, or of a tomb, where that is."""
        return self if self._site is None else self._site

    @property
    def tomb(self) -> "Place":
        """Where that stands in the same place of which the content is gone."""
        if self._tomb is None:
            self._tomb = Place(self.type, self.key, self)
        return self._tomb

    def forget_tomb(self) -> None:
        """The place is not needed any more."""
        self._tomb = None

    def insert(self, writer: str, count: int) -> None:
        """``writer`` put so many pieces there."""
        self.insertions += count
        if self.insertions > FEW_INSERTIONS:
            if self._inserted_by is None:
                self._inserted_by = Counter()
            self._inserted_by[writer] += count

    def insertions_of(self, writer: str) -> int:
        """About how many pieces ``writer`` put there."""
        return 0 if self._inserted_by is None else self._inserted_by[writer]

    @property
    def trail(self) -> Trail:
        """In which order the values of a key stood there, if that is kept."""
        if self._trail is None:
            self._trail = Trail()
        return self._trail

    @property
    def is_tomb(self) -> bool:
        """Whether what stands there came without its content."""
        return self._site is not None


GONE = Place(SharedType(Kind.GONE), None)
"""Where that stands of which nothing is known any more."""


class _History:
    """What one client wrote: ``end`` units, in runs that each stand in one place. It may begin with some ``end``.

    ``right`` is what the newest were put before, and ``erased`` from where to where units were deleted last.
    """

    __slots__ = ("end", "erased", "places", "right", "starts")

    def __init__(self, end: int = 0, right: Unit | None = None) -> None:
        self.end = end
        self.right = right
        self.erased = (0, 0)
        self.starts: list[int] = []
        self.places: list[Place] = []

    def put(self, lines: Lines, client: int, place: Place, end: int, left: Unit | None, right: Unit | None) -> bool:
        """All up to ``end`` that is not known yet was put into ``place``, between ``left`` and ``right``.

        ``lines`` learn of it. Returns whether it goes on with what was put before, so that text becomes one piece with
        it.
        """
        is_behind = left == (client, self.end - 1)
        goes_on = is_behind and right == self.right
        if goes_on and self.last is place:
            self.end = end
            return True
        if place.key is None and not is_behind:
            lines.begin(client, self.end, UNKNOWN if place is GONE else left)
        self.right = right
        self.extend(place, end)
        return goes_on

    def erase(self, start: int, stop: int) -> bool:
        """These units are deleted; returns whether they lie beside those that were deleted before."""
        first, last = self.erased
        is_beside = start <= last and first <= stop
        self.erased = (min(start, first), max(stop, last)) if is_beside else (start, stop)
        return is_beside

    def extend(self, place: Place, end: int) -> None:
        """All up to ``end`` that is not known yet stands in ``place``."""
        if not self.places or self.places[-1] is not place:
            self.starts.append(self.end)
            self.places.append(place)
        self.end = end

    @property
    def last(self) -> Place | None:
        """Where the newest stands; ``None`` if it is in none of the runs."""
        return self.places[-1] if self.places else None

    def of(self, clock: int) -> Place | None:
        """Where the unit of this clock stands, if it is in one of the runs."""
        index = bisect_right(self.starts, clock) - 1
        return self.places[index] if index >= 0 and clock < self.end else None

    def between(self, start: int, stop: int) -> Iterator[Place]:
        """Where the units from ``start`` up to ``stop`` stand, run by run."""
        for index in range(max(0, bisect_right(self.starts, start) - 1), len(self.starts)):
            if self.starts[index] >= stop:
                return
            yield self.places[index]


class Places:
    """Knows where all units of one document stand, and which are shared types.

    Attributes
    ----------
    roots, types
        The shared types: the root ones by their names, all others by the units that made them.
    most_pieces
        In how many pieces that is kept which stands in one place, at most.
    lines
        What the units of lists and texts were put behind.
    """

    def __init__(self) -> None:
        self._histories: dict[int, _History] = {}
        self.most_pieces = 0
        self.lines = Lines()
        self.roots: dict[str, SharedType] = {}
        self.types: dict[Unit, SharedType] = {}
        self._type_units = Units()

    @property
    def clients(self) -> int:
        """How many clients ever wrote anything."""
        return len(self._histories)

    @property
    def size(self) -> int:
        """How many shared types are known."""
        return len(self.types)

    @property
    def clocks(self) -> dict[int, int]:
        """How many units of each client there are."""
        return {client: history.end for client, history in self._histories.items()}

    def freeing(self) -> Iterator[None]:
        """Forget all, in small steps, and so that nothing is left that only the garbage collector could free."""
        for shared_type in (*self.roots.values(), *self.types.values()):
            for place in shared_type.places.values():
                place.forget_tomb()
            shared_type.places.clear()
            yield
        self.roots.clear()
        self._type_units.clear()
        for known in (self.types, self._histories):
            while known:
                known.popitem()
                yield

    def end(self, client: int) -> int:
        """How many units of ``client`` there are."""
        history = self._histories.get(client)
        return 0 if history is None else history.end

    def of(self, unit: Unit) -> Place | None:
        """Where ``unit`` stands; ``None`` if there is no such unit."""
        history = self._histories.get(unit[0])
        return None if history is None else history.of(unit[1])

    def between(self, client: int, start: int, stop: int) -> Iterator[Place]:
        """Where the units of ``client`` from ``start`` up to ``stop`` stand, as far as there are any."""
        history = self._histories.get(client)
        return iter(()) if history is None else history.between(start, min(stop, history.end))

    def site(self, unit: Unit) -> Place | None:
        """:meth:`of`, whether the content of the unit is gone or not."""
        place = self.of(unit)
        return None if place is None else place.site

    def place_going_on(self, client: int, left: Unit | None, right: Unit | None) -> Place | None:
        """Where ``client`` goes on with what it put there last, if that is what is put between ``left`` and ``right``.

        Whoever could see the newest of it where it stands could see these beside each other.
        """
        history = self._histories.get(client)
        if history is None or left != (client, history.end - 1) or right != history.right:
            return None
        place = history.last
        return None if place is None or place.is_tomb else place

    def right(self, client: int) -> Unit | None:
        """What the newest that ``client`` wrote was put before."""
        history = self._histories.get(client)
        return None if history is None else history.right

    def type_text(
        self, client: int, place: Place, end: int, left: Unit | None, right: Unit | None, writer: str
    ) -> None:
        """``client`` of ``writer`` put text up to ``end`` into ``place``, between ``left`` and ``right``."""
        history = self._histories.get(client)
        if history is None:
            history = self._histories[client] = _History()
        if not history.put(self.lines, client, place, end, left, right):
            self.add_pieces(place, 1)
            place.insert(writer, 1)

    def erase(self, client: int, start: int, stop: int) -> None:
        """Units of ``client`` are deleted."""
        history = self._histories.get(client)
        if history is not None and not history.erase(start, stop):
            for place in history.between(start, min(stop, history.end)):
                self.add_pieces(place, PIECES_PER_DELETION)

    def delete(self, client: int, start: int, stop: int) -> None:
        """:meth:`erase`, where shared types may go."""
        self.erase(client, start, stop)
        for unit in self._type_units.within(client, start, stop):
            self.types[unit].is_deleted = True

    def add_types(self, types: Mapping[Unit, SharedType]) -> Iterator[None]:
        """Shared types have come. In small steps."""
        self.types.update(types)
        for unit, shared_type in types.items():
            self._type_units.add(unit)
            if shared_type.owner is not None:
                shared_type.owner.is_text = False
            yield

    def add_pieces(self, place: Place, count: int) -> None:
        """What stands in ``place`` is kept in so many more pieces."""
        if place is not GONE:
            place.site.pieces += count
            self.most_pieces = max(self.most_pieces, place.site.pieces)

    def join(self, client: int, more: _History) -> Iterator[None]:
        """``client`` wrote ``more``. In small steps."""
        history = self._histories.get(client)
        if history is None:
            history = self._histories[client] = _History()
        history.right = more.right
        ends = [*more.starts[1:], more.end]
        for place, end in zip(more.places, ends, strict=True):
            history.extend(place, end)
            yield


class PlacesDraft:
    """What an update would add to ``known`` places; :meth:`commit` adds it.

    Attributes
    ----------
    types
        The shared types that it makes.
    pieces
        In how many more pieces is kept what stands in a place.
    insertions
        How many of these each client put there.
    lines
        What the units of lists and texts are put behind.
    """

    def __init__(self, known: Places) -> None:
        self._known = known
        self._histories: dict[int, _History] = {}
        self._roots: dict[str, SharedType] = {}
        self._places: dict[tuple[SharedType, str | None], Place] = {}
        self.types: dict[Unit, SharedType] = {}
        self.pieces: Counter[Place] = Counter()
        self.insertions: Counter[tuple[Place, int]] = Counter()
        self.lines = Lines(known.lines)

    @property
    def new_clients(self) -> int:
        """How many clients write for the first time."""
        return sum(self._known.end(client) == 0 for client in self._histories)

    def end(self, client: int) -> int:
        """How many units of ``client`` there are, with those of the update so far."""
        history = self._histories.get(client)
        return self._known.end(client) if history is None else history.end

    def of(self, unit: Unit) -> Place | None:
        """Where ``unit`` stands; ``None`` if there is no such unit."""
        history = self._histories.get(unit[0])
        place = None if history is None else history.of(unit[1])
        return self._known.of(unit) if place is None else place

    def type(self, unit: Unit) -> SharedType | None:
        """The shared type that ``unit`` made, if it is one."""
        return self.types.get(unit) or self._known.types.get(unit)

    def root(self, name: str, kind: Kind) -> SharedType:
        """The root type of this name; of that ``kind`` if it is new."""
        found = self._known.roots.get(name) or self._roots.get(name)
        if found is None:
            found = self._roots[name] = SharedType(kind)
        return found

    @property
    def new_roots(self) -> int:
        """How many root types come."""
        return len(self._roots)

    def place(self, shared_type: SharedType, key: str | None) -> Place:
        """The place in ``shared_type``: of all that stands in a list or text, or under one key of a map."""
        found = shared_type.places.get(key) or self._places.get((shared_type, key))
        if found is None:
            found = self._places[shared_type, key] = Place(shared_type, key)
        return found

    def put(self, client: int, place: Place, end: int, left: Unit | None, right: Unit | None, *, is_text: bool) -> None:
        """What ``client`` wrote up to ``end``, and is not known yet, was put between ``left`` and ``right``."""
        history = self._histories.get(client)
        if history is None:
            known = self._known
            history = self._histories[client] = _History(known.end(client), known.right(client))
        goes_on = history.put(self.lines, client, place, end, left, right)
        if not (goes_on and is_text):
            self.pieces[place.site] += 1
        if not goes_on or not (is_text or place.is_tomb):  # somebody else may have deleted a part of a text
            self.insertions[place.site, client] += 1

    def pieces_in(self, place: Place) -> int:
        """In about how many pieces is kept what stands in ``place``, with those of the update so far."""
        return place.site.pieces + self.pieces[place.site]

    def commit(self) -> Iterator[None]:
        """The update is part of the document now. In small steps, between which nobody asks where anything stands."""
        known = self._known
        known.roots.update(self._roots)
        yield from known.add_types(self.types)
        for (shared_type, key), place in self._places.items():
            shared_type.places[key] = place
            yield
        for place, count in self.pieces.items():
            known.add_pieces(place, count)
            yield
        for client, history in self._histories.items():
            yield from known.join(client, history)
        known.lines.join(self.lines)
