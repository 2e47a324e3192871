"""A small writer of Yjs updates (encoding v1): any item, in any place, beside anything, and deletions of anything."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from pycrdt import Array, Doc

from jupyter_collab.protocol import write_bytes, write_varuint
from jupyter_collab.yjs import (
    ANY,
    DELETED,
    FORMAT,
    GC,
    JSON,
    SKIP,
    STRING,
    TYPE,
    Deletion,
    UpdateReader,
)

__all__ = [
    "BINARY",
    "DOC",
    "EMBED",
    "Made",
    "any_content",
    "count_content",
    "format_content",
    "json_content",
    "made_of",
    "text_content",
    "type_content",
    "update_of",
]

BINARY, EMBED, DOC = 3, 5, 9

Unit = tuple[int, int]


class Made(NamedTuple):
    """One item: ``content`` is encoded already, and it takes ``length`` clocks."""

    client: int
    clock: int
    length: int
    kind: int
    content: bytes
    left: Unit | None = None
    right: Unit | None = None
    parent: str | Unit | None = None
    key: str | None = None


def text_content(text: str) -> tuple[int, int, bytes]:
    """Kind, length and content of a piece of text."""
    return STRING, len(text.encode("utf-16-le")) // 2, write_bytes(text.encode())


def any_content(values: list[Any]) -> tuple[int, int, bytes]:
    """Of plain values."""
    return ANY, len(values), write_varuint(len(values)) + b"".join(map(_value, values))


def json_content(texts: list[str]) -> tuple[int, int, bytes]:
    """Of values as Yjs once wrote them."""
    return JSON, len(texts), write_varuint(len(texts)) + b"".join(write_bytes(text.encode()) for text in texts)


def type_content(shared_type: int, name: str = "p") -> tuple[int, int, bytes]:
    """Of a shared type; elements and hooks have a name."""
    return TYPE, 1, write_varuint(shared_type) + (write_bytes(name.encode()) if shared_type in (3, 5) else b"")


def format_content(key: str, value: str) -> tuple[int, int, bytes]:
    """Of the beginning or the end of a format."""
    return FORMAT, 1, write_bytes(key.encode()) + write_bytes(value.encode())


def count_content(kind: int, length: int) -> tuple[int, int, bytes]:
    """Of what is deleted, collected or skipped."""
    return kind, length, write_varuint(length)


def _value(value: Any) -> bytes:
    """One value as lib0 writes it; pycrdt knows how."""
    doc: Doc[Any] = Doc(client_id=1)
    doc.get("x", type=Array).append(value)
    update = doc.get_update()
    [item] = UpdateReader(update).items()
    return update[item.content + 1 : item.stop]


def update_of(items: Iterable[Made], deletions: Iterable[Deletion] = ()) -> bytes:
    """An update of these, client by client, each from the clock of its first item on."""
    by_client: dict[int, list[Made]] = {}
    for item in items:
        by_client.setdefault(item.client, []).append(item)
    sections = [
        write_varuint(len(of_client))
        + write_varuint(client)
        + write_varuint(of_client[0].clock)
        + b"".join(map(_struct, of_client))
        for client, of_client in by_client.items()
    ]
    return write_varuint(len(sections)) + b"".join(sections) + _deletions(deletions)


def _struct(item: Made) -> bytes:
    if item.kind in (GC, SKIP):
        return bytes([item.kind]) + item.content
    has = (item.left is not None) << 7 | (item.right is not None) << 6 | (item.key is not None) << 5
    head = bytes([item.kind | has])
    head += b"".join(write_varuint(side[0]) + write_varuint(side[1]) for side in (item.left, item.right) if side)
    if item.left is None and item.right is None:
        head += _parent(item.parent)
        head += b"" if item.key is None else write_bytes(item.key.encode())
    return head + item.content


def _parent(parent: str | Unit | None) -> bytes:
    if isinstance(parent, tuple):
        return b"\x00" + write_varuint(parent[0]) + write_varuint(parent[1])
    return b"\x01" + write_bytes((parent or "").encode())


def _deletions(deletions: Iterable[Deletion]) -> bytes:
    by_client: dict[int, list[Deletion]] = {}
    for deletion in deletions:
        by_client.setdefault(deletion.client, []).append(deletion)
    sections = [
        write_varuint(client)
        + write_varuint(len(of_client))
        + b"".join(write_varuint(deletion.clock) + write_varuint(deletion.length) for deletion in of_client)
        for client, of_client in by_client.items()
    ]
    return write_varuint(len(sections)) + b"".join(sections)


def made_of(update: bytes) -> tuple[list[Made], list[Deletion]]:
    """What a sound update says, to be changed and written again."""
    reader = UpdateReader(update, is_ours=True)
    items = [
        Made(
            item.client,
            item.clock,
            item.length,
            item.kind,
            write_varuint(item.length) if item.kind in (GC, SKIP, DELETED) else update[item.content : item.stop],
            item.left,
            item.right,
            item.parent,
            item.key,
        )
        for item in reader.items()
    ]
    return items, list(reader.deletions())
