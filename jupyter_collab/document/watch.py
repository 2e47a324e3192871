"""What happens to the cells of a document, noticed at no cost for what happens to texts and outputs."""

from collections.abc import Callable
from typing import Any

from pycrdt import Array, Map

from .cells import KEPT_KEYS, SHARED_KEYS
from .deletion import DELETED, NOTICED, is_deleted
from .schema import TRUSTED
from .trust import METADATA, holds_trust

__all__ = ["CellWatch"]

Event = Any
"""pycrdt's events, whose attributes it does not declare."""

SPARE_WATCHES = 256
"""So many watches of cells that are gone may be kept until all are set up again."""


class CellWatch:
    """Notices what there may be to check, to complete, to put in order, or to take out.

    It looks at the bag of cells, at each cell's own keys and at the keys of its metadata. ``read_cells`` returns the
    maps in the bag; ``on_dirty`` is called when ``is_dirty`` becomes true, while the document is locked: it must
    neither write nor raise.

    Attributes
    ----------
    is_dirty
        The metadata of a cell may hold the mark of trust.
    unchecked
        The maps that were put into the bag, or of which a part that JupyterLab needs was exchanged, since
        :meth:`checked` was called; ``None`` if it is not known what there is.
    is_incomplete
        A cell may lack a part, or have an id or a key that is not valid.
    has_new_order
        What was known of the order of the cells, and of which are there, is not true any more.
    remarked
        The ids of the cells that were marked as deleted, or whose mark was taken away.
    taken_away
        What was taken from somebody's cells that they keep for their life, in words; empty if nothing was.
    """

    def __init__(
        self, cells: "Array[Any]", read_cells: Callable[[], list["Map[Any]"]], on_dirty: Callable[[], None] | None
    ) -> None:
        self._cells = cells
        self._read_cells = read_cells
        self._on_dirty = on_dirty
        self._subscriptions: list[Any] = []
        self._spare_from = 0
        self.is_dirty = False
        self.is_incomplete = self.has_new_order = True
        self.unchecked: list[Map[Any]] | None = None
        self.remarked: set[str] = set()
        self.taken_away = ""
        self.reset()

    def close(self) -> None:
        """Stop watching."""
        for subscription in self._subscriptions:
            subscription.drop()
        self._subscriptions.clear()

    def clean(self) -> None:
        """The marks of trust have been taken out."""
        self.is_dirty = False
        if len(self._subscriptions) > self._spare_from:
            self.reset()

    def reset(self) -> None:
        """Watch just what is there now."""
        self.close()
        self._subscriptions.append(self._cells.observe(self._on_cells))
        for cell in self._read_cells():
            self._watch_cell(cell)
        self._spare_from = len(self._subscriptions) * 2 + SPARE_WATCHES

    def _watch_cell(self, cell: "Map[Any]") -> None:
        self._subscriptions.append(cell.observe(self._on_cell))
        self._watch_metadata(cell)

    def _watch_metadata(self, cell: "Map[Any]") -> None:
        metadata = cell.get(METADATA)
        if isinstance(metadata, Map):
            self._subscriptions.append(metadata.observe(self._on_metadata))
        if holds_trust(cell):
            self._mark()

    def _mark(self) -> None:
        if not self.is_dirty:
            self.is_dirty = True
            if self._on_dirty is not None:
                self._on_dirty()

    def _on_cells(self, event: Event) -> None:
        self.is_incomplete = self.has_new_order = True
        added = [cell for change in event.delta for cell in change.get("insert", ())]
        if not added or not all(isinstance(cell, Map) for cell in added):
            self.unchecked = None
        for change in event.delta:
            if "delete" in change:
                self.taken_away = "a cell"
            for cell in change.get("insert", ()):
                if isinstance(cell, Map):
                    self._watch_cell(cell)
                    self._recheck(cell)
                    if is_deleted(cell):
                        self._note_mark(cell)

    def _on_cell(self, event: Event) -> None:
        if not event.keys.keys().isdisjoint(SHARED_KEYS):
            self._recheck(event.target)
        if not event.keys.keys().isdisjoint(ORDERING_KEYS):
            self.is_incomplete = self.has_new_order = True
        if not event.keys.keys().isdisjoint(MARK_KEYS):
            self._note_mark(event.target)
        for key in KEPT_KEYS:
            if key in event.keys and event.keys[key]["action"] != "add":
                self.taken_away = f"the {key} of a cell"
        if METADATA in event.keys:
            self._watch_metadata(event.target)

    def checked(self) -> None:
        """There are only cells in the bag now."""
        self.unchecked = []

    def _recheck(self, cell: "Map[Any]") -> None:
        if self.unchecked is not None:
            self.unchecked.append(cell)

    def _note_mark(self, cell: "Map[Any]") -> None:
        cell_id = cell.get("id")
        if isinstance(cell_id, str):
            self.remarked.add(cell_id)

    def _on_metadata(self, event: Event) -> None:
        if TRUSTED in event.keys:
            self._mark()


MARK_KEYS = frozenset({DELETED, NOTICED})
"""What says when a cell was deleted."""

ORDERING_KEYS = frozenset({"id", "pos", "cell_type", DELETED, *SHARED_KEYS})
"""What says where a cell is, whether it is there and whether it is whole."""
