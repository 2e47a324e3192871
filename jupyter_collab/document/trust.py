"""``metadata.trusted`` never stays in a shared document: whether to run what an output holds is each viewer's choice.

JupyterLab shows the outputs of a cell with ``trusted`` in its metadata as they are, scripts included, so a peer who
could write it would act in everybody's browser.
"""

from collections.abc import Callable
from typing import Any

from pycrdt import Array, Map

from .cells import SHARED_KEYS
from .schema import TRUSTED

__all__ = ["TrustWatch", "holds_trust", "remove_trust"]

Event = Any
"""pycrdt's events, whose attributes it does not declare."""

METADATA = "metadata"
SPARE_WATCHES = 256
"""So many watches of cells that are gone may be kept until all are set up anew."""


def holds_trust(cell: "Map[Any]") -> bool:
    """Whether the metadata of ``cell``, be they shared or plain, have the key."""
    metadata = cell.get(METADATA)
    if isinstance(metadata, Map):
        return TRUSTED in metadata
    return isinstance(metadata, dict) and TRUSTED in metadata


def remove_trust(cell: "Map[Any]") -> None:
    """Take the key out of the metadata of ``cell``, for which :func:`holds_trust` holds."""
    metadata = cell[METADATA]
    if isinstance(metadata, Map):
        del metadata[TRUSTED]
    else:
        cell[METADATA] = {key: value for key, value in metadata.items() if key != TRUSTED}


class TrustWatch:
    """Notices when the metadata of a cell may hold the key, at no cost for what happens to texts and outputs.

    It looks at the list of cells, at each cell's own keys and at the keys of its metadata. ``read_cells`` answers
    the maps in ``cells``; ``on_dirty`` is called when ``is_dirty`` becomes true, while the document is locked: it
    must neither write nor raise. ``has_new_cells`` becomes true when anything is put among the cells, or a part of
    one that JupyterLab needs is exchanged.
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
        self.has_new_cells = True
        self.reset()

    def close(self) -> None:
        """Stop watching."""
        for subscription in self._subscriptions:
            subscription.drop()
        self._subscriptions.clear()

    def clean(self) -> None:
        """What was noticed has been dealt with."""
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
        self.has_new_cells = True
        for change in event.delta:
            for cell in change.get("insert", ()):
                if isinstance(cell, Map):
                    self._watch_cell(cell)

    def _on_cell(self, event: Event) -> None:
        if not event.keys.keys().isdisjoint(SHARED_KEYS):
            self.has_new_cells = True
        if METADATA in event.keys:
            self._watch_metadata(event.target)

    def _on_metadata(self, event: Event) -> None:
        if TRUSTED in event.keys:
            self._mark()
