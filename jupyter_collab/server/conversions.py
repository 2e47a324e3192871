"""Content between files and documents: bytes in, bytes out, so that a worker process can do it.

A document comes as the Yjs updates of which it is made. An edit is made to a copy, and goes back as another update:
what others do to the room meanwhile is merged with it as with every edit.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..document import (
    ContentFormat,
    FirstContent,
    NotebookContent,
    RoomDocument,
    load_json,
    read_content,
    read_notebook,
    write_content,
)
from .decoding import decode_body, optional, read_object, require_known, text_of

if TYPE_CHECKING:
    from ..store import Blob

__all__ = [
    "Edited",
    "NewRoom",
    "make_room",
    "merge_content",
    "replace_content",
    "write_file",
    "write_whole_file",
]


@dataclass(frozen=True, slots=True)
class Edited:
    """An edit of a copy of the document.

    ``update`` is the edit, empty if there is none. ``is_refused`` says that the content was none of the wanted
    versions, else ``version`` is the one that was made, if versions were asked for: telling it costs a reading of the
    content. ``changes`` are what was mended in the content that was given, a sentence each.
    """

    update: bytes
    is_refused: bool
    version: str | None
    changes: list[str]


@dataclass(frozen=True, slots=True)
class NewRoom:
    """What a room is to be made of; ``changes`` as in :class:`Edited`, if content was given."""

    room_id: str | None
    title: str | None
    first: FirstContent
    changes: list[str]


def make_room(body: bytes | bytearray, epoch: str) -> NewRoom:
    """Read the body of a request for a room."""
    fields = read_object(decode_body(body), load_json)
    require_known(fields, "id", "title", "content")
    given = optional(fields, "content", dict)
    content = None if given is None else read_notebook(given)
    room_id, title = optional(fields, "id", str), optional(fields, "title", str)
    return NewRoom(room_id, title, FirstContent.of(epoch, content), [] if content is None else content.changes)


def replace_content(
    body: bytes | bytearray, sent: ContentFormat, updates: Sequence[bytes], versions: Collection[str] | None
) -> Edited:
    """Make the file ``body`` the content, if that is one of ``versions`` now."""
    content = read_content(decode_body(body), sent)
    return _edit(updates, versions, content, lambda document: document.set_content(content))


def merge_content(
    body: bytes | bytearray, sent: ContentFormat, updates: Sequence[bytes], versions: Collection[str] | None
) -> Edited:
    """Do to the content what was done to the ``base`` in ``body``, to make its ``content`` of that."""
    fields = read_object(decode_body(body))
    require_known(fields, "base", "content")
    base, content = (read_content(text_of(fields, name), sent) for name in ("base", "content"))
    return _edit(updates, versions, content, lambda document: document.merge_content(base, content))


def _edit(
    updates: Sequence[bytes],
    versions: Collection[str] | None,
    content: NotebookContent,
    change: Callable[[RoomDocument], None],
) -> Edited:
    document = RoomDocument.of(updates)
    if versions is not None and document.version not in versions:
        return Edited(b"", True, None, content.changes)
    made: list[bytes] = []
    subscription = document.doc.observe(lambda event: made.append(event.update))
    with document.doc.transaction():  # one, so there is one update
        change(document)
        document.strip_trust()
    document.doc.unobserve(subscription)  # or the document is never freed
    version = None if versions is None else document.version
    return Edited(made[0] if made else b"", False, version, content.changes)


def write_file(updates: Sequence[bytes], wanted: ContentFormat) -> tuple[bytes, str]:
    """The content as a file, and its version."""
    document = RoomDocument.of(updates)
    return write_content(document, wanted).encode(), document.version


def write_whole_file(updates: Sequence[bytes], blobs: "Mapping[str, Blob]") -> tuple[bytes, str]:
    """The content as an ``.ipynb`` with ``blobs`` in it, and its version."""
    from ..kernels.exporting import write_whole_notebook  # as above

    document = RoomDocument.of(updates)
    return write_whole_notebook(document, blobs).encode(), document.version
