"""A room as one sees it, in async code and without: what is in it, who is there, how it is."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ...document import RoomDocument, write_notebook
from ...errors import ContentError
from ..replica.changes import CellType, RoomChange, UnsentCell, UnsentText
from ..replica.connection import Status
from ..replica.cursor import cursor_at
from ..replica.person import Person
from ..replica.room_core import CONTENT, RoomCore
from ..replica.seen_texts import SeenTexts
from ..replica.signals import Schedule, Unsubscribe
from .cell import Cell
from .kernel import KernelView

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["RoomView"]

T = TypeVar("T")


class RoomView(ABC):
    """What the two kinds of room have in common.

    Everything here works on the copy that is kept on this side, and never waits for the network. Edits show at once,
    are sent at once, and are kept and sent again if the server cannot be reached.
    """

    _core: RoomCore

    @abstractmethod
    def _run(self, function: Callable[[], T]) -> T:
        """Run ``function`` where the room lives."""

    @abstractmethod
    def _schedule(self) -> Schedule:
        """Where this room's callbacks run."""

    @property
    @abstractmethod
    def reader(self) -> object:
        """Who reads and edits: this thread, or task. Each has its own notion of what it has read."""

    @property
    def seen(self) -> SeenTexts:
        """What this program has read of the cells' texts; to be used in :meth:`read` and :meth:`edit` only."""
        return self._core.seen

    def read(self, look: Callable[[RoomDocument], T]) -> T:
        """What ``look`` finds in the document. It must not write, and must not keep parts of the document."""
        return self._run(lambda: look(self._core.document))

    def edit(self, change: Callable[[RoomDocument], T]) -> T:
        """Let ``change`` edit the document; all that it does reaches the others at once.

        Raises
        ------
        PermissionDenied
            When our role may only read.
        RoomClosed
            When the room was closed here.
        EditsNotSaved
            When the room's content is being fetched again, after it refused edits or got a new history.
        CollabError
            When the server refused us for good.
        """

        def run() -> T:
            self._core.check_may_edit()
            document = self._core.document
            with document.doc.transaction():
                return change(document)

        return self._run(run)

    # The room

    @property
    def id(self) -> str:
        """The room's id."""
        return self._core.room_id

    @property
    def address(self) -> str:
        """The address that opens it in a browser, and that ``connect`` takes; no token is in it."""
        return self._core.server.room_address(self.id)

    @property
    def title(self) -> str:
        """Its title."""
        return self._run(lambda: self._core.replica.title)

    @property
    def epoch(self) -> str:
        """Which history of the room the document belongs to."""
        return self._run(lambda: self._core.document.epoch or "")

    @property
    def role(self) -> str:
        """What we are here, a word of :data:`~.connection.RoleName`."""
        return self._run(lambda: self._core.replica.role)

    @property
    def read_only(self) -> bool:
        """Whether edits would be refused."""
        return self._run(lambda: self._core.is_read_only)

    @property
    def status(self) -> Status:
        """What is with the text, in one word.

        ``connecting``: the room's content is on its way; ``synced``: every edit is durable; ``saving``: some are not
        yet; ``offline``: the server cannot be reached, edits are kept here and sent when it is back; ``not-saved``:
        the server cannot store them at present; ``in-deleted-cell``: all is durable, but text of ours is in a cell that
        somebody deleted, see :attr:`late_cells`; ``refused``: the server will not have us, see :attr:`problem`. A
        room that was closed here is ``offline``.
        """
        return self._run(lambda: self._core.status)

    @property
    def pending(self) -> int:
        """How many edits made here are not known to be durable."""
        return self._run(lambda: self._core.replica.pending)

    @property
    def problem(self) -> str:
        """The present problem, for people; empty if there is none."""
        return self._run(lambda: self._core.problem)

    @property
    def mended(self) -> str:
        """Content that the server removed when it opened the room, for people; empty if there is none."""
        return self._run(lambda: self._core.replica.mended)

    @property
    def people(self) -> list[Person]:
        """Who is here, this client first if it is visible; somebody with two windows is here twice."""
        return self._run(lambda: self._core.presence.people)

    @property
    @abstractmethod
    def kernel(self) -> KernelView:
        """The room's kernel on the server; everybody sees its outputs."""

    # The document

    @property
    def cells(self) -> list[Cell]:
        """Its cells, in order. Each is live: others may delete it before it is read, which raises ``CellDeleted``.

        The cells of :meth:`notebook` are copies, all of one moment.
        """
        return [Cell(self, cell_id) for cell_id in self.read(lambda document: document.cell_ids)]

    def cell(self, which: int | str) -> Cell:
        """The cell at an index (from 0; from the end if negative) or of an id; IndexError or KeyError if none is."""
        ids = self.read(lambda document: document.cell_ids)
        if isinstance(which, str):
            if which not in ids:
                raise KeyError(f"Room {self.id!r} has no cell {which!r}.")
            return Cell(self, which)
        if not -len(ids) <= which < len(ids):
            raise IndexError(f"Room {self.id!r} has {len(ids)} cells, and none at index {which}.")
        return Cell(self, ids[which])

    @property
    def text(self) -> str:
        """The text of all cells, with an empty line between two. Can be set in a room of one cell, as its source."""
        reader = self.reader

        def look(document: RoomDocument) -> str:
            texts = {cell_id: document.source(cell_id) for cell_id in document.cell_ids}
            for cell_id, text in texts.items():
                self.seen.note(reader, cell_id, text)
            return "\n\n".join(texts.values())

        return self.read(look)

    @text.setter
    def text(self, text: str) -> None:
        cells = self.cells
        if len(cells) != 1:
            raise ContentError(f"Room {self.id!r} has {len(cells)} cells: set the text of one, as in room.cells[0].")
        cells[0].source = text

    def insert_cell(self, index: int, source: str = "", cell_type: CellType = "code") -> Cell:
        """A new cell before the one at ``index`` (from 0; at the end if it equals the number of cells)."""
        return self._insert_cell(lambda document: index, source, cell_type)

    def append_cell(self, source: str = "", cell_type: CellType = "code") -> Cell:
        """A new cell at the end."""
        return self._insert_cell(lambda document: len(document.cell_ids), source, cell_type)

    def _insert_cell(self, index: Callable[[RoomDocument], int], source: str, cell_type: CellType) -> Cell:
        reader = self.reader

        def insert(document: RoomDocument) -> str:
            cell_id = document.insert_cell(index(document), cell_type, source)
            self.seen.note(reader, cell_id, document.source(cell_id))
            return cell_id

        return Cell(self, self.edit(insert))

    def delete_cell(self, which: int | str | Cell) -> None:
        """Delete a cell. Text that others type in it unaware of that is kept, see :attr:`late_cells`."""
        cell = self._existing(which)
        self.edit(lambda document: document.delete_cell(cell.id, by=self._core.replica.own_name))

    @property
    def late_cells(self) -> list[UnsentCell]:
        """Deleted cells in which somebody typed who did not know that they are deleted, with all of their text."""

        def look(document: RoomDocument) -> list[UnsentCell]:
            late = set(document.late_cells)
            cells = [cell for cell in document.deleted_cells if cell["id"] in late]
            return [UnsentCell(cell["id"], cell["cell_type"], cell["source"]) for cell in cells]

        return self.read(look)

    def restore_cell(self, cell_id: str) -> Cell:
        """Bring a deleted cell back, to where it was, with all that was typed in it; KeyError if there is none."""
        self.edit(lambda document: document.restore_cell(cell_id))
        return Cell(self, cell_id)

    def dismiss_late_text(self, cell_id: str) -> None:
        """Discard text that was typed in a deleted cell after its deletion; KeyError if there is no such cell."""
        self.edit(lambda document: document.dismiss_late_text(cell_id))

    def move_cell(self, which: int | str | Cell, index: int) -> None:
        """Move a cell, so that it is at ``index`` afterwards."""
        cell = self._existing(which)
        self.edit(lambda document: document.move_cell(cell.id, index))

    def set_cell_type(self, which: int | str | Cell, cell_type: CellType) -> None:
        """Make a cell of another type of it; its text stays."""
        cell = self._existing(which)
        self.edit(lambda document: document.set_cell_type(cell.id, cell_type))

    def _existing(self, which: int | str | Cell) -> Cell:
        return self.cell(which.id if isinstance(which, Cell) else which)

    def notebook(self) -> "NotebookNode":
        """A copy of the whole, as nbformat has it (version 4)."""
        reader = self.reader

        def look(document: RoomDocument) -> "NotebookNode":
            notebook = document.to_notebook()
            for cell in notebook["cells"]:
                self.seen.note(reader, cell["id"], cell["source"])
            self.seen.note(reader, f"{CONTENT}ipynb", write_notebook(notebook))
            return notebook

        return self.read(look)

    # What was kept out of the room

    @property
    def unsent(self) -> UnsentText | None:
        """Text typed here that the room did not take, as it has a new history or refused the edits."""
        return self._run(lambda: self._core.replica.unsent)

    def discard_unsent(self) -> None:
        """Forget :attr:`unsent`."""
        self._run(self._core.discard_unsent)

    def restore_unsent(self) -> list[Cell]:
        """Add the cells of :attr:`unsent` to the end of the room, as new cells, and forget it."""

        def add(document: RoomDocument) -> list[str]:
            unsent = self._core.replica.unsent
            cells = () if unsent is None else unsent.cells
            ids = [document.insert_cell(len(document.cell_ids), cell.cell_type, cell.source) for cell in cells]
            self._core.discard_unsent()  # here, so that no other thread restores it too
            return ids

        return [Cell(self, cell_id) for cell_id in self.edit(add)]

    # Presence

    def set_cursor(self, cell: int | str | Cell | None, position: int | None = None, head: int | None = None) -> None:
        """Show the others where this program is.

        Parameters
        ----------
        cell
            The cell that it is in; ``None`` for nowhere.
        position
            The caret's position, in characters; only the cell is shown without it.
        head
            The other end of a selection that begins at ``position``.
        """
        if cell is None:
            self._run(lambda: self._core.show_presence(None, None))
            return
        cell_id = self._existing(cell).id

        def show() -> None:
            anchor_and_head = (position, position if head is None else head)
            self._core.show_presence(cell_id, cursor_at(self._core.document, cell_id, *anchor_and_head))

        self._run(show)

    # Callbacks

    def on_change(self, callback: Callable[[RoomChange], object]) -> Unsubscribe:
        """Call ``callback`` after the document changed, here or elsewhere; several quick changes may be told as one.

        Returns
        -------
        A function that ends it.
        """
        return self._run(lambda: self._core.changes.connect(callback, self._schedule()))

    def on_people(self, callback: Callable[[list[Person]], object]) -> Unsubscribe:
        """Call ``callback`` with everybody who is here after that, or what they show of themselves, changed."""
        return self._run(lambda: self._core.people_changes.connect(callback, self._schedule()))

    def on_status(self, callback: Callable[[Status], object]) -> Unsubscribe:
        """Call ``callback`` after :attr:`status` changed."""
        return self._run(lambda: self._core.status_changes.connect(callback, self._schedule()))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id!r} at {self._core.server.url}: {self._core.status}>"
