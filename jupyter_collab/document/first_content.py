"""What a room is made with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .content import NotebookContent
from .room_document import RoomDocument

__all__ = ["FirstContent"]


@dataclass(frozen=True, slots=True)
class FirstContent:
    """The first content of a room: its history, its kind, and the document as one Yjs update."""

    epoch: str
    kind: str
    state: bytes

    @classmethod
    def of(cls, epoch: str, content: Mapping[str, Any] | NotebookContent | None) -> "FirstContent":
        """Made from a notebook, or with one empty code cell; raises what :meth:`RoomDocument.create` does."""
        document = RoomDocument.create(epoch, content)
        return cls(epoch, document.kind, document.doc.get_update())
