"""The document of a room."""

import hashlib
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from pycrdt import Doc, Map, Text

from ..errors import InvalidUpdate
from ..yjs import epoch_client_id
from .cell_index import CellRecord
from .cell_list import CellEntry, CellList, live
from .cells import is_whole, set_type, update_map
from .content import CellContent, NotebookContent, parse_cell, read_notebook
from .deletion import dismiss, is_late, mark_deleted, restore
from .differences import Replacement
from .merging import merge_cells, new_id
from .notebook_merge import merge_contents
from .outputs import OutputList
from .pycrdt_internals import plain_value
from .run_info import set_run_info
from .schema import NOTEBOOK_METADATA, valid_metadata
from .text import edit_text, replace_range, set_text
from .tidying import clear_out, complete_cells, give_ids, note_deletions
from .trust import holds_trust, remove_trust
from .values import canonical, clean_json, clean_source, to_plain
from .watch import CellWatch
from .word import Word, forget_word, keep_word, word_of

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

VERSION_CHARACTERS = 32


class RoomDocument:
    """A Yjs document with the root types ``cells``, ``meta`` and ``state``, as ``docs/wire.md`` describes it.

    A cell is named by its id; ``KeyError`` says that there is no such cell. Positions in texts count characters.
    Whatever peers wrote into the document, reading it returns a valid notebook and raises nothing.
    Moving a cell, changing its type and deleting it change values in the cell: what others type in it at the same time
    stays.

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
        self._watch: CellWatch | None = None
        self._known_entries: list[CellEntry] = []

    @classmethod
    def create(cls, epoch: str, content: Mapping[str, Any] | NotebookContent | None = None) -> "RoomDocument":
        """A new history, with a notebook as its content or, without one, an empty code cell.

        It is written by the client id :func:`epoch_client_id`, so that any part of the history gives its epoch away.
        That id must never be used again: apply :attr:`doc`'s update to another document to go on editing.

        Raises
        ------
        ContentError
            For content that is no notebook.
        """
        content = NEW_NOTEBOOK if content is None else content
        notebook = content if isinstance(content, NotebookContent) else read_notebook(content)
        document = cls(Doc(client_id=epoch_client_id(epoch)))
        for cell in notebook.cells:
            cell.metadata = forget_word(cell.metadata)
        with document.doc.transaction():
            document._state["epoch"] = epoch
            document.set_content(notebook)
        return document

    @classmethod
    def of(cls, updates: Iterable[bytes]) -> "RoomDocument":
        """A copy of the document that is made of ``updates``, to be edited by a client of its own.

        An update that yrs cannot apply is left out as a whole, as when a room is opened.
        """
        updates = list(updates)
        document = cls()
        with document.doc.transaction():
            for position, update in enumerate(updates):
                try:
                    document.doc.apply_update(update)
                except RuntimeError:  # yrs has applied a part of it
                    return cls.of(updates[:position] + updates[position + 1 :])
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
        return "note" if self._cells.sole_type in ("markdown", "raw") else "notebook"

    @property
    def cells(self) -> list[dict[str, Any]]:
        """The cells, as in a notebook of nbformat 4.5."""
        with self.doc.transaction():
            return [entry.read().to_notebook_cell() for entry in self._entries()]

    @property
    def deleted_cells(self) -> list[dict[str, Any]]:
        """The cells that are deleted and not cleared out yet, as in a notebook of nbformat 4.5; oldest first."""
        with self.doc.transaction():
            return [entry.read().to_notebook_cell() for entry in self._cells.bag() if entry.is_deleted]

    @property
    def late_cells(self) -> list[str]:
        """The ids of deleted cells in which somebody typed who did not know that they are deleted."""
        with self.doc.transaction():
            return [entry.id for entry in self._cells.bag() if is_late(entry.shared)]

    @property
    def digest(self) -> str:
        """What this document and each other that has the same texts in the same cells have in common.

        After :meth:`watch`, only cells that changed since it was asked last are read. Nobody may be editing just now.
        """
        index = self._cells.index_now()
        with self.doc.transaction() as transaction:
            while index.undigested:
                index.take_digest(transaction)
        return index.digest

    def digesting(self) -> Iterator[None]:
        """Read for :attr:`digest`, after :meth:`watch`, in small steps between which others may edit the document."""
        while (index := self._cells.index) is not None and index.undigested:
            with self.doc.transaction() as transaction:
                index.take_digest(transaction)
            yield

    def forget_digests(self) -> None:
        """Read all cells for the next :attr:`digest`: a fault may have changed them although no event said so."""
        if (index := self._cells.index) is not None:
            index.undigested.update(dict.fromkeys(index.records))

    def ids(self) -> tuple[list[str], list[str]]:
        """The ids of the cells, in order; and those of all in the shared array, as they lie there, deleted ones too."""
        bag = self._cells.bag()
        return [entry.id for entry in live(bag)], [entry.id for entry in bag]

    @property
    def cell_ids(self) -> list[str]:
        """The ids of the cells, in order."""
        return [entry.id for entry in self._entries()]

    @property
    def cell_types(self) -> dict[str, str]:
        """The type of each cell, by its id, in order."""
        with self.doc.transaction() as transaction:
            return {entry.id: plain_value(entry.shared, transaction, "cell_type") for entry in self._entries()}

    @property
    def metadata(self) -> dict[str, Any]:
        """The notebook's own metadata: its language and kernel, its title, and whatever else it has."""
        metadata = to_plain(self._meta.get("metadata"))
        return valid_metadata(metadata, NOTEBOOK_METADATA) if isinstance(metadata, dict) else {}

    @property
    def version(self) -> str:
        """What two contents have in common if, and only if, they are the same: cells with outputs, and metadata."""
        return hashlib.sha256(canonical([self.metadata, self.cells]).encode()).hexdigest()[:VERSION_CHARACTERS]

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

    def _shared(self, cell_id: str, *, or_deleted: bool = False) -> "Map[Any]":
        return self._cells.find(cell_id, or_deleted=or_deleted)

    def _entries(self) -> list[CellEntry]:
        """The cells that are there, in order; remembered, if the document is watched, until that is another."""
        watch = self._watch
        if watch is None:
            return self._cells.entries()
        if watch.has_new_order:
            self._known_entries = self._cells.entries()
            watch.has_new_order = False
        return self._known_entries

    def _reorder(self) -> None:
        """The order is about to be another, or which cells are there: events tell of it only when all is done."""
        self._cells.is_edited = True
        if self._watch is not None:
            self._watch.has_new_order = True

    def _find(self, cell_id: str) -> tuple[int, CellEntry]:
        for index, entry in enumerate(self._entries()):
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
            if content.note is not None and self._cells.sole_type == "markdown":
                content = replace(content, cells=[CellContent("markdown", content.note)])
            self._set_version()
            self.set_metadata({**self.metadata, **content.metadata} if content.is_partial else content.metadata)
            merge_cells(self._cells, content, _now_ms())
            self._reorder()

    def merge_content(self, base: NotebookContent, content: NotebookContent, origin: object = None) -> None:
        """Do to the content what was done to ``base`` to make ``content`` of it; see :mod:`.notebook_merge`."""
        with self.doc.transaction(origin=origin):
            present = read_notebook({"nbformat": 4, "metadata": self.metadata, "cells": self.cells})
            self.set_content(merge_contents(base, content, present))

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
            self._cells.heal()
            bag = self._cells.bag()
            if not cell.id or cell.id in {entry.id for entry in bag}:
                cell.id = new_id()
            entries = live(bag)
            self._reorder()
            self._cells.insert(entries, slice(index, None).indices(len(entries))[0], [cell])
        return cell.id

    def delete_cell(self, cell_id: str, by: str = "") -> None:
        """Mark a cell as deleted; ``by`` is who does it, for people.

        What others type in it without knowing that stays, see :attr:`late_cells`; :meth:`restore_cell` brings it back.
        """
        with self.doc.transaction():
            mark_deleted(self._shared(cell_id), by, _now_ms())
            self._reorder()

    def restore_cell(self, cell_id: str) -> None:
        """Bring a deleted cell back, to where it was, with all that was typed in it since.

        A cell that was merged into another one has all its text until a page takes out of it what is in the other one.
        """
        with self.doc.transaction():
            restore(self._shared(cell_id, or_deleted=True))
            self._reorder()

    def dismiss_late_text(self, cell_id: str) -> None:
        """Let go of what was typed in a deleted cell after it was deleted."""
        dismiss(self._shared(cell_id, or_deleted=True))

    def move_cell(self, cell_id: str, index: int) -> None:
        """Move a cell, so that it then is at ``index`` (a list's index, negative from the end)."""
        with self.doc.transaction():
            present, entry = self._find(cell_id)
            others = [other for other in self._cells.entries() if other.id != cell_id]
            index = min(max(index + len(others) + 1 if index < 0 else index, 0), len(others))
            if index != present:
                self._reorder()
                self._cells.set_key(entry, *self._cells.keys(others, index, 1))

    def set_cell_type(self, cell_id: str, cell_type: CellType) -> None:
        """Change what a cell is; its text stays the same shared text. What only code has, goes with the change."""
        with self.doc.transaction():
            set_type(self._shared(cell_id), cell_type)
            self._reorder()

    def outputs(self, cell_id: str) -> OutputList | None:
        """The outputs of a code cell, be it deleted; ``None`` for a cell of another type."""
        cell = self._shared(cell_id, or_deleted=True)
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

    # What the server says of runs

    @property
    def words(self) -> dict[str, Word]:
        """What each cell says of its runs, by its id; deleted ones too."""
        with self.doc.transaction() as transaction:
            return {entry.id: word_of(entry.shared, transaction) for entry in self._cells.bag()}

    def word(self, cell_id: str) -> Word:
        """What a cell says of its runs, be it deleted; nothing if there is no such cell."""
        with suppress(KeyError), self.doc.transaction() as transaction:
            return word_of(self._shared(cell_id, or_deleted=True), transaction)
        return Word()

    def keep_words(self, edited: Mapping[str, tuple[Word, bool]], by: Mapping[str, str]) -> None:
        """A person has edited what these cells say of their runs: see :func:`~.word.keep_word`.

        By their ids: what each said before, and whether the person put outputs into it.
        """
        with self.doc.transaction():
            for cell_id, (before, has_new_outputs) in edited.items():
                with suppress(KeyError):
                    cell = self._shared(cell_id, or_deleted=True)
                    keep_word(cell, before, by, has_new_outputs=has_new_outputs)

    # What peers must not write

    def check_cells(self) -> None:
        """Make sure that there are only whole cells in the bag, and that nothing was taken away from them.

        After :meth:`watch`, for what happened since it was called last. JupyterLab's notebook fails over anything else,
        and pycrdt never comes to the end of text there.

        Raises
        ------
        InvalidUpdate
            The document is spoiled.
        """
        watch = self._watch
        if watch is not None and watch.taken_away:
            raise InvalidUpdate(f"The edit takes {watch.taken_away} away. To delete a cell, mark it as 'deleted'.")
        unchecked = None if watch is None else watch.unchecked
        are_whole = self._cells.are_whole if unchecked is None else all(map(is_whole, unchecked))
        if not are_whole:
            raise InvalidUpdate("The edit puts something that is no cell among the cells of the room.")
        if watch is not None:
            watch.checked()

    def accept(self) -> None:
        """What happened to the cells since the last check was allowed to happen."""
        if self._watch is not None:
            self._watch.accept()

    @property
    def is_complete(self) -> bool:
        """Whether no cell lacks anything that :meth:`complete` gives.

        Without :meth:`watch`, this looks at all cells each time.
        """
        return not self._cells.index_now().incomplete

    def give_ids(self) -> None:
        """Give cells that claim the id of a cell which was there before them an id of their own."""
        index = self._cells.index_now()
        if any(record.own_id is not None and not index.holds(record) for record in index.incomplete):
            with self.doc.transaction():
                give_ids(index, [record for record in index.incomplete if record.own_id is not None])
                self._reorder()

    def complete(self) -> None:
        """Give cells what careless peers, or times before cells had keys, left out."""
        with self.doc.transaction():
            self._cells.heal()
            complete_cells(self._cells)
            self._reorder()

    def take_newcomers(self) -> list[CellRecord]:
        """The cells that, after :meth:`watch`, came since this was asked last."""
        return [] if self._watch is None else self._watch.take_newcomers()

    def contested_cells(self) -> dict[tuple[int, int], CellRecord]:
        """The cells that claim an id which others claim, too, by what names them in Yjs: a client and its clock."""
        index = self._cells.index_now()
        return {self._cells.unit_at(index.records.index(record)): record for record in index.contested()}

    def order_claims(self, cells: Iterable[CellRecord], arrival: Callable[[CellRecord], int]) -> None:
        """Of all that claim the id of one of ``cells``, let the one hold it that has the least ``arrival``."""
        index = self._cells.index_now()
        for record in cells:
            if record.own_id is not None and index.holder(record.own_id) is not None:
                index.order_claims(record.own_id, arrival)

    @property
    def has_remarked_cells(self) -> bool:
        """Whether, after :meth:`watch`, cells were deleted or brought back since the last :meth:`accept`."""
        return self._watch is not None and bool(self._watch.remarked)

    def note_deletions(self, now_ms: int) -> None:
        """Take note that these cells were deleted just now, in milliseconds since 1970, if they say another time."""
        if self._watch is not None:
            with self.doc.transaction():
                note_deletions(self._watch.remarked, now_ms)

    def clear_out(self, now_ms: int) -> None:
        """Free what cells hold that were deleted long ago; ``now_ms`` are milliseconds since 1970."""
        with self.doc.transaction():
            for _ in self.clearing_out(now_ms):
                pass
            self._reorder()

    def clearing_out(self, now_ms: int) -> Iterator[None]:
        """:meth:`clear_out`, in small steps between which others may edit the document."""
        self._cells.heal()
        index = self._cells.index_now()
        for record in [record for record in reversed(index.records) if record in index.deleted]:
            with self.doc.transaction():
                clear_out(self._cells, index, record, now_ms)
            yield

    @property
    def is_watched(self) -> bool:
        """Whether :meth:`watch` was called."""
        return self._watch is not None

    def watch(self, on_dirty: Callable[[], None] | None = None) -> CellWatch:
        """Notice from now on when there is something to check, to complete or to take out; it costs nothing otherwise.

        ``on_dirty`` is called at that moment, while the document is locked: it must neither write nor raise.
        """
        watching = self.watching(on_dirty)
        while True:
            try:
                next(watching)
            except StopIteration as stop:
                watch: CellWatch = stop.value
                return watch

    def watching(self, on_dirty: Callable[[], None] | None = None) -> Generator[None, None, CellWatch]:
        """:meth:`watch`, in small steps; nobody may edit the document in between."""
        if self._watch is not None:
            self._watch.close()
        self._watch = CellWatch(self._cells, on_dirty)
        yield from self._watch.reading()
        return self._watch

    def unwatch(self) -> None:
        """Notice nothing any more. A document that is watched is never freed."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def strip_trust(self, origin: object = None) -> bool:
        """Take ``trusted`` out of the metadata of all cells; answers whether there was any."""
        maps = self._cells.maps() if self._watch is None else [record.shared for record in self._watch.trusted]
        trusted = [cell for cell in maps if holds_trust(cell)]
        with self.doc.transaction(origin=origin):
            for cell in trusted:
                remove_trust(cell)
        if self._watch is not None:
            self._watch.trusted.clear()
        return bool(trusted)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
