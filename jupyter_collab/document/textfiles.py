"""Cells as text files, ``.md`` and ``.py``: jupytext's formats, in which each cell comes back as it was.

jupytext reads some cells back as others: blank lines at an end, a comment that looks like the mark between cells, a
``%%bash`` without Python beside it. So what is written is read back, and a cell that would come back changed is
written in another form, which its metadata name under ``collab_text`` and which only this module undoes.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from ..errors import ContentError
from .content import MAX_CELLS
from .headers import with_plain_header
from .values import plain_line_breaks

if TYPE_CHECKING:
    from jupytext.jupytext import TextNotebookConverter

__all__ = ["TextFormat", "read_cells", "write_cells"]


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A text format: its extension without the dot, what jupytext calls it, and what begins each line of a header."""

    extension: str
    jupytext_name: str
    line_prefix: str


MAX_TEXT_LINES = 100_000
"""The time that jupytext takes grows with the square of this."""

FORM = "collab_text"
"""The key of a cell's metadata in a text file that says in which form the cell is written."""

JUPYTEXT = "jupytext"

CONVERTER_KEYS = frozenset([
    JUPYTEXT, FORM, "active", "cell_marker", "cell_type", "comment_questions", "endofcell", "hide_input", "hide_output",
    "incorrectly_encoded_metadata", "language", "lines_to_end_of_cell_marker", "lines_to_next_cell", "noskipline",
    "region_name", "skipline",
])  # fmt: skip
"""Metadata that tell jupytext what to do, or that it makes: not people's, who may not steer it, nor for the room."""

WRITABLE_KEY = re.compile(r"[a-zA-Z_]\w*", re.ASCII)
"""Other keys of metadata cannot be written into text."""

LANGUAGE = re.compile(r"[\w+#.-]{1,40}", re.ASCII)

LINE_ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
"""What Python's ``str.splitlines``, and so jupytext, takes for the end of a line besides ``\\n`` and ``\\r``."""

PRIVATE_CHARACTERS = range(0xF0000, 0x10FFFE)

MARK_IN_CODE = re.compile(r"^(\s*#+\s*)(\\*)(?=%%|In\[|<|#)", re.MULTILINE)
MARK_IN_TEXT = re.compile(r"^(\s*)(\\*)(?=#|<!--)", re.MULTILINE)
"""Lines that jupytext may take for the beginning or end of a cell, or for a magic; and where a backslash mends that."""

MANY_CHANGED = 50
"""When more cells than this come back changed, each one alone is not looked at, which would take long."""

MOST_PIECES = 50
"""A cell that comes back as more pieces than this is taken for one that swallowed others."""

COMMENT = "# "


class Form(IntEnum):
    """How a cell is written; each is harder to read than the one before it, and has fewer ways to go wrong."""

    PLAIN = 0
    TRIMMED = 1  # without the empty lines at its ends; their numbers are in the metadata
    ESCAPED = 2  # and with a backslash in what looks like a mark
    QUOTED = 3  # each line is a JSON string; in code, behind a comment sign
    BARE = 4  # and there are no other metadata


@dataclass(frozen=True, slots=True)
class _Cell:
    """What a text holds of a cell, and what must come back of it."""

    cell_type: str
    source: str


def write_cells(notebook: Mapping[str, Any], text_format: TextFormat) -> str:
    """The text of a file from which :func:`read_cells` gets the same cells, as far as types and sources go.

    Raises
    ------
    ContentError
        There is no such text.
    """
    cells: Sequence[Mapping[str, Any]] = notebook["cells"]
    name = text_format.extension
    if len(cells) > MAX_CELLS:
        raise ContentError(f"This has more than {MAX_CELLS:,} cells, too many for .{name}; use .ipynb.")
    wanted = [_Cell(cell["cell_type"], plain_line_breaks(cell["source"])) for cell in cells]
    if sum(cell.source.count("\n") + 1 for cell in wanted) > MAX_TEXT_LINES:
        raise ContentError(f"This has more than {MAX_TEXT_LINES:,} lines, too many for .{name}; use .ipynb.")
    writer = _Writer(wanted, [_writable(cell["metadata"]) for cell in cells], notebook["metadata"], text_format)
    return writer.write()


