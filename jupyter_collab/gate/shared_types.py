"""The shared types of a document, and the places in them where units stand."""

from collections import Counter
from collections.abc import Iterator
from enum import Enum, auto

from .trails import Trail
from .units import Unit

__all__ = ["GONE", "Kind", "Place", "SharedType"]

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
