"""Content as files: ``.ipynb``, ``.md`` and ``.py``."""

import itertools
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ..errors import ContentError
from .content import NotebookContent, parse_cell, read_notebook
from .headers import NOTEBOOK_KEY
from .textfiles import TextFormat, read_cells, write_cells
from .values import BYTE_ORDER_MARK, clean_json, clean_text, load_json, plain_line_breaks

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from .room_document import RoomDocument

__all__ = ["ContentFormat", "read_content", "write_content", "write_notebook"]


class ContentFormat(StrEnum):
    """The formats that content can be written in and read from; each is the extension of its files."""

    IPYNB = "ipynb"
    MD = "md"
    PY = "py"

    @property
    def media_type(self) -> str:
        """What HTTP calls the format."""
        return MEDIA_TYPES[self]


MEDIA_TYPES = {
    ContentFormat.IPYNB: "application/x-ipynb+json",
    ContentFormat.MD: "text/markdown; charset=utf-8",
    ContentFormat.PY: "text/x-python; charset=utf-8",
}

TEXT_FORMATS = {
    ContentFormat.MD: TextFormat("md", "markdown", ""),
    ContentFormat.PY: TextFormat("py", "percent", "#"),
}

FENCE = "```"
"""What begins and ends code in markdown."""


def write_content(document: "RoomDocument", content_format: ContentFormat) -> str:
    """The content of a document as the text of a file.

    A document that is one markdown cell is, as ``.md``, just the text of that cell.
    """
    if content_format is ContentFormat.IPYNB:
        return write_notebook(document.to_notebook())
    notebook = document.to_notebook()
    cells = notebook["cells"]
    if content_format is ContentFormat.MD and [cell["cell_type"] for cell in cells] == ["markdown"]:
        return str(cells[0]["source"])
    return write_cells(notebook, TEXT_FORMATS[content_format])


def write_notebook(notebook: "NotebookNode") -> str:
    """A notebook of nbformat 4 as the text of an ``.ipynb`` file: just as Jupyter writes it, a line of text a line."""
    import nbformat  # not above: it takes a second to import, and most programs never need it

    return str(nbformat.v4.writes(notebook)) + "\n"


def read_content(text: str, content_format: ContentFormat) -> NotebookContent:
    """Read the text of a file, to be given to :meth:`RoomDocument.set_content`.

    Markdown without code and without the header of a notebook is one markdown cell with just that text. With code it
    becomes several cells, unless it is set in a note: that stays one.

    Raises
    ------
    ContentError
        It cannot be read; the message says what to do.
    """
    if content_format is ContentFormat.IPYNB:
        return read_notebook(_json(text))
    text = plain_line_breaks(text.removeprefix(BYTE_ORDER_MARK))
    note = text if content_format is ContentFormat.MD and not _has_notebook_header(text) else None
    cells = [{"cell_type": "markdown", "source": text, "metadata": {}}]
    if note is None or FENCE in note:
        parsed, metadata = read_cells(text, TEXT_FORMATS[content_format])
        if note is None or any(cell["cell_type"] == "code" for cell in parsed):
            return _from_text(parsed, metadata, note)
    return _from_text(cells, {}, note)


def _json(text: str) -> Any:
    try:
        return load_json(text)
    except (ValueError, RecursionError) as error:
        raise ContentError("This is not a notebook: it is not JSON. Give an .ipynb file.") from error


def _from_text(cells: list[dict[str, Any]], metadata: dict[str, Any], note: str | None) -> NotebookContent:
    content = [parse_cell(cell, f"Cell {number}") for number, cell in enumerate(clean_json(cells), 1)]
    for cell in content:
        cell.id = None  # made up by the reader
    return NotebookContent(clean_json(metadata), content, is_partial=True, note=note and clean_text(note))


def _has_notebook_header(text: str) -> bool:
    """Whether ``text`` begins as markdown does that was written from a notebook."""
    lines = iter(text.split("\n"))
    if next(lines, "").rstrip() != "---":
        return False
    header = itertools.takewhile(lambda line: line.rstrip() != "---", lines)
    return any(NOTEBOOK_KEY.fullmatch(line) for line in header)