class _Writer:
    """Finds for each cell the first form in which it comes back."""

    def __init__(
        self,
        cells: Sequence[_Cell],
        cell_metadata: Sequence[Mapping[str, Any]],
        metadata: Mapping[str, Any],
        text_format: TextFormat,
    ) -> None:
        self._cells = cells
        self._cell_metadata = cell_metadata
        self._metadata = {
            **_writable(metadata),
            JUPYTEXT: {"main_language": _language_of(metadata)},
        }
        self._format = text_format

    def write(self) -> str:
        forms = [Form.PLAIN] * len(self._cells)
        text, changed = self._try(range(len(self._cells)), forms)
        if 0 < len(changed) <= MANY_CHANGED:
            forms = [self._form_alone(index) if index in changed else Form.PLAIN for index in range(len(forms))]
            text, changed = self._try(range(len(self._cells)), forms)
        while changed:
            affected = changed | {
                index - 1 for index in changed if index > 0
            }  # what changes a cell may stand before it
            if min(forms[index] for index in affected) is Form.BARE:
                break
            for index in affected:
                forms[index] = Form(min(forms[index] + 1, Form.BARE))
            text, changed = self._try(range(len(self._cells)), forms)
        if changed:
            raise ContentError(
                f"Cell {min(changed) + 1} would come back changed from .{self._format.extension}; use .ipynb."
            )
        return text

    def _form_alone(self, index: int) -> Form:
        """The first form in which a cell comes back if it is the only one."""
        for form in Form:
            if not self._try([index], [form])[1]:
                return form
        return Form.BARE

    def _try(self, indices: Sequence[int], forms: Sequence[Form]) -> tuple[str, set[int]]:
        """The text of some cells in these forms, and which of them would come back changed."""
        cells = [self._cells[index] for index in indices]
        text = self._render(indices, forms)
        try:
            back = [_Cell(cell["cell_type"], cell["source"]) for cell in read_cells(text, self._format)[0]]
        except ContentError:
            return text, set(indices)
        return text, {indices[place] for place in _changed(cells, back)}

    def _render(self, indices: Sequence[int], forms: Sequence[Form]) -> str:
        import nbformat

        shield = _Shield(self._cells[index].source for index in indices)
        cells = []
        for index, form in zip(indices, forms, strict=True):
            cell, metadata = self._cells[index], self._cell_metadata[index]
            source, about = _encoded(cell, form)
            kept = {} if form is Form.BARE else metadata
            fields = {"cell_type": cell.cell_type, "metadata": {**kept, FORM: about} if about else dict(kept)}
            cells.append({**fields, "source": shield.hide(source)})
        metadata = {JUPYTEXT: self._metadata[JUPYTEXT]} if set(forms) == {Form.BARE} else self._metadata
        notebook = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells})
        return shield.show(_converter(self._format).writes(notebook, metadata=notebook["metadata"]))


def _changed(cells: Sequence[_Cell], back: Sequence[_Cell]) -> set[int]:
    """The places of ``cells`` that are not the same in ``back``."""
    if list(cells) == list(back):
        return set()
    changed = set()
    place = 0
    for index, cell in enumerate(cells):
        next_ones = back[place : place + MOST_PIECES]
        if cell not in next_ones:
            changed.add(index)
            continue
        pieces = next_ones.index(cell)
        if pieces > 0 and index > 0:
            changed.add(index - 1)  # what stands between is more of the cell before
        place += pieces + 1
    return changed or set(range(len(cells)))  # there are cells too many


