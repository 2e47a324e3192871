"""What happens to the cells of a document, noticed at no cost for what happens to outputs, and hardly any for texts."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from pycrdt import Map, Text

from .cell_index import CellIndex, CellRecord
from .cell_list import CellList
from .cells import KEPT_KEYS, SHARED_KEYS, is_whole
from .deletion import DELETED, NOTICED
from .order import KEY
from .pycrdt_internals import observe_bare
from .schema import TRUSTED
from .trust import METADATA, holds_trust

__all__ = ["CellWatch"]

Event = Any
"""pycrdt's events, whose attributes it does not declare."""

CELLS_AT_ONCE = 20
"""So many are got to know in one step."""


class CellWatch:
    """Keeps the index of ``cells`` up to date, and notices what there may be to check, to complete or to take out.

    It looks at the bag of cells, at each cell's own keys, at the keys of its metadata and at whether its text changed,
    once :meth:`reading` is done.
    ``on_dirty`` is called when there begins to be something in ``trusted``, while the document is locked: it must
    neither write nor raise.

    Attributes
    ----------
    trusted
        The cells whose metadata may hold the mark of trust.
    unchecked
        The maps that were put into the bag, or of which a part that JupyterLab needs was exchanged, since
        :meth:`checked` or :meth:`accept` was called; ``None`` if it is not known what there is.
    has_new_order
        What was known of the order of the cells, and of which are there, is not true any more.
    remarked
        The cells that were marked as deleted, or whose mark was taken away, since :meth:`accept` was called.
    taken_away
        What was taken since then from somebody's cells that they keep for their life, in words; empty if nothing was.
    """

    def __init__(self, cells: CellList, on_dirty: Callable[[], None] | None) -> None:
        self._cells = cells
        self._on_dirty = on_dirty
        self._of_bag: Any = None
        self._of_cells: dict[CellRecord, Any] = {}
        self._of_metadata: dict[CellRecord, Any] = {}
        self._of_sources: dict[CellRecord, Any] = {}
        self.trusted: dict[CellRecord, None] = {}
        self.has_new_order = True
        self.unchecked: list[Map[Any]] | None = None
        self._newcomers: list[CellRecord] = []
        self.remarked: dict[CellRecord, None] = {}
        self.taken_away = ""

    @property
    def subscriptions(self) -> int:
        """How many shared types are observed."""
        return (self._of_bag is not None) + sum(map(len, (self._of_cells, self._of_metadata, self._of_sources)))

    def reading(self) -> Iterator[None]:
        """Get to know what is there, in small steps; nobody may edit the document in between."""
        index, maps = CellIndex(), self._cells.maps()
        is_whole_bag = len(maps) == len(self._cells.array)
        for start in range(0, len(maps), CELLS_AT_ONCE):
            yield
            with self._cells.array.doc.transaction() as transaction:
                for position, cell in enumerate(maps[start : start + CELLS_AT_ONCE], start):
                    index.insert(position, self._met(cell), transaction)
                    is_whole_bag = is_whole_bag and is_whole(cell)
        if self._of_bag is None:
            self._of_bag = self._cells.array.observe(self._on_cells)
        self._cells.index = index if self._cells.holds_only_maps else None
        self._cells.is_edited = False
        self.has_new_order = True
        self.unchecked = [] if is_whole_bag else None

    def close(self) -> None:
        """Stop watching."""
        self._forget(tuple(self._of_cells))
        if self._of_bag is not None:
            self._of_bag.drop()
        self._of_bag = self._cells.index = None

    def checked(self) -> None:
        """There are only cells in the bag now."""
        self.unchecked = []

    def take_newcomers(self) -> list[CellRecord]:
        """The cells that were put into the bag since this was called last."""
        newcomers, self._newcomers = self._newcomers, []
        return newcomers

    def accept(self) -> None:
        """What happened to the cells was allowed to happen, and nobody edits them now."""
        self.taken_away = ""
        self.remarked.clear()
        if self.unchecked is not None:
            self.unchecked = []
        self._cells.is_edited = False

    def _met(self, cell: "Map[Any]") -> CellRecord:
        """The record of a map that is new to the watch."""
        record = CellRecord(cell)
        # no partial, here and below: pycrdt looks at a callback's signature, which takes thrice as long for a partial
        self._of_cells[record] = cell.observe(lambda event: self._on_cell(record, event))
        self._observe_metadata(record)
        self._observe_source(record)
        return record

    def _observe_source(self, record: CellRecord) -> None:
        if (former := self._of_sources.pop(record, None)) is not None:
            former.drop()
        source = record.shared.get(SOURCE)
        if isinstance(source, Text):
            self._of_sources[record] = observe_bare(source, partial(self._on_source, record))

    def _observe_metadata(self, record: CellRecord) -> None:
        if (former := self._of_metadata.pop(record, None)) is not None:
            former.drop()
        metadata = record.shared.get(METADATA)
        if isinstance(metadata, Map):
            self._of_metadata[record] = metadata.observe(lambda event: self._on_metadata(record, event))
        if holds_trust(record.shared):
            self._mark(record)

    def _forget(self, gone: Iterable[CellRecord]) -> None:
        for record in gone:
            self._of_cells.pop(record).drop()
            for subscriptions in (self._of_metadata, self._of_sources):
                if (subscription := subscriptions.pop(record, None)) is not None:
                    subscription.drop()
            self.trusted.pop(record, None)
            self.remarked.pop(record, None)

    def _mark(self, record: CellRecord) -> None:
        was_clean = not self.trusted
        self.trusted[record] = None
        if was_clean and self._on_dirty is not None:
            self._on_dirty()

    def _on_cells(self, event: Event) -> None:
        self.has_new_order = True
        self._cells.is_edited = False
        if any("delete" in change for change in event.delta):
            self.taken_away = "a cell"
        added = [cell for change in event.delta for cell in change.get("insert", ())]
        index = self._cells.index
        if index is not None and all(isinstance(cell, Map) for cell in added):
            self._follow(index, event)
        if index is None or len(index.records) != len(self._cells.array):
            self._read_again()

    def _follow(self, index: CellIndex, event: Event) -> None:
        """Do to the index what was done to the bag."""
        position = 0
        with self._cells.array.doc.transaction() as transaction:
            for change in event.delta:
                position += change.get("retain", 0)
                self._forget(index.remove(position, position + change.get("delete", 0)))
                for cell in change.get("insert", ()):
                    record = self._met(cell)
                    index.insert(position, record, transaction)
                    self._newcomers.append(record)
                    self._recheck(cell)
                    if record.is_deleted:
                        self.remarked[record] = None
                    position += 1

    def _read_again(self) -> None:
        """There is something else than maps in the bag, or was: what is known of their order cannot be kept up."""
        self._forget(tuple(self._of_cells))
        for _ in self.reading():
            pass

    def _on_cell(self, record: CellRecord, event: Event) -> None:
        if record not in self._of_cells:  # it is gone since, by the same edit
            return
        keys = event.keys
        if not keys.keys().isdisjoint(SHARED_KEYS):
            self._recheck(record.shared)
        if not keys.keys().isdisjoint(INDEXED_KEYS):
            self.has_new_order = True
            if self._cells.index is not None:
                with self._cells.array.doc.transaction() as transaction:
                    self._cells.index.reread(record, transaction)
        if not keys.keys().isdisjoint(MARK_KEYS):
            self.remarked[record] = None
        for key in KEPT_KEYS:
            if key in keys and keys[key]["action"] != "add":
                self.taken_away = f"the {key} of a cell"
        if METADATA in keys:
            self._observe_metadata(record)
        if SOURCE in keys:
            self._observe_source(record)

    def _recheck(self, cell: "Map[Any]") -> None:
        if self.unchecked is not None:
            self.unchecked.append(cell)

    def _on_source(self, record: CellRecord, _event: Event) -> None:
        if self._cells.index is not None and record in self._of_cells:
            self._cells.index.undigested[record] = None

    def _on_metadata(self, record: CellRecord, event: Event) -> None:
        if TRUSTED in event.keys:
            self._mark(record)


SOURCE = "source"

MARK_KEYS = frozenset({DELETED, NOTICED})
"""What says when a cell was deleted."""

INDEXED_KEYS = frozenset({"id", KEY, DELETED, *SHARED_KEYS})
"""What says how a cell is known, where it is, whether it is there and whether it is whole."""
