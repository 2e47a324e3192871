"""Make the cells of a notebook the cells of a document, with as few edits as that takes."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from .cell_list import CellEntry, CellList
from .cells import build_cell, can_update, update_cell
from .content import CellContent, NotebookContent
from .matching import longest_increasing, match_cells
from .values import plain_line_breaks

__all__ = ["merge_cells", "new_id"]


def merge_cells(cells: CellList, content: NotebookContent) -> None:
    """Edit, insert, remove and move cells until they are those of ``content``."""
    entries = cells.entries()
    present = [entry.read() for entry in entries]
    matched = match_cells(present, content.cells)
    new = [
        _completed(cell, None if index is None else present[index], content.is_partial)
        for cell, index in zip(content.cells, matched, strict=True)
    ]
    _give_ids(new, content.cells)
    _arrange(cells, entries, new, matched)


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


def _arrange(
    cells: CellList, entries: Sequence[CellEntry], new: Sequence[CellContent], matched: Sequence[int | None]
) -> None:
    """Make ``new`` the cells; ``matched`` says of which of ``entries`` each is the new state."""
    editable = [
        index if index is not None and can_update(entries[index].shared, cell) else None
        for cell, index in zip(new, matched, strict=True)
    ]
    kept = longest_increasing(editable)
    kept_positions = {entries[index].position for index in kept}
    for position in reversed(range(len(cells.maps()))):
        if position not in kept_positions:
            cells.delete(position)
    for position, (cell, index) in enumerate(zip(new, editable, strict=True)):
        if index in kept:
            update_cell(entries[index].shared, cell)
        else:
            cells.insert(position, build_cell(cell))
