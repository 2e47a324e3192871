"""One cell of a room."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, overload

from ...document import Replacement, RoomDocument, clean_source, differences
from ...errors import CellDeleted
from ..replica.changes import CellType
from ..replica.seen_texts import SeenTexts

__all__ = ["Cell"]

T = TypeVar("T")


class CellOwner(Protocol):
    """What a cell needs of its room: to read and to edit the document where that may be done."""

    @property
    def id(self) -> str:
        """The room's id."""
        ...

    def read(self, look: Callable[[RoomDocument], T]) -> T:
        """What ``look`` finds in the document."""
        ...

    def edit(self, change: Callable[[RoomDocument], T]) -> T:
        """Let ``change`` edit the document; raises what :attr:`Cell.source` says."""
        ...

    @property
    def seen(self) -> SeenTexts:
        """What this program has read of the texts; to be used in :meth:`read` and :meth:`edit` only."""
        ...

    @property
    def reader(self) -> object:
        """The reader and editor: this thread, or task."""
        ...


class Cell:
    """A cell of a room, live: it shows what the cell holds now, and what is set here is an edit of the room.

    Edits are made against the text that was read: what others wrote since stays. *Read* is what this thread (in async
    code: this task) got last from :attr:`source`, :meth:`to_dict`, ``room.text`` or ``room.notebook()``, with its own
    edits since; if it has got nothing, what any of this program got last; if there is no such thing, what is there.

    Positions count characters of that text, as those of a ``str`` do; those beyond the end mean the end. Editing raises
    :class:`~jupyter_collab.errors.PermissionDenied` for those who may only read, and
    :class:`~jupyter_collab.errors.RoomClosed` after the room was closed; reading and editing raise
    :class:`~jupyter_collab.errors.CellDeleted`, a ``KeyError``, when the cell is no longer in the room. The text that
    was to be written is then in the error's ``text``.
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
        return self._read(lambda document: document.index_of(self._id))

    @property
    def cell_type(self) -> CellType:
        """``code``, ``markdown`` or ``raw``."""
        kind: CellType = self._get("cell_type")
        return kind

    @property
    def source(self) -> str:
        """Its text. Setting it does to the present text what was done to the text that was read.

        So the lines that others wrote since are kept, as are theirs in a loop of ``cell.source += line``; no line that
        somebody else wrote in is deleted; where both changed the same words, both are there.
        """
        owner, reader = self._owner, self._owner.reader

        def look(document: RoomDocument) -> str:
            text = document.source(self._id)
            owner.seen.note(reader, self._id, text)
            return text

        return self._read(look)

    @source.setter
    def source(self, text: str) -> None:
        new = _clean(text)
        self._edit_seen(lambda seen: differences(seen, new), new)

    @property
    def metadata(self) -> dict[str, Any]:
        """A copy of its metadata."""
        metadata: dict[str, Any] = self._get("metadata")
        return metadata

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """A copy of its outputs (nbformat 4); none unless it is code."""
        outputs: list[dict[str, Any]] = self._get("outputs", [])
        return outputs

    @property
    def execution_count(self) -> int | None:
        """The number in its prompt, if it is code and was run."""
        count: int | None = self._get("execution_count")
        return count

    def insert(self, position: int, text: str) -> None:
        """Insert ``text`` before the character at ``position`` of the text that was read."""
        self.replace(position, position, text)

    def append(self, text: str) -> None:
        """Add ``text`` at the end, whatever is there by now."""
        added = _clean(text)
        self._edit_present(lambda present: [Replacement(len(present), len(present), added)], added)

    def delete(self, start: int, stop: int) -> None:
        """Delete the characters from ``start`` up to, and not with, ``stop`` of the text that was read."""
        self.replace(start, stop, "")

    @overload
    def replace(self, old: str, new: str, /) -> None: ...

    @overload
    def replace(self, start: int, stop: int, text: str) -> None: ...

    def replace(self, start: int | str, stop: int | str, text: str | None = None) -> None:
        """Replace a part of the text.

        ``replace(start, stop, text)`` puts ``text`` in the place of the characters from ``start`` up to, and not with,
        ``stop`` of the text that was read. ``replace(old, new)`` puts ``new`` wherever ``old`` is by now; nothing is
        changed where it is not.
        """
        if isinstance(start, str) and isinstance(stop, str) and text is None:
            self._replace_words(start, stop)
        elif isinstance(start, int) and isinstance(stop, int) and text is not None:
            self._replace_range(slice(start, stop), _clean(text))
        else:
            raise TypeError("Call replace(start, stop, text) with two positions, or replace(old, new) with two texts.")

    def _replace_range(self, part: slice, new: str) -> None:
        def make(seen: str) -> list[Replacement]:
            first, last, _ = part.indices(len(seen))
            return [Replacement(first, max(first, last), new)]

        self._edit_seen(make, new)

    def _replace_words(self, old: str, new: str) -> None:
        if not old:
            raise ValueError("Say which text is to be replaced: it is empty.")
        pattern, replacement = re.compile(re.escape(_clean(old))), _clean(new)
        self._edit_present(
            lambda present: [Replacement(*found.span(), replacement) for found in pattern.finditer(present)], new
        )

    def to_dict(self) -> dict[str, Any]:
        """A copy of the cell as nbformat 4 has it."""
        owner, reader = self._owner, self._owner.reader

        def look(document: RoomDocument) -> dict[str, Any]:
            cell = document.cell(self._id)
            owner.seen.note(reader, self._id, cell["source"])
            return cell

        return self._read(look)

    def _get(self, key: str, default: object = None) -> Any:
        return self._read(lambda document: document.cell(self._id)).get(key, default)

    def _edit_seen(self, make: Callable[[str], Sequence[Replacement]], text: str) -> None:
        owner, reader = self._owner, self._owner.reader
        self._write(lambda document: owner.seen.edit(document, reader, self._id, make), text)

    def _edit_present(self, make: Callable[[str], Sequence[Replacement]], text: str) -> None:
        owner, reader = self._owner, self._owner.reader
        self._write(lambda document: owner.seen.edit_present(document, reader, self._id, make), text)

    def _read(self, look: Callable[[RoomDocument], T]) -> T:
        try:
            return self._owner.read(look)
        except KeyError:
            raise CellDeleted(f"Cell {self._id!r} of room {self._owner.id!r} was deleted.") from None

    def _write(self, change: Callable[[RoomDocument], T], text: str) -> T:
        try:
            return self._owner.edit(change)
        except KeyError:
            raise CellDeleted(
                f"Cell {self._id!r} of room {self._owner.id!r} was deleted, so nothing was written. The text is in "
                "this error's .text: room.append_cell(error.text) makes a new cell of it.",
                text,
            ) from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cell) and other._id == self._id and other._owner is self._owner

    def __hash__(self) -> int:
        return hash((self._id, id(self._owner)))

    def __repr__(self) -> str:
        try:
            cell = self._read(lambda document: document.cell(self._id))
        except CellDeleted:
            return f"<Cell {self._id}, no longer in the room>"
        first = cell["source"].partition("\n")[0]
        return f"<Cell {self._id} {cell['cell_type']}: {first[:60]!r}>"


def _clean(text: object) -> str:
    """``text`` as a cell can hold it."""
    if not isinstance(text, str):
        raise TypeError(f"The text of a cell is a str, not {type(text).__name__}.")
    return clean_source(text)
