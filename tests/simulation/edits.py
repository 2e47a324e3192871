"""The edits that clients make: each does something to the document that a person could do."""

from collections.abc import Callable
from typing import Any

from pycrdt import Array, Doc, Map, Text

from jupyter_collab.document import RoomDocument

__all__ = ["EDITS", "Edit", "scratch"]

Edit = Callable[["Doc[Any]", str, tuple[float, float]], None]

STRANGE = ("", "", "🚀", "数", "👩‍🚀", "\n", "\r\n", "é")
ERASED_CHARACTERS = 12
OUTPUT_BYTES = 3_000


def scratch(doc: "Doc[Any]") -> Text:
    """A root text that no notebook has."""
    text: Text = doc.get("scratch", type=Text)
    return text


def _pick(ids: list[str], where: float) -> str:
    return ids[int(where * len(ids))]


def _type(doc: "Doc[Any]", token: str, where: tuple[float, float]) -> None:
    document = RoomDocument(doc)
    if document.cell_ids:
        cell = _pick(document.cell_ids, where[0])
        at = int(where[1] * (len(document.source(cell)) + 1))
        document.replace_text(cell, at, at, token + STRANGE[int(where[0] * 997) % len(STRANGE)])


def _scratch(doc: "Doc[Any]", token: str, where: tuple[float, float]) -> None:
    text = scratch(doc)
    boundaries = [0]
    for character in str(text):
        boundaries.append(boundaries[-1] + len(character.encode()))
    text.insert(boundaries[int(where[0] * len(boundaries))], token + STRANGE[int(where[1] * len(STRANGE))])


def _erase(doc: "Doc[Any]", token: str, where: tuple[float, float]) -> None:
    document = RoomDocument(doc)
    if document.cell_ids:
        cell = _pick(document.cell_ids, where[0])
        length = len(document.source(cell))
        start = int(where[1] * (length + 1))
        document.replace_text(cell, start, min(length, start + ERASED_CHARACTERS), "")


def _insert_cell(doc: "Doc[Any]", token: str, where: tuple[float, float]) -> None:
    document = RoomDocument(doc)
    index = int(where[0] * (len(document.cell_ids) + 1))
    cell_id = token.strip("<>").replace(".", "-")
    document.insert_cell(index, "code" if where[1] < 0.5 else "markdown", token, id=cell_id)


def _move_cell(doc: "Doc[Any]", token: str, where: tuple[float, float]) -> None:
    document = RoomDocument(doc)
    if document.cell_ids:
        document.move_cell(_pick(document.cell_ids, where[0]), int(where[1] * len(document.cell_ids)))


def _delete_cell(doc: "Doc[Any]", token: str, where: tuple[float, float]) -> None:
    document = RoomDocument(doc)
    if document.cell_ids:
        document.delete_cell(_pick(document.cell_ids, where[0]))


def _metadata(doc: "Doc[Any]", token: str, where: tuple[float, float]) -> None:
    RoomDocument(doc).set_metadata({"title": token, "language_info": {"name": "python"}})


def _output(doc: "Doc[Any]", token: str, where: tuple[float, float]) -> None:
    cell = _some_cell(doc, where[0])
    if cell is not None and isinstance(outputs := cell.get("outputs"), Array):
        outputs.clear()
        outputs.append(Map({"output_type": "stream", "name": "stdout", "text": token * (OUTPUT_BYTES // len(token))}))


def _trust(doc: "Doc[Any]", token: str, where: tuple[float, float]) -> None:
    cell = _some_cell(doc, where[0])
    if cell is not None:
        metadata = cell.get("metadata")
        if where[1] < 0.5 and isinstance(metadata, Map):
            metadata["trusted"] = True
        else:
            cell["metadata"] = Map({"trusted": True}) if where[1] < 0.75 else {"trusted": True}


def _some_cell(doc: "Doc[Any]", where: float) -> "Map[Any] | None":
    cells: Array[Map[Any]] = doc.get("cells", type=Array)
    return cells[int(where * len(cells))] if len(cells) else None


EDITS: dict[str, Edit] = {
    "type": _type,
    "scratch": _scratch,
    "erase": _erase,
    "insert_cell": _insert_cell,
    "move_cell": _move_cell,
    "delete_cell": _delete_cell,
    "metadata": _metadata,
    "output": _output,
    "trust": _trust,
}
