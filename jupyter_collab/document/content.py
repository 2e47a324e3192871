"""A notebook's content as plain values: what is read from ``.ipynb``, what is written, and the rules of nbformat 4.5.

What comes in is mended where it is not valid, and refused where it is no notebook. What goes out comes from a document
in which peers may have written anything: what is not valid there is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..errors import ContentError
from .mending import CELL_TYPES, Mender
from .schema import CELL_METADATA, NOTEBOOK_METADATA, valid_metadata
from .values import Losses, canonical, clean_json, plain_line_breaks

__all__ = ["CELL_TYPES", "MAX_CELLS", "CellContent", "NotebookContent", "parse_cell", "parse_output", "read_notebook"]

MAX_CELLS = 5_000
"""A notebook with more cells than this is not taken in: it would keep everybody waiting, and no page could show it."""


NO_NOTEBOOK = "This is not a notebook: give a JSON object with 'nbformat', 'metadata' and 'cells'."


@dataclass(slots=True)
class CellContent:
    """One cell.

    ``id`` is ``None`` where the source of the cell has none, or one that nbformat does not allow. ``outputs`` and
    ``execution_count`` are for code, ``attachments`` for the other types.
    """

    cell_type: str
    source: str
    metadata: dict[str, Any] = field(default_factory=dict)
    id: str | None = None
    outputs: list[dict[str, Any]] = field(default_factory=list)
    execution_count: int | None = None
    attachments: dict[str, Any] | None = None

    @property
    def key(self) -> str:
        """Text that two cells have in common if, and only if, they differ in nothing but their ids."""
        return canonical([
            self.cell_type, self.source, self.metadata, self.outputs, self.execution_count, self.attachments
        ])  # fmt: skip

    def to_notebook_cell(self) -> dict[str, Any]:
        """The cell as nbformat 4.5 has it; valid whatever the metadata hold."""
        cell: dict[str, Any] = {
            "id": self.id,
            "cell_type": self.cell_type,
            "source": self.source,
            "metadata": valid_metadata(self.metadata, CELL_METADATA[self.cell_type]),
        }
        if self.cell_type == "code":
            cell["outputs"] = self.outputs
            cell["execution_count"] = self.execution_count
        elif self.attachments:
            cell["attachments"] = self.attachments
        return cell


@dataclass(slots=True)
class NotebookContent:
    """A notebook's metadata and cells.

    ``is_partial`` says that its source, a text, cannot hold all that a notebook does: what it lacks stays as it is.
    ``note`` is the whole text, where that can be taken as the one cell of a note. ``changes`` says, a sentence each,
    what its source had that no notebook can have, and what became of that.
    """

    metadata: dict[str, Any]
    cells: list[CellContent]
    is_partial: bool = False
    note: str | None = None
    changes: list[str] = field(default_factory=list)


def parse_cell(cell: object, place: str) -> CellContent:
    """Read a cell of nbformat 4 that :func:`clean_json` has gone over.

    Raises
    ------
    ContentError
        It is not valid; the message names ``place``.
    """
    mender = Mender()
    content = _mended_cell(cell, place, mender)
    if mender.changes:
        raise ContentError(f"This is no valid cell. {mender.changes[0]}")
    return content


def parse_output(output: object, place: str) -> dict[str, Any]:
    """Read an output of a code cell, as nbformat 4 has it; what is missing or odd in it is mended.

    Raises
    ------
    ContentError
        It is no output; the message names ``place``.
    """
    mender = Mender()
    mended = mender.output(output, place)
    if mended is None:
        raise ContentError(mender.changes[0])
    return mended


def _mended_cell(cell: object, place: str, mender: Mender) -> CellContent:
    if not isinstance(cell, dict):
        raise ContentError(f"{place} is no cell: it must be an object whose 'cell_type' is code, markdown or raw.")
    fields = mender.cell(cell, place)
    return CellContent(**{**fields, "source": plain_line_breaks(fields["source"])})


def read_notebook(content: object) -> NotebookContent:
    """Read a notebook: JSON of nbformat 4, or an older one, which is upgraded. It is copied.

    What Jupyter opens is read; what is not valid in it is mended, as the result's ``changes`` say.

    Raises
    ------
    ContentError
        It is no notebook; the message says where and what to do.
    """
    losses, mender = Losses(), Mender()
    notebook = clean_json(content, losses=losses)
    if not isinstance(notebook, dict):
        raise ContentError(NO_NOTEBOOK)
    for words in losses.sentences:
        mender.say("The notebook", words)
    notebook = _as_version_4(notebook, mender)
    cells = notebook.pop("cells", None)
    if cells in ("", {}):
        cells = []
    if not isinstance(cells, list):
        raise ContentError("This is not a notebook: its 'cells' must be a list.")
    if len(cells) > MAX_CELLS:
        raise ContentError(f"This notebook has {len(cells):,} cells; at most {MAX_CELLS:,} are taken in. Split it.")
    metadata = mender.metadata(notebook.pop("metadata", {}), NOTEBOOK_METADATA, "The notebook")
    parsed = [_mended_cell(cell, f"Cell {number}", mender) for number, cell in enumerate(cells, 1)]
    _forget_repeated_ids(parsed, mender)
    mender.left_out(notebook, "The notebook")
    return NotebookContent(metadata, parsed, changes=mender.changes)


def _as_version_4(notebook: dict[str, Any], mender: Mender) -> dict[str, Any]:
    """The fields of a notebook of format 4, without those that say the format."""
    version = _version(notebook, mender)
    if version > 4:
        raise ContentError(f"This notebook has the format {version}; formats up to 4 are known. Save it as format 4.")
    if version < 4:
        notebook = _upgrade(notebook, version, mender)
    return {key: value for key, value in notebook.items() if key not in ("nbformat", "nbformat_minor")}


def _version(notebook: dict[str, Any], mender: Mender) -> int:
    said = notebook.get("nbformat")
    if isinstance(said, str) and said.isdecimal():
        said = int(said[:4])
        mender.say("The notebook", "its format was text, and is a number now")
    is_older_in_name_only = said in (2, 3) and "worksheets" not in notebook and "cells" in notebook
    if isinstance(said, int) and not isinstance(said, bool) and said > 0 and not is_older_in_name_only:
        return said
    if "cells" not in notebook and "worksheets" not in notebook:
        raise ContentError(NO_NOTEBOOK)
    version = 4 if "cells" in notebook else 3
    mender.say("The notebook", f"it did not say its format rightly, and was read as format {version}")
    return version


def _upgrade(notebook: dict[str, Any], version: int, mender: Mender) -> dict[str, Any]:
    import nbformat  # not above: it takes a second to import, and most programs never need it
    from nbformat.v4.convert import upgrade_cell

    try:
        ready = _ready_for_upgrade({**notebook, "nbformat": version}, mender)
        node = nbformat.versions[version].to_notebook_json(ready, minor=ready.get("nbformat_minor", 0))
        # The step from 3 to 4 as nbformat makes it, but for its validation: that only logs what is mended here, with
        # the notebook, and takes a tenth of a second the first time.
        former = nbformat.convert(node, 3)
        cells = [upgrade_cell(cell) for sheet in former.get("worksheets", []) for cell in sheet["cells"]]
        metadata = {key: value for key, value in former["metadata"].items() if key not in ("name", "signature")}
        origin = {
            "orig_nbformat": former.get("orig_nbformat") or 3,
            "orig_nbformat_minor": former.get("orig_nbformat_minor") or 0,
        }
        upgraded = clean_json({"cells": cells, "metadata": {**metadata, **origin}})
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, nbformat.ValidationError) as error:
        raise ContentError(
            f"This notebook of the old format {version} cannot be upgraded. Save it as format 4."
        ) from error
    for cell in upgraded["cells"]:
        cell.pop("id", None)  # the upgrade made it up; without it, the same notebook gives the same cells
    return dict(upgraded)


def _ready_for_upgrade(notebook: dict[str, Any], mender: Mender) -> dict[str, Any]:
    """A notebook of an old format with what nbformat cannot do without; what is null there is as if it were not."""
    ready = _without_null(notebook)
    ready.setdefault("metadata", {})
    for number, cell in enumerate(_old_cells(ready), 1):
        cell.setdefault("metadata", {})
        if cell.get("cell_type") == "code":
            cell.setdefault("outputs", [])
            if not cell.get("input") and cell.get("source"):
                cell["input"] = cell.pop("source")
                mender.say(f"Cell {number}", "its code was called 'source', as in format 4")
    return dict(ready)


def _old_cells(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    worksheets = notebook.get("worksheets", [])
    for sheet in [notebook, *(worksheets if isinstance(worksheets, list) else [])]:
        cells = sheet.get("cells", []) if isinstance(sheet, dict) else []
        yield from (cell for cell in cells if isinstance(cell, dict))


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    return value


def _forget_repeated_ids(cells: list[CellContent], mender: Mender) -> None:
    seen: set[str] = set()
    for number, cell in enumerate(cells, 1):
        if cell.id in seen:
            cell.id = None
            mender.say(f"Cell {number}", "its id is that of a cell before it, so it has a new one")
        elif cell.id is not None:
            seen.add(cell.id)
