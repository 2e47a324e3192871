"""The root type ``cells``: a bag of cells, in which a peer may have written anything.

Cells are only ever added to the bag, at its end. Where a cell stands, what it is and whether it is there are values in
the cell, so moving it, changing its type and deleting it leave it, and whatever others type in it, alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pycrdt import Array, Assoc, Doc, Map, Text

from ..errors import ContentError
from .cell_index import CellIndex, CellRecord, MadeUpIds
from .cells import build_cell, is_whole, read_cell
from .content import CellContent
from .deletion import is_deleted
from .order import KEY, first_keys, keys_between

__all__ = ["CellEntry", "CellList", "live"]


@dataclass(slots=True)
class CellEntry:
    """A cell, the id by which it is known, its key if it has a valid one, and its index among the maps in the bag.

    ``is_deleted`` says whether it was marked as deleted when it was looked at.
    """

    id: str
    shared: "Map[Any]"
    position: int
    key: str | None
    is_deleted: bool

    @property
    def place(self) -> tuple[bool, str, str | int]:
        """What cells are ordered by; those without a key come last, as they are in the bag."""
        return (True, "", self.position) if self.key is None else (False, self.key, self.id)

    def read(self) -> CellContent:
        """What the cell holds, as far as it is valid, under this id."""
        content = read_cell(self.shared)
        assert content is not None, "an entry is a cell"
        content.id = self.id
        return content


class CellList:
    """The cells of ``doc``.

    Attributes
    ----------
    array
        The bag, as a shared type.
    index
        What is known of the cells if somebody keeps it up to date, else ``None``. There are only maps in the bag then.
    is_edited
        Cells are being edited here, in a transaction at whose end ``index`` will be told.
    """

    def __init__(self, doc: "Doc[Any]") -> None:
        self.array: Array[Any] = doc.get("cells", type=Array)
        # Read as a text, the root answers its shared types in one go, and, unlike an array, also comes to an end when
        # a peer wrote text into it. It must be made an array first: pycrdt panics over observers of the other type.
        self._as_text: Text = doc.get("cells", type=Text)
        self.index: CellIndex | None = None
        self.is_edited = False

    # Reading

    def maps(self) -> "list[Map[Any]]":
        """The maps in the bag, whether they are cells or not."""
        return [item for item, _ in self._as_text.diff() if isinstance(item, Map)]

    def index_now(self) -> CellIndex:
        """What there is to know of the cells now; the bag is read if nobody keeps that up to date."""
        if self.index is not None and not self.is_edited:
            return self.index
        index = CellIndex()
        with self.array.doc.transaction() as transaction:
            for position, cell in enumerate(self.maps()):
                index.insert(position, CellRecord(cell), transaction)
        return index

    def bag(self) -> list[CellEntry]:
        """All cells, deleted ones too, as they are in the bag. No two have the same id.

        Where peers left no id, or one twice, it is made up, for all but the one that holds it.
        """
        index = self.index_now()
        made_up = MadeUpIds(index.ids)
        return [
            CellEntry(
                record.own_id if record.own_id and index.holds(record) else made_up.next(record.own_id or "cell"),
                record.shared,
                position,
                record.key,
                record.is_deleted,
            )
            for position, record in enumerate(index.records)
            if record.is_cell
        ]

    def entries(self) -> list[CellEntry]:
        """The cells that are there, in order."""
        return live(self.bag())

    def unit_at(self, position: int) -> tuple[int, int]:
        """What names in Yjs the map at this place in the bag: a client and its clock."""
        item = self.array.sticky_index(position, Assoc.AFTER).to_json()["item"]
        return item["client"], item["clock"]

    def find(self, cell_id: str, *, or_deleted: bool = False) -> "Map[Any]":
        """The cell that is known by this id, or ``KeyError``."""
        index = self.index_now()
        holder = index.holder(cell_id)
        if holder is not None:
            found = holder.shared
        elif index.incomplete:
            found = {entry.id: entry.shared for entry in self.bag()}[cell_id]
        else:
            raise KeyError(cell_id)
        if is_deleted(found) and not or_deleted:
            raise KeyError(cell_id)
        return found

    @property
    def sole_type(self) -> str | None:
        """The type of the only cell that is there; ``None`` if there are several, or none."""
        records = (record for record in self.index_now().records if record.is_cell and not record.is_deleted)
        first_two = list(islice(records, 2))
        return first_two[0].shared["cell_type"] if len(first_two) == 1 else None

    # Editing

    def insert(self, entries: Sequence[CellEntry], index: int, cells: Sequence[CellContent]) -> None:
        """Add new cells, so that they stand before the one at ``index`` of ``entries``, which are :meth:`entries`.

        :meth:`heal` comes first.
        """
        for cell, key in zip(cells, self.keys(entries, index, len(cells)), strict=True):
            self.add(cell, key)

    def add(self, cell: CellContent, key: str) -> "Map[Any]":
        """Put a new cell into the bag; :meth:`heal` comes first."""
        added = build_cell(cell, key)
        self.array.append(added)
        return added

    def remove(self, position: int) -> None:
        """Take a cell out of the bag for good, with all that others type in it; :meth:`heal` comes first."""
        del self.array[position]

    def set_key(self, entry: CellEntry, key: str) -> None:
        """Make a cell stand where ``key`` says."""
        entry.shared[KEY] = entry.key = key

    def keys(self, entries: Sequence[CellEntry], index: int, count: int) -> list[str]:
        """Keys for ``count`` cells that are to stand before the one at ``index`` of ``entries``, which are in order."""
        lacking = [entry for entry in entries if entry.key is None]
        if lacking:
            last = entries[len(entries) - len(lacking) - 1].key if len(lacking) < len(entries) else None
            for entry, key in zip(lacking, self.last_keys(last, len(lacking)), strict=True):
                self.set_key(entry, key)
        try:
            return self._keys(entries, index, count)
        except ValueError:  # peers chose keys between which there is no room
            for entry, key in zip(entries, first_keys(len(entries)), strict=True):
                self.set_key(entry, key)
            return self._keys(entries, index, count)

    def _keys(self, entries: Sequence[CellEntry], index: int, count: int) -> list[str]:
        low = entries[index - 1].key if index > 0 else None
        high = entries[index].key if index < len(entries) else None
        return list(keys_between(low, high, count, self._client_id))

    def last_keys(self, last: str | None, count: int) -> list[str]:
        """Keys for ``count`` cells that have none, behind the ``last`` of all keys, if there is one."""
        if last is None:  # all who give them choose alike: whoever's edit counts, the order is the same
            return first_keys(count)
        try:
            return list(keys_between(last, None, count, self._client_id))
        except ValueError:  # a peer chose a key behind which there is no room; of cells with one key the ids decide
            return [last] * count

    @property
    def _client_id(self) -> int:
        return self.array.doc.client_id

    # What peers must not write

    @property
    def holds_only_maps(self) -> bool:
        """Whether nothing else is in the bag."""
        return len(self.array) == len(self.maps())

    @property
    def are_whole(self) -> bool:
        """Whether there are only cells in the bag, none of which lacks what JupyterLab needs to show it."""
        return self.holds_only_maps and all(is_whole(cell) for cell in self.maps())

    def heal(self) -> None:
        """Remove what is no map, so that positions among the maps are positions in the array.

        Raises
        ------
        ContentError
            There is text that cannot be removed: pycrdt looks for the halves of its characters for ever.
        """
        if (self.index is not None and not self.is_edited) or self.holds_only_maps:
            return
        if any(isinstance(item, str) and max(item) > "\uffff" for item, _ in self._as_text.diff()):
            raise ContentError("A program wrote text where the cells of the room are. Export the room into a new one.")
        for position in reversed(range(len(self.array))):
            if not isinstance(self.array[position], Map):
                del self.array[position]


def live(bag: Iterable[CellEntry]) -> list[CellEntry]:
    """Those of ``bag`` that are not deleted, in order."""
    return sorted((entry for entry in bag if not entry.is_deleted), key=lambda entry: entry.place)
