"""The Python client: :func:`connect`, its async twin :func:`connect_async`, and the widget :class:`SharedEditor`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .cell import Cell
from .changes import RoomChange, UnsentCell, UnsentText
from .discovery import find_server
from .errors import (
    CannotRun,
    CellDeleted,
    CellFailed,
    ClientError,
    EditsNotSaved,
    RoomClosed,
    ServerNotFound,
    ServerUnreachable,
    SignInRefused,
)
from .invitation import AsyncInvitation, Invitation
from .kernel import AsyncKernel, CellRun, Kernel
from .people import Member, RoomEvent
from .presence import Person
from .reconnecting import Backoff
from .rest import RestClient, RoomInfo
from .room import AsyncRoom, connect_async
from .server import Server
from .sync import Room, connect

if TYPE_CHECKING:
    from .widget import SharedEditor

__all__ = [
    "AsyncInvitation",
    "AsyncKernel",
    "AsyncRoom",
    "Backoff",
    "CannotRun",
    "Cell",
    "CellDeleted",
    "CellFailed",
    "CellRun",
    "ClientError",
    "EditsNotSaved",
    "Invitation",
    "Kernel",
    "Member",
    "Person",
    "RestClient",
    "Room",
    "RoomChange",
    "RoomClosed",
    "RoomEvent",
    "RoomInfo",
    "Server",
    "ServerNotFound",
    "ServerUnreachable",
    "SharedEditor",
    "SignInRefused",
    "UnsentCell",
    "UnsentText",
    "connect",
    "connect_async",
    "find_server",
]


def __getattr__(name: str) -> Any:
    if name == "SharedEditor":  # the only one that needs ipywidgets
        return import_module(f"{__name__}.widget").SharedEditor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
