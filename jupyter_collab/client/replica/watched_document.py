"""A document of this client's own, which tells what happens to it and by whom."""

import secrets
from collections.abc import Callable, Iterable
from typing import Any

from pycrdt import Array, Doc, Map

from ...depths import TypeDepths
from ...document import RoomDocument
from ...errors import CausalGap, InvalidUpdate
from ...protocol import EMPTY_UPDATE
from .changes import RoomChange

__all__ = ["WatchedDocument"]

CANNOT_APPLY = "The server sent an update that cannot be applied."


class WatchedDocument:
    """An empty document with a client id of its own.

    ``cell_ids`` are its cells, in order; ``late`` those that are deleted and hold text that nobody deleted knowingly.

    Parameters
    ----------
    on_change
        Called with each change, while the document is locked: it must not write.
    on_own_update
        Called with the Yjs update of each edit that is made here, likewise.
    """

    def __init__(self, on_change: Callable[[RoomChange], None], on_own_update: Callable[[bytes], None]) -> None:
        self._on_change = on_change
        self._on_own_update = on_own_update
        self._is_applying = False
        self._depths = TypeDepths()
        # Yjs's own client ids have 32 bits; pycrdt's would have 53.
        doc: Doc[Any] = Doc(client_id=secrets.randbits(32))
        self.room = RoomDocument(doc)
        self.room.watch()
        self.cell_ids: list[str] = []
        self.late: list[str] = []
        self._bag: list[str] = []
        self._cells: Array[Any] = doc.get("cells", type=Array)
        self._subscriptions = [
            doc.observe(self._take_update),
            self._cells.observe_deep(self._tell_of_cells),
            doc.get("meta", type=Map).observe_deep(lambda events: self._tell(RoomChange(metadata=True))),
        ]

    def close(self) -> None:
        """Tell of nothing any more."""
        for subscription in self._subscriptions:
            subscription.drop()
        self.room.unwatch()

    @property
    def client_id(self) -> int:
        """Its Yjs client id."""
        return self.room.doc.client_id

    @property
    def state_vector(self) -> bytes:
        """What it has, as Yjs says it."""
        return self.room.doc.get_state()

    def update_since(self, state_vector: bytes) -> bytes:
        """What it has and somebody with ``state_vector`` lacks; InvalidUpdate if that is none."""
        try:
            return self.room.doc.get_update(state_vector)
        except (ValueError, RuntimeError) as error:
            raise InvalidUpdate("The server sent a state vector that is none.") from error

    def apply(self, update: bytes) -> None:
        """Take in what others did.

        Raises
        ------
        InvalidUpdate
            ``update`` is none, or would end this process.
        CausalGap
            It builds on what is not here; yrs would keep it aside, and apply it later, unread. Nothing happened.
        """
        self._note_depths(update)
        self._is_applying = True
        try:
            self.room.doc.apply_update(update)
        except (ValueError, RuntimeError, TypeError) as error:  # what pycrdt raises for bytes that are no update
            raise InvalidUpdate(CANNOT_APPLY) from error
        finally:
            self._is_applying = False

    def _note_depths(self, update: bytes) -> None:
        try:
            self._depths.take(update)
        except CausalGap:
            raise
        except InvalidUpdate as error:
            raise InvalidUpdate(f"{CANNOT_APPLY} {error}") from error

    def _take_update(self, event: Any) -> None:
        if not self._is_applying and event.update != EMPTY_UPDATE:
            self._depths.take(event.update, is_own=True)
            self._on_own_update(event.update)

    def _tell(self, change: RoomChange) -> None:
        self._on_change(change | RoomChange(local=not self._is_applying, remote=self._is_applying))

    def _tell_of_cells(self, events: Iterable[Any]) -> None:
        self.room.accept()  # the server says what may happen to cells
        self.room.take_newcomers()
        events = list(events)
        paths = [event.path for event in events]
        before = self.cell_ids
        if any(len(path) < 2 for path in paths):  # the bag of cells, or a cell's own keys, of which one is its id
            self.cell_ids, self._bag = self.room.ids()
        changed = {cell_id for path in paths if path for cell_id in self._ids_at(path[0])}
        if not changed <= set(self.cell_ids) or self.late:
            self.late = self.room.late_cells
        self._tell(RoomChange(frozenset(changed | (set(self.cell_ids) - set(before))), order=self.cell_ids != before))

    def _ids_at(self, position: int) -> Iterable[str]:
        """The id of the cell at ``position`` in the shared array, or all if peers wrote anything else into that."""
        only_cells = len(self._cells) == len(self._bag)
        return self._bag[position : position + 1] if only_cells else self.cell_ids
