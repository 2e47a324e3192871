"""The Python client: what ``jupyter_collab`` exports, and what programs need that look after the rooms of a server."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .blocking.blocking_room import Room, connect, join
from .http.discovery import find_server
from .http.rest_client import RestClient
from .room.async_room import AsyncRoom
from .room.cell import Cell
from .room.entry import connect_async, join_async

if TYPE_CHECKING:
    from .widget.shared_editor import SharedEditor

__all__ = [
    "AsyncRoom",
    "Cell",
    "RestClient",
    "Room",
    "SharedEditor",
    "connect",
    "connect_async",
    "find_server",
    "join",
    "join_async",
]


def __getattr__(name: str) -> Any:
    if name == "SharedEditor":  # the only one that needs ipywidgets
        return import_module(f"{__name__}.widget.shared_editor").SharedEditor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
