"""The widget: a room inside a notebook, and its text in Python."""

import asyncio
import threading
from typing import Any

from ipywidgets import DOMWidget  # type: ignore[import-untyped]  # it has no types
from traitlets import Int, Unicode, Union

from ...document import RoomDocument
from ...roles import RoleName
from ...version import __version__
from ..blocking.blocking_room import Room
from ..http.kernel_client import CellRun
from ..http.room_address import RoomAddress
from ..ipython.own_kernel import code_cells, run_here
from ..replica.changes import RoomChange
from ..replica.signals import Schedule, Unsubscribe
from ..room.cell import Cell
from .live_traits import EditableText, LiveList, LiveUnicode
from .shared_room import SharedRoom

__all__ = ["SharedEditor"]

NO_EDITOR = (
    "The editor shows in JupyterLab and Notebook 7 with jupyter_collab installed beside them. In Python, its text is "
    "`.value`, and the room `.room`."
)


class SharedEditor(DOMWidget):  # type: ignore[misc]  # ipywidgets has no types
    """A room, or one of its cells, to be edited in a notebook's output; and live in Python.

    In the notebook it is the same pane as in JupyterLab's own tab. In Python, :attr:`value`, :attr:`cells`,
    :attr:`people` and :attr:`status` follow the room over a connection of the kernel's own, whether or not a browser
    shows it. All editors of a room share that connection, so a cell that runs again opens no other. ``observe`` works
    on the four: callbacks run on the event loop that was running when the widget was made (a kernel's main thread,
    between cells, or as soon as one of the four is read), and where there was none, in a thread of the room's.

    Parameters
    ----------
    room
        The room's id, or an address that opens it, as :func:`~jupyter_collab.connect` takes them.
    cell
        Show this cell only: its index, from 0, or its id. An index means the cell that is there when the widget is
        made, or the first that is there later; the widget stays at that cell, wherever it is moved.
    role
        Ask for less than what the server grants: ``viewer``, ``runner``, ``writer`` or ``editor``.
    height
        A CSS length; ``auto`` grows with the content.
    create
        Make the room if there is none.
    url, token
        For the kernel's connection, where it would not find the server by itself. They are not kept in the widget's
        state, and the browser does not use them.

    Attributes
    ----------
    value
        The text of the cell, or of all cells; it can be set for one cell. As for :attr:`.Cell.source`, that does to the
        present text what was done to the text that was read here. Setting it raises PermissionDenied for those who may
        only read, and CellDeleted, with the text, when the cell was deleted; the text that was there goes on to show.
    cells
        The cells, as nbformat has them.
    people
        Who is there: a list of :class:`~.presence.Person`. The kernel's own connection is nobody.
    status
        What is with the text, as :attr:`Room.status` says.
    """

    _model_module = Unicode("jupyter-collab").tag(sync=True)
    _model_module_version = Unicode(f"^{__version__}").tag(sync=True)
    _model_name = Unicode("SharedEditorModel").tag(sync=True)
    _view_module = Unicode("jupyter-collab").tag(sync=True)
    _view_module_version = Unicode(f"^{__version__}").tag(sync=True)
    _view_name = Unicode("SharedEditorView").tag(sync=True)

    room_id = Unicode(read_only=True).tag(sync=True)
    cell = Union([Int(), Unicode()], default_value=None, allow_none=True, read_only=True).tag(sync=True)
    cell_id = Unicode(None, allow_none=True, read_only=True).tag(sync=True)
    role = Unicode(None, allow_none=True, read_only=True).tag(sync=True)
    height = Unicode("auto").tag(sync=True)

    value = EditableText()
    cells = LiveList(read_only=True)
    people = LiveList(read_only=True)
    status = LiveUnicode(read_only=True)

    def __init__(
        self,
        room: str,
        cell: int | str | None = None,
        role: RoleName | None = None,
        height: str = "auto",
        create: bool = True,
        *,
        url: str | None = None,
        token: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._lock = threading.Lock()
        self._change: RoomChange | None = None
        self._refreshing_thread: int | None = None
        self._cells_by_id: dict[str, dict[str, Any]] = {}
        self._main_thread, self._on_main = _main_loop()
        self._shared: SharedRoom | None = None
        self.set_trait("room_id", RoomAddress.parse(room).room)
        self.set_trait("cell", cell)
        self.set_trait("role", role)
        shared = SharedRoom.hold(room, url, token, create=create, role=role)
        try:
            self.set_trait("cell_id", _id_of(shared.room, cell))
        except KeyError:
            shared.let_go()
            raise
        super().__init__(height=height, **kwargs)
        self._shared = shared
        entered = shared.room
        self._refresh(self._all_cells())
        self._unsubscribe: list[Unsubscribe] = [
            entered.on_change(self._hear),
            entered.on_people(lambda people: self._hear(RoomChange())),
            entered.on_status(lambda status: self._hear(RoomChange())),
        ]
        self._hear(self._all_cells())  # what changed before these listened

    @property
    def room(self) -> Room:
        """The room itself, for everything else that one may want of it; other editors of it here share it."""
        if self._shared is None:
            raise RuntimeError(f"The editor of room {self.room_id!r} is closed.")
        return self._shared.room

    # From the room

    def _hear(self, change: RoomChange) -> None:
        """Something changed: in the room's own thread."""
        with self._lock:
            is_scheduled = self._change is not None
            self._change = change if self._change is None else self._change | change
        if not is_scheduled:
            self._on_main(self._take_change)

    def _catch_up(self) -> None:
        """Somebody reads: on the main thread, what waits for the thread to be idle is taken now."""
        if threading.get_ident() == self._main_thread and self._refreshing_thread is None:
            self._take_change()

    def _take_change(self) -> None:
        with self._lock:
            change, self._change = self._change, None
        if change is not None and self._shared is not None:
            self._refresh(change)

    def _refresh(self, change: RoomChange) -> None:
        self._refreshing_thread = threading.get_ident()
        try:
            cells = self.room.read(lambda document: self._read_cells(document, change))
            if self.cell_id is None:
                self.set_trait("cell_id", _id_of(self.room, self.cell))
            people, status = self.room.people, self.room.status
            with self.hold_trait_notifications():
                self.set_trait("cells", cells)
                self.set_trait("value", self._text_of(cells))
                self.set_trait("people", people)
                self.set_trait("status", status)
        finally:
            self._refreshing_thread = None

    def _read_cells(self, document: RoomDocument, change: RoomChange) -> list[dict[str, Any]]:
        """The cells; those that did not change are not read again."""
        known = self._cells_by_id
        self._cells_by_id = {
            cell_id: known[cell_id] if cell_id in known and cell_id not in change.cells else document.cell(cell_id)
            for cell_id in document.cell_ids
        }
        return list(self._cells_by_id.values())

    def _all_cells(self) -> RoomChange:
        return RoomChange(frozenset(self._cells_by_id), order=True)

    def _text_of(self, cells: list[dict[str, Any]]) -> str:
        if self.cell is None:
            return "\n\n".join(cell["source"] for cell in cells)
        if self.cell_id in self._cells_by_id:
            text: str = self._cells_by_id[self.cell_id]["source"]
            return text
        return str(self._trait_values.get("value", ""))  # of a cell that was deleted: what it held last

    @property
    def _only_cell(self) -> str | None:
        """The id of the cell whose text the value is, if it is that of one."""
        if self.cell is not None:
            return str(self.cell_id) if self.cell_id is not None else None
        return next(iter(self._cells_by_id)) if len(self._cells_by_id) == 1 else None

    def _note_read(self, text: str) -> None:
        """Somebody has got the value; not so traitlets itself, which gets it too when it tells observers."""
        if self._shared is not None and not self._is_refreshing_here:
            self._note(text)

    @property
    def _is_refreshing_here(self) -> bool:
        """Whether observers are being told of a change, in this thread."""
        return self._refreshing_thread == threading.get_ident()

    def _note(self, text: str) -> None:
        room, cell_id = self.room, self._only_cell
        reader = room.reader
        if cell_id is not None:
            room.read(lambda document: room.seen.note(reader, cell_id, text))

    # To the room

    def _write(self, text: str) -> str:
        """Edit the room; returns what is there then."""
        room = self.room
        if self._is_refreshing_here:
            self._note(self._trait_values["value"])  # an observer sets it, and was told this
        if self.cell is None:
            room.text = text
            return room.read(lambda document: document.source(document.cell_ids[0]))
        cell = Cell(room, self.cell_id) if self.cell_id is not None else room.cell(self.cell)
        cell.source = text
        return room.read(lambda document: document.source(cell.id))

    def run(self, cell: int | str | None = None, *, timeout: float | None = None, check: bool = True) -> list[CellRun]:
        """Run what is shown on the room's kernel, where everybody sees it, and wait for the outputs.

        Parameters
        ----------
        cell
            The index or id of the cell; by default the one that is shown, or, of a whole room, all that are code.
        timeout, check
            As those of :meth:`.Room.run`, whose errors it raises.
        """
        return self.room.run(*self._chosen(cell), timeout=timeout, check=check)

    def run_here(self, cell: int | str | None = None) -> None:
        """Run what is shown in this notebook's own kernel, with its variables; outputs appear where this was called.

        Parameters
        ----------
        cell
            The index or id of the cell; by default the one that is shown, or, of a whole room, all that are code.

        Raises
        ------
        CannotRun
            When it is no Python code, or there is no IPython to run it.
        CellFailed
            When a cell failed; those after it are not run.
        """
        run_here(self.room, self._chosen(cell))

    def _chosen(self, cell: int | str | None) -> list[Cell]:
        """The cell that is meant, by default the one that is shown, or all of a whole room that are code."""
        room = self.room
        if cell is None and self.cell_id is not None:
            return [Cell(room, self.cell_id)]
        which = self.cell if cell is None else cell
        return code_cells(room) if which is None else [room.cell(which)]

    def close(self) -> None:
        """Take it off the page, once what was edited here is durable; the last editor of a room leaves it.

        Raises
        ------
        EditsNotSaved
            When that cannot be; the editor is closed all the same.
        """
        shared, self._shared = self._shared, None
        try:
            if shared is not None:
                for unsubscribe in self._unsubscribe:
                    unsubscribe()
                shared.let_go()
        finally:
            if shared is not None:
                self.set_trait("status", "offline")
            super().close()

    # Where it cannot be shown

    def __repr__(self) -> str:
        shown = "" if self.cell is None else f", cell={self.cell!r}"
        is_gone = self.cell_id is not None and self.cell_id not in self._cells_by_id
        return f"SharedEditor({self.room_id!r}{shown}, status={self.status!r})" + " whose cell was deleted" * is_gone

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """For those who cannot show the widget: what it is. Notebooks save this, so no text of the room is in it."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs) or {}
        return {**bundle, "text/plain": f"{self!r}\n{NO_EDITOR}"}


def _id_of(room: Room, cell: int | str | None) -> str | None:
    """The id of the cell that is meant; ``None`` where none is meant, or none is at that index yet."""
    if cell is None:
        return None
    try:
        return room.cell(cell).id
    except IndexError:
        return None


def _main_loop() -> tuple[int | None, Schedule]:
    """The thread of the event loop that runs here and how to run something there, if there is such a loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None, lambda function: function()

    def run_soon(function: Any) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(function)

    return threading.get_ident(), run_soon
