"""What happened to a room's document, and what was kept out of it: plain values."""

from dataclasses import dataclass
from typing import Literal

from ...errors import CollabError

__all__ = ["CellType", "RoomChange", "UnsentCell", "UnsentText"]

CellType = Literal["code", "markdown", "raw"]


@dataclass(frozen=True)
class RoomChange:
    """What happened to the document.

    Attributes
    ----------
    cells
        The ids of cells that are new or not what they were.
    order
        Whether cells were added, removed or moved.
    metadata
        Whether the notebook's own metadata changed.
    local, remote
        Whether this client, or somebody else, did some of it.
    """

    cells: frozenset[str] = frozenset()
    order: bool = False
    metadata: bool = False
    local: bool = False
    remote: bool = False

    def __or__(self, other: "RoomChange") -> "RoomChange":
        return RoomChange(
            self.cells | other.cells,
            self.order or other.order,
            self.metadata or other.metadata,
            self.local or other.local,
            self.remote or other.remote,
        )


@dataclass(frozen=True)
class UnsentCell:
    """The text of a cell that holds edits which are not in the room."""

    id: str
    cell_type: CellType
    source: str


@dataclass(frozen=True)
class UnsentText:
    """Text that was typed here and is kept out of the room.

    Attributes
    ----------
    epoch
        The history that it was written in.
    cells
        The cells that were edited, as they were here; none where something was only deleted, moved or described.
    error
        Why the room did not take the edits.
    """

    epoch: str | None
    cells: tuple[UnsentCell, ...]
    error: CollabError

    def joined_with(self, earlier: "UnsentText | None") -> "UnsentText":
        """This and what was kept before."""
        return self if earlier is None else UnsentText(self.epoch, earlier.cells + self.cells, self.error)
