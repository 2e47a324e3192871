"""The root type ``cells``: a bag of cells, in which a peer may have written anything.

Cells are only ever added to the bag, at its end. Where a cell stands, what it is and whether it is there are values in
the cell, so moving it, changing its type and deleting it leave it, and whatever others type in it, alone.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pycrdt import Array, Doc, Map, ReadTransaction, Text, Transaction

from ..errors import ContentError
from .cells import KEPT_KEYS, build_cell, is_whole, read_cell
from .content import CELL_TYPES, CellContent
from .deletion import is_deleted
from .order import first_keys, is_key, keys_between
from .schema import valid_id

__all__ = ["CellEntry", "CellList", "live"]

MAX_ID_CHARACTERS = 64
KEY = "pos"


@dataclass(slots=True)
class CellEntry:
    """A cell, the id by which it is known, its key if it has a valid one, and its index among the maps in the bag.

    ``is_complete`` says that it has an id of its own, a key, and every part that a cell keeps for its life.
    """

    id: str
    shared: "Map[Any]"
    position: int
    key: str | None
    is_complete: bool

    @property
    def is_deleted(self) -> bool:
        """Whether it is marked as deleted."""
        return is_deleted(self.shared)

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


LAST_CELLS = 4
"""So many are looked at before all are."""


class CellList:
    """The cells of ``doc``."""

    def __init__(self, doc: "Doc[Any]") -> None:
        self.array: Array[Any] = doc.get("cells", type=Array)
        # Read as a text, the root answers its shared types in one go, and, unlike an array, also comes to an end when
        # a peer wrote text into it. It must be made an array first: pycrdt panics over observers of the other type.
        self._as_text: Text = doc.get("cells", type=Text)
        self._places: dict[str, int] = {}

    # Reading

    def maps(self) -> "list[Map[Any]]":
        """The maps in the bag, whether they are cells or not."""
        return [item for item, _ in self._as_text.diff() if isinstance(item, Map)]

    def bag(self) -> list[CellEntry]:
        """All cells, deleted ones too, as they are in the bag. No two have the same id.

        Where peers left no id, or one twice, it is made up: the same whoever makes it up, and for good, as nothing
        comes before what is in the bag already.
        """
        with self.array.doc.transaction() as transaction:
            facts = [
                (
                    valid_id(_read(cell, transaction, "id")),
                    _read(cell, transaction, KEY),
                    all(_has(cell, transaction, part) for part in KEPT_KEYS),
                    position,
                    cell,
                )
                for position, cell in enumerate(self.maps())
                if _read(cell, transaction, "cell_type") in CELL_TYPES
            ]
        made_up = _MadeUpIds({cell_id for cell_id, *_ in facts if cell_id})
        seen: set[str] = set()
        entries = []
        for own_id, key, has_all, position, cell in facts:
            cell_id = own_id if own_id and own_id not in seen else made_up.next(own_id or "cell")
            seen.add(cell_id)
            valid_key = key if is_key(key) else None
            is_complete = has_all and valid_key is not None and cell_id == own_id
            entries.append(CellEntry(cell_id, cell, position, valid_key, is_complete))
        return entries

    def entries(self) -> list[CellEntry]:
        """The cells that are there, in order."""
        return live(self.bag())

    def find(self, cell_id: str, *, are_checked: bool, or_deleted: bool = False) -> "Map[Any]":
        """The cell that is known by this id, or ``KeyError``.

        If ``are_checked`` says that there are only cells, it is first looked for where it was before, at no cost.
        """
        found = self._at(self._places.get(cell_id)) or self._among_last(cell_id) if are_checked else None
        if found is None or found.get("id") != cell_id:
            entries = {entry.id: entry for entry in self.bag()}
            self._places = {entry.id: entry.position for entry in entries.values()}
            found = entries[cell_id].shared
        if is_deleted(found) and not or_deleted:
            raise KeyError(cell_id)
        return found

    def _at(self, position: int | None) -> "Map[Any] | None":
        if position is None or position >= len(self.array):
            return None
        found = self.array[position]
        return found if isinstance(found, Map) and _is_cell(found) else None

    def _among_last(self, cell_id: str) -> "Map[Any] | None":
        """The cell, if it is one of the last few in the bag, where new ones are."""
        end = len(self.array)
        for position in range(end - 1, max(-1, end - LAST_CELLS - 1), -1):
            cell = self._at(position)
            if cell is not None and cell.get("id") == cell_id:
                self._places[cell_id] = position
                return cell
        return None

    def types(self) -> Iterator[str]:
        """The types of the cells that are there, in order."""
        return (entry.shared["cell_type"] for entry in self.entries())

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

    def remove(self, entry: CellEntry) -> None:
        """Take a cell out of the bag for good, with all that others type in it; :meth:`heal` comes first."""
        del self.array[entry.position]

    def set_key(self, entry: CellEntry, key: str) -> None:
        """Make a cell stand where ``key`` says."""
        entry.shared[KEY] = entry.key = key

    def keys(self, entries: Sequence[CellEntry], index: int, count: int) -> list[str]:
        """Keys for ``count`` cells that are to stand before the one at ``index`` of ``entries``, which are in order."""
        self.give_keys(entries)
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

    def give_keys(self, entries: Sequence[CellEntry]) -> None:
        """Give those of ``entries``, which are in order, a key that have none."""
        lacking = [entry for entry in entries if entry.key is None]
        if not lacking:
            return
        last = entries[len(entries) - len(lacking) - 1].key if len(lacking) < len(entries) else None
        # Where no cell has one, all who give them choose alike: whoever's edit counts, the order is the same.
        keys = first_keys(len(lacking)) if last is None else keys_between(last, None, len(lacking), self._client_id)
        for entry, key in zip(lacking, keys, strict=True):
            self.set_key(entry, key)

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
        if self.holds_only_maps:
            return
        if any(isinstance(item, str) and max(item) > "\uffff" for item, _ in self._as_text.diff()):
            raise ContentError("A program wrote text where the cells of the room are. Export the room into a new one.")
        for position in reversed(range(len(self.array))):
            if not isinstance(self.array[position], Map):
                del self.array[position]


def live(bag: Iterable[CellEntry]) -> list[CellEntry]:
    """Those of ``bag`` that are not deleted, in order."""
    return sorted((entry for entry in bag if not entry.is_deleted), key=lambda entry: entry.place)


def _read(cell: "Map[Any]", transaction: "Transaction | ReadTransaction", key: str) -> Any:
    """The plain value that ``cell`` has under ``key``, or ``None``; seven times as fast as ``Map.get``."""
    return cell.integrated.get(transaction._txn, key) if _has(cell, transaction, key) else None


def _has(cell: "Map[Any]", transaction: "Transaction | ReadTransaction", key: str) -> bool:
    return bool(cell.integrated.has(transaction._txn, key))


def _is_cell(shared: "Map[Any]") -> bool:
    return shared.get("cell_type") in CELL_TYPES


class _MadeUpIds:
    """Ids of which none is in ``taken``, nor given twice."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._numbers: dict[str, Iterator[int]] = {}

    def next(self, base: str) -> str:
        """``base`` with the first number that makes it free."""
        for number in self._numbers.setdefault(base, itertools.count(2)):
            suffix = f"-{number}"
            cell_id = base[: MAX_ID_CHARACTERS - len(suffix)] + suffix
            if cell_id not in self._taken:
                self._taken.add(cell_id)
                return cell_id
        raise AssertionError("numbers do not end")
