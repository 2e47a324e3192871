"""What an update would add to what is known of where everything stands."""

from collections import Counter
from collections.abc import Iterator

from .histories import History
from .lines import Lines
from .places import Places
from .shared_types import Kind, Place, SharedType
from .units import Unit

__all__ = ["PlacesDraft"]


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
        self._histories: dict[int, History] = {}
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
            history = self._histories[client] = History(known.end(client), known.right(client))
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
