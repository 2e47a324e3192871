"""Three-way merging of notebooks: what was done to the content that was read, done to the content as it is by now.

Plain values, no Yjs. Cells that others added, edited, deleted or moved since stay as they have them, unless the same
cell was changed on both sides: then its texts are merged (see :mod:`.three_way`), and of all else the change that is
merged now counts. A cell that one side deleted and the other wrote in stays.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from .content import CellContent, NotebookContent
from .matching import longest_increasing, match_cells
from .three_way import merge_texts
from .values import canonical

__all__ = ["merge_contents"]

T = TypeVar("T")


def merge_contents(base: NotebookContent, mine: NotebookContent, present: NotebookContent) -> NotebookContent:
    """The content that has what both ``mine`` and ``present`` made of ``base``.

    Merging the same content a second time changes nothing: what both sides added alike is there once.
    """
    metadata = _merge_keys(base.metadata, mine.metadata, present.metadata)
    if base.note is not None and mine.note is not None and [cell.cell_type for cell in present.cells] == ["markdown"]:
        [note] = present.cells
        text = merge_texts(base.note, mine.note, note.source, same_once=True)
        return NotebookContent(metadata, [replace(note, source=text)])
    return NotebookContent(metadata, _CellMerge(base.cells, mine.cells, present.cells).run())


def _merge_keys(base: Mapping[str, Any], mine: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(present)
    for key in base.keys() | mine.keys():
        if key in mine and (key not in base or canonical(mine[key]) != canonical(base[key])):
            merged[key] = mine[key]
        elif key not in mine and canonical(present.get(key)) == canonical(base[key]):
            merged.pop(key, None)
    return merged


def _merge_value(base: object, mine: T, present: T) -> T:
    return present if canonical(mine) == canonical(base) else mine


def _merge_cell(base: CellContent, mine: CellContent, present: CellContent) -> CellContent:
    return CellContent(
        cell_type=_merge_value(base.cell_type, mine.cell_type, present.cell_type),
        source=merge_texts(base.source, mine.source, present.source, same_once=True),
        metadata=_merge_keys(base.metadata, mine.metadata, present.metadata),
        id=present.id,
        outputs=_merge_value(base.outputs, mine.outputs, present.outputs),
        execution_count=_merge_value(base.execution_count, mine.execution_count, present.execution_count),
        attachments=_merge_value(base.attachments, mine.attachments, present.attachments),
    )


@dataclass(eq=False, slots=True)
class _Cell:
    """A cell as each side has it; ``None`` where it has none."""

    base: CellContent | None = None
    mine: CellContent | None = None
    present: CellContent | None = None

    def merged(self) -> CellContent | None:
        """What becomes of it; ``None`` if nothing does."""
        if self.mine is not None and self.present is not None:
            return _merge_cell(self.base or CellContent(self.mine.cell_type, ""), self.mine, self.present)
        kept = self.mine or self.present
        if kept is None or (self.base is not None and _is_as(kept, self.base)):
            return None
        return kept

    @property
    def is_theirs(self) -> bool:
        """Whether others added it."""
        return self.base is None and self.mine is None


def _is_as(cell: CellContent, base: CellContent) -> bool:
    """Whether nobody wrote in ``cell``; that it was run does not count."""
    return (cell.cell_type, cell.source) == (base.cell_type, base.source)


class _CellMerge:
    def __init__(
        self, base: Sequence[CellContent], mine: Sequence[CellContent], present: Sequence[CellContent]
    ) -> None:
        self._known = [_Cell(base=cell) for cell in base]
        self._present: list[_Cell | None] = [None] * len(present)
        for cell, index in zip(self._known, match_cells(present, base), strict=True):
            if index is not None:
                cell.present = present[index]
                self._present[index] = cell
        base_of_mine = match_cells(base, mine)
        self._in_order = longest_increasing(base_of_mine)
        self._theirs = {
            index: _Cell(present=cell) for index, cell in enumerate(present) if self._present[index] is None
        }
        self._mine = [
            self._added(cell) if index is None else self._known[index]
            for cell, index in zip(mine, base_of_mine, strict=True)
        ]
        for cell, content in zip(self._mine, mine, strict=True):
            cell.mine = content

    def _added(self, content: CellContent) -> _Cell:
        """A cell that was added; others may have added the same, as when this is merged a second time."""
        for cell in self._theirs.values():
            if cell.present is not None and cell.mine is None and _is_same(content, cell.present):
                cell.mine = content
                return cell
        return _Cell(mine=content)

    def run(self) -> list[CellContent]:
        """The merged cells, in their order: the present one, but for the cells that were moved or added here."""
        moved = {cell for index, cell in enumerate(self._known) if cell.mine and index not in self._in_order}
        order = [cell for cell in self._present_order() if cell not in moved]
        placed = set(order)
        before: _Cell | None = None
        for cell in self._mine:
            if cell not in placed:
                order.insert(_place_after(order, before), cell)
                placed.add(cell)
            before = cell
        merged = (cell.merged() for cell in order)
        return [content for content in merged if content is not None]

    def _present_order(self) -> Iterator[_Cell]:
        for index, cell in enumerate(self._present):
            yield self._theirs[index] if cell is None else cell


def _is_same(mine: CellContent, present: CellContent) -> bool:
    if mine.id is not None:
        return mine.id == present.id
    return _is_as(mine, present)


def _place_after(order: Sequence[_Cell], before: _Cell | None) -> int:
    """Where the cell behind ``before`` belongs: behind those that others added there."""
    place = 0 if before is None else order.index(before) + 1
    while place < len(order) and order[place].is_theirs:
        place += 1
    return place