def _writable(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What text can hold of ``metadata``, without what tells the converter what to do: peers may write it."""
    return {key: value for key, value in metadata.items() if WRITABLE_KEY.fullmatch(key) and key not in CONVERTER_KEYS}


def _language_of(metadata: Mapping[str, Any]) -> str:
    """The notebook's language; a converter that does not know it takes the one that most cells seem to have."""
    for part, key in (("kernelspec", "language"), ("language_info", "name")):
        language = metadata.get(part, {}).get(key)
        if isinstance(language, str) and LANGUAGE.fullmatch(language):
            return language
    return "python"


# The forms of a cell


def _encoded(cell: _Cell, form: Form) -> tuple[str, dict[str, Any]]:
    """A cell's source in ``form``, and what its metadata have to say about that."""
    if form is Form.PLAIN:
        return cell.source, {}
    if form >= Form.QUOTED:
        sign = COMMENT if cell.cell_type == "code" else ""
        return "\n".join(sign + json.dumps(line) for line in cell.source.split("\n")), {"quoted": True}
    source = cell.source.strip("\n")
    about: dict[str, Any] = {}
    if source != cell.source:
        before = len(cell.source) - len(cell.source.lstrip("\n"))
        about["empty_lines"] = [before, len(cell.source) - len(source) - before]
    if form is Form.ESCAPED:
        source = _mark(cell.cell_type).sub(r"\1\\\2", source)
        about["escaped"] = True
    return source, about


def _decoded(cell: _Cell, about: Mapping[str, Any]) -> str:
    """What :func:`_encoded` made a cell's source of; people may have edited both."""
    source = cell.source
    if about.get("quoted") is True:
        return "\n".join(map(_unquoted, source.split("\n")))
    if about.get("escaped") is True:
        source = _mark(cell.cell_type).sub(lambda found: found[1] + found[2][1:], source)
    match about.get("empty_lines"):
        case [int(before), int(after)] if 0 <= before <= MAX_TEXT_LINES and 0 <= after <= MAX_TEXT_LINES:
            return "\n" * before + source + "\n" * after
    return source


def _mark(cell_type: str) -> re.Pattern[str]:
    return MARK_IN_CODE if cell_type == "code" else MARK_IN_TEXT


def _unquoted(line: str) -> str:
    try:
        text = json.loads(line.removeprefix(COMMENT))
    except ValueError:
        return line
    return text if isinstance(text, str) else line


# jupytext


class _Shield:
    """Private characters that stand in for what jupytext would take for line ends; ``texts`` have none of them."""

    def __init__(self, texts: Iterable[str]) -> None:
        used: set[str] = set()
        for text in texts:
            used.update(text)
        odd = [character for character in LINE_ENDS if character in used]
        free = (chr(code) for code in PRIVATE_CHARACTERS if chr(code) not in used)
        pairs = dict(zip(odd, free, strict=False))
        if len(pairs) < len(odd):
            raise ContentError("This text uses all private characters of Unicode; use .ipynb.")
        self.hide: Callable[[str], str] = _translation(pairs)
        self.show: Callable[[str], str] = _translation({private: odd for odd, private in pairs.items()})

    def show_all(self, value: Any) -> Any:
        """A JSON value with all its texts shown."""
        if isinstance(value, str):
            return self.show(value)
        if isinstance(value, dict):
            return {self.show(str(key)): self.show_all(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.show_all(item) for item in value]
        return value


def _translation(pairs: Mapping[str, str]) -> Callable[[str], str]:
    table = str.maketrans(dict(pairs))
    return (lambda text: text.translate(table)) if pairs else str


def _converter(text_format: TextFormat) -> "TextNotebookConverter":
    """jupytext's converter for just this format: asked for less, jupytext lets the content choose."""
    from jupytext.jupytext import TextNotebookConverter  # not above: it takes a second, and few programs need it

    name = text_format.jupytext_name
    return TextNotebookConverter({"extension": f".{text_format.extension}", "format_name": name}, config=None)


def read_cells(text: str, text_format: TextFormat) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The cells, without ids and outputs, and the metadata that a text file holds.

    Raises
    ------
    ContentError
        It cannot be read; the message says what to do.
    """
    name = text_format.extension
    if text.count("\n") > MAX_TEXT_LINES:
        raise ContentError(f"This has more than {MAX_TEXT_LINES:,} lines; as .{name} no more are read. Use .ipynb.")
    shield = _Shield([text])
    try:
        notebook = _converter(text_format).reads(with_plain_header(shield.hide(text), text_format.line_prefix))
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ContentError(f"This cannot be read as .{name}: its header is not a header of jupytext.") from error
    metadata = {key: value for key, value in shield.show_all(notebook["metadata"]).items() if key != JUPYTEXT}
    return [_read_cell(cell, shield) for cell in notebook["cells"]], metadata


def _read_cell(cell: Mapping[str, Any], shield: _Shield) -> dict[str, Any]:
    metadata = shield.show_all(cell["metadata"])
    about = metadata.get(FORM)
    read = _Cell(cell["cell_type"], shield.show(cell["source"]))
    return {
        "cell_type": read.cell_type,
        "source": _decoded(read, about) if isinstance(about, dict) else read.source,
        "metadata": {key: value for key, value in metadata.items() if key not in CONVERTER_KEYS},
    }
