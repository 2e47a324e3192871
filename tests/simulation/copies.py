"""A client's copy of the room's document: our Python one, npm's plain Yjs, or the model of JupyterLab's notebook."""

import asyncio
import itertools
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, Self

from pycrdt import Array, Doc, TransactionEvent

from jupyter_collab.document import RoomDocument

from .node import the_node
from .tokens import ledger

__all__ = ["Act", "Copy", "NodeCopy", "PythonCopy", "SeenCell", "new_copy", "raw_cells", "read_seen"]

Act = dict[str, Any]
"""What somebody does with the cells: ``do``, and what that needs. Positions in texts count characters."""


class SeenCell(NamedTuple):
    """A cell as its reader sees it."""

    id: str
    type: str
    text: str


class Copy(Protocol):
    """The document of one client. ``on_edit`` is called with each edit that is made in it, not with others'."""

    client_id: int
    on_edit: Callable[[bytes], None]

    @property
    def ledger(self) -> list[str]: ...
    @property
    def vector(self) -> bytes: ...
    @property
    def doc(self) -> "Doc[Any]":
        """All of it, as yrs reads it; not to be edited."""

    def update_since(self, vector: bytes | None = None) -> bytes: ...
    def apply(self, update: bytes) -> None: ...
    def cells(self) -> list[SeenCell]: ...
    def can(self, do: str) -> bool: ...
    def act(self, act: Act, token: str) -> None:
        """Do it, and note ``token`` in the ledger, as one edit."""

    def set_read_only(self, value: bool) -> None:
        """Say whether nothing may be written here: then the copy puts nothing in order by itself."""

    def settle(self) -> None:
        """Every edit made here is durable."""

    def unsent(self) -> list[str] | None:
        """The texts that would be kept for the user if the document were given up; ``None`` if it keeps none."""

    def own(self) -> Any:
        """What is kept of this page besides the document, for :meth:`resume` of the page that follows it."""

    def resume(self, update: bytes, own: Any) -> None:
        """Begin with what was kept of another page of the same user."""

    def take_over(self, former: Self) -> None:
        """Go on for another copy of the same room, which was given up."""

    def raw(self) -> list[dict[str, Any]]:
        """The bag of cells as it is."""


def read_seen(document: RoomDocument) -> list[SeenCell]:
    """The cells as our document shows them."""
    return [SeenCell(cell["id"], cell["cell_type"], cell["source"]) for cell in document.cells]


class PythonCopy:
    """Our own document, over yrs."""

    def __init__(self, document: RoomDocument) -> None:
        self.document = document
        self.doc = document.doc
        self.client_id = self.doc.client_id
        self.on_edit: Callable[[bytes], None] = lambda update: None
        self._is_applying = False
        self.doc.observe(self._observe)

    def _observe(self, event: TransactionEvent) -> None:
        if not self._is_applying:
            self.on_edit(event.update)

    @property
    def ledger(self) -> list[str]:
        return ledger(self.doc)

    @property
    def vector(self) -> bytes:
        return self.doc.get_state()

    def update_since(self, vector: bytes | None = None) -> bytes:
        return self.doc.get_update() if vector is None else self.doc.get_update(vector)

    def apply(self, update: bytes) -> None:
        self._is_applying = True
        self.doc.apply_update(update)
        self._is_applying = False

    def cells(self) -> list[SeenCell]:
        return read_seen(self.document)

    def can(self, do: str) -> bool:
        return do in _PYTHON_ACTS

    def act(self, act: Act, token: str) -> None:
        self.edit(lambda: _PYTHON_ACTS[act["do"]](self.document, act), token)

    def edit(self, change: Callable[[], object], token: str) -> None:
        """Make a change of any kind, and note ``token`` in the ledger, as one edit."""
        with self.doc.transaction():
            change()
            entries: Array[Any] = self.doc.get("ledger", type=Array)
            entries.append(token)

    def set_read_only(self, value: bool) -> None: ...

    def settle(self) -> None: ...

    def unsent(self) -> None:
        return None

    def own(self) -> None:
        return None

    def resume(self, update: bytes, own: Any) -> None:
        self.apply(update)

    def take_over(self, former: Self) -> None: ...

    def raw(self) -> list[dict[str, Any]]:
        return raw_cells(self.doc)


