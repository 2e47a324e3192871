"""What the server does for a room's cells: it gives them what careless peers left out, and clears out deleted ones.

Deleted cells stay for a while, for somebody who is offline may still type in them. Then their outputs go, later their
text, unless that is late, and in the end, when they are empty, they themselves.
"""

from collections.abc import Container

from .cell_list import CellEntry, CellList
from .cells import complete, update_map
from .deletion import age_of, correct_time, drop_text, is_late, note_time

__all__ = ["are_complete", "clear_out", "complete_cells", "note_deletions"]

OUTPUTS_STAY_MS = 60 * 60 * 1000
TEXT_STAYS_MS = 7 * 24 * 60 * 60 * 1000
EMPTY_CELLS_STAY_MS = 2 * TEXT_STAYS_MS


def are_complete(cells: CellList) -> bool:
    """Whether no cell lacks what :func:`complete_cells` gives."""
    return all(entry.is_complete for entry in cells.bag())


def complete_cells(cells: CellList) -> None:
    """Give each cell an id, a key and the shared types that it lacks.

    In a room from before cells had keys, all servers choose the same keys, in the order that the cells have.
    """
    entries = cells.bag()
    for entry in entries:
        if entry.shared.get("id") != entry.id:
            entry.shared["id"] = entry.id
        complete(entry.shared)
    cells.give_keys(sorted(entries, key=lambda entry: entry.place))


def note_deletions(cells: CellList, ids: Container[str], now_ms: int) -> None:
    """Take note that the cells with these ids were deleted or brought back just now."""
    for entry in cells.bag():
        if entry.id in ids:
            note_time(entry.shared, now_ms)


def clear_out(cells: CellList, now_ms: int) -> None:
    """Free what deleted cells hold for longer than anybody needs it; ``now_ms`` are milliseconds since 1970."""
    for entry in reversed(cells.bag()):
        if entry.is_deleted and not is_late(entry.shared):
            correct_time(entry.shared, now_ms)
            _clear(cells, entry, now_ms)


def _clear(cells: CellList, entry: CellEntry, now_ms: int) -> None:
    cell, age_ms = entry.shared, age_of(entry.shared, now_ms)
    outputs, source = cell["outputs"], cell["source"]
    if age_ms >= OUTPUTS_STAY_MS and len(outputs):
        del outputs[0 : len(outputs)]
    if age_ms >= EMPTY_CELLS_STAY_MS and not len(source):
        cells.remove(entry)
    elif age_ms >= TEXT_STAYS_MS and len(source):
        source.clear()
        drop_text(cell)
        update_map(cell["metadata"], {})
        if "attachments" in cell:
            del cell["attachments"]
