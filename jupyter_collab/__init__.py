"""Share a cell, a note or a notebook inside Jupyter, not your whole server, and lose nothing.

From Python: :func:`connect` enters a room, :func:`join` does so by the link of an invitation, and ``connect_async`` and
``join_async`` are the same for programs with ``async``. Inside a notebook: :class:`SharedEditor`. What can go wrong is
in :mod:`jupyter_collab.errors`. The names are imported when they are first used, so that the server does not load the
client nor the client the server.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import errors
from .version import __version__

if TYPE_CHECKING:
    from .client import AsyncRoom, Room, SharedEditor, connect, connect_async, join, join_async

__all__ = [
    "AsyncRoom",
    "Room",
    "SharedEditor",
    "__version__",
    "connect",
    "connect_async",
    "errors",
    "join",
    "join_async",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(f"{__name__}.client"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: object) -> None:
    """``%load_ext jupyter_collab``: rooms at the prompt, as ``%collab`` and ``%%collab``."""
    import_module(f"{__name__}.client.ipython.magics").load(shell)


def unload_ipython_extension(shell: object) -> None:
    """``%unload_ext jupyter_collab``."""
    import_module(f"{__name__}.client.ipython.magics").unload(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-collab"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    extension = import_module(f"{__name__}.server.extension")
    return [{"module": f"{__name__}.server.extension", "app": extension.CollabExtension}]
