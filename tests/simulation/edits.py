"""What programs do to the document beside what people do with its cells (:mod:`.acts`)."""

from collections.abc import Callable
from typing import Any

from pycrdt import Array, Doc, Map, Text

from jupyter_collab.document import RoomDocument

__all__ = ["EDITS", "Edit", "scratch"]

Edit = Callable[["Doc[Any]", str, tuple[float, float]], None]

STRANGE = ("", "", "🚀", "数", "👩‍🚀", "\n", "\r\n", "é")
OUTPUT_BYTES = 3_000


def scratch(doc: "Doc[Any]") -> Text:
    """A root text that no notebook has."""
    text: Text = doc.get("scratch", type=Text)
    return text


def _scratch(doc: "Doc[Any]", token: str, where: tuple[float, float]) -> None:
    text = scratch(doc)
    boundaries = [0]
    for character in str(text):
        boundaries.append(boundaries[-1] + len(character.encode()))
    text.insert(boundaries[int(where[0] * len(boundaries))], token + STRANGE[int(where[1] * len(STRANGE))])


def _metadata(doc: "Doc[Any]", token: str, where: tuple[float, float]) -> None:
    RoomDocument(doc).set_metadata({"title": token, "language_info": {"name": "python"}})


def _output(doc: "Doc[Any]", token: str, where: tuple[float, float]) -> None:
    cell = _some_cell(doc, where[0])
    if cell is not None and isinstance(outputs := cell.get("outputs"), Array):
        outputs.clear()
        outputs.append(Map({"output_type": "stream", "name": "stdout", "text": token * (OUTPUT_BYTES // len(token))}))


def _trust(doc: "Doc[Any]", token: str, where: tuple[float, float]) -> None:
    cell = _some_cell(doc, where[0])
    if cell is not None and isinstance(metadata := cell.get("metadata"), Map):
        metadata["trusted"] = True


def _some_cell(doc: "Doc[Any]", where: float) -> "Map[Any] | None":
    cells: Array[Map[Any]] = doc.get("cells", type=Array)
    return cells[int(where * len(cells))] if len(cells) else None


EDITS: dict[str, Edit] = {
    "scratch": _scratch,
    "metadata": _metadata,
    "output": _output,
    "trust": _trust,
}
