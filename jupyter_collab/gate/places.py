"""Where each unit of a document stands: in which shared type, and for maps under which key.

Yjs names what it keeps by *units*: a client and its clock. An item of an update says beside which unit it stands, and
only rarely in which type; so to know what an item means one has to know where all units stand.
"""

from collections.abc import Iterator, Mapping

from .histories import History
from .lines import Lines
from .shared_types import GONE, Place, SharedType
from .units import Unit, Units

__all__ = ["Places"]

PIECES_PER_DELETION = 2
"""Into so many more a piece falls out of which something is deleted, at most."""


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
        self._histories: dict[int, History] = {}
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
            history = self._histories[client] = History()
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

    def join(self, client: int, more: History) -> Iterator[None]:
        """``client`` wrote ``more``. In small steps."""
        history = self._histories.get(client)
        if history is None:
            history = self._histories[client] = History()
        history.right = more.right
        ends = [*more.starts[1:], more.end]
        for place, end in zip(more.places, ends, strict=True):
            history.extend(place, end)
            yield
