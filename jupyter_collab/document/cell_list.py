"""The root type ``cells``, in which a peer may have written anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pycrdt import Array, Doc, Map, Text

from ..errors import ContentError
from .cells import is_whole, read_cell
from .content import CELL_TYPES, CellContent
from .schema import valid_id

__all__ = ["CellEntry", "CellList"]

MAX_ID_CHARACTERS = 64


@dataclass(slots=True)
class CellEntry:
    """A cell, the id by which it is known, and its index among the maps in ``cells``."""

    id: str
    shared: "Map[Any]"
    position: int

    def read(self) -> CellContent:
        """What the cell holds, as far as it is valid, under this id."""
        content = read_cell(self.shared)
        assert content is not None, "an entry is a cell"
        content.id = self.id
        return content


class CellList:
    """The cells of ``doc``."""

    def __init__(self, doc: "Doc[Any]") -> None:
        self.array: Array[Any] = doc.get("cells", type=Array)
        # Read as a text, the root answers its shared types in one go, and, unlike an array, also comes to an end when
        # a peer wrote text into it. It must be made an array first: pycrdt panics over observers of the other type.
        self._as_text: Text = doc.get("cells", type=Text)
        self._places: dict[str, int] = {}

    def maps(self) -> "list[Map[Any]]":
        """The maps among the cells, in order, whether they are cells or not."""
        return [item for item, _ in self._as_text.diff() if isinstance(item, Map)]

    def entries(self) -> list[CellEntry]:
        """The cells, in order. No two have the same id: where peers left none, or one twice, it is made up.

        A made-up id is the same whoever makes it up, and stays as long as the cells before it do.
        """
        with self.array.doc.transaction():
            shared = [(position, cell) for position, cell in enumerate(self.maps()) if _is_cell(cell)]
            own_ids = [valid_id(cell.get("id")) for _, cell in shared]
        taken = {cell_id for cell_id in own_ids if cell_id}
        seen: set[str] = set()
        entries = []
        for own_id, (position, cell) in zip(own_ids, shared, strict=True):
            cell_id = own_id if own_id and own_id not in seen else _make_up(own_id or "cell", taken)
            seen.add(cell_id)
            taken.add(cell_id)
            entries.append(CellEntry(cell_id, cell, position))
        return entries

    def find(self, cell_id: str, *, are_checked: bool) -> "Map[Any]":
        """The cell that is known by this id, or ``KeyError``.

        If ``are_checked`` says that there are only cells, it is first looked for where it was before, at no cost.
        """
        place = self._places.get(cell_id, len(self.array))
        if are_checked and place < len(self.array):
            found = self.array[place]
            if isinstance(found, Map) and found.get("id") == cell_id and _is_cell(found):
                return found
        entries = {entry.id: entry for entry in self.entries()}
        self._places = {entry.id: entry.position for entry in entries.values()}
        return entries[cell_id].shared

    def types(self) -> Iterator[str]:
        """The types of the cells, in order."""
        return (cell["cell_type"] for cell in self.maps() if _is_cell(cell))

    def insert(self, position: int, cell: "Map[Any]") -> None:
        """Put a new cell before the map that is at ``position``; :meth:`heal` comes first."""
        self.array.insert(position, cell)

    def delete(self, position: int) -> None:
        """Remove the map at ``position``; :meth:`heal` comes first."""
        del self.array[position]

    @property
    def holds_only_maps(self) -> bool:
        """Whether nothing else is among the cells."""
        return len(self.array) == len(self.maps())

    @property
    def are_whole(self) -> bool:
        """Whether there are only cells among the cells, none of which lacks what JupyterLab needs to show it."""
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


def _is_cell(shared: "Map[Any]") -> bool:
    return shared.get("cell_type") in CELL_TYPES


def _make_up(base: str, taken: set[str]) -> str:
    number = 2
    while True:
        suffix = f"-{number}"
        cell_id = base[: MAX_ID_CHARACTERS - len(suffix)] + suffix
        if cell_id not in taken:
            return cell_id
        number += 1
