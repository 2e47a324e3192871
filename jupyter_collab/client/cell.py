"""One cell of a joined room."""

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar

from ..document import RoomDocument

__all__ = ["Cell", "CellType"]

CellType = Literal["code", "markdown", "raw"]

T = TypeVar("T")


class CellOwner(Protocol):
    """What a cell needs of its room: to read and to edit the document where that may be done."""

    def read(self, look: Callable[[RoomDocument], T]) -> T:
        """What ``look`` finds in the document."""
        ...

    def edit(self, change: Callable[[RoomDocument], T]) -> T:
        """Let ``change`` edit the document; raises what :attr:`Cell.source` says."""
        ...


class Cell:
    """A cell of a joined room, live: it shows what the cell holds now, and what is set here is an edit of the room.

    Positions count characters, as those of a ``str`` do; those beyond the end mean the end. Editing raises
    :class:`~jupyter_collab.errors.PermissionDenied` for those who may only read, and
    :class:`~jupyter_collab.client.RoomClosed` after the room was closed; reading and editing raise ``KeyError`` when
    the cell is no longer in the room.
    """

    def __init__(self, owner: CellOwner, cell_id: str) -> None:
        self._owner = owner
        self._id = cell_id

    @property
    def id(self) -> str:
        """Its id, which stays when it is moved."""
        return self._id

    @property
    def index(self) -> int:
        """Its place in the room, from 0."""
        return self._owner.read(lambda document: document.index_of(self._id))

    @property
    def cell_type(self) -> CellType:
        """``code``, ``markdown`` or ``raw``."""
        kind: CellType = self._get("cell_type")
        return kind

    @property
    def source(self) -> str:
        """Its text. Setting it edits only what differs, so that others' carets and edits elsewhere are kept."""
        return self._owner.read(lambda document: document.source(self._id))

    @source.setter
    def source(self, text: str) -> None:
        self._owner.edit(lambda document: document.set_source(self._id, text))

    @property
    def metadata(self) -> dict[str, Any]:
        """A copy of its metadata."""
        metadata: dict[str, Any] = self._get("metadata")
        return metadata

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """A copy of its outputs (nbformat 4); none unless it is code."""
        outputs: list[dict[str, Any]] = self.to_dict().get("outputs", [])
        return outputs

    @property
    def execution_count(self) -> int | None:
        """The number in its prompt, if it is code and was run."""
        count: int | None = self.to_dict().get("execution_count")
        return count

    def insert(self, position: int, text: str) -> None:
        """Insert ``text`` before the character at ``position``."""
        self.replace(position, position, text)

    def append(self, text: str) -> None:
        """Add ``text`` at the end."""
        self._owner.edit(lambda document: document.append_text(self._id, text))

    def delete(self, start: int, stop: int) -> None:
        """Delete the characters from ``start`` up to, and not with, ``stop``."""
        self.replace(start, stop, "")

    def replace(self, start: int, stop: int, text: str) -> None:
        """Put ``text`` in the place of the characters from ``start`` up to, and not with, ``stop``."""
        self._owner.edit(lambda document: document.replace_text(self._id, start, stop, text))

    def to_dict(self) -> dict[str, Any]:
        """A copy of the cell as nbformat 4 has it."""
        return self._owner.read(lambda document: document.cell(self._id))

    def _get(self, key: str) -> Any:
        return self.to_dict()[key]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cell) and other._id == self._id and other._owner is self._owner

    def __hash__(self) -> int:
        return hash((self._id, id(self._owner)))

    def __repr__(self) -> str:
        try:
            first = self.source.partition("\n")[0]
        except KeyError:
            return f"<Cell {self._id}, no longer in the room>"
        return f"<Cell {self._id} {self.cell_type}: {first[:60]!r}>"
