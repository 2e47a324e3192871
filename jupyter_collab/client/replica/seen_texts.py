"""What a program has read of a room's texts: its edits are made against that, not against what it never saw."""

import weakref
from collections.abc import Callable, Sequence

from ...document import Replacement, RoomDocument, apply_edits, merge_edits

__all__ = ["SeenTexts"]


class SeenTexts:
    """The text of each cell as each reader had it last: as it was read, or as the reader itself made it since.

    A reader is a thread, or, in async code, a task: two of them that change the same cell at once do not take each
    other's lines for their own. Who has read nothing of a cell is taken to have seen what was read of it last in this
    program; and if nobody has read it, what is there when it is edited. Used on the room's event loop only.
    """

    def __init__(self) -> None:
        self._by_reader: weakref.WeakKeyDictionary[object, dict[str, str]] = weakref.WeakKeyDictionary()
        self._latest: dict[str, str] = {}

    def note(self, reader: object, cell_id: str, text: str) -> None:
        """``reader`` has ``text`` as that of a cell."""
        self._by_reader.setdefault(reader, {})[cell_id] = text
        self._latest[cell_id] = text

    def last(self, reader: object, cell_id: str) -> str | None:
        """What ``reader`` has seen last of a cell's text; ``None`` if this program has never read it."""
        return self._by_reader.get(reader, {}).get(cell_id, self._latest.get(cell_id))

    def hand_on(self, looker: object, reader: object, result: object) -> None:
        """``reader`` has got ``result`` from ``looker``: if it is a text that this has seen last, it has read that."""
        for cell_id, text in self._by_reader.get(looker, {}).items():
            if text == result:
                self.note(reader, cell_id, text)

    def edit(
        self,
        document: RoomDocument,
        reader: object,
        cell_id: str,
        make: Callable[[str], Sequence[Replacement]],
    ) -> None:
        """Do to a cell's present text what the edits that ``make`` returns do to the text that ``reader`` has seen."""
        present = document.source(cell_id)
        base = self.last(reader, cell_id)
        base = present if base is None else base
        edits = make(base)
        document.edit_source(cell_id, merge_edits(base, edits, present))
        self.note(reader, cell_id, apply_edits(base, edits))

    def edit_present(
        self,
        document: RoomDocument,
        reader: object,
        cell_id: str,
        make: Callable[[str], Sequence[Replacement]],
    ) -> None:
        """Edit a cell's present text; what ``reader`` has seen of it changes in the same way."""
        document.edit_source(cell_id, make(document.source(cell_id)))
        base = self.last(reader, cell_id)
        if base is not None:
            self.note(reader, cell_id, apply_edits(base, make(base)))
