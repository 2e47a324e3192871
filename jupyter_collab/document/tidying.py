"""What the server does for a room's cells: it gives them what careless peers left out, and clears out deleted ones.

Deleted cells stay for a while, for somebody who is offline may still type in them. Then their outputs go, later their
text, unless that is late, and in the end, when they are empty, they themselves.
"""

from collections.abc import Iterable

from .cell_index import CellIndex, CellRecord, MadeUpIds
from .cell_list import CellList
from .cells import complete, update_map
from .deletion import age_of, correct_time, drop_text, is_late, note_time
from .order import KEY

__all__ = ["clear_out", "complete_cells", "give_ids", "note_deletions"]

OUTPUTS_STAY_MS = 60 * 60 * 1000
TEXT_STAYS_MS = 7 * 24 * 60 * 60 * 1000
EMPTY_CELLS_STAY_MS = 2 * TEXT_STAYS_MS


def complete_cells(cells: CellList) -> None:
    """Give each cell an id, a key and the shared types that it lacks.

    A cell that claims the id of another one that was there before it gets another id. In a room from before cells had
    keys, all servers choose the same keys, in the order that the cells have.
    """
    index = cells.index_now()
    give_ids(index, index.incomplete)
    for record in index.incomplete:
        complete(record.shared)
    keyless = [record for record in index.incomplete if record.key is None]
    if keyless:
        for record, key in zip(keyless, cells.last_keys(index.last_key, len(keyless)), strict=True):
            record.shared[KEY] = key


def give_ids(index: CellIndex, records: Iterable[CellRecord]) -> None:
    """Give those of ``records`` an id of their own that hold none."""
    made_up = MadeUpIds(index.ids)
    for record in records:
        if not index.holds(record):
            record.shared["id"] = made_up.next(record.own_id or "cell")


def note_deletions(records: Iterable[CellRecord], now_ms: int) -> None:
    """Take note that these cells were deleted or brought back just now."""
    for record in records:
        note_time(record.shared, now_ms)


def clear_out(cells: CellList, index: CellIndex, record: CellRecord, now_ms: int) -> None:
    """Free what a deleted cell of ``index`` holds for longer than anybody needs it.

    ``now_ms`` are milliseconds since 1970.
    """
    if record in index.deleted and not is_late(record.shared):
        correct_time(record.shared, now_ms)
        if _is_cleared(record, now_ms):
            cells.remove(index.records.index(record))


def _is_cleared(record: CellRecord, now_ms: int) -> bool:
    """Take out of a deleted cell what is to go; returns whether the cell itself is to go, too."""
    cell, age_ms = record.shared, age_of(record.shared, now_ms)
    outputs, source = cell["outputs"], cell["source"]
    if age_ms >= OUTPUTS_STAY_MS and len(outputs):
        del outputs[0 : len(outputs)]
    if age_ms >= TEXT_STAYS_MS and len(source):
        source.clear()
        drop_text(cell)
        update_map(cell["metadata"], {})
        if "attachments" in cell:
            del cell["attachments"]
        return False
    return age_ms >= EMPTY_CELLS_STAY_MS