def raw_cells(doc: "Doc[Any]") -> list[dict[str, Any]]:
    """The bag of cells as yrs has it."""
    cells: Array[Any] = doc.get("cells", type=Array)
    return list(cells.to_py() or [])


_PYTHON_ACTS: dict[str, Callable[[RoomDocument, Act], object]] = {
    "write": lambda document, act: document.replace_text(act["cell"], act["at"], act["at"], act["text"]),
    "wipe": lambda document, act: document.replace_text(act["cell"], act["start"], act["stop"], ""),
    "new_cell": lambda document, act: document.insert_cell(act["index"], act["cell_type"], act["text"]),
    "move": lambda document, act: document.move_cell(act["cell"], act["index"]),
    "retype": lambda document, act: document.set_cell_type(act["cell"], act["cell_type"]),
    "drop_cell": lambda document, act: document.delete_cell(act["cell"]),
    "reformat": lambda document, act: document.set_source(act["cell"], act["text"]),
    "bring_back": lambda document, act: document.restore_cell(act["cell"]),
    "dismiss": lambda document, act: document.dismiss_late_text(act["cell"]),
}


class NodeCopy:
    """A copy in JavaScript."""

    _numbers = itertools.count(1)

    def __init__(self, kind: str, client_id: int) -> None:
        self.client_id = client_id
        self.on_edit: Callable[[bytes], None] = lambda update: None
        self.ledger: list[str] = []
        self._number = next(self._numbers)
        self._cells: list[SeenCell] | None = None
        self._abilities = frozenset(self._ask("open", kind, client_id))

    def _ask(self, method: str, *arguments: Any) -> Any:
        now = int((_STARTED + asyncio.get_running_loop().time()) * 1000)
        answer = the_node().ask(now, self._number, method, *arguments)
        for update in answer["updates"]:
            self.on_edit(b64decode(update))
        return answer["value"]

    @property
    def vector(self) -> bytes:
        return b64decode(self._ask("vector"))

    @property
    def doc(self) -> "Doc[Any]":
        doc: Doc[Any] = Doc()
        doc.apply_update(self.update_since())
        return doc

    def update_since(self, vector: bytes | None = None) -> bytes:
        return b64decode(self._ask("update", None if vector is None else b64encode(vector).decode()))

    def apply(self, update: bytes) -> None:
        self._cells = None
        self.ledger = self._ask("apply", b64encode(update).decode())

    def cells(self) -> list[SeenCell]:
        if self._cells is None:
            self._see(self._ask("cells"))
        assert self._cells is not None
        return self._cells

    def _see(self, cells: list[list[str]]) -> None:
        self._cells = [SeenCell(*cell) for cell in cells]

    def can(self, do: str) -> bool:
        return do in self._abilities

    def act(self, act: Act, token: str) -> None:
        self._see(self._ask("act", act, token))
        self.ledger = [*self.ledger, token]

    def set_read_only(self, value: bool) -> None:
        if self.can("setReadOnly"):
            self._ask("setReadOnly", value)

    def settle(self) -> None:
        if self.can("settle"):
            self._ask("settle")

    def unsent(self) -> list[str] | None:
        return self._ask("unsent") if self.can("unsent") else None

    def own(self) -> Any:
        return self._ask("own") if self.can("own") else None

    def resume(self, update: bytes, own: Any) -> None:
        if own is not None:
            self._ask("take", own)
        self.apply(update)

    def take_over(self, former: Self) -> None:
        if self.can("own"):
            self._ask("take_over", former._number)

    def raw(self) -> list[dict[str, Any]]:
        return self._ask("raw")  # type: ignore[no-any-return]  # as above


_STARTED = time.time()


def new_copy(kind: str, client_id: int) -> Copy:
    """An empty copy: ``python``, ``plain`` or ``notebook``."""
    return PythonCopy(RoomDocument(Doc(client_id=client_id))) if kind == "python" else NodeCopy(kind, client_id)
