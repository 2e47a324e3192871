"""Traits that show a room as it is when they are read."""

from typing import Any

from traitlets import List, TraitType, Unicode

__all__ = ["EditableText", "LiveList", "LiveUnicode"]


class Live(TraitType[Any, Any]):
    """A trait that shows the room as it is, even while a long-running cell keeps callbacks waiting."""

    def get(self, obj: Any, cls: Any = None) -> Any:
        obj._catch_up()
        return super().get(obj, cls)


class LiveUnicode(Live, Unicode[str, str]):
    """Text of the room."""


class LiveList(Live, List[Any]):
    """A list of things in the room."""


class EditableText(LiveUnicode):
    """Text of the room; setting it edits what was read of it, and fails when that may not be done."""

    def get(self, obj: Any, cls: Any = None) -> Any:
        text = super().get(obj, cls)
        obj._note_read(text)
        return text

    def __set__(self, obj: Any, value: Any) -> None:
        self.set(obj, obj._write(self._validate(obj, value)))
