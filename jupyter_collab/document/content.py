"""A notebook's content as plain values: what is read from ``.ipynb``, what is written, and the rules of nbformat 4.5.

What comes in is refused, with the place, where it is no notebook. What goes out comes from a document in which peers
may have written anything: what is not valid there is left out.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from ..errors import ContentError
from .schema import CELL_METADATA, TRUSTED, valid_count, valid_id, valid_metadata
from .values import canonical, clean_json, plain_line_breaks

__all__ = ["CELL_TYPES", "MAX_CELLS", "CellContent", "NotebookContent", "parse_cell", "parse_output", "read_notebook"]

CELL_TYPES = ("code", "markdown", "raw")

MAX_CELLS = 5_000
"""A notebook with more cells than this is not taken in: it would keep everybody waiting, and no page could show it."""

JSON_MIME_TYPE = re.compile(r"application/(.*\+)?json")


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
    ``note`` is the whole text, where that can be taken as the one cell of a note.
    """

    metadata: dict[str, Any]
    cells: list[CellContent]
    is_partial: bool = False
    note: str | None = None


def parse_cell(cell: object, place: str) -> CellContent:
    """Read a cell of nbformat 4 that :func:`clean_json` has gone over.

    Raises
    ------
    ContentError
        It is no cell; the message names ``place``.
    """
    if not isinstance(cell, dict) or cell.get("cell_type") not in CELL_TYPES:
        raise ContentError(f"{place} is no cell: it must be an object whose 'cell_type' is code, markdown or raw.")
    content = CellContent(
        cell_type=cell["cell_type"],
        source=plain_line_breaks(_text(cell.get("source", ""), f"{place}, 'source'")),
        metadata=_without_trust(_object(cell.get("metadata", {}), f"{place}, 'metadata'")),
        id=valid_id(cell.get("id")),
    )
    if content.cell_type == "code":
        outputs = cell.get("outputs", [])
        if not isinstance(outputs, list):
            raise ContentError(f"{place}, 'outputs' must be a list.")
        content.outputs = [parse_output(output, f"{place}, output {n}") for n, output in enumerate(outputs, 1)]
        content.execution_count = valid_count(cell.get("execution_count"))
    else:
        attachments = _object(cell.get("attachments", {}), f"{place}, 'attachments'")
        content.attachments = {
            name: _mime_bundle(bundle, f"{place}, attachment '{name}'") for name, bundle in attachments.items()
        } or None
    return content


def parse_output(output: object, place: str) -> dict[str, Any]:
    """Read an output of a code cell, as nbformat 4 has it; what may be left out there is filled in.

    Raises
    ------
    ContentError
        It is no output; the message names ``place``.
    """
    output = _object(output, place)
    kind = output.get("output_type")
    if kind == "stream":
        return {
            "output_type": kind,
            "name": _string(output.get("name", "stdout"), f"{place}, 'name'"),
            "text": _text(output.get("text", ""), f"{place}, 'text'"),
        }
    if kind == "error":
        return {
            "output_type": kind,
            "ename": _string(output.get("ename", ""), f"{place}, 'ename'"),
            "evalue": _string(output.get("evalue", ""), f"{place}, 'evalue'"),
            "traceback": _lines(output.get("traceback", []), f"{place}, 'traceback'"),
        }
    if kind not in ("display_data", "execute_result"):
        raise ContentError(f"{place} has the unknown 'output_type' {kind!r}.")
    parsed = {
        "output_type": kind,
        "data": _mime_bundle(output.get("data", {}), f"{place}, 'data'"),
        "metadata": _object(output.get("metadata", {}), f"{place}, 'metadata'"),
    }
    if kind == "execute_result":
        parsed["execution_count"] = valid_count(output.get("execution_count"))
    return parsed


def _object(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ContentError(f"{place} must be an object.")
    return value


def _string(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise ContentError(f"{place} must be text.")
    return value


def _lines(value: object, place: str) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return value
    raise ContentError(f"{place} must be text or a list of texts.")


def _text(value: object, place: str) -> str:
    return "".join(_lines(value, place))


def _mime_bundle(value: object, place: str) -> dict[str, Any]:
    return {
        mime_type: data if JSON_MIME_TYPE.fullmatch(mime_type) else _text(data, f"{place}, {mime_type}")
        for mime_type, data in _object(value, place).items()
    }


def _without_trust(metadata: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key != TRUSTED}


def read_notebook(content: object) -> NotebookContent:
    """Read a notebook: JSON of nbformat 4, or an older one, which is upgraded. It is copied.

    Raises
    ------
    ContentError
        It is no notebook; the message says where and what to do.
    """
    notebook = clean_json(content)
    if not isinstance(notebook, dict) or valid_count(notebook.get("nbformat")) is None:
        raise ContentError("This is not a notebook: give a JSON object with 'nbformat', 'metadata' and 'cells'.")
    version = notebook["nbformat"]
    if version > 4:
        raise ContentError(f"This notebook has the format {version}; formats up to 4 are known. Save it as format 4.")
    if version < 4:
        notebook = _upgrade(notebook)
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise ContentError("This is not a notebook: its 'cells' must be a list.")
    if len(cells) > MAX_CELLS:
        raise ContentError(f"This notebook has {len(cells):,} cells; at most {MAX_CELLS:,} are taken in. Split it.")
    parsed = [parse_cell(cell, f"Cell {number}") for number, cell in enumerate(cells, 1)]
    _forget_repeated_ids(parsed)
    return NotebookContent(_object(notebook.get("metadata", {}), "The notebook's 'metadata'"), parsed)


def _upgrade(notebook: dict[str, Any]) -> dict[str, Any]:
    import nbformat  # not above: it takes a second to import, and most programs never need it

    try:
        node = nbformat.from_dict(notebook)
        if notebook["nbformat"] == 3:
            nbformat.validate(node, version=3)
        upgraded = clean_json(nbformat.convert(node, 4))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, nbformat.ValidationError) as error:
        raise ContentError(
            f"This notebook of the old format {notebook['nbformat']} cannot be upgraded. Save it as format 4."
        ) from error
    for cell in upgraded["cells"]:
        cell.pop("id", None)  # the upgrade made it up; without it, the same notebook gives the same cells
    return dict(upgraded)


def _forget_repeated_ids(cells: list[CellContent]) -> None:
    seen: set[str] = set()
    for cell in cells:
        if cell.id in seen:
            cell.id = None
        elif cell.id is not None:
            seen.add(cell.id)
