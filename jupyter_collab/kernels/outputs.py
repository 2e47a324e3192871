"""The outputs of one run of one cell, written into the room's document a little at a time, within bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..document import RoomDocument
from ..store import Blob

__all__ = ["Blob", "OutputLimits", "Outputs"]


@dataclass(frozen=True, slots=True)
class OutputLimits:
    """How much of a cell's outputs the document holds, and how much of the rest is kept in blobs.

    A stream shows at most its last ``stream_bytes``. A value of a MIME bundle that is larger than ``bundle_bytes``
    becomes a blob. A blob has at most ``blob_bytes``, a cell about ``outputs`` outputs.
    """

    stream_bytes: int = 64 * 2**10
    bundle_bytes: int = 1 * 2**20
    blob_bytes: int = 64 * 2**20
    outputs: int = 500


class Outputs:
    """The outputs of one run of one cell; the first :meth:`write` removes those of the run before."""

    def __init__(self, limits: OutputLimits) -> None:
        self._limits = limits

    def take(self, msg_type: str, content: Mapping[str, Any]) -> None:
        """A message of this run: an output, ``update_display_data``, ``clear_output`` or ``execute_input``."""

    @property
    def pending(self) -> bool:
        """Whether :meth:`write` has something to do."""
        return False

    def blobs(self) -> list[Blob]:
        """What must be stored before :meth:`write` is called; emptied by the call."""
        return []

    def write(self, document: RoomDocument, cell_id: str) -> None:
        """Write what changed since the last time into a cell; nothing if it is gone, or no code any more."""

    def finish(self) -> None:
        """There are no more messages: what did not fit becomes blobs."""
