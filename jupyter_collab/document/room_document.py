"""The document of a room."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from pycrdt import Doc, Map, Text

from ..errors import InvalidUpdate
from .cell_list import CellEntry, CellList
from .cells import build_cell, update_map
from .content import CellContent, NotebookContent, parse_cell, read_notebook
from .differences import Replacement
from .merging import merge_cells, new_id
from .outputs import OutputList
from .run_info import set_run_info
from .schema import NOTEBOOK_METADATA, valid_metadata
from .text import edit_text, replace_range, set_text
from .trust import TrustWatch, holds_trust, remove_trust
from .values import clean_json, clean_source, to_plain
from .yjs import epoch_client_id

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["RoomDocument"]

NEW_NOTEBOOK: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"language_info": {"name": "python"}},
    "cells": [{"cell_type": "code", "source": "", "metadata": {}, "outputs": [], "execution_count": None}],
}

CellType = Literal["code", "markdown", "raw"]


class RoomDocument:
    """A Yjs document in the shape of ``jupyter_ydoc``'s notebook: root types ``cells``, ``meta`` and ``state``.

    A cell is named by its id; ``KeyError`` says that there is no such cell. Positions in texts count characters.
    Whatever peers wrote into the document, reading it answers a valid notebook and raises nothing.

    Parameters
    ----------
    doc
        The document, empty or not; nothing is written to it. A new one by default.
    """

    def __init__(self, doc: "Doc[Any] | None" = None) -> None:
        self.doc: Doc[Any] = Doc() if doc is None else doc
        self._cells = CellList(self.doc)
        self._meta: Map[Any] = self.doc.get("meta", type=Map)
        self._state: Map[Any] = self.doc.get("state", type=Map)
        self._trust_watch: TrustWatch | None = None

    @classmethod
    def create(cls, epoch: str, content: Mapping[str, Any] | None = None) -> "RoomDocument":
        """A new history, with a notebook as its content or, without one, an empty code cell.

        It is written by the client id :func:`epoch_client_id`, so that any part of the history gives its epoch away.
        That id must never be used again: apply :attr:`doc`'s update to another document to go on editing.

        Raises
        ------
        ContentError
            For content that is no notebook.
        """
        notebook = read_notebook(NEW_NOTEBOOK if content is None else content)
        document = cls(Doc(client_id=epoch_client_id(epoch)))
        with document.doc.transaction():
            document._state["epoch"] = epoch
            document.set_content(notebook)
        return document

    # Reading

    @property
    def epoch(self) -> str | None:
        """The history that this document belongs to; ``None`` while it is empty."""
        epoch = self._state.get("epoch")
        return epoch if isinstance(epoch, str) else None

    @property
    def kind(self) -> Literal["note", "notebook"]:
        """``note`` if there is just one cell and that is not code."""
        first_two = list(islice(self._cells.types(), 2))
        return "note" if first_two in (["markdown"], ["raw"]) else "notebook"

    @property
    def cells(self) -> list[dict[str, Any]]:
        """The cells, as in a notebook of nbformat 4.5."""
        with self.doc.transaction():
            return [entry.read().to_notebook_cell() for entry in self._cells.entries()]

    @property
    def cell_ids(self) -> list[str]:
        """The ids of the cells, in order."""
        return [entry.id for entry in self._cells.entries()]

    @property
    def cell_types(self) -> dict[str, str]:
        """The type of each cell, by its id, in order."""
        return {entry.id: entry.shared["cell_type"] for entry in self._cells.entries()}

    @property
    def metadata(self) -> dict[str, Any]:
        """The notebook's own metadata: its language and kernel, its title, and whatever else it has."""
        metadata = to_plain(self._meta.get("metadata"))
        return valid_metadata(metadata, NOTEBOOK_METADATA) if isinstance(metadata, dict) else {}

    def is_code(self, cell_id: str) -> bool:
        """Whether there is such a cell, and it is code."""
        try:
            return bool(self._shared(cell_id)["cell_type"] == "code")
        except KeyError:
            return False

    def index_of(self, cell_id: str) -> int:
        """Where a cell is."""
        return self._find(cell_id)[0]

    def cell(self, cell_id: str) -> dict[str, Any]:
        """One cell, as in a notebook of nbformat 4.5."""
        return self._find(cell_id)[1].read().to_notebook_cell()

    def source(self, cell_id: str) -> str:
        """A cell's text."""
        source = to_plain(self._shared(cell_id).get("source"))
        return source if isinstance(source, str) else ""

    def tags(self, cell_id: str) -> list[str]:
        """A cell's tags."""
        metadata = self._shared(cell_id).get("metadata")
        tags = to_plain(metadata.get("tags")) if isinstance(metadata, Map) else None
        return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []

    def source_type(self, cell_id: str) -> Text:
        """A cell's text as the shared type; it is made one if a peer put something else there."""
        cell = self._shared(cell_id)
        source = cell.get("source")
        if isinstance(source, Text):
            return source
        with self.doc.transaction():
            cell["source"] = text = Text(source if isinstance(source, str) else "")
        return text

    def to_notebook(self) -> "NotebookNode":
        """The content as a valid notebook of nbformat 4.5."""
        import nbformat  # not above: it takes a second to import, and most programs never need it

        with self.doc.transaction():
            notebook = {"cells": self.cells, "metadata": self.metadata, "nbformat": 4, "nbformat_minor": 5}
        node: NotebookNode = nbformat.from_dict(notebook)
        return node

    def _shared(self, cell_id: str) -> "Map[Any]":
        watch = self._trust_watch
        return self._cells.find(cell_id, are_checked=watch is not None and not watch.has_new_cells)

    def _find(self, cell_id: str) -> tuple[int, CellEntry]:
        for index, entry in enumerate(self._cells.entries()):
            if entry.id == cell_id:
                return index, entry
        raise KeyError(cell_id)

    # Editing

    def set_notebook(self, notebook: Mapping[str, Any], origin: object = None) -> None:
        """Make a notebook the content, with as few edits as that takes; none if it is the content already.

        A cell with the same id, or equal to one that is there, is edited in place.

        Raises
        ------
        ContentError
            It is no notebook; nothing was changed.
        """
        self.set_content(read_notebook(notebook), origin)

    def set_content(self, content: NotebookContent, origin: object = None) -> None:
        """Make ``content`` the content: :meth:`set_notebook` for what was read before."""
        with self.doc.transaction(origin=origin):
            self._cells.heal()
            if content.note is not None and list(islice(self._cells.types(), 2)) == ["markdown"]:
                content = replace(content, cells=[CellContent("markdown", content.note)])
            self._set_version()
            self.set_metadata({**self.metadata, **content.metadata} if content.is_partial else content.metadata)
            merge_cells(self._cells, content)

    def _set_version(self) -> None:
        for key, number in (("nbformat", 4), ("nbformat_minor", 5)):
            if to_plain(self._meta.get(key)) != number:
                self._meta[key] = number

    def set_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Set the notebook's own metadata, whole; only what differs is touched."""
        values = clean_json(metadata)
        with self.doc.transaction():
            shared = self._meta.get("metadata")
            if isinstance(shared, Map):
                update_map(shared, values)
            else:
                self._meta["metadata"] = Map(values)

    def set_source(self, cell_id: str, text: str) -> None:
        """Make ``text`` a cell's text; what it has in common with the present one is not touched."""
        set_text(self.source_type(cell_id), clean_source(text))

    def edit_source(self, cell_id: str, edits: Sequence[Replacement]) -> None:
        """Edit a cell's text; ``edits`` are in order, with positions as they are before the first of them."""
        edit_text(self.source_type(cell_id), [edit._replace(text=clean_source(edit.text)) for edit in edits])

    def append_text(self, cell_id: str, text: str) -> None:
        """Add to the end of a cell's text."""
        source = self.source_type(cell_id)
        source += clean_source(text)

    def replace_text(self, cell_id: str, start: int, stop: int, text: str) -> None:
        """Replace the characters from ``start`` up to ``stop`` of a cell's text."""
        replace_range(self.source_type(cell_id), start, stop, clean_source(text))

    def insert_cell(self, index: int, cell_type: CellType = "code", source: str = "", **fields: Any) -> str:
        """Insert a cell before the one at ``index`` (a list's index, negative from the end) and answer its id.

        ``fields`` are more of what nbformat has for a cell, such as ``metadata`` or ``outputs``.

        Raises
        ------
        ContentError
            That is no cell.
        """
        cell = parse_cell(clean_json({"cell_type": cell_type, "source": source, **fields}), "The new cell")
        with self.doc.transaction():
            entries = self._cells.entries()
            cell.id = cell.id if cell.id and cell.id not in {entry.id for entry in entries} else new_id()
            self._insert(entries, index, cell)
        return cell.id

    def _insert(self, entries: list[CellEntry], index: int, cell: CellContent) -> None:
        self._cells.heal()
        positions = [entry.position for entry in entries]
        start = slice(index, None).indices(len(positions))[0]
        self._cells.insert([*positions, len(self._cells.maps())][start], build_cell(cell))

    def delete_cell(self, cell_id: str) -> None:
        """Remove a cell."""
        with self.doc.transaction():
            self._cells.heal()
            self._cells.delete(self._find(cell_id)[1].position)

    def move_cell(self, cell_id: str, index: int) -> None:
        """Move a cell, so that it then is at ``index`` (a list's index, negative from the end).

        Yjs cannot move: the cell is removed and an equal one inserted, so what others type in it meanwhile is lost.
        """
        with self.doc.transaction():
            present, entry = self._find(cell_id)
            count = len(self._cells.entries())
            index = min(max(index + count if index < 0 else index, 0), count - 1)
            if index != present:
                cell = entry.read()
                self._cells.heal()
                self._cells.delete(entry.position)
                self._insert(self._cells.entries(), index, cell)

    def set_cell_type(self, cell_id: str, cell_type: CellType) -> None:
        """Change what a cell is. As nobody's editor can do that to a cell in place, an equal one takes its place."""
        with self.doc.transaction():
            entry = self._find(cell_id)[1]
            cell = entry.read()
            if cell.cell_type != cell_type:
                changed = CellContent(cell_type, cell.source, cell.metadata, cell.id, attachments=cell.attachments)
                self._cells.heal()
                self._cells.delete(entry.position)
                self._cells.insert(entry.position, build_cell(changed))

    def outputs(self, cell_id: str) -> OutputList | None:
        """The outputs of a code cell; ``None`` for a cell of another type."""
        cell = self._shared(cell_id)
        return OutputList(cell) if cell["cell_type"] == "code" else None

    def set_execution_count(self, cell_id: str, count: int | None) -> None:
        """Set the number that stands before a code cell that was run."""
        cell = self._shared(cell_id)
        if to_plain(cell.get("execution_count")) != count:
            cell["execution_count"] = count

    def set_run_info(self, cell_id: str, info: Mapping[str, Any]) -> None:
        """Say in a code cell's metadata who ran it, and how that ended; JupyterLab shows a ``running`` one as such."""
        with self.doc.transaction():
            set_run_info(self._shared(cell_id), clean_json(info))

    # What peers must not write

    def check_cells(self) -> None:
        """Make sure that there are only whole cells among the cells; after :meth:`watch_trust`, once they changed.

        JupyterLab's notebook fails over anything else, and pycrdt never comes to the end of text there.

        Raises
        ------
        InvalidUpdate
            The document is spoiled.
        """
        watch = self._trust_watch
        if watch is not None and not watch.has_new_cells:
            return
        if not self._cells.are_whole:
            error = InvalidUpdate("The edit puts something that is no cell among the cells of the room.")
            error.spoils_document = True
            raise error
        if watch is not None:
            watch.has_new_cells = False

    def watch_trust(self, on_dirty: Callable[[], None] | None = None) -> TrustWatch:
        """Notice from now on when :meth:`strip_trust` may have something to do; it then costs nothing otherwise.

        ``on_dirty`` is called at that moment, while the document is locked: it must neither write nor raise.
        """
        if self._trust_watch is not None:
            self._trust_watch.close()
        with self.doc.transaction():
            self._trust_watch = TrustWatch(self._cells.array, self._cells.maps, on_dirty)
        return self._trust_watch

    def strip_trust(self, origin: object = None) -> bool:
        """Take ``trusted`` out of the metadata of all cells; answers whether there was any."""
        if self._trust_watch is not None and not self._trust_watch.is_dirty:
            return False
        with self.doc.transaction(origin=origin):
            trusted = [cell for cell in self._cells.maps() if holds_trust(cell)]
            for cell in trusted:
                remove_trust(cell)
        if self._trust_watch is not None:
            self._trust_watch.clean()
        return bool(trusted)
