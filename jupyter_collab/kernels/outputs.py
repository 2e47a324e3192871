"""The outputs of one run of one cell, written into the room's document a little at a time, within bounds."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..document import RoomDocument
from ..store import Blob
from .reducer import Reducer
from .shown import Item, OutputLimits, ShownOutput, ShownStream

__all__ = ["Blob", "OutputLimits", "Outputs"]


class Outputs:
    """The outputs of one run of one cell; the first :meth:`write` removes those of the run before."""

    def __init__(self, limits: OutputLimits) -> None:
        self._reducer = Reducer(limits)
        self._written: Sequence[Item] | None = None
        self._shown: Sequence[ShownOutput] = ()
        self._is_pending = True

    def take(self, msg_type: str, content: Mapping[str, Any]) -> None:
        """A message of this run: an output, ``update_display_data``, ``clear_output`` or ``execute_input``."""
        self._reducer.take(msg_type, content)
        self._is_pending = True

    @property
    def pending(self) -> bool:
        """Whether :meth:`write` has something to do."""
        return self._is_pending

    @property
    def outran(self) -> bool:
        """Whether more was printed before the last :meth:`write` than it could show."""
        return any(isinstance(output, ShownStream) and output.outran for output in self._reducer.outputs)

    def blobs(self) -> list[Blob]:
        """What must be stored before :meth:`write` is called; emptied by the call."""
        blobs = [blob for output in self._reducer.outputs for blob in output.blobs]
        for output in self._reducer.outputs:
            output.blobs.clear()
        return blobs

    def write(self, document: RoomDocument, cell_id: str) -> None:
        """Write what changed since the last time into a cell; nothing if it is gone, or no code any more.

        If somebody cleared the cell's outputs meanwhile, what was written before stays away.
        """
        self._is_pending = False
        with document.doc.transaction():
            try:
                outputs = document.outputs(cell_id)
            except KeyError:
                return
            if outputs is None:
                return
            if self._written and len(outputs) == 0:
                self._reducer.forget(self._shown)
            items = self._reducer.items
            outputs.update(self._written, items)
            self._written, self._shown = items, list(self._reducer.outputs)
            document.set_execution_count(cell_id, self._reducer.execution_count)

    def rewrite(self) -> None:
        """The last :meth:`write` may not have stayed in the document: the next one writes everything."""
        self._written = None
        self._is_pending = True

    def finish(self) -> None:
        """There are no more messages: what did not fit becomes blobs."""
        self._reducer.finish()
        self._is_pending = True
