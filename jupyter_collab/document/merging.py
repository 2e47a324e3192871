"""Make the cells of a notebook the cells of a document, with as few edits as that takes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from .cell_list import CellEntry, CellList, live
from .cells import update_cell
from .content import CellContent, NotebookContent
from .deletion import is_late, mark_deleted, mark_late, restore
from .matching import longest_increasing, match_cells
from .order import first_keys
from .values import plain_line_breaks

__all__ = ["merge_cells", "new_id"]


def merge_cells(cells: CellList, content: NotebookContent, at_ms: int) -> None:
    """Edit, insert, delete and move cells until they are those of ``content``; ``at_ms`` is the time now."""
    bag = cells.bag()
    entries = live(bag)
    present = [entry.read() for entry in entries]
    matched = match_cells(present, content.cells)
    new = [
        _completed(cell, None if index is None else present[index], content.is_partial)
        for cell, index in zip(content.cells, matched, strict=True)
    ]
    _give_ids(new, content.cells)
    for index in set(range(len(entries))) - set(matched):
        mark_deleted(entries[index].shared, "", at_ms)
    by_id = {entry.id: entry for entry in bag}
    found = [
        _brought_back(cells, by_id.get(cell.id or ""), at_ms) if index is None else entries[index]
        for cell, index in zip(new, matched, strict=True)
    ]
    _arrange(cells, new, found)


def new_id() -> str:
    """An id that no other cell has."""
    return uuid4().hex[:12]


def _completed(cell: CellContent, present: CellContent | None, is_partial: bool) -> CellContent:
    """``cell`` with what its source did not say and the cell that is there already does."""
    if present is None or not is_partial:
        return replace(cell, id=cell.id or (present.id if present is not None else None))
    # Texts know one kind of line end; which one the cell has is not for them to change.
    source = present.source if plain_line_breaks(present.source) == cell.source else cell.source
    return replace(present, source=source, metadata={**present.metadata, **cell.metadata})


def _give_ids(cells: Sequence[CellContent], sources: Sequence[CellContent]) -> None:
    """Make sure that each of ``cells`` has an id, and no two the same; those that ``sources`` had come first."""
    taken = {cell.id for cell in sources if cell.id}
    for cell, source in zip(cells, sources, strict=True):
        if source.id is None:
            if cell.id is None or cell.id in taken:
                cell.id = new_id()
            taken.add(cell.id)


def _brought_back(cells: CellList, entry: CellEntry | None, at_ms: int) -> CellEntry | None:
    """``entry``, a deleted cell that has the id of a new one, if there is one: it is there again.

    Text that somebody typed in it meanwhile goes into a deleted cell of its own, where it is late as before.
    """
    if entry is None:
        return None
    if is_late(entry.shared):
        late = cells.add(replace(entry.read(), id=new_id()), entry.key or first_keys(1)[0])
        mark_late(late, at_ms)
    restore(entry.shared)
    return entry


def _arrange(cells: CellList, new: Sequence[CellContent], found: Sequence[CellEntry | None]) -> None:
    """Make ``new`` the cells; ``found`` has for each the cell of which it is the new state, if there is one.

    As many cells as can stay where they are; the others get a key between those.
    """
    staying = _staying(found)
    waiting: dict[int, list[tuple[CellContent, CellEntry | None]]] = defaultdict(list)
    index = 0
    for cell, entry in zip(new, found, strict=True):
        if index < len(staying) and entry is staying[index]:
            index += 1
        else:
            waiting[index].append((cell, entry))
        if entry is not None:
            update_cell(entry.shared, cell)
    for index, group in waiting.items():
        for (cell, entry), key in zip(group, cells.keys(staying, index, len(group)), strict=True):
            if entry is None:
                cells.add(cell, key)
            else:
                cells.set_key(entry, key)


def _staying(found: Sequence[CellEntry | None]) -> list[CellEntry]:
    """Those of ``found`` that need not move."""
    in_order = sorted((entry for entry in found if entry is not None), key=lambda entry: entry.place)
    ranks = {entry.position: rank for rank, entry in enumerate(in_order)}
    kept = longest_increasing([None if entry is None else ranks[entry.position] for entry in found])
    return [entry for entry in found if entry is not None and ranks[entry.position] in kept]
