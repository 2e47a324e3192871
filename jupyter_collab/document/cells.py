"""Cells as shared types, in the shape that JupyterLab's ``YNotebook`` binds to.

A cell is a map: ``id``, ``pos`` (see :mod:`.order`), ``cell_type``, ``source`` (text), ``metadata`` (map), ``outputs``
(array of maps; the ``text`` of a stream is shared text; empty unless the cell is code), for code ``execution_count``,
for the others ``attachments`` if it has any, and ``deleted`` and ``dropped`` if it is deleted (see :mod:`.deletion`).
``source``, ``metadata`` and ``outputs`` are edited and never exchanged, whatever becomes of the cell: others may be
typing in them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pycrdt import Array, Map, Text

from ..errors import ContentError
from .content import CELL_TYPES, CellContent, parse_output
from .schema import TRUSTED, valid_count, valid_id
from .text import set_text
from .values import array_items, canonical, to_plain

__all__ = [
    "KEPT_KEYS",
    "SHARED_KEYS",
    "build_cell",
    "build_output",
    "complete",
    "is_sound",
    "is_whole",
    "read_cell",
    "set_type",
    "update_cell",
    "update_map",
]

SHARED_KEYS = ("cell_type", "source", "metadata", "outputs")
"""What JupyterLab's notebook needs in a cell to show it, and the room with it."""

KEPT_KEYS = ("id", "source", "metadata", "outputs")
"""What a cell keeps for its life: a peer that exchanged them would take away what others type at the same time."""


def is_whole(cell: "Map[Any]") -> bool:
    """Whether ``cell`` is a cell that JupyterLab can show."""
    cell_type = cell.get("cell_type")
    return (
        cell_type in CELL_TYPES
        and isinstance(cell.get("source"), Text)
        and isinstance(cell.get("metadata"), Map)
        and isinstance(cell.get("outputs", Array() if cell_type != "code" else None), Array)
    )


def read_cell(cell: "Map[Any]") -> CellContent | None:
    """What ``cell`` holds, as far as it is valid; ``None`` if it is no cell."""
    cell_type = cell.get("cell_type")
    if cell_type not in CELL_TYPES:
        return None
    source, metadata = to_plain(cell.get("source")), to_plain(cell.get("metadata"))
    content = CellContent(
        cell_type=cell_type,
        source=source if isinstance(source, str) else "",
        metadata={key: value for key, value in metadata.items() if key != TRUSTED} if _is_dict(metadata) else {},
        id=valid_id(cell.get("id")),
    )
    if cell_type == "code":
        outputs = [_read_output(output) for output in _items(cell.get("outputs"))]
        content.outputs = [output for output in outputs if output is not None]
        content.execution_count = valid_count(to_plain(cell.get("execution_count")))
    else:
        content.attachments = _read_attachments(to_plain(cell.get("attachments")))
    return content


def _is_dict(value: object) -> bool:
    return isinstance(value, dict)


def _items(outputs: object) -> list[Any]:
    if isinstance(outputs, Array):
        return array_items(outputs)
    return outputs if isinstance(outputs, list) else []


def _read_output(output: object) -> dict[str, Any] | None:
    try:
        return parse_output(to_plain(output), "The output")
    except ContentError:
        return None


def _read_attachments(attachments: object) -> dict[str, Any] | None:
    if not isinstance(attachments, dict):
        return None
    parsed = {name: _read_output({"output_type": "display_data", "data": data}) for name, data in attachments.items()}
    return {name: output["data"] for name, output in parsed.items() if output is not None} or None


def build_cell(content: CellContent, key: str) -> "Map[Any]":
    """A cell that is not in a document yet, to stand where ``key`` says."""
    cell: dict[str, Any] = {
        "id": content.id,
        "pos": key,
        "cell_type": content.cell_type,
        "source": Text(content.source),
        "metadata": Map(content.metadata),
        "outputs": Array([build_output(output) for output in content.outputs]),
    }
    if content.cell_type == "code":
        cell["execution_count"] = content.execution_count
    elif content.attachments:
        cell["attachments"] = content.attachments
    return Map(cell)


def build_output(output: Mapping[str, Any]) -> "Map[Any]":
    """An output that is not in a document yet."""
    if output["output_type"] == "stream":
        return Map({**output, "text": Text(output["text"])})
    return Map(dict(output))


def complete(cell: "Map[Any]") -> None:
    """Put into ``cell`` the shared types that it lacks, with what it has in their places if that is plain."""
    source, metadata = cell.get("source"), cell.get("metadata")
    if not isinstance(source, Text):
        cell["source"] = Text(source if isinstance(source, str) else "")
    if not isinstance(metadata, Map):
        cell["metadata"] = Map(to_plain(metadata) if isinstance(metadata, dict) else {})
    if not is_sound(cell.get("outputs")):
        outputs = [_read_output(output) for output in _items(cell.get("outputs"))]
        cell["outputs"] = Array([build_output(output) for output in outputs if output is not None])


def is_sound(outputs: object) -> bool:
    """Whether this is an array that can be edited; see :func:`array_items` for one that cannot."""
    return isinstance(outputs, Array) and len(array_items(outputs)) == len(outputs)


def set_type(cell: "Map[Any]", cell_type: str) -> None:
    """Make ``cell`` one of another type. Its text stays as it is; what only code has, goes."""
    if cell.get("cell_type") == cell_type:
        return
    complete(cell)
    cell["cell_type"] = cell_type
    if cell_type != "code":
        if len(cell["outputs"]):
            del cell["outputs"][0 : len(cell["outputs"])]
        if cell.get("execution_count") is not None:
            cell["execution_count"] = None


def update_cell(cell: "Map[Any]", content: CellContent) -> None:
    """Edit ``cell`` so that it has ``content``, but for its id; only what differs is touched."""
    complete(cell)
    set_type(cell, content.cell_type)
    set_text(cell["source"], content.source)
    update_map(cell["metadata"], content.metadata)
    if content.cell_type == "code":
        _update_outputs(cell["outputs"], content.outputs)
        _update_key(cell, "execution_count", content.execution_count)
    elif content.attachments:
        _update_key(cell, "attachments", content.attachments)
    elif cell.get("attachments") is not None:
        del cell["attachments"]


def update_map(shared: "Map[Any]", values: Mapping[str, Any]) -> None:
    """Edit ``shared`` so that it holds just ``values``; only what differs is touched."""
    for key in set(shared.keys()) - values.keys():
        del shared[key]
    for key, value in values.items():
        _update_key(shared, key, value)


def _update_key(shared: "Map[Any]", key: str, value: Any) -> None:
    if key not in shared or canonical(to_plain(shared[key])) != canonical(value):
        shared[key] = value


def _update_outputs(outputs: "Array[Any]", new: Sequence[Mapping[str, Any]]) -> None:
    """Outputs at the beginning and end that stay the same are left alone; others are exchanged whole."""
    old_keys = [canonical(_read_output(output)) for output in array_items(outputs)]
    new_keys = [canonical(output) for output in new]
    start = _common(old_keys, new_keys)
    kept_at_end = _common(old_keys[start:][::-1], new_keys[start:][::-1])
    old_stop, new_stop = len(old_keys) - kept_at_end, len(new_keys) - kept_at_end
    if start < old_stop:
        del outputs[start:old_stop]
    for index in range(start, new_stop):
        outputs.insert(index, build_output(new[index]))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many items both begin with."""
    for index, (item, other_item) in enumerate(zip(one, other, strict=False)):
        if item != other_item:
            return index
    return min(len(one), len(other))
